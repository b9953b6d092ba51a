/* SPDX-License-Identifier: MIT */
/* What the daemon's user wants of it. */
#include "attached/own.h"

#include <string.h>

#define GENERAL_REQUEST 1 /* StopCCN, RFC 2661 4.4.2 */

int daemon_ask(struct daemon *daemon, const struct l2tpha_path *path, uint64_t now)
{
    struct l2tpha_attach_options options = {.size = sizeof(options),
                                            .path = *path,
                                            .initiator = true,
                                            .secret = (const uint8_t *)daemon->secret};
    struct l2tpha_tunnel *handle;

    options.secret_len = daemon->secret ? strlen(daemon->secret) : 0;
    int error = own_called(daemon, l2tpha_attach_tunnel(daemon->node, &options, now, &handle));
    if (error)
        return error;
    struct own_tunnel *own = own_tunnel_add(daemon, handle, path, now);
    error = own_say_set_up(own, L2TPHA_MESSAGE_SCCRQ, NULL, now);
    if (error)
        own_gone(own, NULL, now);
    else
        own_keep(own, now);
    return error;
}

int daemon_call(struct own_tunnel *tunnel, bool outgoing, uint64_t now, struct own_call **made)
{
    uint16_t type = outgoing ? L2TPHA_MESSAGE_OCRQ : L2TPHA_MESSAGE_ICRQ;
    struct own_call *call = own_call_add(tunnel, own_next_id(tunnel), 0, now);
    int error;

    call->asks = true;
    call->outgoing = outgoing;
    call->serial = call->id;
    while ((error = own_say_of_call(tunnel, call, type, now)) == L2TPHA_ERR_EXISTS)
        call->serial = call->id = own_next_id(tunnel);
    *made = call;
    if (error)
        own_call_drop(tunnel, call);
    else
        own_keep(tunnel, now);
    return error;
}

int daemon_dial(struct daemon *daemon, struct own_tunnel *tunnel, uint64_t now)
{
    struct own_call *call;

    (void)daemon;
    return daemon_call(tunnel, false, now, &call);
}

int daemon_answer(struct own_tunnel *tunnel, struct own_call *call, uint64_t now)
{
    if (!call->rings)
        return L2TPHA_OK;
    int error = own_say_of_call(tunnel, call, L2TPHA_MESSAGE_OCCN, now);
    if (error)
        return error;
    call->rings = false;
    own_up(tunnel, call, now);
    return L2TPHA_OK;
}

int daemon_hang_up(struct daemon *daemon, struct own_tunnel *tunnel, struct own_call *call,
                   uint64_t now)
{
    (void)daemon;
    int error = own_say_of_call(tunnel, call, L2TPHA_MESSAGE_CDN, now);

    return error ? error : own_gone(tunnel, call, now);
}

int daemon_number(struct own_tunnel *tunnel, struct own_call *call, bool errors, uint32_t number,
                  uint64_t now)
{
    return own_say_number(tunnel, call, errors, number, now);
}

int daemon_note(struct own_tunnel *tunnel, struct own_call *call, const uint8_t *data, size_t len,
                uint64_t now)
{
    if (len > DAEMON_NOTE)
        return L2TPHA_ERR_INVALID;
    memcpy(call->note, data, len);
    call->note_len = (uint8_t)len;
    return own_keep_call(tunnel, call, now);
}

int daemon_hello(struct own_tunnel *tunnel, uint64_t now)
{
    return own_say_hello(tunnel, now);
}

int daemon_say_stop(struct own_tunnel *tunnel, uint64_t now)
{
    return own_say_stop(tunnel, GENERAL_REQUEST, now);
}

int daemon_close(struct daemon *daemon, struct own_tunnel *tunnel, uint64_t now)
{
    (void)daemon;
    int error = own_say_stop(tunnel, GENERAL_REQUEST, now);

    return error ? error : own_gone(tunnel, NULL, now);
}
