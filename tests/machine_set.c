/* SPDX-License-Identifier: MIT */
#include "machine_set.h"

#include "attached/hosts.h"
#include "naive/naive.h"
#include "node/node.h"

#include <string.h>

static enum { BUILTIN, NAIVE, NAIVE_BOTH, ATTACHED, ATTACHED_BOTH, SETS } set;

static const char *const names[SETS] = {"builtin", "naive", "naive-both", "attached",
                                        "attached-both"};

bool machines_choose(const char *name)
{
    for (int i = 0; i < SETS; i++)
        if (strcmp(name, names[i]) == 0) {
            set = i;
            return true;
        }
    return false;
}

bool machines_are_naive(void)
{
    return set == NAIVE || set == NAIVE_BOTH;
}

bool machines_are_attached(bool near)
{
    return set == ATTACHED_BOTH || (set == ATTACHED && near);
}

static const struct l2tpha_serializer *format;

void machines_use(const struct l2tpha_serializer *serializer)
{
    format = serializer;
}

const struct l2tpha_serializer *machines_serializer(void)
{
    return format ? format : l2tpha_serializer_proto();
}

/* --- a node's life --- */

void machines_configure(struct l2tpha_config *config, bool near)
{
    config->attach = machines_are_attached(near);
    config->serializer = machines_serializer();
}

void machines_install(struct l2tpha_node *node, bool near)
{
    if (set == NAIVE_BOTH || (set == NAIVE && near))
        naive_install(node);
}

static struct daemon_habits draw_habits(const struct daemon_hooks *hooks)
{
    uint8_t drawn[3] = {0};

    if (hooks->random)
        hooks->random(hooks->user, drawn, sizeof(drawn));
    return (struct daemon_habits){.reports_first = drawn[0] & 1,
                                  .by_tunnel = drawn[0] & 2,
                                  .hellos = drawn[1] % 4 ? 0 : drawn[1] % 20,
                                  .dawdles = drawn[2] % 4 ? 0 : drawn[2] % 60};
}

void machines_attach(struct l2tpha_node *node, bool near, const char *name, const char *secret,
                     const struct daemon_hooks *hooks)
{
    struct daemon model = {.name = name,
                           .secret = secret,
                           .crypto = l2tpha_crypto_nettle(),
                           .hooks = *hooks,
                           .counts = true,
                           .setup_ms = node->engine.config.setup_ms};

    if (!machines_are_attached(near))
        return;
    model.habits = draw_habits(hooks);
    hosts_add(node, &model);
}

void machines_end(const struct l2tpha_node *node)
{
    hosts_remove(node);
}

void machines_stall(const struct l2tpha_node *node)
{
    struct daemon *daemon = hosts_of(node);

    if (!daemon)
        return;
    daemon->dead = daemon->within = false;
    daemon->hooks = (struct daemon_hooks){0};
}

void machines_restore(struct l2tpha_node *node, uint64_t now)
{
    struct daemon *daemon = hosts_of(node);

    if (!daemon)
        return;
    daemon_restore(daemon, now);
    daemon_work(daemon, now);
}

bool machines_are_dead(const struct l2tpha_node *node)
{
    const struct daemon *daemon = hosts_of(node);

    return daemon && daemon->dead;
}

const char *machines_fault(const struct l2tpha_node *node, bool at_rest)
{
    const struct daemon *daemon = hosts_of(node);

    return daemon ? daemon_differs(daemon, at_rest) : naive_differs(node);
}

unsigned machines_heard(const struct l2tpha_session *session, uint32_t number)
{
    return daemon_has_heard(session, number);
}

/* --- the loop of a host --- */

int host_feed(struct l2tpha_node *node, const struct l2tpha_path *path, const uint8_t *data,
              size_t len, uint64_t now)
{
    struct daemon *daemon = hosts_of(node);

    return daemon ? daemon_hear(daemon, path, data, len, now)
                  : l2tpha_feed(node, path, data, len, now);
}

bool host_takes_data(struct l2tpha_node *node, const uint8_t *data, size_t len, uint64_t now)
{
    struct daemon *daemon = hosts_of(node);

    if (daemon)
        daemon_hear_data(daemon, data, len, now);
    return daemon;
}

bool host_sends_data(const struct l2tpha_session *session)
{
    return hosts_of_tunnel(l2tpha_session_tunnel(session));
}

void host_told(struct l2tpha_node *node, const struct l2tpha_event *event)
{
    struct daemon *daemon = hosts_of(node);

    if (daemon)
        daemon_told(daemon, event);
}

uint64_t host_deadline(const struct l2tpha_node *node)
{
    const struct daemon *daemon = hosts_of(node);
    uint64_t library = l2tpha_deadline(node), own = daemon ? daemon_deadline(daemon) : L2TPHA_NEVER;

    return own < library ? own : library;
}

int host_expire(struct l2tpha_node *node, uint64_t now)
{
    struct daemon *daemon = hosts_of(node);
    int error = l2tpha_expire(node, now);

    if (daemon)
        daemon_expire(daemon, now);
    return error;
}

bool host_owes_answers(struct l2tpha_node *node)
{
    struct daemon *daemon = hosts_of(node);
    bool owes = daemon && daemon->owes;

    if (owes)
        daemon->owes = false;
    return owes;
}

uint64_t host_checkpoint(struct l2tpha_node *node, uint64_t now)
{
    struct l2tpha_output none;

    if (machines_are_dead(node))
        return l2tpha_checkpoint_last(node) + 1; /* which will never be */
    if (hosts_of(node))
        (void)l2tpha_poll(node, &none, 0, now); /* the transaction is over */
    return l2tpha_checkpoint_last(node);
}

/* --- by whose tunnel it is --- */

static bool is_naive(const struct l2tpha_tunnel *tunnel)
{
    return tunnel && !tunnel_is_recovery(tunnel) && naive_runs(tunnel_engine(tunnel));
}

static bool is_naive_call(const struct l2tpha_session *session)
{
    return session && is_naive(session_tunnel(session));
}

static bool is_attached_call(const struct l2tpha_session *session)
{
    return session && hosts_of_tunnel(session_tunnel(session));
}

int host_tunnel_open(struct l2tpha_node *node, const struct l2tpha_tunnel_options *options,
                     uint64_t now, struct l2tpha_tunnel **tunnel)
{
    struct daemon *daemon = hosts_of(node);

    return daemon ? hosts_tunnel_open(daemon, &options->path, now, tunnel)
                  : l2tpha_tunnel_open(node, options, now, tunnel);
}

int host_tunnel_close(struct l2tpha_tunnel *tunnel, uint16_t result, uint16_t error,
                      const char *text, uint64_t now)
{
    return hosts_of_tunnel(tunnel) ? hosts_tunnel_close(tunnel, now)
                                   : l2tpha_tunnel_close(tunnel, result, error, text, now);
}

int host_session_open(struct l2tpha_tunnel *tunnel, const struct l2tpha_session_options *options,
                      uint64_t now, struct l2tpha_session **session)
{
    if (hosts_of_tunnel(tunnel))
        return hosts_session_open(tunnel, options, now, session);
    return is_naive(tunnel) ? naive_session_open(tunnel, options, now, session)
                            : l2tpha_session_open(tunnel, options, now, session);
}

int host_session_answered(struct l2tpha_session *session,
                          const struct l2tpha_session_options *options, uint64_t now)
{
    if (is_attached_call(session))
        return hosts_session_answered(session, now);
    return is_naive_call(session) ? naive_session_answered(session, options, now)
                                  : l2tpha_session_answered(session, options, now);
}

int host_session_close(struct l2tpha_session *session, const struct l2tpha_disconnect *why,
                       uint64_t now)
{
    if (is_attached_call(session))
        return hosts_session_close(session, now);
    return is_naive_call(session) ? naive_session_close(session, why, now)
                                  : l2tpha_session_close(session, why, now);
}

int host_session_set_link_info(struct l2tpha_session *session, uint32_t send_accm,
                               uint32_t receive_accm, uint64_t now)
{
    if (is_attached_call(session))
        return hosts_session_number(session, false, send_accm, now);
    return is_naive_call(session)
               ? naive_session_set_link_info(session, send_accm, receive_accm, now)
               : l2tpha_session_set_link_info(session, send_accm, receive_accm, now);
}

int host_session_report_errors(struct l2tpha_session *session,
                               const struct l2tpha_call_errors *totals, uint64_t now)
{
    if (is_attached_call(session))
        return hosts_session_number(session, true, totals->crc, now);
    return is_naive_call(session) ? naive_session_report_errors(session, totals, now)
                                  : l2tpha_session_report_errors(session, totals, now);
}

int host_session_set_app_state(struct l2tpha_session *session, const uint8_t *data, size_t len,
                               uint64_t now)
{
    return is_attached_call(session) ? hosts_session_note(session, data, len, now)
                                     : l2tpha_session_set_app_state(session, data, len, now);
}
