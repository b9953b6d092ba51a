/* SPDX-License-Identifier: MIT */
/* What the machines of a call say: ICRQ to CDN, RFC 2661 6.6-6.14. */
#include "engine/session_action.h"

#include "base/assert.h"
#include "codec/wire_id.h"
#include "control/machine.h"

#include "control/session_id.h"
#include "control/tunnel_send.h"
#include "dispatch/attributes.h"
#include "engine/session_avps.h"

#include <string.h>

static void build(struct l2tpha_session *session, struct l2tpha_builder *builder, uint16_t type,
                  uint32_t session_id)
{
    tunnel_build(session_tunnel(session), builder, type, session_id);
}

static int send(struct l2tpha_session *session, struct l2tpha_builder *builder)
{
    return tunnel_send(session_tunnel(session), builder);
}

static const struct session_extra *extra_of(const struct l2tpha_session *session)
{
    static const struct session_extra none;

    return session->entry.extra ? session->entry.extra : &none;
}

static int drop_stored(struct l2tpha_session *session, size_t place)
{
    return table_session_set_bytes(session_tunnel(session)->engine->table, &session->entry, place,
                                   NULL, 0);
}

int send_request(void *object, void *argument)
{
    struct l2tpha_session *session = object;
    const struct machine_input *input = argument;
    struct l2tpha_tunnel *tunnel = session_tunnel(session);
    bool incoming = session->entry.call == L2TPHA_CALL_INCOMING;
    struct l2tpha_builder builder;

    ASSERT(&tunnel->engine->log, tunnel_is_open(tunnel));
    build(session, &builder, incoming ? L2TPHA_MESSAGE_ICRQ : L2TPHA_MESSAGE_OCRQ, 0);
    if (input->options)
        put_request_avps(&builder, session, input->options);
    else
        put_stored_avps(&builder, &extra_of(session)->request);
    int error = send(session, &builder);
    if (error)
        return error;
    if (incoming)
        tunnel->asked_incoming = true;
    else
        tunnel->asked_outgoing = true;
    return drop_stored(session, offsetof(struct session_extra, request));
}

int send_reply(void *object, void *argument)
{
    struct l2tpha_session *session = object;
    bool incoming = session->entry.call == L2TPHA_CALL_INCOMING;
    struct l2tpha_builder builder;

    (void)argument;
    ASSERT(&session_engine(session)->log, !(session->entry.flags & L2TPHA_SESSION_LOCAL_CALL));
    ASSERT(&session_engine(session)->log, session->entry.remote_id != 0); /* or it is refused */
    build(session, &builder, incoming ? L2TPHA_MESSAGE_ICRP : L2TPHA_MESSAGE_OCRP,
          session->entry.remote_id);
    wire_put_session_id(&builder, session->entry.local_id);
    return send(session, &builder);
}

int take_reply(void *object, void *argument)
{
    const struct machine_input *input = argument;

    return session_take_reply(object, input->message);
}

/* ICCN on ICRP, with what the host gave beforehand; OCCN when the bearer has answered. */
int send_connect(void *object, void *argument)
{
    struct l2tpha_session *session = object;
    const struct machine_input *input = argument;
    bool incoming = session->entry.call == L2TPHA_CALL_INCOMING;
    struct l2tpha_builder builder;

    ASSERT(&session_engine(session)->log, session->entry.side == L2TPHA_LAC);
    int error = incoming ? take_reply(object, argument) : L2TPHA_OK;
    if (error)
        return error;
    build(session, &builder, incoming ? L2TPHA_MESSAGE_ICCN : L2TPHA_MESSAGE_OCCN,
          session->entry.remote_id);
    if (input->options)
        put_connect_avps(&builder, session, input->options);
    else
        put_stored_avps(&builder, &extra_of(session)->connect);
    error = send(session, &builder);
    if (error)
        return error;
    return drop_stored(session, offsetof(struct session_extra, connect));
}

int take_connect(void *object, void *argument)
{
    const struct machine_input *input = argument;

    session_take_connect(object, input->message);
    return L2TPHA_OK;
}

/* --- CDN --- */

static void put_causes(struct l2tpha_builder *builder, const struct l2tpha_disconnect *why)
{
    if (why->has_q931) {
        struct l2tpha_q931_cause cause = {.cause = why->q931_cause,
                                          .message = why->q931_message,
                                          .text = (const uint8_t *)why->q931_text};
        cause.text_len = why->q931_text ? strlen(why->q931_text) : 0;
        l2tpha_builder_put_q931_cause(builder, &cause);
    }
    if (why->has_ppp) {
        struct l2tpha_ppp_cause cause = {.code = why->ppp_code,
                                         .protocol = why->ppp_protocol,
                                         .direction = why->ppp_direction,
                                         .text = (const uint8_t *)why->ppp_text};
        cause.text_len = why->ppp_text ? strlen(why->ppp_text) : 0;
        l2tpha_builder_put_ppp_cause(builder, &cause);
    }
}

/* RFC 2661 4.4.4: the peer's id as soon as it can be known, from the message refused at the latest;
 * a CDN's own is no new one. */
static uint32_t header_id(const struct l2tpha_session *session, const struct machine_input *input)
{
    if (session->entry.remote_id || !input->message)
        return session->entry.remote_id;
    return wire_session_id(input->message);
}

int send_cdn(void *object, void *argument)
{
    struct l2tpha_session *session = object;
    const struct machine_input *input = argument;
    struct l2tpha_builder builder;

    /* RFC 2661 4.4.2: 0 is reserved; and the peer knows of no call in wait-tunnel. */
    ASSERT(&session_engine(session)->log, input->result != 0);
    ASSERT(&session_engine(session)->log, session->entry.state != L2TPHA_SESSION_WAIT_TUNNEL);
    uint32_t id = header_id(session, input);
    if (!id && !tunnel_takes_no_id(session_tunnel(session)))
        return L2TPHA_OK;
    build(session, &builder, L2TPHA_MESSAGE_CDN, id);
    wire_put_session_id(&builder, session->entry.local_id);
    l2tpha_builder_put_result(&builder, input->result, input->error, input->reason);
    if (input->disconnect)
        put_causes(&builder, input->disconnect);
    return send(session, &builder);
}

int send_cdn_failed(void *object, void *argument)
{
    struct machine_input *input = argument;

    input->result = RESULT_GENERAL;
    input->error = ERROR_RESOURCES;
    input->reason = "failure at this end";
    input->disconnect = NULL;
    return send_cdn(object, argument);
}

/* --- what the host is told --- */

int take_link_info(void *object, void *argument)
{
    const struct machine_input *input = argument;

    return session_take_link_info(object, input->message);
}

int tell_errors(void *object, void *argument)
{
    (void)argument;
    session_take_errors(object);
    return L2TPHA_OK;
}
