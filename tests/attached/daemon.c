/* SPDX-License-Identifier: MIT */
#include "attached/daemon.h"

#include <stdlib.h>
#include <string.h>

#define MESSAGE_MAX 512

/* --- lists --- */

static struct own_tunnel *tunnel_by(struct daemon *daemon, const struct l2tpha_tunnel *handle)
{
    struct own_tunnel *own = daemon->tunnels;

    while (own && own->handle != handle)
        own = own->next;
    return own;
}

static struct own_tunnel *tunnel_add(struct daemon *daemon, struct l2tpha_tunnel *handle,
                                     const struct l2tpha_path *path)
{
    struct own_tunnel *own = calloc(1, sizeof(*own));

    *own = (struct own_tunnel){.next = daemon->tunnels, .handle = handle, .path = *path};
    own->id = (uint16_t)l2tpha_tunnel_id(handle);
    daemon->tunnels = own;
    return own;
}

static struct own_call *call_by(const struct own_tunnel *own, uint32_t id)
{
    struct own_call *call = own->calls;

    while (call && call->id != id)
        call = call->next;
    return call;
}

static struct own_call *call_add(struct own_tunnel *own, uint16_t id, uint16_t peers_id)
{
    struct own_call *call = calloc(1, sizeof(*call));

    *call = (struct own_call){.next = own->calls, .id = id, .peers_id = peers_id};
    own->calls = call;
    return call;
}

static void call_drop(struct own_tunnel *own, struct own_call *call)
{
    struct own_call **at = &own->calls;

    while (*at != call)
        at = &(*at)->next;
    *at = call->next;
    free(call);
}

static void tunnel_drop(struct daemon *daemon, struct own_tunnel *own)
{
    struct own_tunnel **at = &daemon->tunnels;

    while (own->calls)
        call_drop(own, own->calls);
    while (*at != own)
        at = &(*at)->next;
    *at = own->next;
    free(own);
}

void daemon_forget(struct daemon *daemon)
{
    while (daemon->tunnels)
        tunnel_drop(daemon, daemon->tunnels);
}

/* --- saying --- */

struct saying {
    struct l2tpha_builder builder;
    uint8_t data[MESSAGE_MAX];
};

static void begin(struct saying *saying, const struct own_tunnel *own, uint16_t type,
                  uint16_t session)
{
    l2tpha_builder_begin(&saying->builder, saying->data, sizeof(saying->data), type, own->peers_id,
                         session);
}

static int leave(struct saying *saying, const struct own_tunnel *own, uint64_t now)
{
    size_t len;
    int error = l2tpha_builder_end(&saying->builder, &len);

    return error ? error : l2tpha_attach_send(own->handle, saying->data, len, now);
}

static int say_set_up(struct daemon *daemon, struct own_tunnel *own, uint16_t type, uint64_t now)
{
    struct saying saying;

    begin(&saying, own, type, 0);
    if (type != L2TPHA_MESSAGE_SCCCN) {
        l2tpha_builder_put_u8pair(&saying.builder, L2TPHA_AVP_PROTOCOL_VERSION, 1, 0);
        l2tpha_builder_put_u32(&saying.builder, L2TPHA_AVP_FRAMING_CAPABILITIES, 3);
        l2tpha_builder_put_bytes(&saying.builder, L2TPHA_AVP_HOST_NAME, daemon->name,
                                 strlen(daemon->name));
        l2tpha_builder_put_u16(&saying.builder, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, own->id);
        l2tpha_builder_put_u16(&saying.builder, L2TPHA_AVP_RECEIVE_WINDOW_SIZE, 8);
    }
    return leave(&saying, own, now);
}

static int say_of_call(struct own_tunnel *own, const struct own_call *call, uint16_t type,
                       uint64_t now)
{
    struct saying saying;

    begin(&saying, own, type, call->peers_id);
    if (type == L2TPHA_MESSAGE_ICCN) {
        l2tpha_builder_put_u32(&saying.builder, L2TPHA_AVP_TX_CONNECT_SPEED, 64000);
        l2tpha_builder_put_u32(&saying.builder, L2TPHA_AVP_FRAMING_TYPE, 1);
    } else {
        l2tpha_builder_put_u16(&saying.builder, L2TPHA_AVP_ASSIGNED_SESSION_ID, call->id);
    }
    if (type == L2TPHA_MESSAGE_ICRQ)
        l2tpha_builder_put_u32(&saying.builder, L2TPHA_AVP_CALL_SERIAL_NUMBER, call->id);
    if (type == L2TPHA_MESSAGE_CDN)
        l2tpha_builder_put_result(&saying.builder, 3, 0, NULL);
    return leave(&saying, own, now);
}

/* --- its machines --- */

static void establish(struct own_tunnel *own, uint64_t now)
{
    own->up = true;
    l2tpha_attach_state(own->handle, 0, L2TPHA_TUNNEL_ESTABLISHED, now);
}

static void establish_call(struct own_tunnel *own, struct own_call *call, uint64_t now)
{
    call->up = true;
    l2tpha_attach_state(own->handle, call->id, L2TPHA_SESSION_ESTABLISHED, now);
}

static void on_sccrq(struct daemon *daemon, const struct l2tpha_message *message,
                     const struct l2tpha_path *path, uint64_t now)
{
    struct l2tpha_attach_options options = {.size = sizeof(options), .path = *path};
    struct l2tpha_tunnel *handle;
    int error;

    do {
        options.local_id = ++daemon->next_id;
        error = l2tpha_attach_tunnel(daemon->node, &options, now, &handle);
    } while (error == L2TPHA_ERR_EXISTS);
    if (error)
        return;
    struct own_tunnel *own = tunnel_add(daemon, handle, path);
    l2tpha_message_u16(message, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, &own->peers_id);
    if (say_set_up(daemon, own, L2TPHA_MESSAGE_SCCRP, now)) {
        l2tpha_attach_gone(handle, 0, now);
        tunnel_drop(daemon, own);
    }
}

static uint16_t assigned(const struct l2tpha_message *message)
{
    uint16_t id = 0;

    l2tpha_message_u16(message, L2TPHA_AVP_ASSIGNED_SESSION_ID, &id);
    return id;
}

static void on_icrq(struct daemon *daemon, struct own_tunnel *own,
                    const struct l2tpha_message *message, uint64_t now)
{
    struct own_call *call = call_add(own, ++daemon->next_id, assigned(message));
    int error;

    while ((error = say_of_call(own, call, L2TPHA_MESSAGE_ICRP, now)) == L2TPHA_ERR_EXISTS)
        call->id = ++daemon->next_id;
    if (error)
        call_drop(own, call); /* the peer gives it up in time */
}

static void on_stopccn(struct daemon *daemon, struct own_tunnel *own, uint64_t now)
{
    if (daemon->ignores_stop)
        return;
    l2tpha_attach_gone(own->handle, 0, now);
    tunnel_drop(daemon, own);
}

static void on_call(struct own_tunnel *own, struct own_call *call,
                    const struct l2tpha_message *message, uint64_t now)
{
    switch (message->type) {
    case L2TPHA_MESSAGE_ICRP:
        call->peers_id = assigned(message);
        if (say_of_call(own, call, L2TPHA_MESSAGE_ICCN, now) == L2TPHA_OK) {
            establish_call(own, call, now);
            break;
        }
        l2tpha_attach_gone(own->handle, call->id, now);
        call_drop(own, call);
        break;
    case L2TPHA_MESSAGE_ICCN:
        establish_call(own, call, now);
        break;
    case L2TPHA_MESSAGE_CDN:
        l2tpha_attach_gone(own->handle, call->id, now);
        call_drop(own, call);
        break;
    default:
        break;
    }
}

static void on_message(struct daemon *daemon, struct own_tunnel *own,
                       const struct l2tpha_message *message, uint64_t now)
{
    struct own_call *call;

    switch (message->type) {
    case L2TPHA_MESSAGE_SCCRP:
        l2tpha_message_u16(message, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, &own->peers_id);
        say_set_up(daemon, own, L2TPHA_MESSAGE_SCCCN, now);
        establish(own, now);
        break;
    case L2TPHA_MESSAGE_SCCCN:
        establish(own, now);
        break;
    case L2TPHA_MESSAGE_STOPCCN:
        on_stopccn(daemon, own, now);
        break;
    case L2TPHA_MESSAGE_ICRQ:
        on_icrq(daemon, own, message, now);
        break;
    default:
        call = call_by(own, message->header.session_id);
        if (call)
            on_call(own, call, message, now);
    }
}

/* A flush in the middle of a message does no harm, and nothing leaves. */
static void flush_within(struct daemon *daemon, uint64_t now)
{
    struct l2tpha_output output;

    daemon->polled_within += (unsigned)l2tpha_poll(daemon->node, &output, 1, now);
}

void daemon_work(struct daemon *daemon, uint64_t now)
{
    struct l2tpha_inbound in = {.size = sizeof(in)};
    struct l2tpha_message message;

    while (l2tpha_attach_receive(daemon->node, daemon->only, &in, now) > 0) {
        struct own_tunnel *own = tunnel_by(daemon, in.tunnel);
        daemon->handled++;
        flush_within(daemon, now);
        if (own && l2tpha_message_decode(in.data, in.len, &message, NULL) == L2TPHA_OK)
            on_message(daemon, own, &message, now);
        flush_within(daemon, now);
    }
}

void daemon_hear(struct daemon *daemon, const struct l2tpha_path *path, const uint8_t *data,
                 size_t len, uint64_t now)
{
    struct l2tpha_message message;

    int error = l2tpha_feed(daemon->node, path, data, len, now);
    if (error == L2TPHA_ERR_NOT_OURS &&
        l2tpha_message_decode(data, len, &message, NULL) == L2TPHA_OK &&
        message.type == L2TPHA_MESSAGE_SCCRQ)
        on_sccrq(daemon, &message, path, now);
    if (!daemon->is_slow)
        daemon_work(daemon, now);
}

/* --- events --- */

void daemon_told(struct daemon *daemon, const struct l2tpha_event *event)
{
    struct own_tunnel *own = tunnel_by(daemon, event->tunnel);
    struct own_call *call = own && event->session_id ? call_by(own, event->session_id) : NULL;

    switch (event->kind) {
    case L2TPHA_EVENT_TUNNEL_UP:
        if (own)
            own->confirmed = true;
        break;
    case L2TPHA_EVENT_SESSION_UP:
        if (call)
            call->confirmed = true;
        break;
    case L2TPHA_EVENT_SESSION_DOWN:
        daemon->told_down += call != NULL;
        if (call)
            call_drop(own, call);
        break;
    case L2TPHA_EVENT_TUNNEL_DOWN:
    case L2TPHA_EVENT_TUNNEL_GONE:
        daemon->told_down += own != NULL;
        if (own)
            tunnel_drop(daemon, own);
        break;
    default:
        break;
    }
}

/* --- after a takeover --- */

static void restore_calls(struct daemon *daemon, struct own_tunnel *own)
{
    struct l2tpha_session_record record = {.size = sizeof(record)};
    struct l2tpha_session *session = NULL;

    while ((session = l2tpha_session_next(own->handle, session))) {
        l2tpha_session_get(session, &record);
        struct own_call *call =
            call_add(own, (uint16_t)record.local_id, (uint16_t)record.remote_id);
        call->lac = record.side == L2TPHA_LAC;
        call->up = record.state == L2TPHA_SESSION_ESTABLISHED;
        if (record.local_id > daemon->next_id)
            daemon->next_id = (uint16_t)record.local_id;
    }
}

void daemon_restore(struct daemon *daemon)
{
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};
    struct l2tpha_tunnel *handle = NULL;

    while ((handle = l2tpha_tunnel_next(daemon->node, handle))) {
        l2tpha_tunnel_get(handle, &record);
        if (record.recovers || record.state > L2TPHA_TUNNEL_ESTABLISHED || record.result)
            continue;
        struct own_tunnel *own = tunnel_add(daemon, handle, &record.path);
        own->peers_id = (uint16_t)record.remote_id;
        own->up = record.state == L2TPHA_TUNNEL_ESTABLISHED;
        if (record.local_id > daemon->next_id)
            daemon->next_id = (uint16_t)record.local_id;
        restore_calls(daemon, own);
    }
}

/* --- its user --- */

int daemon_ask(struct daemon *daemon, const struct l2tpha_path *path, uint64_t now)
{
    struct l2tpha_attach_options options = {
        .size = sizeof(options), .path = *path, .initiator = true};
    struct l2tpha_tunnel *handle;

    int error = l2tpha_attach_tunnel(daemon->node, &options, now, &handle);
    if (error)
        return error;
    struct own_tunnel *own = tunnel_add(daemon, handle, path);
    error = say_set_up(daemon, own, L2TPHA_MESSAGE_SCCRQ, now);
    if (error) {
        l2tpha_attach_gone(handle, 0, now);
        tunnel_drop(daemon, own);
    }
    return error;
}

int daemon_dial(struct daemon *daemon, struct own_tunnel *tunnel, uint64_t now)
{
    struct own_call *call = call_add(tunnel, ++daemon->next_id, 0);
    int error;

    call->lac = true;
    while ((error = say_of_call(tunnel, call, L2TPHA_MESSAGE_ICRQ, now)) == L2TPHA_ERR_EXISTS)
        call->id = ++daemon->next_id;
    if (error)
        call_drop(tunnel, call);
    return error;
}

int daemon_hang_up(struct daemon *daemon, struct own_tunnel *tunnel, struct own_call *call,
                   uint64_t now)
{
    (void)daemon;
    int error = say_of_call(tunnel, call, L2TPHA_MESSAGE_CDN, now);

    if (!error)
        error = l2tpha_attach_gone(tunnel->handle, call->id, now);
    call_drop(tunnel, call);
    return error;
}

int daemon_hello(struct own_tunnel *tunnel, uint64_t now)
{
    struct saying saying;

    begin(&saying, tunnel, L2TPHA_MESSAGE_HELLO, 0);
    return leave(&saying, tunnel, now);
}

int daemon_say_stop(struct own_tunnel *tunnel, uint64_t now)
{
    struct saying saying;

    begin(&saying, tunnel, L2TPHA_MESSAGE_STOPCCN, 0);
    l2tpha_builder_put_u16(&saying.builder, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, tunnel->id);
    l2tpha_builder_put_result(&saying.builder, 1, 0, NULL);
    return leave(&saying, tunnel, now);
}

int daemon_close(struct daemon *daemon, struct own_tunnel *tunnel, uint64_t now)
{
    int error = daemon_say_stop(tunnel, now);

    if (!error)
        error = l2tpha_attach_gone(tunnel->handle, 0, now);
    tunnel_drop(daemon, tunnel);
    return error;
}
