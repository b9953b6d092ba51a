/* SPDX-License-Identifier: MIT */
#include "show.h"
#include "app.h"
#include "clock.h"

#include <stdlib.h>
#include <string.h>

/* What the roles mean to an operator. */
static const struct {
    const char *role;
    const char *sync;
    const char *copy; /* of a standby's copy: "protected", or in one word why not */
} roles[] = {
    [L2TPHA_ROLE_ACTIVE_SOLO] = {"active", "none", NULL},
    [L2TPHA_ROLE_ACTIVE_BULK] = {"active", "bulk", NULL},
    [L2TPHA_ROLE_ACTIVE] = {"active", "in-sync", NULL},
    [L2TPHA_ROLE_STANDBY_COLD] = {"standby", "none", "cold"},
    [L2TPHA_ROLE_STANDBY_BULK] = {"standby", "bulk", "bulk-sync"},
    [L2TPHA_ROLE_STANDBY_HOT] = {"standby", "in-sync", "protected"},
    [L2TPHA_ROLE_OUT_OF_SYNC] = {"standby", "out-of-sync", "out-of-sync"},
    [L2TPHA_ROLE_FENCED] = {"fenced", "none", NULL},
};

static void put_number(json_t *object, const char *key, uint64_t value)
{
    json_object_set_new(object, key, json_integer((json_int_t)value));
}

static void put_text(json_t *object, const char *key, const char *text)
{
    json_object_set_new(object, key, json_string(text));
}

/* Bytes of a peer's, which need not be UTF-8. */
static void put_bytes(json_t *object, const char *key, struct l2tpha_bytes bytes)
{
    char text[1024];
    size_t len = 0;
    json_t *value = json_stringn((const char *)bytes.data, bytes.len);
    for (size_t i = 0; value == NULL && i < bytes.len && len + 5 < sizeof(text); i++) {
        bool plain = bytes.data[i] >= ' ' && bytes.data[i] < 0x7f && bytes.data[i] != '\\';
        len += (size_t)snprintf(text + len, sizeof(text) - len, plain ? "%c" : "\\x%02x",
                                bytes.data[i]);
    }
    json_object_set_new(object, key, value != NULL ? value : json_stringn(text, len));
}

static struct l2tpha_redundancy_info look(const struct app *app)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};
    l2tpha_redundancy_get(app->node, &info);
    return info;
}

/* A standby whose stream is gone was in sync when it last heard: that is not in sync. */
static bool cut_off(const struct app *app, enum l2tpha_role role)
{
    struct l2tpha_link_info link = {.size = sizeof(link)};
    return role == L2TPHA_ROLE_STANDBY_HOT && !(ha_info(app->ha, &link) && link.up);
}

/* What the library says, and of a standby's copy how good that is. */
static const char *protection(const struct app *app, const struct l2tpha_tunnel *tunnel)
{
    const char *word = l2tpha_tunnel_protection(tunnel);
    enum l2tpha_role role = look(app).role;
    if (strcmp(word, "standby") != 0 || roles[role].copy == NULL)
        return word;
    return cut_off(app, role) ? "cut-off" : roles[role].copy;
}

/* A standby's copy says only what is configured for the peer. */
static const char *configured_method(const struct app *app, uint8_t method)
{
    if (method == L2TPHA_FAILOVER_NOT_CONFIGURED)
        method = l2tpha_node_config(app->node)->failover;
    return l2tpha_failover_method_name(method);
}

static json_t *tunnel_object(const struct app *app, const struct l2tpha_tunnel *tunnel)
{
    char text[ADDRESS_TEXT_MAX];
    json_t *object = json_object();
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};
    l2tpha_tunnel_get(tunnel, &record);
    put_number(object, "local_id", record.local_id);
    put_number(object, "remote_id", record.remote_id);
    put_text(object, "state", l2tpha_tunnel_state_name(record.state));
    put_bytes(object, "peer_name", record.peer_name);
    put_text(object, "peer_address", address_text(&record.path.remote, text));
    put_number(object, "ns", record.ns);
    put_number(object, "nr", record.nr);
    put_number(object, "sessions", l2tpha_tunnel_sessions(tunnel));
    put_text(object, "configured_method", configured_method(app, record.configured_method));
    put_text(object, "effective_method", l2tpha_failover_method_name(record.effective_method));
    put_text(object, "protection", protection(app, tunnel));
    return object;
}

static json_t *session_object(const struct l2tpha_session *session)
{
    json_t *object = json_object();
    struct l2tpha_session_record record = {.size = sizeof(record)};
    l2tpha_session_get(session, &record);
    bool needs_app = record.flags & L2TPHA_SESSION_NEEDS_APP;
    put_number(object, "tunnel_id", record.tunnel_id);
    put_number(object, "local_id", record.local_id);
    put_number(object, "remote_id", record.remote_id);
    put_text(object, "state", l2tpha_session_state_name(record.state));
    json_object_set_new(object, "waiting_for_app",
                        json_boolean(needs_app && record.app_state.len == 0));
    json_object_set_new(object, "waiting_for_l2tp",
                        json_boolean(record.state != L2TPHA_SESSION_ESTABLISHED));
    return object;
}

static json_t *sessions_of(const struct l2tpha_tunnel *tunnel, json_t *list)
{
    struct l2tpha_session *session = NULL;
    while ((session = l2tpha_session_next(tunnel, session)) != NULL)
        json_array_append_new(list, session_object(session));
    return list;
}

static json_t *all_tunnels(const struct app *app)
{
    json_t *list = json_array();
    struct l2tpha_tunnel *tunnel = NULL;
    while ((tunnel = l2tpha_tunnel_next(app->node, tunnel)) != NULL)
        json_array_append_new(list, tunnel_object(app, tunnel));
    return list;
}

static json_t *all_sessions(const struct app *app)
{
    json_t *list = json_array();
    struct l2tpha_tunnel *tunnel = NULL;
    while ((tunnel = l2tpha_tunnel_next(app->node, tunnel)) != NULL)
        sessions_of(tunnel, list);
    return list;
}

static json_t *all_counters(const struct app *app)
{
    const char *name, *text;
    uint64_t value;
    json_t *object = json_object();
    for (size_t i = 0; l2tpha_counter_at(l2tpha_counters(app->node), i, &name, &text, &value); i++)
        put_number(object, name, value);
    put_number(object, "datagrams_unsent", app->unsent);
    put_number(object, "datagrams_overflowed", app->udp != NULL ? udp_overflowed(app->udp) : 0);
    return object;
}

static json_t *redundancy(const struct app *app)
{
    char text[CLOCK_TEXT_MAX];
    struct l2tpha_redundancy_info info = look(app);
    json_t *object = json_object();
    put_text(object, "role", roles[info.role].role);
    put_text(object, "state", l2tpha_role_name(info.role));
    put_text(object, "reason", info.reason);
    put_number(object, "epoch", info.epoch);
    put_text(object, "sync", cut_off(app, info.role) ? "lagging" : roles[info.role].sync);
    put_number(object, "lag_records", info.lag_records);
    put_number(object, "tunnels", info.tunnels);
    put_number(object, "sessions", info.sessions);
    put_number(object, "resynced", info.resynced);
    put_number(object, "resyncing", info.resyncing);
    json_object_set_new(object, "last_switchover",
                        app->last_switchover_wall == 0
                            ? json_null()
                            : json_string(clock_text(app->last_switchover_wall, text)));
    return object;
}

static json_t *redundancy_detail(const struct app *app)
{
    struct l2tpha_redundancy_info info = look(app);
    struct l2tpha_link_info link = {.size = sizeof(link)};
    json_t *object = redundancy(app);
    put_number(object, "checkpoint_last", info.last_number);
    put_number(object, "checkpoint_confirmed", info.confirmed);
    bool there = ha_info(app->ha, &link);
    json_object_set_new(object, "peer_present", json_boolean(there && link.up));
    put_number(object, "link_version", link.version);
    put_number(object, "link_peer_epoch", link.peer_epoch);
    put_number(object, "link_frames_in", link.frames_in);
    put_number(object, "link_frames_out", link.frames_out);
    put_number(object, "link_queued_bytes", link.queued);
    return object;
}

/* An id in decimal; 0 if it is none. */
static uint32_t parse_id(const char *word)
{
    uint64_t id = 0;
    for (; *word >= '0' && *word <= '9' && id <= UINT32_MAX; word++)
        id = id * 10 + (uint64_t)(*word - '0');
    return *word == '\0' && id <= UINT32_MAX ? (uint32_t)id : 0;
}

static const char *redundancy_id(const struct app *app, char **ids, size_t count, json_t **result)
{
    struct l2tpha_tunnel *tunnel = l2tpha_tunnel_find(app->node, parse_id(ids[0]));
    if (tunnel == NULL)
        return "no such tunnel";
    if (count == 1) {
        *result = tunnel_object(app, tunnel);
        json_object_set_new(*result, "calls", sessions_of(tunnel, json_array()));
        return NULL;
    }
    struct l2tpha_session *session =
        l2tpha_session_find(app->node, parse_id(ids[0]), parse_id(ids[1]));
    if (session == NULL)
        return "no such session";
    *result = session_object(session);
    return NULL;
}

static const char *show_redundancy(struct app *app, char **words, size_t count, json_t **result)
{
    if (count == 0) {
        *result = redundancy(app);
    } else if (count == 1 && strcmp(words[0], "detail") == 0) {
        *result = redundancy_detail(app);
    } else if (count == 1 && strcmp(words[0], "all") == 0) {
        *result = redundancy_detail(app);
        json_object_set_new(*result, "all_tunnels", all_tunnels(app));
        json_object_set_new(*result, "all_sessions", all_sessions(app));
    } else if ((count == 2 || count == 3) && strcmp(words[0], "id") == 0) {
        return redundancy_id(app, words + 1, count - 1, result);
    } else {
        return "show l2tp redundancy takes detail, all, or id TUNNEL [SESSION]";
    }
    return NULL;
}

const char *show(struct app *app, char **words, size_t count, json_t **result)
{
    const char *what = count >= 2 && strcmp(words[0], "l2tp") == 0 ? words[1] : "";
    if (strcmp(what, "redundancy") == 0)
        return show_redundancy(app, words + 2, count - 2, result);
    if (count == 2 && strcmp(what, "tunnels") == 0)
        *result = all_tunnels(app);
    else if (count == 2 && strcmp(what, "sessions") == 0)
        *result = all_sessions(app);
    else if (count == 2 && strcmp(what, "counters") == 0)
        *result = all_counters(app);
    else
        return "unknown command";
    return NULL;
}
