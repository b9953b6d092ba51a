/* SPDX-License-Identifier: MIT */
/* l2tpha_session_*(): the host's hands on a session. */
#include "control/transaction.h"
#include "control/tunnel_send.h"
#include "dispatch/attributes.h"
#include "dispatch/begin.h"
#include "dispatch/disconnect.h"
#include "engine/session_avps.h"
#include "engine/session_errors.h"
#include "engine/session_fsm.h"
#include "engine/session_wait.h"

#include <string.h>

#define FRAMING_BITS 3
#define BEARER_BITS 3
/* Bytes that an OCCN or a CDN takes, besides texts of the host's. */
#define MESSAGE_BYTES 256

static struct engine *engine_of(const struct l2tpha_session *session)
{
    return session_tunnel(session)->engine;
}

static bool has_room(const struct l2tpha_session *session)
{
    return tunnel_has_own_room(session_tunnel(session));
}

/* --- opening --- */

static bool speeds_fit(const struct l2tpha_tunnel *tunnel,
                       const struct l2tpha_session_options *options)
{
    uint64_t most = record_wire(&tunnel->entry.record)->speed_max;

    return options->tx_speed <= most && options->rx_speed <= most;
}

static bool are_sound(const struct l2tpha_tunnel *tunnel,
                      const struct l2tpha_session_options *options)
{
    return options && options->size == sizeof(*options) && speeds_fit(tunnel, options) &&
           (options->call == L2TPHA_CALL_INCOMING || options->call == L2TPHA_CALL_OUTGOING) &&
           !(options->framing & ~(uint32_t)FRAMING_BITS) &&
           !(options->bearer & ~(uint32_t)BEARER_BITS);
}

/* What the peer is told later is kept; a request that leaves at once is not. */
static int keep_avps(struct l2tpha_session *session, const struct l2tpha_session_options *options,
                     bool at_once)
{
    bool incoming = options->call == L2TPHA_CALL_INCOMING;
    uint16_t request = incoming ? L2TPHA_MESSAGE_ICRQ : L2TPHA_MESSAGE_OCRQ;

    int error = incoming
                    ? store_avps(session, L2TPHA_MESSAGE_ICCN,
                                 offsetof(struct session_extra, connect), put_connect_avps, options)
                    : L2TPHA_OK;
    if (error || at_once)
        return error;
    return store_avps(session, request, offsetof(struct session_extra, request), put_request_avps,
                      options);
}

static int start(struct l2tpha_session *session, const struct l2tpha_session_options *options,
                 bool at_once)
{
    struct machine_input input = {.options = options, .quiet = true};

    int error = session_step(session, SESSION_OPEN, &input);
    if (error || !at_once)
        return error;
    return session_step(session, SESSION_TUNNEL_OPEN, &input);
}

static int open_session(struct l2tpha_tunnel *tunnel, const struct l2tpha_session_options *options,
                        struct l2tpha_session **session)
{
    bool up = tunnel->entry.record.state == L2TPHA_TUNNEL_ESTABLISHED;
    bool at_once = tunnel_is_open(tunnel) && !tunnel->waiting;
    struct machine_input quiet = {.quiet = true};
    struct l2tpha_session *fresh;

    int error = session_new(tunnel, &fresh);
    if (error)
        return error;
    session_take_options(fresh, options);
    error =
        up && !session_is_allowed(fresh) ? L2TPHA_ERR_REFUSED : keep_avps(fresh, options, at_once);
    if (error) {
        session_step(fresh, SESSION_FAILED, &quiet);
        return error;
    }
    error = start(fresh, options, at_once);
    if (error)
        return error;
    session_opened(fresh);
    *session = fresh;
    return L2TPHA_OK;
}

int l2tpha_session_open(struct l2tpha_tunnel *tunnel, const struct l2tpha_session_options *options,
                        uint64_t now, struct l2tpha_session **session)
{
    int error = tunnel_begin_own(tunnel, now);
    if (error)
        return error;
    struct engine *engine = tunnel->engine;
    if (!are_sound(tunnel, options) || !session)
        return L2TPHA_ERR_INVALID;
    bool incoming = options->call == L2TPHA_CALL_INCOMING;
    if (!session_is_built(incoming ? L2TPHA_LAC : L2TPHA_LNS, (uint8_t)options->call))
        return L2TPHA_ERR_UNSUPPORTED;
    error = tunnel_may_open_session(tunnel);
    if (error)
        return error;
    return engine_leave(engine, open_session(tunnel, options, session));
}

int l2tpha_session_answered(struct l2tpha_session *session,
                            const struct l2tpha_session_options *options, uint64_t now)
{
    int error = session_begin_own(session, now);
    if (error)
        return error;
    struct machine_input input = {.options = options};
    if (!options || options->size != sizeof(*options) ||
        !speeds_fit(session_tunnel(session), options) || options->framing & ~(uint32_t)FRAMING_BITS)
        return L2TPHA_ERR_INVALID;
    if (session->entry.state != L2TPHA_SESSION_WAIT_CS_ANSWER)
        return L2TPHA_ERR_STATE;
    if (!has_room(session))
        return L2TPHA_ERR_QUEUE_FULL;
    struct engine *engine = engine_of(session);
    error = buffer_reserve(engine->pool, MESSAGE_BYTES);
    if (error)
        return error;
    session_take_answer(session, options);
    return engine_leave(engine, session_step(session, SESSION_ANSWERED, &input));
}

/* --- closing --- */

static size_t text_len(const char *text)
{
    return text ? strlen(text) : 0;
}

/* Room for the CDN, before anything changes. In wait-tunnel the peer does not know of the call. */
static int reserve_cdn(const struct l2tpha_session *session, const struct l2tpha_disconnect *why)
{
    size_t texts = text_len(why->reason);

    if (session->entry.state == L2TPHA_SESSION_WAIT_TUNNEL)
        return L2TPHA_OK;
    if (!has_room(session))
        return L2TPHA_ERR_QUEUE_FULL;
    if (why->has_q931)
        texts += text_len(why->q931_text);
    if (why->has_ppp)
        texts += text_len(why->ppp_text);
    if (texts > ENGINE_LONGEST - MESSAGE_BYTES)
        texts = ENGINE_LONGEST - MESSAGE_BYTES;
    return buffer_reserve(engine_of(session)->pool, MESSAGE_BYTES + texts);
}

int l2tpha_session_close(struct l2tpha_session *session, const struct l2tpha_disconnect *why,
                         uint64_t now)
{
    int error = session_begin_own(session, now);
    if (error)
        return error;
    if (!why || why->size != sizeof(*why) || why->result == 0)
        return L2TPHA_ERR_INVALID;
    struct engine *engine = engine_of(session); /* outlives the session */
    struct machine_input input = {
        .disconnect = why, .result = why->result, .error = why->error, .reason = why->reason};
    if (tunnel_is_suspended(session_tunnel(session)))
        return engine_leave(engine, session_dismiss(session, why->result, why->reason));
    error = reserve_cdn(session, why);
    if (error)
        return error;
    return engine_leave(engine, session_step(session, SESSION_CLOSE, &input));
}

/* --- within a call --- */

int l2tpha_session_set_link_info(struct l2tpha_session *session, uint32_t send_accm,
                                 uint32_t receive_accm, uint64_t now)
{
    const struct l2tpha_accm accm = {.send = send_accm, .receive = receive_accm};
    struct l2tpha_builder builder;

    int error = session_begin_own(session, now);
    if (error)
        return error;
    if (!session_is_up_as(session, L2TPHA_LNS))
        return L2TPHA_ERR_STATE;
    if (!has_room(session))
        return L2TPHA_ERR_QUEUE_FULL;
    struct l2tpha_tunnel *tunnel = session_tunnel(session);
    tunnel_build(tunnel, &builder, L2TPHA_MESSAGE_SLI, session->entry.remote_id);
    l2tpha_builder_put_accm(&builder, &accm);
    return engine_leave(tunnel->engine, tunnel_send(tunnel, &builder));
}

int l2tpha_session_report_errors(struct l2tpha_session *session,
                                 const struct l2tpha_call_errors *totals, uint64_t now)
{
    int error = session_begin_own(session, now);
    if (error)
        return error;
    if (!totals)
        return L2TPHA_ERR_INVALID;
    if (!session_is_up_as(session, L2TPHA_LAC))
        return L2TPHA_ERR_STATE;
    return engine_leave(engine_of(session), session_note_errors(session, totals));
}
