/* SPDX-License-Identifier: MIT */
/* Control connections of a naive daemon. */
#include "control/auth.h"
#include "control/message.h"
#include "control/opening.h"
#include "control/place.h"
#include "control/tunnel_policy.h"
#include "control/tunnel_send.h"
#include "dispatch/tunnel_state.h"
#include "dispatch/unbound.h"
#include "failover/response.h"
#include "failover/set_up.h"
#include "naive/daemon.h"

#include <string.h>

#define RESULT_CLEAR 1 /* of a StopCCN, RFC 2661 4.4.2 */
#define RESULT_UNAUTHORIZED 4
#define RESULT_VERSION 5
#define RESULT_STATE 7
#define ERROR_VALUE 3
#define ERROR_RESOURCES 4
#define ERROR_UNKNOWN_AVP 8
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
    if (!tunnel->dying)
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

static int put_tie_breaker(struct l2tpha_tunnel *tunnel, struct l2tpha_builder *builder)
{
    struct l2tpha_tunnel_record *record = &tunnel->entry.record;

    if (!tunnel->engine->config.tie_breaker)
        return L2TPHA_OK;
    int error = engine_random(tunnel->engine, record->tie_breaker, sizeof(record->tie_breaker));
    record->flags |= L2TPHA_TUNNEL_TIE_BREAKER;
    l2tpha_builder_put_bytes(builder, L2TPHA_AVP_TIE_BREAKER, record->tie_breaker,
                             sizeof(record->tie_breaker));
    return error;
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
    error = put_tie_breaker(tunnel, &builder);
    if (!error)
        error = auth_put_challenge(tunnel, &builder);
    if (!error)
        error = tunnel_send(tunnel, &builder);
    if (!error)
        enter(tunnel, L2TPHA_TUNNEL_WAIT_CTL_REPLY, &none);
    return error;
}

static int send_stopccn(struct l2tpha_tunnel *tunnel, const struct machine_input *input)
{
    struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    struct l2tpha_builder builder;

    record->result = input->result;
    record->error = input->error;
    tunnel_build(tunnel, &builder, L2TPHA_MESSAGE_STOPCCN, 0);
    l2tpha_builder_put_u16(&builder, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, (uint16_t)record->local_id);
    l2tpha_builder_put_result(&builder, input->result, input->error, input->reason);
    return tunnel_send(tunnel, &builder);
}

int naive_tunnel_stop(struct l2tpha_tunnel *tunnel, const struct machine_input *input)
{
    const struct naive_tunnel *own = naive_tunnel_of(tunnel);

    if (own && own->state == TUNNEL_CLOSES)
        return L2TPHA_ERR_STATE;
    if (!own) /* one that was never made live */
        naive_restore(tunnel);
    int error = send_stopccn(tunnel, input);
    enter(tunnel, error ? L2TPHA_TUNNEL_IDLE : L2TPHA_TUNNEL_STOPPING, input);
    return error;
}

static int fail(struct l2tpha_tunnel *tunnel, struct machine_input *input, uint16_t result,
                uint16_t error, const char *reason)
{
    input->result = result;
    input->error = error;
    input->reason = reason;
    input->status = L2TPHA_ERR_REFUSED;
    naive_tunnel_stop(tunnel, input);
    return input->status;
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

static int take_name(struct l2tpha_tunnel *tunnel, const struct l2tpha_message *message,
                     uint16_t type, struct l2tpha_bytes *field)
{
    struct l2tpha_bytes name = {0};

    l2tpha_message_bytes(message, type, &name);
    return table_tunnel_set_bytes(tunnel->engine->table, field, name.data, name.len);
}

static int take_peer(struct l2tpha_tunnel *tunnel, const struct machine_input *input)
{
    struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    const struct l2tpha_message *message = input->message;
    uint16_t id = 0;

    l2tpha_message_u16(message, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, &id);
    int error = table_tunnel_set_remote(tunnel->engine->table, &tunnel->entry, input->path, id);
    if (!error)
        error = take_name(tunnel, message, L2TPHA_AVP_HOST_NAME, &record->peer_name);
    if (!error)
        error = take_name(tunnel, message, L2TPHA_AVP_VENDOR_NAME, &record->peer_vendor);
    l2tpha_message_u16(message, L2TPHA_AVP_RECEIVE_WINDOW_SIZE, &record->remote_window);
    l2tpha_message_u32(message, L2TPHA_AVP_FRAMING_CAPABILITIES, &record->framing_caps);
    if (l2tpha_message_u32(message, L2TPHA_AVP_BEARER_CAPABILITIES, &record->bearer_caps))
        record->flags |= L2TPHA_TUNNEL_BEARER_CAPS;
    take_failover_avps(tunnel, message);
    return error;
}

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
        return refuse(input, input->result, input->error, input->text);
    }
    if (auth_check_response(tunnel, input->message) ||
        (l2tpha_message_has(input->message, L2TPHA_AVP_CHALLENGE) &&
         !tunnel->entry.record.secret.len))
        return refuse(input, RESULT_UNAUTHORIZED, 0, "not authorized");
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

    int error = take_peer(tunnel, input);
    tunnel_build(tunnel, &builder, type, 0);
    if (type == L2TPHA_MESSAGE_SCCRP)
        put_self(tunnel, &builder);
    if (!error)
        error = put_authentication(tunnel, &builder, type, input->message);
    if (!error)
        error = tunnel_send(tunnel, &builder);
    if (error)
        return fail(tunnel, input, RESULT_GENERAL, ERROR_RESOURCES, "failure at this end");
    enter(tunnel, state, input);
    return L2TPHA_OK;
}

/* --- who asks --- */

/* RFC 2661 4.4.3: the lower tie breaker wins, and one that is there wins over none. */
static int compare(const struct l2tpha_tunnel *ours, const struct l2tpha_message *theirs)
{
    const struct l2tpha_tunnel_record *record = &ours->entry.record;
    bool has = record->flags & L2TPHA_TUNNEL_TIE_BREAKER;
    struct l2tpha_bytes peers;

    if (l2tpha_message_bytes(theirs, L2TPHA_AVP_TIE_BREAKER, &peers) &&
        peers.len == sizeof(record->tie_breaker))
        return has ? memcmp(record->tie_breaker, peers.data, peers.len) : 1;
    return has ? -1 : 0;
}

/* One of ours to this peer whose tie has this outcome: < 0: won, > 0: lost. */
static struct l2tpha_tunnel *find_rival(const struct request *request, int outcome)
{
    struct engine *engine = request->engine;
    struct l2tpha_tunnel *ours = tunnel_next_opening(engine, &request->path->remote, NULL);

    while (ours && (tunnel_is_recovery(ours) || compare(ours, &engine->message) * outcome <= 0))
        ours = tunnel_next_opening(engine, &request->path->remote, ours);
    return ours;
}

static void yield(struct request *request, struct l2tpha_tunnel *successor)
{
    const struct machine_input lost = {.status = L2TPHA_ERR_REFUSED,
                                       .successor = successor->entry.record.local_id,
                                       .reason = "tie lost"};
    struct l2tpha_tunnel *ours;

    while ((ours = find_rival(request, 1))) {
        successor->announced = true; /* from now on, as the one that stands in for ours */
        naive_tunnel_clear(ours, &lost);
    }
}

static bool ask_host(struct request *request, struct l2tpha_tunnel *tunnel)
{
    struct engine *engine = request->engine;
    struct l2tpha_peer peer = {.path = request->path, .name = ""};
    struct l2tpha_verdict verdict = {0};

    if (!engine->host.admit_tunnel)
        return true;
    engine->asking = true;
    engine->host.admit_tunnel(engine->host.user, &peer, &engine->message, &verdict);
    engine->asking = false;
    request->dropped = verdict.drop;
    if (verdict.result || verdict.drop)
        return refuse(&request->input, verdict.result, verdict.error, verdict.reason);
    if (policy_check(verdict.policy))
        return refuse(&request->input, RESULT_GENERAL, ERROR_RESOURCES, "failure at this end");
    tunnel_take_policy(tunnel, verdict.policy);
    return true;
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
    return is_acceptable(tunnel, &request->fault, &request->input) && ask_host(request, tunnel);
}

int naive_tunnel_asked(struct request *request)
{
    if (find_rival(request, -1))
        return L2TPHA_ERR_REFUSED; /* it learns from ours */
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
    yield(request, tunnel);
    return answer(tunnel, &request->input, L2TPHA_MESSAGE_SCCRP, L2TPHA_TUNNEL_WAIT_CTL_CONN);
}

/* --- what comes --- */

static int on_sccrp(struct l2tpha_tunnel *tunnel, const struct l2tpha_decode_fault *fault,
                    struct machine_input *input)
{
    uint16_t id = 0;

    if (!is_acceptable(tunnel, fault, input)) {
        l2tpha_message_u16(input->message, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, &id);
        table_tunnel_set_remote(tunnel->engine->table, &tunnel->entry, input->path, id);
        naive_tunnel_stop(tunnel, input);
        return L2TPHA_ERR_REFUSED;
    }
    return answer(tunnel, input, L2TPHA_MESSAGE_SCCCN, L2TPHA_TUNNEL_ESTABLISHED);
}

static int on_scccn(struct l2tpha_tunnel *tunnel, const struct l2tpha_decode_fault *fault,
                    struct machine_input *input)
{
    if (!is_acceptable(tunnel, fault, input)) {
        naive_tunnel_stop(tunnel, input);
        return L2TPHA_ERR_REFUSED;
    }
    enter(tunnel, L2TPHA_TUNNEL_ESTABLISHED, input);
    return L2TPHA_OK;
}

static int on_stopccn(struct l2tpha_tunnel *tunnel, struct machine_input *input)
{
    struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    struct l2tpha_result result = {0};

    if (!record->remote_id) { /* where the acknowledgement goes */
        uint16_t id = 0;
        l2tpha_message_u16(input->message, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, &id);
        table_tunnel_set_remote(tunnel->engine->table, &tunnel->entry, input->path, id);
    }
    l2tpha_message_result(input->message, &result);
    record->result = result.result;
    record->error = result.has_error ? result.error : 0;
    input->words = (struct l2tpha_bytes){result.text, result.text_len};
    if (record->state != L2TPHA_TUNNEL_STOPPED)
        enter(tunnel, L2TPHA_TUNNEL_STOPPED, input);
    tunnel_mark(tunnel, DIRTY_FULL);
    return L2TPHA_OK;
}

/* RFC 2661 4.4.1: the M bit of Message Type says whether the tunnel can live without it. */
static int on_unknown(struct l2tpha_tunnel *tunnel, struct machine_input *input)
{
    tunnel->engine->counters.unknown_message++;
    if (!input->message->type_mandatory)
        return L2TPHA_OK;
    return fail(tunnel, input, RESULT_GENERAL, ERROR_UNKNOWN_AVP, "unknown message type");
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
    return fail(tunnel, input, RESULT_STATE, 0, "not now");
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
