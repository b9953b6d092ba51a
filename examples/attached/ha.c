/* SPDX-License-Identifier: MIT */
#include "control.h"
#include "log.h"
#include "machine.h"

#include <string.h>

bool ha_attach(struct tunnel *tunnel)
{
    const struct daemon *daemon = tunnel->daemon;
    struct l2tpha_attach_options options = {.size = sizeof(options)};
    uint64_t now = l2tpha_pair_now();
    options.path.remote.len = sizeof(tunnel->peer);
    memcpy(options.path.remote.bytes, &tunnel->peer, sizeof(tunnel->peer));
    options.secret = (const uint8_t *)daemon->secret;
    options.secret_len = daemon->secret ? strlen(daemon->secret) : 0;
    if (l2tpha_attach_tunnel(l2tpha_pair_node(daemon->pair), &options, now, &tunnel->handle)) {
        tunnel_free(tunnel);
        return false;
    }
    tunnel->id = (uint16_t)l2tpha_tunnel_id(tunnel->handle);
    l2tpha_tunnel_set_app_state(tunnel->handle, tunnel->challenge, CHALLENGE_SIZE, now);
    return true;
}

/* Messages whose turn has come. */
static void work(struct daemon *daemon)
{
    struct l2tpha_inbound in = {.size = sizeof(in)};
    struct message message;
    while (l2tpha_attach_receive(l2tpha_pair_node(daemon->pair), NULL, &in, l2tpha_pair_now()) >
           0) {
        struct tunnel *tunnel = tunnel_find(daemon, (uint16_t)l2tpha_tunnel_id(in.tunnel));
        if (tunnel && message_parse(in.data, in.len, &message))
            machine_message(tunnel, &message);
    }
}

void ha_feed(struct daemon *daemon, const uint8_t *data, size_t len, const struct sockaddr_in *peer)
{
    struct l2tpha_path path = {.remote.len = sizeof(*peer)};
    struct message message;
    memcpy(path.remote.bytes, peer, sizeof(*peer));
    int error = l2tpha_feed(l2tpha_pair_node(daemon->pair), &path, data, len, l2tpha_pair_now());
    if (error == L2TPHA_ERR_NOT_OURS && message_parse(data, len, &message) && message.type == SCCRQ)
        machine_request(daemon, peer, &message);
    work(daemon);
}

/* Accounting would begin with TUNNEL_UP and SESSION_UP. */
static void on_event(struct daemon *daemon, const struct l2tpha_event *event)
{
    struct tunnel *tunnel = tunnel_find(daemon, (uint16_t)event->tunnel_id);
    struct call *call = tunnel ? call_find(tunnel, (uint16_t)event->session_id) : NULL;
    if (event->kind == L2TPHA_EVENT_ROLE_CHANGED)
        log_line("%s: %s", l2tpha_role_name(event->role), event->text);
    if (call && event->kind == L2TPHA_EVENT_SESSION_DOWN)
        call_free(tunnel, call);
    if (tunnel &&
        (event->kind == L2TPHA_EVENT_TUNNEL_DOWN || event->kind == L2TPHA_EVENT_TUNNEL_GONE))
        tunnel_free(tunnel);
}

static void let_out(void *user, const struct l2tpha_output *outputs, size_t count)
{
    struct daemon *daemon = user;
    for (const struct l2tpha_output *out = outputs; out < outputs + count; out++) {
        if (out->kind == L2TPHA_OUTPUT_EVENT)
            on_event(daemon, out->event);
        if (out->kind == L2TPHA_OUTPUT_DATAGRAM)
            (void)sendto(daemon->udp, out->data, out->len, MSG_DONTWAIT,
                         (const struct sockaddr *)out->path->remote.bytes, out->path->remote.len);
    }
}

static void restore(struct daemon *daemon, struct l2tpha_tunnel *handle)
{
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};
    struct l2tpha_session_record call = {.size = sizeof(call)};
    struct l2tpha_session *session = NULL;
    struct sockaddr_in peer;
    l2tpha_tunnel_get(handle, &record);
    memcpy(&peer, record.path.remote.bytes, sizeof(peer));
    bool over = record.recovers || record.state > L2TPHA_TUNNEL_ESTABLISHED || record.result;
    struct tunnel *tunnel = over ? NULL : tunnel_add(daemon, &peer);
    if (!tunnel)
        return;
    tunnel->handle = handle;
    tunnel->id = (uint16_t)record.local_id;
    tunnel->peers_id = (uint16_t)record.remote_id;
    tunnel->state = record.state == L2TPHA_TUNNEL_ESTABLISHED ? TUNNEL_UP : TUNNEL_ASKED;
    tunnel_take_name(tunnel, record.peer_name.data, record.peer_name.len);
    if (record.app_state.len == CHALLENGE_SIZE)
        memcpy(tunnel->challenge, record.app_state.data, CHALLENGE_SIZE);
    while ((session = l2tpha_session_next(handle, session))) {
        l2tpha_session_get(session, &call);
        (void)call_add(tunnel, (uint16_t)call.local_id, (uint16_t)call.remote_id,
                       call.state == L2TPHA_SESSION_ESTABLISHED);
    }
}

static void on_pair(void *user, enum l2tpha_pair_event event)
{
    struct daemon *daemon = user;
    struct l2tpha_tunnel *handle = NULL;
    while (event == L2TPHA_PAIR_STOPPED && daemon->tunnels)
        tunnel_free(daemon->tunnels);
    if (event != L2TPHA_PAIR_TOOK_OVER)
        return;
    while ((handle = l2tpha_tunnel_next(l2tpha_pair_node(daemon->pair), handle)))
        restore(daemon, handle);
    work(daemon);
}

static bool open_socket(void *user, bool beside, const char **why)
{
    (void)beside; /* two nodes of one box have one socket over unix: */
    *why = daemon_open(user);
    return !*why;
}

static void on_outcome(void *user, enum l2tpha_pair_order order, const char *why)
{
    static const char *const lines[] = {"", "switchover", "takeover", "standby"};
    control_done(((struct daemon *)user)->control, lines[order], why);
}

static void on_log(void *user, enum l2tpha_log_category category, const char *text)
{
    (void)user, (void)category;
    log_line("%s", text);
}

const char *ha_start(struct daemon *daemon)
{
    static struct l2tpha_config config; /* of each node that the pair makes */
    struct l2tpha_pair_options options = {.size = sizeof(options),
                                          .config = &config,
                                          .fd = &daemon->udp,
                                          .role = (enum l2tpha_pair_role)daemon->role,
                                          .listen = daemon->ha_listen,
                                          .connect = daemon->ha_connect,
                                          .takeover_manual = daemon->takeover};
    options.host = (struct l2tpha_pair_host){.size = sizeof(options.host),
                                             .user = daemon,
                                             .open = open_socket,
                                             .outputs = let_out,
                                             .event = on_pair,
                                             .outcome = on_outcome,
                                             .log = on_log};
    l2tpha_config_init(&config);
    config.attach = true;
    config.name = daemon->name;
    config.hello_ms = daemon->hello_s * 1000;
    daemon->hello_s = 0; /* the library says HELLO */
    config.retries = daemon->retries;
    config.crypto = l2tpha_crypto_nettle();
    config.commit = (enum l2tpha_commit)daemon->commit;
    if (daemon->method && l2tpha_policy_method_parse(daemon->method, &config.failover))
        return "--failover-resync: no such method";
    int error = l2tpha_pair_new(&options, &daemon->pair);
    return error ? l2tpha_strerror(error) : l2tpha_pair_start(daemon->pair);
}
