/* SPDX-License-Identifier: MIT */
/* The daemon's machines: what it does with a message. */
#include "attached/own.h"

#define NOT_AUTHORIZED 4 /* StopCCN, RFC 2661 4.4.2 */

/* --- a tunnel --- */

static int pick_tunnel(struct daemon *daemon, const struct l2tpha_path *path, uint64_t now,
                       struct l2tpha_tunnel **handle)
{
    struct l2tpha_attach_options options = {.size = sizeof(options), .path = *path};
    int error;

    options.secret = (const uint8_t *)daemon->secret;
    while (daemon->secret && daemon->secret[options.secret_len])
        options.secret_len++;
    do {
        options.local_id = daemon->counts ? 0 : ++daemon->next_id;
        error = own_called(daemon, l2tpha_attach_tunnel(daemon->node, &options, now, handle));
    } while (error == L2TPHA_ERR_EXISTS);
    return error;
}

void own_asked(struct daemon *daemon, const struct l2tpha_message *message,
               const struct l2tpha_path *path, uint64_t now)
{
    struct l2tpha_bytes challenge = {0};
    struct l2tpha_tunnel *handle;

    if (pick_tunnel(daemon, path, now, &handle))
        return;
    struct own_tunnel *own = own_tunnel_add(daemon, handle, path, now);
    own_step(daemon, "with a tunnel that has said nothing", now);
    l2tpha_message_u16(message, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, &own->peers_id);
    l2tpha_message_bytes(message, L2TPHA_AVP_CHALLENGE, &challenge);
    if (own_say_set_up(own, L2TPHA_MESSAGE_SCCRP, &challenge, now))
        own_gone(own, NULL, now);
    else
        own_keep(own, now);
}

static void refuse(struct own_tunnel *own, uint64_t now)
{
    own_say_stop(own, NOT_AUTHORIZED, now);
    own_gone(own, NULL, now);
}

static void on_sccrp(struct own_tunnel *own, const struct l2tpha_message *message, uint64_t now)
{
    struct l2tpha_bytes challenge = {0};

    l2tpha_message_u16(message, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, &own->peers_id);
    l2tpha_message_bytes(message, L2TPHA_AVP_CHALLENGE, &challenge);
    if (!own_is_response(own, message)) {
        refuse(own, now);
        return;
    }
    own->challenged = false;
    if (own->daemon->habits.reports_first)
        own_up(own, NULL, now);
    own_say_set_up(own, L2TPHA_MESSAGE_SCCCN, &challenge, now);
    own_up(own, NULL, now);
    own_keep(own, now);
}

static void on_scccn(struct own_tunnel *own, const struct l2tpha_message *message, uint64_t now)
{
    if (!own_is_response(own, message)) {
        refuse(own, now);
        return;
    }
    own->challenged = false;
    own_keep(own, now);
    own_up(own, NULL, now);
}

/* --- a call --- */

uint16_t own_next_id(struct own_tunnel *own)
{
    if (!own->daemon->counts)
        return ++own->daemon->next_id;
    return ++own->last_call ? own->last_call : ++own->last_call;
}

static uint16_t assigned(const struct l2tpha_message *message)
{
    uint16_t id = 0;

    l2tpha_message_u16(message, L2TPHA_AVP_ASSIGNED_SESSION_ID, &id);
    return id;
}

static void on_request(struct own_tunnel *own, const struct l2tpha_message *message, uint64_t now)
{
    bool outgoing = message->type == L2TPHA_MESSAGE_OCRQ;
    struct own_call *call = own_call_add(own, own_next_id(own), assigned(message), now);
    int error;

    l2tpha_message_u32(message, L2TPHA_AVP_CALL_SERIAL_NUMBER, &call->serial);
    call->outgoing = call->rings = outgoing;
    uint16_t type = outgoing ? L2TPHA_MESSAGE_OCRP : L2TPHA_MESSAGE_ICRP;
    while ((error = own_say_of_call(own, call, type, now)) == L2TPHA_ERR_EXISTS)
        call->id = own_next_id(own);
    if (error) {
        own_call_drop(own, call); /* the peer gives it up in time */
        return;
    }
    own_keep(own, now);
    own->daemon->owes |= outgoing;
}

static void on_reply(struct own_tunnel *own, struct own_call *call,
                     const struct l2tpha_message *message, uint64_t now)
{
    if (!call->asks || call->peers_id)
        return;
    call->peers_id = assigned(message);
    if (call->outgoing)
        return;
    if (own->daemon->habits.reports_first)
        own_up(own, call, now);
    if (own_say_of_call(own, call, L2TPHA_MESSAGE_ICCN, now))
        own_gone(own, call, now);
    else
        own_up(own, call, now);
}

static void on_number(struct own_tunnel *own, struct own_call *call,
                      const struct l2tpha_message *message, uint64_t now)
{
    struct l2tpha_call_errors errors;
    struct l2tpha_accm accm;
    uint32_t number = 0;

    if (l2tpha_avp_accm(l2tpha_message_find(message, L2TPHA_AVP_ACCM), &accm))
        number = accm.send;
    if (l2tpha_avp_call_errors(l2tpha_message_find(message, L2TPHA_AVP_CALL_ERRORS), &errors))
        number = errors.crc;
    if (!number || call->heard_count == DAEMON_NUMBERS || own->daemon->dead)
        return;
    call->heard[call->heard_count++] = number;
    if (own->daemon->hooks.heard)
        own->daemon->hooks.heard(own->daemon->hooks.user, number);
    own_keep_call(own, call, now);
}

static void on_call(struct own_tunnel *own, struct own_call *call,
                    const struct l2tpha_message *message, uint64_t now)
{
    switch (message->type) {
    case L2TPHA_MESSAGE_ICRP:
    case L2TPHA_MESSAGE_OCRP:
        on_reply(own, call, message, now);
        break;
    case L2TPHA_MESSAGE_ICCN:
    case L2TPHA_MESSAGE_OCCN:
        if (call->asks == call->outgoing && call->peers_id) /* its reply may be lost */
            own_up(own, call, now);
        break;
    case L2TPHA_MESSAGE_CDN:
        own_gone(own, call, now);
        break;
    case L2TPHA_MESSAGE_WEN:
    case L2TPHA_MESSAGE_SLI:
        on_number(own, call, message, now);
        break;
    default:
        break;
    }
}

/* RFC 2661 4.4.4: before it knows our id the peer names the call by its own. */
static struct own_call *call_of(const struct own_tunnel *own, const struct l2tpha_message *message)
{
    struct own_call *call = daemon_call_by(own, message->header.session_id);

    if (call || message->type != L2TPHA_MESSAGE_CDN || !assigned(message))
        return call;
    for (call = own->calls; call && call->peers_id != assigned(message);)
        call = call->next;
    return call;
}

void own_message(struct daemon *daemon, struct own_tunnel *own,
                 const struct l2tpha_message *message, uint64_t now)
{
    struct own_call *call;

    switch (message->type) {
    case L2TPHA_MESSAGE_SCCRP:
        on_sccrp(own, message, now);
        break;
    case L2TPHA_MESSAGE_SCCCN:
        on_scccn(own, message, now);
        break;
    case L2TPHA_MESSAGE_STOPCCN:
        if (!daemon->ignores_stop)
            own_gone(own, NULL, now);
        break;
    case L2TPHA_MESSAGE_ICRQ:
    case L2TPHA_MESSAGE_OCRQ:
        on_request(own, message, now);
        break;
    default:
        call = call_of(own, message);
        if (call)
            on_call(own, call, message, now);
    }
}
