/* SPDX-License-Identifier: MIT */
/* What the daemon says: messages to its peer, reports to the library. */
#include "attached/own.h"

#include <string.h>

#define MESSAGE_MAX 512
#define ADMINISTRATIVE 3 /* CDN, RFC 2661 4.4.2 */

struct saying {
    struct l2tpha_builder builder;
    uint8_t data[MESSAGE_MAX];
};

void own_step(struct daemon *daemon, const char *where, uint64_t now)
{
    struct l2tpha_output output;

    if (daemon->dead)
        return;
    /* A flush in the middle of a message does no harm, and nothing leaves. */
    if (daemon->within)
        daemon->polled_within += (unsigned)l2tpha_poll(daemon->node, &output, 1, now);
    if (daemon->hooks.step)
        daemon->dead = !daemon->hooks.step(daemon->hooks.user, where);
}

void own_calls(const struct daemon *daemon)
{
    if (daemon->hooks.calls)
        daemon->hooks.calls(daemon->hooks.user);
}

int own_called(const struct daemon *daemon, int error)
{
    if (daemon->hooks.called)
        daemon->hooks.called(daemon->hooks.user, error);
    return error;
}

bool own_chance(const struct daemon *daemon, uint8_t percent)
{
    uint8_t drawn = 0;

    if (!percent || !daemon->hooks.random)
        return false;
    daemon->hooks.random(daemon->hooks.user, &drawn, 1);
    return drawn % 100 < percent;
}

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

    if (error || own->daemon->dead)
        return error;
    own_calls(own->daemon);
    error = own_called(own->daemon, l2tpha_attach_send(own->handle, saying->data, len, now));
    own_step(own->daemon, "after it has said something", now);
    return error;
}

/* --- of a tunnel --- */

static void response_to(const struct daemon *daemon, uint8_t type, const uint8_t *challenge,
                        size_t len, uint8_t response[L2TPHA_MD5_SIZE])
{
    const struct l2tpha_crypto *crypto = daemon->crypto;
    const char *secret = daemon->secret ? daemon->secret : "";
    const struct l2tpha_bytes parts[] = {
        {&type, 1}, {(const uint8_t *)secret, strlen(secret)}, {challenge, len}};

    crypto->md5(crypto->user, parts, 3, response);
}

bool own_is_response(const struct own_tunnel *own, const struct l2tpha_message *message)
{
    uint8_t wanted[L2TPHA_MD5_SIZE];
    struct l2tpha_bytes got;

    if (!own->challenged)
        return true;
    response_to(own->daemon, (uint8_t)message->type, own->challenge, sizeof(own->challenge),
                wanted);
    return l2tpha_message_bytes(message, L2TPHA_AVP_CHALLENGE_RESPONSE, &got) &&
           got.len == sizeof(wanted) && memcmp(got.data, wanted, sizeof(wanted)) == 0;
}

static void put_challenge(struct saying *saying, struct own_tunnel *own)
{
    struct daemon *daemon = own->daemon;

    if (!daemon->secret || !daemon->hooks.random)
        return;
    daemon->hooks.random(daemon->hooks.user, own->challenge, sizeof(own->challenge));
    own->challenged = true;
    l2tpha_builder_put_bytes(&saying->builder, L2TPHA_AVP_CHALLENGE, own->challenge,
                             sizeof(own->challenge));
}

int own_say_set_up(struct own_tunnel *own, uint16_t type, const struct l2tpha_bytes *challenge,
                   uint64_t now)
{
    const struct daemon *daemon = own->daemon;
    uint8_t response[L2TPHA_MD5_SIZE];
    struct saying saying;

    begin(&saying, own, type, 0);
    if (type != L2TPHA_MESSAGE_SCCCN) {
        l2tpha_builder_put_u8pair(&saying.builder, L2TPHA_AVP_PROTOCOL_VERSION, 1, 0);
        l2tpha_builder_put_u32(&saying.builder, L2TPHA_AVP_FRAMING_CAPABILITIES, 3);
        l2tpha_builder_put_u32(&saying.builder, L2TPHA_AVP_BEARER_CAPABILITIES, 3);
        l2tpha_builder_put_bytes(&saying.builder, L2TPHA_AVP_HOST_NAME, daemon->name,
                                 strlen(daemon->name));
        l2tpha_builder_put_u16(&saying.builder, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, own->id);
        l2tpha_builder_put_u16(&saying.builder, L2TPHA_AVP_RECEIVE_WINDOW_SIZE, 8);
        put_challenge(&saying, own);
    }
    if (challenge && challenge->len) {
        response_to(daemon, (uint8_t)type, challenge->data, challenge->len, response);
        l2tpha_builder_put_bytes(&saying.builder, L2TPHA_AVP_CHALLENGE_RESPONSE, response,
                                 sizeof(response));
    }
    return leave(&saying, own, now);
}

int own_say_hello(struct own_tunnel *own, uint64_t now)
{
    struct saying saying;

    begin(&saying, own, L2TPHA_MESSAGE_HELLO, 0);
    return leave(&saying, own, now);
}

int own_say_stop(struct own_tunnel *own, uint16_t result, uint64_t now)
{
    struct saying saying;

    begin(&saying, own, L2TPHA_MESSAGE_STOPCCN, 0);
    l2tpha_builder_put_u16(&saying.builder, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, own->id);
    l2tpha_builder_put_result(&saying.builder, result, 0, NULL);
    return leave(&saying, own, now);
}

/* --- of a call --- */

static void put_order(struct saying *saying)
{
    l2tpha_builder_put_u32(&saying->builder, L2TPHA_AVP_MINIMUM_BPS, 1000);
    l2tpha_builder_put_u32(&saying->builder, L2TPHA_AVP_MAXIMUM_BPS, 100000);
    l2tpha_builder_put_u32(&saying->builder, L2TPHA_AVP_BEARER_TYPE, 1);
    l2tpha_builder_put_u32(&saying->builder, L2TPHA_AVP_FRAMING_TYPE, 1);
    l2tpha_builder_put_bytes(&saying->builder, L2TPHA_AVP_CALLED_NUMBER, "555", 3);
}

int own_say_of_call(struct own_tunnel *own, const struct own_call *call, uint16_t type,
                    uint64_t now)
{
    struct saying saying;

    begin(&saying, own, type, call->peers_id);
    if (type == L2TPHA_MESSAGE_ICCN || type == L2TPHA_MESSAGE_OCCN) {
        l2tpha_builder_put_u32(&saying.builder, L2TPHA_AVP_TX_CONNECT_SPEED, 64000);
        l2tpha_builder_put_u32(&saying.builder, L2TPHA_AVP_FRAMING_TYPE, 1);
    } else {
        l2tpha_builder_put_u16(&saying.builder, L2TPHA_AVP_ASSIGNED_SESSION_ID, call->id);
    }
    if (type == L2TPHA_MESSAGE_ICRQ || type == L2TPHA_MESSAGE_OCRQ)
        l2tpha_builder_put_u32(&saying.builder, L2TPHA_AVP_CALL_SERIAL_NUMBER, call->serial);
    if (type == L2TPHA_MESSAGE_OCRQ)
        put_order(&saying);
    if (type == L2TPHA_MESSAGE_CDN)
        l2tpha_builder_put_result(&saying.builder, ADMINISTRATIVE, 0, NULL);
    return leave(&saying, own, now);
}

int own_say_number(struct own_tunnel *own, const struct own_call *call, bool errors,
                   uint32_t number, uint64_t now)
{
    struct saying saying;

    begin(&saying, own, errors ? L2TPHA_MESSAGE_WEN : L2TPHA_MESSAGE_SLI, call->peers_id);
    if (errors)
        l2tpha_builder_put_call_errors(&saying.builder,
                                       &(struct l2tpha_call_errors){.crc = number});
    else
        l2tpha_builder_put_accm(&saying.builder,
                                &(struct l2tpha_accm){.send = number, .receive = ~number});
    return leave(&saying, own, now);
}

/* --- to the library --- */

void own_up(struct own_tunnel *own, struct own_call *call, uint64_t now)
{
    if (own->daemon->dead)
        return;
    if (call) {
        call->up = true;
        l2tpha_attach_state(own->handle, call->id, L2TPHA_SESSION_ESTABLISHED, now);
    } else {
        own->up = true;
        l2tpha_attach_state(own->handle, 0, L2TPHA_TUNNEL_ESTABLISHED, now);
    }
    own_step(own->daemon, "after it has said that it is up", now);
}

int own_gone(struct own_tunnel *own, struct own_call *call, uint64_t now)
{
    struct daemon *daemon = own->daemon;

    if (daemon->dead)
        return L2TPHA_OK;
    int error = l2tpha_attach_gone(own->handle, call ? call->id : 0, now);
    if (call)
        own_call_drop(own, call);
    else
        own_tunnel_drop(own);
    own_step(daemon, "after it has said that it is gone", now);
    return error;
}
