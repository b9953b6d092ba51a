/* SPDX-License-Identifier: MIT */
/* Calls of a naive daemon, incoming and outgoing, as LAC and as LNS. */
#include "control/message.h"
#include "control/session_id.h"
#include "control/tunnel_send.h"
#include "dispatch/admission.h"
#include "dispatch/attributes.h"
#include "dispatch/disconnect.h"
#include "dispatch/farewell.h"
#include "dispatch/session_input.h"
#include "dispatch/session_state.h"
#include "naive/daemon.h"

#include <string.h>

#define PAUSE_US UINT64_C(50000) /* when the queue was full */

/* --- the daemon's state and the library's --- */

static void enter(struct l2tpha_session *session, uint8_t state, const struct machine_input *input)
{
    struct naive_call *call = naive_call_of(session);

    switch (state) {
    case L2TPHA_SESSION_WAIT_TUNNEL:
        call->state = CALL_WAITS;
        break;
    case L2TPHA_SESSION_WAIT_REPLY:
        call->state = CALL_ASKS;
        break;
    case L2TPHA_SESSION_WAIT_CONNECT:
        call->state = CALL_RINGS;
        break;
    case L2TPHA_SESSION_WAIT_CS_ANSWER:
        call->state = CALL_IS_PLACED;
        break;
    case L2TPHA_SESSION_ESTABLISHED:
        call->state = CALL_TALKS;
        break;
    default:
        naive_call_forget(session_tunnel(session), session->entry.local_id);
    }
    session_set_state(session, state, input);
}

void naive_call_clear(struct l2tpha_session *session, const struct machine_input *input)
{
    enter(session, L2TPHA_SESSION_IDLE, input);
}

/* --- saying --- */

/* In wait-tunnel the peer does not know of it. */
static int hang_up(struct l2tpha_session *session, const struct machine_input *input)
{
    int error = session->entry.state == L2TPHA_SESSION_WAIT_TUNNEL
                    ? L2TPHA_OK
                    : session_say_end(session, input);

    enter(session, L2TPHA_SESSION_IDLE, input);
    return error;
}

int naive_call_stop(struct l2tpha_session *session, const struct machine_input *input)
{
    return session_may_stop(session, input->result) ? hang_up(session, input) : L2TPHA_OK;
}

static int end(struct l2tpha_session *session, struct machine_input *input, int status,
               uint16_t result, uint16_t error, const char *reason)
{
    input->result = result;
    input->error = error;
    input->reason = reason;
    input->status = status;
    hang_up(session, input);
    return status;
}

void naive_call_due(struct l2tpha_session *session)
{
    const struct machine_input late = {.status = L2TPHA_ERR_TIMEOUT,
                                       .result = RESULT_NOT_IN_TIME,
                                       .reason = "not established in time"};

    if (naive_call_of(session)->state != CALL_TALKS)
        hang_up(session, &late);
}

static void put_request(struct l2tpha_builder *builder, const struct l2tpha_session *session)
{
    const struct session_entry *entry = &session->entry;
    const struct naive_call *call = naive_call_of(session);

    l2tpha_builder_put_u16(builder, L2TPHA_AVP_ASSIGNED_SESSION_ID, (uint16_t)entry->local_id);
    l2tpha_builder_put_u32(builder, L2TPHA_AVP_CALL_SERIAL_NUMBER, entry->serial);
    l2tpha_builder_put_u32(builder, L2TPHA_AVP_BEARER_TYPE, entry->bearer);
    if (call->outgoing) {
        l2tpha_builder_put_u32(builder, L2TPHA_AVP_MINIMUM_BPS, call->minimum_bps);
        l2tpha_builder_put_u32(builder, L2TPHA_AVP_MAXIMUM_BPS, call->maximum_bps);
        l2tpha_builder_put_u32(builder, L2TPHA_AVP_FRAMING_TYPE, entry->framing);
        l2tpha_builder_put_bytes(builder, L2TPHA_AVP_CALLED_NUMBER, call->called,
                                 strlen(call->called));
    }
}

int naive_call_ask(struct l2tpha_session *session)
{
    const struct machine_input none = {0};
    struct l2tpha_builder builder;

    tunnel_build(session_tunnel(session), &builder,
                 naive_call_of(session)->outgoing ? L2TPHA_MESSAGE_OCRQ : L2TPHA_MESSAGE_ICRQ, 0);
    put_request(&builder, session);
    int error = tunnel_send(session_tunnel(session), &builder);
    if (!error)
        enter(session, L2TPHA_SESSION_WAIT_REPLY, &none);
    return error;
}

/* An LAC's last word in the set-up. */
int naive_call_connect(struct l2tpha_session *session, const struct machine_input *input)
{
    const struct session_entry *entry = &session->entry;
    struct l2tpha_builder builder;

    tunnel_build(session_tunnel(session), &builder,
                 naive_call_of(session)->outgoing ? L2TPHA_MESSAGE_OCCN : L2TPHA_MESSAGE_ICCN,
                 entry->remote_id);
    l2tpha_builder_put_u32(&builder, L2TPHA_AVP_TX_CONNECT_SPEED, entry->tx_speed);
    l2tpha_builder_put_u32(&builder, L2TPHA_AVP_FRAMING_TYPE, entry->framing);
    if (entry->flags & L2TPHA_SESSION_SEQUENCING_REQUIRED)
        l2tpha_builder_put_flag(&builder, L2TPHA_AVP_SEQUENCING_REQUIRED);
    int error = tunnel_send(session_tunnel(session), &builder);
    if (!error)
        enter(session, L2TPHA_SESSION_ESTABLISHED, input);
    return error;
}

/* The number of one that waits is not in its record: who takes over cannot place it. */
static bool place(struct l2tpha_session *session)
{
    const struct machine_input lost = {.status = L2TPHA_ERR_NOT_IN_SYNC,
                                       .reason = "its number is not known any more"};
    const struct naive_call *call = naive_call_of(session);

    if (call->outgoing && !call->called[0]) {
        naive_call_clear(session, &lost);
        return true;
    }
    return naive_call_ask(session) == L2TPHA_OK;
}

static struct l2tpha_session *first_waiting(const struct l2tpha_tunnel *tunnel)
{
    const struct naive_call *call = naive_tunnel_of(tunnel)->calls;

    while (call && call->state != CALL_WAITS)
        call = call->next;
    return call ? tunnel_session_find(tunnel, call->id) : NULL;
}

void naive_calls_place(struct l2tpha_tunnel *tunnel)
{
    struct l2tpha_session *session;

    while (tunnel_is_open(tunnel) && (session = first_waiting(tunnel)))
        if (!tunnel_has_own_room(tunnel) || !place(session)) {
            tunnel_start_later(tunnel, PAUSE_US);
            return;
        }
}

/* --- calls that the peer asks for --- */

static uint32_t assigned_id(const struct l2tpha_message *message)
{
    uint16_t id = 0;

    l2tpha_message_u16(message, L2TPHA_AVP_ASSIGNED_SESSION_ID, &id);
    return id;
}

static int answer(struct l2tpha_session *session, struct machine_input *input,
                  const struct l2tpha_decode_fault *fault)
{
    struct l2tpha_tunnel *tunnel = session_tunnel(session);
    bool outgoing = naive_call_of(session)->outgoing;
    struct l2tpha_verdict verdict = {0};
    struct l2tpha_builder builder;

    if (fault->error) {
        fault_say(fault, input->text, sizeof(input->text), &input->result, &input->error);
        return end(session, input, fault->error, input->result, input->error, input->text);
    }
    if (session_request_must_wait(tunnel))
        return end(session, input, L2TPHA_ERR_REFUSED, RESULT_TEMPORARY, 0, "not now");
    session_ask_host(tunnel, input->message, &verdict);
    if (verdict.result)
        return end(session, input, L2TPHA_ERR_REFUSED, verdict.result, verdict.error,
                   verdict.reason);
    tunnel_build(tunnel, &builder, outgoing ? L2TPHA_MESSAGE_OCRP : L2TPHA_MESSAGE_ICRP,
                 session->entry.remote_id);
    l2tpha_builder_put_u16(&builder, L2TPHA_AVP_ASSIGNED_SESSION_ID,
                           (uint16_t)session->entry.local_id);
    if (tunnel_send(tunnel, &builder))
        return end(session, input, L2TPHA_ERR_REFUSED, RESULT_GENERAL, ERROR_RESOURCES,
                   "failure at this end");
    enter(session, outgoing ? L2TPHA_SESSION_WAIT_CS_ANSWER : L2TPHA_SESSION_WAIT_CONNECT, input);
    return L2TPHA_OK;
}

static int on_request(struct l2tpha_tunnel *tunnel, struct machine_input *input,
                      const struct l2tpha_decode_fault *fault)
{
    const struct l2tpha_message *message = input->message;
    struct l2tpha_session *old = tunnel_session_find_remote(tunnel, assigned_id(message));
    struct l2tpha_session *session;

    if (old) {
        end(old, input, L2TPHA_ERR_REFUSED, RESULT_GENERAL, ERROR_SESSION_ID, "used twice");
        return L2TPHA_ERR_EXISTS;
    }
    int error = session_new(tunnel, &session);
    if (error)
        return error;
    struct naive_call *call = naive_call_add(session);
    call->outgoing = message->type == L2TPHA_MESSAGE_OCRQ;
    call->lac = call->outgoing;
    call->peers_id = assigned_id(message);
    session_take_request(session, message);
    error = answer(session, input, fault);
    session_id_taken(tunnel);
    return error;
}

/* --- calls that are there --- */

static int on_reply(struct l2tpha_session *session, struct machine_input *input)
{
    struct naive_call *call = naive_call_of(session);

    call->peers_id = assigned_id(input->message);
    if (session_take_reply(session, input->message))
        return end(session, input, L2TPHA_ERR_REFUSED, RESULT_GENERAL, ERROR_SESSION_ID,
                   "used twice");
    if (call->outgoing)
        enter(session, L2TPHA_SESSION_WAIT_CONNECT, input);
    else if (naive_call_connect(session, input))
        return end(session, input, L2TPHA_ERR_REFUSED, RESULT_GENERAL, ERROR_RESOURCES,
                   "failure at this end");
    return L2TPHA_OK;
}

static int on_connect(struct l2tpha_session *session, struct machine_input *input)
{
    session_take_connect(session, input->message);
    enter(session, L2TPHA_SESSION_ESTABLISHED, input);
    return L2TPHA_OK;
}

static void on_cdn(struct l2tpha_session *session, struct machine_input *input)
{
    session_take_end(input);
    enter(session, L2TPHA_SESSION_IDLE, input);
}

static int on_errors(struct l2tpha_session *session)
{
    session_take_errors(session);
    return L2TPHA_OK;
}

static int on_message(struct l2tpha_session *session, struct machine_input *input)
{
    const struct naive_call *call = naive_call_of(session);

    switch (input->message->type) {
    case L2TPHA_MESSAGE_ICRP:
    case L2TPHA_MESSAGE_OCRP:
        if (call->state == CALL_ASKS)
            return on_reply(session, input);
        break;
    case L2TPHA_MESSAGE_ICCN:
    case L2TPHA_MESSAGE_OCCN:
        if (call->state == CALL_RINGS)
            return on_connect(session, input);
        break;
    case L2TPHA_MESSAGE_SLI:
        if (call->lac && (call->state == CALL_TALKS || call->state == CALL_IS_PLACED))
            return session_take_link_info(session, input->message);
        return L2TPHA_ERR_UNEXPECTED;
    case L2TPHA_MESSAGE_WEN:
        if (!call->lac && call->state == CALL_TALKS)
            return on_errors(session);
        return L2TPHA_ERR_UNEXPECTED;
    default:
        break;
    }
    return end(session, input, L2TPHA_ERR_UNEXPECTED, RESULT_GENERAL, ERROR_SESSION_ID, "not now");
}

int naive_call_message(struct l2tpha_tunnel *tunnel, struct machine_input *input,
                       const struct l2tpha_decode_fault *fault)
{
    const struct l2tpha_message *message = input->message;
    bool request = message->type == L2TPHA_MESSAGE_ICRQ || message->type == L2TPHA_MESSAGE_OCRQ;

    if (request && message->header.session_id == 0)
        return on_request(tunnel, input, fault);
    struct l2tpha_session *session = session_addressed(tunnel, message);
    if (!session) {
        session_end_orphan(tunnel, message);
        return L2TPHA_ERR_NOT_FOUND;
    }
    if (message->type == L2TPHA_MESSAGE_CDN) {
        on_cdn(session, input);
        return L2TPHA_OK;
    }
    if (fault->error) {
        fault_say(fault, input->text, sizeof(input->text), &input->result, &input->error);
        return end(session, input, fault->error, input->result, input->error, input->text);
    }
    return on_message(session, input);
}
