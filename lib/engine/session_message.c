/* SPDX-License-Identifier: MIT */
/* Session messages of an established tunnel: whose they are, whether they are acceptable, and then
 * one event for that session's machine. */
#include "engine/session_message.h"

#include "base/assert.h"
#include "codec/wire_id.h"
#include "control/message.h"
#include "control/session_id.h"
#include "control/tunnel_send.h"
#include "dispatch/admission.h"
#include "dispatch/attributes.h"
#include "dispatch/farewell.h"
#include "dispatch/session_input.h"
#include "engine/session_action.h"
#include "engine/session_fsm.h"

#include <stdio.h>

/* A session message on its way. */
struct arrival {
    struct l2tpha_tunnel *tunnel;
    const struct l2tpha_message *message;
    const struct l2tpha_decode_fault *fault;
    struct machine_input input;
};

/* What each message is to the machines; request, reply and connected belong to one kind of call. */
static const struct {
    uint8_t event;
    uint8_t refused; /* instead of event when it is not acceptable */
    uint8_t call;    /* enum l2tpha_call; 0 = either */
} kinds[] = {
    [L2TPHA_MESSAGE_OCRQ] = {SESSION_REQUEST, SESSION_REQUEST_REFUSED, L2TPHA_CALL_OUTGOING},
    [L2TPHA_MESSAGE_OCRP] = {SESSION_REPLY, SESSION_REPLY_REFUSED, L2TPHA_CALL_OUTGOING},
    [L2TPHA_MESSAGE_OCCN] = {SESSION_CONNECT, SESSION_CONNECT_REFUSED, L2TPHA_CALL_OUTGOING},
    [L2TPHA_MESSAGE_ICRQ] = {SESSION_REQUEST, SESSION_REQUEST_REFUSED, L2TPHA_CALL_INCOMING},
    [L2TPHA_MESSAGE_ICRP] = {SESSION_REPLY, SESSION_REPLY_REFUSED, L2TPHA_CALL_INCOMING},
    [L2TPHA_MESSAGE_ICCN] = {SESSION_CONNECT, SESSION_CONNECT_REFUSED, L2TPHA_CALL_INCOMING},
    [L2TPHA_MESSAGE_CDN] = {SESSION_CDN, SESSION_CDN, 0},
    [L2TPHA_MESSAGE_WEN] = {SESSION_WEN, SESSION_FAULT, 0},
    [L2TPHA_MESSAGE_SLI] = {SESSION_SLI, SESSION_FAULT, 0},
};

static bool refuse(struct arrival *arrival, uint16_t result, uint16_t error, const char *reason)
{
    arrival->input.result = result;
    arrival->input.error = error;
    arrival->input.reason = reason;
    arrival->input.status = L2TPHA_ERR_REFUSED;
    return false;
}

static bool refuse_fault(struct arrival *arrival)
{
    struct machine_input *input = &arrival->input;

    fault_say(arrival->fault, input->text, sizeof(input->text), &input->result, &input->error);
    input->reason = input->text;
    input->status = arrival->fault->error;
    return false;
}

static uint32_t assigned_id(const struct arrival *arrival)
{
    return wire_session_id(arrival->message);
}

/* --- calls that the peer asks for --- */

/* RFC 2661 4.4.3: what was not advertised is rejected. */
static bool is_advertised(const struct arrival *arrival)
{
    const struct l2tpha_config *config = &arrival->tunnel->engine->config;
    uint32_t framing = 0, bearer = 0;

    if (arrival->message->type != L2TPHA_MESSAGE_OCRQ)
        return true;
    l2tpha_message_u32(arrival->message, L2TPHA_AVP_FRAMING_TYPE, &framing);
    l2tpha_message_u32(arrival->message, L2TPHA_AVP_BEARER_TYPE, &bearer);
    return config->bearer_caps && !(framing & ~config->framing_caps) &&
           !(bearer & ~config->bearer_caps);
}

static bool is_acceptable(struct arrival *arrival, const struct l2tpha_session *session)
{
    struct l2tpha_verdict verdict = {0};

    if (arrival->fault->error)
        return refuse_fault(arrival);
    if (!session_is_built(session->entry.side, session->entry.call))
        return refuse(arrival, RESULT_PERMANENT, 0, "no such calls here");
    if (session_request_must_wait(arrival->tunnel))
        return refuse(arrival, RESULT_TEMPORARY, 0, "tunnel in resync");
    if (!is_advertised(arrival))
        return refuse(arrival, RESULT_PERMANENT, 0, "not among the capabilities advertised");
    session_ask_host(arrival->tunnel, arrival->message, &verdict);
    return verdict.result == 0 || refuse(arrival, verdict.result, verdict.error, verdict.reason);
}

/* Two live sessions with one id of the peer could not be told apart: the old one goes, under its
 * own id, and so does the request. */
static int end_duplicate(struct arrival *arrival, struct l2tpha_session *old)
{
    refuse(arrival, RESULT_GENERAL, ERROR_SESSION_ID, "session id is in use");
    session_step(old, SESSION_FAULT, &arrival->input);
    return L2TPHA_ERR_EXISTS;
}

static int no_session(struct arrival *arrival, int error)
{
    arrival->tunnel->engine->counters.limit_reached++;
    tunnel_say_no_call(arrival->tunnel, assigned_id(arrival), RESULT_TEMPORARY, 0,
                       "no room for calls");
    return error;
}

/* RFC 4951 3.2.1: on a recovery tunnel there are none. */
static int no_calls(struct arrival *arrival)
{
    arrival->tunnel->engine->counters.unexpected_message++;
    tunnel_say_no_call(arrival->tunnel, assigned_id(arrival), RESULT_GENERAL, ERROR_NO_CONNECTION,
                       "a recovery tunnel carries no calls");
    return L2TPHA_ERR_REFUSED;
}

static int process_request(struct arrival *arrival)
{
    struct l2tpha_tunnel *tunnel = arrival->tunnel;
    struct l2tpha_session *old = tunnel_session_find_remote(tunnel, assigned_id(arrival));
    struct l2tpha_session *session;

    if (tunnel_is_recovery(tunnel))
        return no_calls(arrival);
    if (old)
        return end_duplicate(arrival, old);
    int error = session_new(tunnel, &session);
    if (error)
        return no_session(arrival, error);
    error = session_take_request(session, arrival->message);
    bool accepted = !error && is_acceptable(arrival, session);
    if (error)
        refuse(arrival, RESULT_GENERAL, ERROR_RESOURCES, "failure at this end");
    int refused = accepted ? L2TPHA_OK : arrival->input.status;
    error = session_step(session, accepted ? SESSION_REQUEST : SESSION_REQUEST_REFUSED,
                         &arrival->input);
    session_id_taken(tunnel);
    return error ? error : refused;
}

/* --- sessions that are there --- */

/* 4.4.3 again: framing that was not advertised. A peer's id must be its only one. */
static bool is_answer_acceptable(struct arrival *arrival, const struct l2tpha_session *session)
{
    struct l2tpha_tunnel *tunnel = arrival->tunnel;
    uint32_t framing = 0, id = assigned_id(arrival);

    if (arrival->fault->error)
        return refuse_fault(arrival);
    l2tpha_message_u32(arrival->message, L2TPHA_AVP_FRAMING_TYPE, &framing);
    if (framing & ~tunnel->engine->config.framing_caps)
        return refuse(arrival, RESULT_NO_FRAMING, 0, "framing was not advertised");
    uint8_t event = kinds[arrival->message->type].event;
    if (event == SESSION_REPLY && id) {
        const struct l2tpha_session *duplicate = tunnel_session_find_remote(tunnel, id);
        if (duplicate && duplicate != session)
            return refuse(arrival, RESULT_GENERAL, ERROR_SESSION_ID, "session id is in use");
    }
    return true;
}

static void say_improper(struct arrival *arrival, const struct l2tpha_session *session)
{
    struct machine_input *input = &arrival->input;

    snprintf(input->text, sizeof(input->text), "%s in state %s",
             l2tpha_message_name(arrival->message->type),
             l2tpha_session_state_name(session->entry.state));
    refuse(arrival, RESULT_GENERAL, ERROR_SESSION_ID, input->text);
    input->status = L2TPHA_ERR_UNEXPECTED;
}

/* The machine's own view of a message: acceptable, not acceptable, or improper. */
static uint8_t classify(struct arrival *arrival, const struct l2tpha_session *session)
{
    const struct fsm *fsm = session_fsm(session);
    uint8_t event = kinds[arrival->message->type].event;
    uint8_t refused = kinds[arrival->message->type].refused;
    uint8_t call = kinds[arrival->message->type].call;

    if (event == SESSION_CDN) {
        session_take_end(&arrival->input);
        return event;
    }
    if (call && call != session->entry.call) {
        say_improper(arrival, session);
        return SESSION_FAULT;
    }
    bool awaited = fsm_find(fsm, session->entry.state, refused) && refused != SESSION_FAULT;
    if (awaited || arrival->fault->error)
        if (!is_answer_acceptable(arrival, session))
            return awaited ? refused : SESSION_FAULT;
    const struct fsm_row *row = fsm_find(fsm, session->entry.state, event);
    if (row && row->next == L2TPHA_SESSION_IDLE)
        say_improper(arrival, session);
    return event;
}

/* No such session: the idle rows of the machine that this end runs for such calls (RFC 2661 7.4.1,
 * 7.4.2, 7.5.1, 7.5.2) say whether a CDN answers. */
static int process_unknown(struct arrival *arrival)
{
    struct l2tpha_tunnel *tunnel = arrival->tunnel;
    uint16_t type = arrival->message->type;
    bool incoming = kinds[type].call == L2TPHA_CALL_INCOMING;
    const struct fsm *fsm;

    if (session_end_orphan(tunnel, arrival->message))
        return L2TPHA_ERR_NOT_FOUND;
    if (incoming)
        fsm = tunnel->asked_incoming ? &session_fsm_lac_incoming : &session_fsm_lns_incoming;
    else
        fsm = tunnel->asked_outgoing ? &session_fsm_lns_outgoing : &session_fsm_lac_outgoing;
    const struct fsm_row *row = fsm_find(fsm, L2TPHA_SESSION_IDLE, kinds[type].event);
    /* One that bears no CDN without an id has heard of its end from nobody. */
    bool untold = !tunnel_takes_no_id(tunnel);
    if (kinds[type].event == SESSION_REPLY && (untold || (row && row->action)))
        tunnel_say_no_call(tunnel, assigned_id(arrival), RESULT_GENERAL, ERROR_SESSION_ID,
                           "no such session");
    return L2TPHA_ERR_NOT_FOUND;
}

int session_process(struct l2tpha_tunnel *tunnel, const struct l2tpha_message *message,
                    const struct l2tpha_decode_fault *fault)
{
    struct arrival arrival = {.tunnel = tunnel,
                              .message = message,
                              .fault = fault,
                              .input = {.message = message, .by_peer = true}};

    ASSERT(&tunnel->engine->log, l2tpha_message_is_session(message->type)); /* kinds has it */
    if (kinds[message->type].event == SESSION_REQUEST && message->header.session_id == 0)
        return process_request(&arrival);
    struct l2tpha_session *session = session_addressed(tunnel, message);
    if (!session)
        return process_unknown(&arrival);
    uint8_t event = classify(&arrival, session);
    int refused = arrival.input.status;
    if (refused == L2TPHA_ERR_UNEXPECTED)
        tunnel->engine->counters.unexpected_message++;
    int error = session_step(session, event, &arrival.input);
    if (error == L2TPHA_ERR_UNEXPECTED)
        tunnel->engine->counters.unexpected_message++;
    return error ? error : refused;
}
