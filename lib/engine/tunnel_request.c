/* SPDX-License-Identifier: MIT */
/* A peer asks for a tunnel: ties (RFC 2661 4.4.3), admission, and the tunnel that comes of it. */
#include "engine/tunnel_request.h"

#include "base/assert.h"
#include "control/auth.h"
#include "control/event.h"
#include "control/find.h"
#include "control/message.h"
#include "control/opening.h"
#include "control/place.h"
#include "dispatch/admission.h"
#include "engine/tunnel_fsm.h"
#include "engine/tunnel_message.h"
#include "failover/request.h"
#include "failover/set_up.h"

#include <string.h>

/* --- ties, RFC 2661 4.4.3 --- */

/* RFC 4951 3.2.1: a tie is between ordinary tunnels, or between the two recovery tunnels for one
 * old tunnel; its ids are the other way round in the peer's. */
static bool is_rival(const struct request *request, const struct l2tpha_tunnel *ours)
{
    uint32_t old_id = ours->entry.record.recovers;

    if (!request->recovers || !old_id)
        return !request->recovers && !old_id;
    return old_id == request->recovery.remote_tunnel_id && request_find_pair(request);
}

static struct l2tpha_tunnel *next_rival(const struct request *request,
                                        const struct l2tpha_tunnel *previous)
{
    struct l2tpha_tunnel *ours =
        tunnel_next_opening(request->engine, &request->path->remote, previous);

    while (ours && !is_rival(request, ours))
        ours = tunnel_next_opening(request->engine, &request->path->remote, ours);
    return ours;
}

static void remember_lost_tie(const struct request *request)
{
    struct l2tpha_tunnel *old =
        request->recovers ? engine_tunnel_find(request->engine, request->recovery.remote_tunnel_id)
                          : NULL;

    if (old)
        tunnel_remember_lost_tie(old, &request->engine->message);
}

/* A peer that has acknowledged our SCCRQ knows that it has won. One that asks all the same has
 * failed since and will never answer it; or its SCCRQ was overtaken, and it can answer another one
 * of ours as well. */
static bool is_forgotten(const struct request *request, const struct l2tpha_tunnel *ours)
{
    return request->recovers && !request->fault.error && channel_idle(&ours->channel);
}

/* Whether one of ours beats the peer's SCCRQ, which then is dropped without an answer. */
static bool has_lost_tie(struct request *request)
{
    struct machine_input forgotten = {.status = L2TPHA_ERR_REFUSED,
                                      .reason = "forgotten by the peer"};
    struct l2tpha_tunnel *ours = NULL;

    while ((ours = next_rival(request, ours))) {
        if (tunnel_compare_ties(ours, &request->engine->message) != TIE_OURS)
            continue;
        if (is_forgotten(request, ours)) {
            tunnel_step(ours, TUNNEL_SCCRQ_LOST, &forgotten);
            return true;
        }
        remember_lost_tie(request);
        return tunnel_step(ours, TUNNEL_SCCRQ_WON, &request->input) == L2TPHA_OK;
    }
    return false;
}

/* Those of ours to which the tie went so go without a word. True when there was one. The host is
 * told which one stands in for them (NULL = none), and from then on of that one as well. */
static bool clear_rivals(struct request *request, enum tie tie, struct l2tpha_tunnel *successor)
{
    struct l2tpha_tunnel *ours = next_rival(request, NULL), *next;
    struct machine_input input = {.status = L2TPHA_ERR_REFUSED, .reason = "tie lost"};
    bool any = false;

    if (successor && !request->recovers)
        input.successor = successor->entry.record.local_id;

    for (; ours; ours = next) {
        next = next_rival(request, ours);
        if (tunnel_compare_ties(ours, &request->engine->message) != tie)
            continue;
        any = true;
        if (input.successor)
            tunnel_announce(successor);
        tunnel_step(ours, TUNNEL_SCCRQ_LOST, &input);
    }
    return any;
}

/* When both are equal the peer's goes too. One that is not even well-formed does not count. */
static bool is_equal(struct request *request)
{
    return !request->fault.error && clear_rivals(request, TIE_EQUAL, NULL);
}

/* --- admission --- */

static bool refuse(struct machine_input *input, uint16_t error, const char *reason)
{
    input->result = RESULT_GENERAL;
    input->error = error;
    input->reason = reason;
    return false;
}

/* What RFC 4951's part says of a request for a recovery tunnel. */
static bool take_word(struct request *request, bool good, const struct machine_input *why)
{
    if (good)
        return true;
    request->input.result = why->result;
    request->input.error = why->error;
    request->input.reason = why->reason;
    return false;
}

/* RFC 4951 3.2.1: a recovery tunnel has the secret of the tunnel that it is for. The host admitted
 * the peer when that was set up. */
static bool fetch_secret(struct request *request, struct l2tpha_tunnel *tunnel)
{
    struct engine *engine = request->engine;
    struct machine_input why = {0};
    struct l2tpha_bytes name;

    if (request->recovers)
        return request->welcome &&
               take_word(request, request_prepare(engine->failover, tunnel, &why), &why);
    if (l2tpha_message_bytes(&engine->message, L2TPHA_AVP_HOST_NAME, &name) &&
        auth_fetch_secret(tunnel, &name))
        return refuse(&request->input, ERROR_RESOURCES, "failure at this end");
    return true;
}

/* RFC 4951 5.2: whoever asks for a tunnel back is never given an ordinary one instead. */
static bool is_ordinary(struct request *request)
{
    struct l2tpha_avp avp;

    return !avp_is_written(&request->engine->message, L2TPHA_AVP_TUNNEL_RECOVERY, &avp) ||
           refuse(&request->input, ERROR_VALUE, "Tunnel Recovery cannot be read");
}

static bool is_acceptable(struct request *request, struct l2tpha_tunnel *tunnel)
{
    const struct l2tpha_message *message = &request->engine->message;

    if (request->input.status)
        return refuse(&request->input, ERROR_RESOURCES, "failure at this end");
    return fetch_secret(request, tunnel) &&
           tunnel_check_peer(tunnel, message, &request->fault, &request->input) &&
           (request->recovers || (is_ordinary(request) && request_is_admitted(request)));
}

/* --- the tunnel --- */

static int drop_for_limit(struct request *request, int error)
{
    half_open_dropped(request->engine, error);
    return error;
}

/* Those that are over make place for the welcome alone. */
static bool is_worth_an_answer(struct request *request)
{
    struct engine *engine = request->engine;
    struct machine_input why = {0};

    if (!request->recovers)
        return true;
    bool welcome = request_check(engine->failover, request->path, &engine->message, &why);
    request->welcome = take_word(request, welcome, &why);
    if (!request->welcome)
        return request_may_refuse(engine);
    tunnel_make_place(engine);
    return true;
}

/* An unwelcome one has been counted before. */
static bool may_answer(const struct request *request)
{
    return !request->dropped &&
           ((request->recovers && !request->welcome) || request_may_refuse(request->engine));
}

static void log_refusal(const struct request *request, const struct l2tpha_tunnel *tunnel)
{
    const char *reason = request->input.reason ? request->input.reason : "by the host";
    char text[MACHINE_TEXT];

    log_line(&request->engine->log, L2TPHA_LOG_ERROR, tunnel->entry.record.local_id, 0,
             "SCCRQ refused: %s", reason_text(request->input.words, reason, text, sizeof(text)));
}

static int open_tunnel(struct request *request)
{
    struct l2tpha_tunnel *tunnel;

    if (!is_worth_an_answer(request))
        return drop_for_limit(request, L2TPHA_ERR_LIMIT);
    int error = request_make_tunnel(request);
    if (error)
        return drop_for_limit(request, error);
    tunnel = request->tunnel;
    ASSERT(&request->engine->log, tunnel->entry.record.state == L2TPHA_TUNNEL_IDLE);
    bool accepted = is_acceptable(request, tunnel);
    if (!accepted && !may_answer(request)) {
        machine_clear(tunnel, L2TPHA_ERR_LIMIT, "not answered");
        return drop_for_limit(request, L2TPHA_ERR_LIMIT);
    }
    if (!accepted)
        log_refusal(request, tunnel);
    if (accepted && request->recovers)
        error = request_reserve(request->engine->failover, tunnel);
    if (error) {
        machine_clear(tunnel, error, "not answered");
        return drop_for_limit(request, error);
    }
    if (accepted) /* ours does not make way for what is refused */
        clear_rivals(request, TIE_PEERS, tunnel);
    int refused = accepted ? L2TPHA_OK : L2TPHA_ERR_REFUSED;
    error = tunnel_step(tunnel, accepted ? TUNNEL_SCCRQ : TUNNEL_SCCRQ_REFUSED, &request->input);
    return error ? error : refused;
}

int tunnel_request(struct request *request)
{
    if (has_lost_tie(request) || is_equal(request))
        return L2TPHA_ERR_REFUSED;
    return open_tunnel(request);
}
