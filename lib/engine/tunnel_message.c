/* SPDX-License-Identifier: MIT */
/* Messages of an existing tunnel: decoded with its secret, checked, then dispatched as an event. */
#include "engine/tunnel_message.h"

#include "base/assert.h"
#include "control/auth.h"
#include "control/message.h"
#include "control/tunnel_send.h"
#include "dispatch/attributes.h"
#include "engine/session_message.h"
#include "engine/tunnel_fsm.h"
#include "failover/response.h"
#include "failover/set_up.h"

#include <stdio.h>

#define VERSION_MAJOR 1
#define VERSION_HIGHEST 2 /* RFC 2661 4.4.2 gives no form: the header's version */

/* --- checks --- */

static bool refuse(struct machine_input *input, uint16_t result, uint16_t error, const char *reason)
{
    input->result = result;
    input->error = error;
    input->reason = reason;
    return false;
}

static bool refuse_unauthorized(struct machine_input *input, const char *reason)
{
    input->status = L2TPHA_ERR_AUTH;
    return refuse(input, RESULT_UNAUTHORIZED, 0, reason);
}

static bool check_response(struct l2tpha_tunnel *tunnel, const struct l2tpha_message *message,
                           struct machine_input *input)
{
    int error = auth_check_response(tunnel, message);

    if (error == L2TPHA_ERR_AUTH)
        return refuse_unauthorized(input, "tunnel authentication failed");
    if (error)
        return refuse(input, RESULT_GENERAL, ERROR_RESOURCES, "authentication is not possible");
    return true;
}

bool tunnel_check_peer(struct l2tpha_tunnel *tunnel, const struct l2tpha_message *message,
                       const struct l2tpha_decode_fault *fault, struct machine_input *input)
{
    const struct l2tpha_avp *version = l2tpha_message_find(message, L2TPHA_AVP_PROTOCOL_VERSION);

    /* Revisions of one version understand each other. */
    if (version && version->len == 2 && version->value[0] != VERSION_MAJOR) {
        input->status = L2TPHA_ERR_VERSION;
        tunnel->engine->counters.bad_avp += fault->error == 0;
        return refuse(input, RESULT_VERSION, VERSION_HIGHEST, "highest version supported is 1.0");
    }
    if (fault->error) {
        fault_say(fault, input->text, sizeof(input->text), &input->result, &input->error);
        input->reason = input->text;
        input->status = fault->error;
        return false;
    }
    if (auth_check_challenge(tunnel, message))
        return refuse_unauthorized(input, "no secret is shared with this peer");
    return check_response(tunnel, message, input);
}

/* --- classifying: which event of the machine a message is --- */

static uint8_t improper(struct l2tpha_tunnel *tunnel, struct machine_input *input, uint8_t event)
{
    tunnel->engine->counters.unexpected_message++;
    snprintf(input->text, sizeof(input->text), "%s in state %s",
             l2tpha_message_name(input->message->type),
             l2tpha_tunnel_state_name(tunnel->entry.record.state));
    input->status = L2TPHA_ERR_UNEXPECTED;
    refuse(input, RESULT_STATE, 0, input->text);
    return event;
}

static uint8_t faulty(struct machine_input *input, const struct l2tpha_decode_fault *fault)
{
    fault_say(fault, input->text, sizeof(input->text), &input->result, &input->error);
    input->reason = input->text;
    input->status = fault->error;
    return TUNNEL_FAULT;
}

static uint8_t classify_sccrp(struct l2tpha_tunnel *tunnel, const struct l2tpha_decode_fault *fault,
                              struct machine_input *input)
{
    if (tunnel->entry.record.state != L2TPHA_TUNNEL_WAIT_CTL_REPLY)
        return improper(tunnel, input, TUNNEL_SCCRP);
    if (input->status) /* the secret could not be fetched */
        refuse(input, RESULT_GENERAL, ERROR_RESOURCES, "failure at this end");
    else if (tunnel_check_peer(tunnel, input->message, fault, input) &&
             check_failover_reply(tunnel, input->message, input))
        return TUNNEL_SCCRP;
    tunnel_take_return(tunnel, input);
    return TUNNEL_SCCRP_REFUSED;
}

static uint8_t classify_scccn(struct l2tpha_tunnel *tunnel, const struct l2tpha_decode_fault *fault,
                              struct machine_input *input)
{
    if (tunnel->entry.record.state != L2TPHA_TUNNEL_WAIT_CTL_CONN)
        return improper(tunnel, input, TUNNEL_SCCCN);
    if (fault->error) {
        faulty(input, fault);
        return TUNNEL_SCCCN_REFUSED;
    }
    return check_response(tunnel, input->message, input) ? TUNNEL_SCCCN : TUNNEL_SCCCN_REFUSED;
}

static uint8_t classify(struct l2tpha_tunnel *tunnel, const struct l2tpha_decode_fault *fault,
                        struct machine_input *input)
{
    switch (input->message->type) {
    case L2TPHA_MESSAGE_SCCRQ:
        return improper(tunnel, input, TUNNEL_SCCRQ);
    case L2TPHA_MESSAGE_SCCRP:
        return classify_sccrp(tunnel, fault, input);
    case L2TPHA_MESSAGE_SCCCN:
        return classify_scccn(tunnel, fault, input);
    case L2TPHA_MESSAGE_STOPCCN: /* however it is written, the peer is going */
        tunnel_take_stop(tunnel, input);
        return TUNNEL_STOPCCN;
    case L2TPHA_MESSAGE_HELLO:
        return fault->error ? faulty(input, fault) : TUNNEL_HELLO;
    default:
        return fault->error ? faulty(input, fault) : improper(tunnel, input, TUNNEL_FAULT);
    }
}

/* --- dispatching --- */

static bool is_foreign(const struct l2tpha_message *message,
                       const struct l2tpha_decode_fault *fault)
{
    if (message->type == L2TPHA_MESSAGE_ZLB)
        return fault->error == L2TPHA_ERR_MESSAGE_TYPE;
    return !l2tpha_message_is_known(message->type);
}

/* RFC 2661 4.4.1: the M bit of Message Type says whether the tunnel can live without it. */
static int foreign(struct l2tpha_tunnel *tunnel, struct machine_input *input)
{
    message_note_unknown(tunnel);
    if (!input->message->type_mandatory)
        return L2TPHA_OK;
    snprintf(input->text, sizeof(input->text), "unknown message type %u", input->message->type);
    input->status = L2TPHA_ERR_MESSAGE_TYPE;
    refuse(input, RESULT_GENERAL, ERROR_UNKNOWN_AVP, input->text);
    tunnel_step(tunnel, TUNNEL_FAULT, input);
    return L2TPHA_ERR_MESSAGE_TYPE;
}

/* RFC 4951 3.2.1: on a recovery tunnel none is accepted, and none costs the tunnel either, not even
 * before it is established. */
static bool takes_calls(const struct l2tpha_tunnel *tunnel)
{
    uint8_t state = tunnel->entry.record.state;

    return state == L2TPHA_TUNNEL_ESTABLISHED ||
           (state == L2TPHA_TUNNEL_WAIT_CTL_CONN && tunnel_is_recovery(tunnel));
}

static int dispatch(struct l2tpha_tunnel *tunnel, const struct l2tpha_decode_fault *fault,
                    struct machine_input *input)
{
    const struct l2tpha_message *message = input->message;

    if (tunnel_is_over(tunnel) && message->type != L2TPHA_MESSAGE_STOPCCN)
        return L2TPHA_OK;
    if (is_foreign(message, fault))
        return foreign(tunnel, input);
    if (message->type == L2TPHA_MESSAGE_FSQ || message->type == L2TPHA_MESSAGE_FSR)
        return sync_states(tunnel, message, fault);
    if (l2tpha_message_is_session(message->type) && takes_calls(tunnel))
        return session_process(tunnel, message, fault);
    uint8_t event = classify(tunnel, fault, input);
    int refused = input->status;
    int error = tunnel_step(tunnel, event, input);
    return error ? error : refused;
}

/* The peer's name comes with its SCCRP, and with the name the secret that hid the rest of it. */
static int learn_secret(struct l2tpha_tunnel *tunnel, const struct l2tpha_message *message)
{
    struct l2tpha_bytes name;

    if (message->type != L2TPHA_MESSAGE_SCCRP ||
        tunnel->entry.record.state != L2TPHA_TUNNEL_WAIT_CTL_REPLY ||
        !l2tpha_message_bytes(message, L2TPHA_AVP_HOST_NAME, &name) || tunnel_is_recovery(tunnel))
        return L2TPHA_OK;
    return auth_fetch_secret(tunnel, &name);
}

int tunnel_process(struct l2tpha_tunnel *tunnel, const struct l2tpha_path *path,
                   const uint8_t *data, size_t len)
{
    struct engine *engine = tunnel->engine;
    struct l2tpha_decode_fault fault = {0};
    struct machine_input input = {.message = &engine->message, .path = path, .by_peer = true};

    ASSERT(&engine->log, !tunnel->dying && tunnel->entry.record.state != L2TPHA_TUNNEL_IDLE);
    l2tpha_message_decode(data, len, &engine->message, &fault);
    input.status = learn_secret(tunnel, &engine->message);
    struct l2tpha_hiding hiding = tunnel_hiding(tunnel);
    message_finish(engine, &hiding, &fault);
    message_note(tunnel, &fault);
    int error = dispatch(tunnel, &fault, &input);
    message_done(engine);
    return error ? error : fault.error;
}
