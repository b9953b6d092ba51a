/* SPDX-License-Identifier: MIT */
#include "attached/hosts.h"

#include "attached/own.h"

#include "node/node.h"

#include <stdlib.h>

struct host {
    struct host *next;
    struct daemon daemon;
};

static struct host *hosts;

void hosts_add(struct l2tpha_node *node, const struct daemon *model)
{
    struct host *host =
        model->hooks.alloc ? model->hooks.alloc(sizeof(*host)) : calloc(1, sizeof(*host));

    *host = (struct host){.next = hosts, .daemon = *model};
    host->daemon.node = node;
    host->daemon.look_at = L2TPHA_NEVER;
    hosts = host;
}

void hosts_remove(const struct l2tpha_node *node)
{
    struct host **at = &hosts;

    while (*at && (*at)->daemon.node != node)
        at = &(*at)->next;
    struct host *host = *at;
    if (!host)
        return;
    *at = host->next;
    daemon_forget(&host->daemon);
    free(host);
}

struct daemon *hosts_of(const struct l2tpha_node *node)
{
    struct host *host = hosts;

    while (host && host->daemon.node != node)
        host = host->next;
    return host ? &host->daemon : NULL;
}

struct daemon *hosts_of_tunnel(const struct l2tpha_tunnel *tunnel)
{
    return tunnel && hosts ? hosts_of(node_of(tunnel_engine(tunnel))) : NULL;
}

/* --- what is asked of them --- */

/* The daemon's own objects; false: it has none such, since it is told of an end, or will be. */
static bool find(const struct l2tpha_session *session, struct own_tunnel **own,
                 struct own_call **call)
{
    struct l2tpha_tunnel *tunnel = l2tpha_session_tunnel(session);

    own_see_to_lost_events(hosts_of_tunnel(tunnel));
    *own = daemon_tunnel(hosts_of_tunnel(tunnel), tunnel);
    *call = *own ? daemon_call_by(*own, l2tpha_session_id(session)) : NULL;
    return *call;
}

int hosts_session_open(struct l2tpha_tunnel *tunnel, const struct l2tpha_session_options *options,
                       uint64_t now, struct l2tpha_session **session)
{
    struct daemon *daemon = hosts_of_tunnel(tunnel);
    own_see_to_lost_events(daemon);
    struct own_tunnel *own = daemon_tunnel(daemon, tunnel);
    struct own_call *call;

    if (!own)
        return L2TPHA_ERR_STATE;
    int error = daemon_call(own, options->call == L2TPHA_CALL_OUTGOING, now, &call);
    *session = error || daemon->dead ? NULL : l2tpha_session_find(daemon->node, own->id, call->id);
    return error;
}

int hosts_session_answered(struct l2tpha_session *session, uint64_t now)
{
    struct own_tunnel *own;
    struct own_call *call;

    return find(session, &own, &call) ? daemon_answer(own, call, now) : L2TPHA_ERR_STATE;
}

int hosts_session_close(struct l2tpha_session *session, uint64_t now)
{
    struct own_tunnel *own;
    struct own_call *call;

    return find(session, &own, &call) ? daemon_hang_up(own->daemon, own, call, now)
                                      : L2TPHA_ERR_STATE;
}

int hosts_session_number(struct l2tpha_session *session, bool errors, uint32_t number, uint64_t now)
{
    struct own_tunnel *own;
    struct own_call *call;

    return find(session, &own, &call) && call->up ? daemon_number(own, call, errors, number, now)
                                                  : L2TPHA_ERR_STATE;
}

int hosts_session_note(struct l2tpha_session *session, const uint8_t *data, size_t len,
                       uint64_t now)
{
    struct own_tunnel *own;
    struct own_call *call;

    return find(session, &own, &call) ? daemon_note(own, call, data, len, now) : L2TPHA_ERR_STATE;
}

int hosts_tunnel_open(struct daemon *daemon, const struct l2tpha_path *path, uint64_t now,
                      struct l2tpha_tunnel **tunnel)
{
    int error = daemon_ask(daemon, path, now);

    *tunnel = error || !daemon->tunnels ? NULL : daemon->tunnels->handle;
    return error;
}

int hosts_tunnel_close(struct l2tpha_tunnel *tunnel, uint64_t now)
{
    struct daemon *daemon = hosts_of_tunnel(tunnel);
    struct own_tunnel *own = daemon_tunnel(daemon, tunnel);

    return own ? daemon_close(daemon, own, now) : L2TPHA_ERR_STATE;
}
