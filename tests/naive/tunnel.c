/* SPDX-License-Identifier: MIT */
/* Control connections of a naive daemon. */
#include "control/auth.h"
#include "control/message.h"
#include "control/opening.h"
#include "control/place.h"
#include "control/tunnel_send.h"
#include "dispatch/admission.h"
#include "dispatch/attributes.h"
#include "dispatch/farewell.h"
#include "dispatch/tunnel_state.h"
#include "failover/response.h"
#include "failover/set_up.h"
#include "naive/daemon.h"

#include <string.h>

#define VERSION 1

/* --- the daemon's state and the library's --- */

static void enter(struct l2tpha_tunnel *tunnel, uint8_t state, const struct machine_input *input)
{
    struct naive_tunnel *own = naive_tunnel_of(tunnel);

    switch (state) {
    case L2TPHA_TUNNEL_WAIT_CTL_REPLY:
        own->state = TUNNEL_ASKS;
        break;
    case L2TPHA_TUNNEL_WAIT_CTL_CONN:
        own->state = TUNNEL_ANSWERS;
        break;
    case L2TPHA_TUNNEL_ESTABLISHED:
        own->state = TUNNEL_RUNS;
        break;
    case L2TPHA_TUNNEL_IDLE:
        naive_tunnel_forget(tunnel);
        break;
    default:
        naive_calls_forget(own);
        own->state = TUNNEL_CLOSES;
    }
    tunnel_set_state(tunnel, state, input);
}

void naive_tunnel_clear(struct l2tpha_tunnel *tunnel, const struct machine_input *input)
{
    enter(tunnel, L2TPHA_TUNNEL_IDLE, input);
}

/* --- saying --- */

static void put_self(struct l2tpha_tunnel *tunnel, struct l2tpha_builder *builder)
{
    const struct l2tpha_config *config = &tunnel->engine->config;
    const struct l2tpha_tunnel_record *record = &tunnel->entry.record;

    l2tpha_builder_put_u8pair(builder, L2TPHA_AVP_PROTOCOL_VERSION, VERSION, 0);
    l2tpha_builder_put_u32(builder, L2TPHA_AVP_FRAMING_CAPABILITIES, config->framing_caps);
    if (config->bearer_caps)
        l2tpha_builder_put_u32(builder, L2TPHA_AVP_BEARER_CAPABILITIES, config->bearer_caps);
    l2tpha_builder_put_bytes(builder, L2TPHA_AVP_HOST_NAME, config->name, strlen(config->name));
    l2tpha_builder_put_u16(builder, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, (uint16_t)record->local_id);
    l2tpha_builder_put_u16(builder, L2TPHA_AVP_RECEIVE_WINDOW_SIZE, record->local_window);
    put_failover_avps(tunnel, builder);
}

int naive_tunnel_ask(struct l2tpha_tunnel *tunnel)
{
    const struct machine_input none = {0};
    struct l2tpha_builder builder;

    naive_tunnel_add(tunnel);
    tunnel->entry.record.flags |= L2TPHA_TUNNEL_INITIATOR;
    int error = auth_fetch_secret(tunnel, NULL);
    if (error)
        return error;
    tunnel_build(tunnel, &builder, L2TPHA_MESSAGE_SCCRQ, 0);
    put_self(tunnel, &builder);
    error = tunnel_put_tie_breaker(tunnel, &builder);
    if (!error)
        error = auth_put_challenge(tunnel, &builder);
    if (!error)
        error = tunnel_send(tunnel, &builder);
    if (!error)
        enter(tunnel, L2TPHA_TUNNEL_WAIT_CTL_REPLY, &none);
    return error;
}

int naive_tunnel_stop(struct l2tpha_tunnel *tunnel, const struct machine_input *input)
{
    const struct naive_tunnel *own = naive_tunnel_of(tunnel);

    if (own && own->state == TUNNEL_CLOSES)
        return L2TPHA_ERR_STATE;
    if (!own) /* one that was never made live */
        naive_restore(tunnel);
    int error = tunnel_say_stop(tunnel, input);
    enter(tunnel, error ? L2TPHA_TUNNEL_IDLE : L2TPHA_TUNNEL_STOPPING, input);
    return error;
}

static int fail(struct l2tpha_tunnel *tunnel, struct machine_input *input, int status,
                uint16_t result, uint16_t error, const char *reason)
{
    input->result = result;
    input->error = error;
    input->reason = reason;
    input->status = status;
    naive_tunnel_stop(tunnel, input);
    return status;
}

void naive_tunnel_due(struct l2tpha_tunnel *tunnel)
{
    bool up = naive_tunnel_of(tunnel)->state == TUNNEL_RUNS;
    const struct machine_input input = {.result = RESULT_CLEAR,
                                        .status = up ? 0 : L2TPHA_ERR_TIMEOUT,
                                        .reason = up ? "no sessions" : "not established in time"};

    if (naive_tunnel_of(tunnel)->state == TUNNEL_CLOSES)
        naive_tunnel_clear(tunnel, &input);
    else
        naive_tunnel_stop(tunnel, &input);
}

/* --- the peer --- */

static bool refuse(struct machine_input *input, uint16_t result, uint16_t error, const char *reason)
{
    input->result = result;
    input->error = error;
    input->reason = reason;
    input->status = L2TPHA_ERR_REFUSED;
    return false;
}

/* An SCCRQ or SCCRP. */
static bool is_acceptable(struct l2tpha_tunnel *tunnel, const struct l2tpha_decode_fault *fault,
                          struct machine_input *input)
{
    const struct l2tpha_avp *version =
        l2tpha_message_find(input->message, L2TPHA_AVP_PROTOCOL_VERSION);

    if (version && version->len == 2 && version->value[0] != VERSION)
        return refuse(input, RESULT_VERSION, 0, "not this version");
    if (fault->error) {
        fault_say(fault, input->text, sizeof(input->text), &input->result, &input->error);
        refuse(input, input->result, input->error, input->text);
        input->status = fault->error;
        return false;
    }
    if (auth_check_challenge(tunnel, input->message) ||
        auth_check_response(tunnel, input->message)) {
        refuse(input, RESULT_UNAUTHORIZED, 0, "not authorized");
        input->status = L2TPHA_ERR_AUTH;
        return false;
    }
    return true;
}

/* Challenges are answered, and the other end challenged where it has not been. */
static int put_authentication(struct l2tpha_tunnel *tunnel, struct l2tpha_builder *builder,
                              uint16_t type, const struct l2tpha_message *message)
{
    struct l2tpha_bytes challenge;
    bool challenged = l2tpha_message_bytes(message, L2TPHA_AVP_CHALLENGE, &challenge);

    int error = auth_put_response(tunnel, builder, type, challenged ? &challenge : NULL);
    if (!error && type == L2TPHA_MESSAGE_SCCRP)
        error = auth_put_challenge(tunnel, builder);
    return error;
}

static int answer(struct l2tpha_tunnel *tunnel, struct machine_input *input, uint16_t type,
                  uint8_t state)
{
    struct l2tpha_builder builder;

    int error = tunnel_take_peer(tunnel, input->message, input->path);
    tunnel_build(tunnel, &builder, type, 0);
    if (type == L2TPHA_MESSAGE_SCCRP)
        put_self(tunnel, &builder);
    if (!error)
        error = put_authentication(tunnel, &builder, type, input->message);
    if (!error)
        error = tunnel_send(tunnel, &builder);
    if (error)
        return fail(tunnel, input, L2TPHA_ERR_REFUSED, RESULT_GENERAL, ERROR_RESOURCES,
                    "failure at this end");
    enter(tunnel, state, input);
    return L2TPHA_OK;
}

/* --- who asks --- */

/* One of ours to this peer whose tie with its SCCRQ comes out like that. */
static struct l2tpha_tunnel *find_rival(const struct request *request, enum tie outcome)
{
    struct engine *engine = request->engine;
    struct l2tpha_tunnel *ours = tunnel_next_opening(engine, &request->path->remote, NULL);

    while (ours &&
           (tunnel_is_recovery(ours) || tunnel_compare_ties(ours, &engine->message) != outcome))
        ours = tunnel_next_opening(engine, &request->path->remote, ours);
    return ours;
}

/* Whether there was one. */
static bool clear_rivals(const struct request *request, enum tie outcome, uint32_t successor)
{
    const struct machine_input lost = {
        .status = L2TPHA_ERR_REFUSED, .successor = successor, .reason = "tie lost"};
    struct l2tpha_tunnel *ours;
    bool any = false;

    for (; (ours = find_rival(request, outcome)); any = true)
        naive_tunnel_clear(ours, &lost);
    return any;
}

static bool is_welcome(struct request *request, struct l2tpha_tunnel *tunnel)
{
    struct l2tpha_bytes name = {0};
    struct l2tpha_avp avp;

    l2tpha_message_bytes(request->input.message, L2TPHA_AVP_HOST_NAME, &name);
    if (request->input.status || auth_fetch_secret(tunnel, &name))
        return refuse(&request->input, RESULT_GENERAL, ERROR_RESOURCES, "failure at this end");
    if (avp_is_written(request->input.message, L2TPHA_AVP_TUNNEL_RECOVERY, &avp))
        return refuse(&request->input, RESULT_GENERAL, ERROR_VALUE, "no recovery like that");
    return is_acceptable(tunnel, &request->fault, &request->input) && request_is_admitted(request);
}

int naive_tunnel_asked(struct request *request)
{
    if (find_rival(request, TIE_OURS))
        return L2TPHA_ERR_REFUSED; /* it learns from ours */
    if (!request->fault.error && clear_rivals(request, TIE_EQUAL, 0))
        return L2TPHA_ERR_REFUSED; /* both begin anew */
    int error = request_make_tunnel(request);
    if (error) {
        half_open_dropped(request->engine, error);
        return error;
    }
    struct l2tpha_tunnel *tunnel = request->tunnel;
    naive_tunnel_add(tunnel)->state = TUNNEL_ANSWERS;
    bool welcome = is_welcome(request, tunnel);
    if (!welcome && (request->dropped || !request_may_refuse(request->engine))) {
        naive_tunnel_clear(tunnel, &request->input);
        half_open_dropped(request->engine, L2TPHA_ERR_LIMIT);
        return L2TPHA_ERR_LIMIT;
    }
    if (!welcome) {
        naive_tunnel_stop(tunnel, &request->input);
        return L2TPHA_ERR_REFUSED;
    }
    if (clear_rivals(request, TIE_PEERS, tunnel->entry.record.local_id))
        tunnel_announce(tunnel); /* as the one that stands in for ours */
    return answer(tunnel, &request->input, L2TPHA_MESSAGE_SCCRP, L2TPHA_TUNNEL_WAIT_CTL_CONN);
}

/* --- what comes --- */

static int on_sccrp(struct l2tpha_tunnel *tunnel, const struct l2tpha_decode_fault *fault,
                    struct machine_input *input)
{
    if (!is_acceptable(tunnel, fault, input)) {
        tunnel_take_return(tunnel, input);
        naive_tunnel_stop(tunnel, input);
        return input->status;
    }
    return answer(tunnel, input, L2TPHA_MESSAGE_SCCCN, L2TPHA_TUNNEL_ESTABLISHED);
}

static int on_scccn(struct l2tpha_tunnel *tunnel, const struct l2tpha_decode_fault *fault,
                    struct machine_input *input)
{
    if (!is_acceptable(tunnel, fault, input)) {
        naive_tunnel_stop(tunnel, input);
        return input->status;
    }
    enter(tunnel, L2TPHA_TUNNEL_ESTABLISHED, input);
    return L2TPHA_OK;
}

static int on_stopccn(struct l2tpha_tunnel *tunnel, struct machine_input *input)
{
    tunnel_take_stop(tunnel, input);
    if (tunnel->entry.record.state != L2TPHA_TUNNEL_STOPPED)
        enter(tunnel, L2TPHA_TUNNEL_STOPPED, input);
    return L2TPHA_OK;
}

/* RFC 2661 4.4.1: the M bit of Message Type says whether the tunnel can live without it. */
static int on_unknown(struct l2tpha_tunnel *tunnel, struct machine_input *input)
{
    message_note_unknown(tunnel);
    if (!input->message->type_mandatory)
        return L2TPHA_OK;
    return fail(tunnel, input, L2TPHA_ERR_MESSAGE_TYPE, RESULT_GENERAL, ERROR_UNKNOWN_AVP,
                "unknown message type");
}

static int on_message(struct l2tpha_tunnel *tunnel, const struct l2tpha_decode_fault *fault,
                      struct machine_input *input)
{
    const struct naive_tunnel *own = naive_tunnel_of(tunnel);
    uint16_t type = input->message->type;

    if (type == L2TPHA_MESSAGE_STOPCCN)
        return on_stopccn(tunnel, input);
    if (own->state == TUNNEL_CLOSES)
        return L2TPHA_OK;
    if (!l2tpha_message_is_known(type))
        return on_unknown(tunnel, input);
    if (type == L2TPHA_MESSAGE_FSQ || type == L2TPHA_MESSAGE_FSR)
        return sync_states(tunnel, input->message, fault);
    if (l2tpha_message_is_session(type) && own->state == TUNNEL_RUNS)
        return naive_call_message(tunnel, input, fault);
    if (type == L2TPHA_MESSAGE_SCCRP && own->state == TUNNEL_ASKS)
        return on_sccrp(tunnel, fault, input);
    if (type == L2TPHA_MESSAGE_SCCCN && own->state == TUNNEL_ANSWERS)
        return on_scccn(tunnel, fault, input);
    if (type == L2TPHA_MESSAGE_HELLO && !fault->error)
        return L2TPHA_OK;
    return fail(tunnel, input, L2TPHA_ERR_UNEXPECTED, RESULT_STATE, 0, "not now");
}

int naive_tunnel_message(struct l2tpha_tunnel *tunnel, const struct l2tpha_path *path,
                         const uint8_t *data, size_t len)
{
    struct engine *engine = tunnel->engine;
    struct l2tpha_decode_fault fault = {0};
    struct machine_input input = {.message = &engine->message, .path = path, .by_peer = true};
    struct l2tpha_bytes name = {0};

    l2tpha_message_decode(data, len, &engine->message, &fault);
    if (engine->message.type == L2TPHA_MESSAGE_SCCRP &&
        l2tpha_message_bytes(&engine->message, L2TPHA_AVP_HOST_NAME, &name))
        auth_fetch_secret(tunnel, &name);
    struct l2tpha_hiding hiding = tunnel_hiding(tunnel);
    message_finish(engine, &hiding, &fault);
    message_note(tunnel, &fault);
    int error = on_message(tunnel, &fault, &input);
    message_done(engine);
    return error ? error : fault.error;
}
