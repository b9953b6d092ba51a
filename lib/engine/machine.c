/* SPDX-License-Identifier: MIT */
/* The engine's objects have their replicated part in front, so that a record becomes live where it
 * lies: through the same tunnel_start() and session_start() as a fresh one. */
#include "engine/machine.h"

#include "control/event.h"
#include "control/find.h"
#include "control/ready.h"
#include "control/reset.h"
#include "control/resync.h"
#include "control/session_id.h"
#include "control/tunnel_send.h"
#include "dispatch/patience.h"
#include "dispatch/twins.h"
#include "engine/session_fsm.h"
#include "engine/session_wait.h"
#include "engine/tunnel_fsm.h"

static struct l2tpha_tunnel *tunnel_by_id(struct engine *engine, uint32_t tunnel_id)
{
    return engine_tunnel_find(engine, tunnel_id);
}

static void restore_sessions(struct engine *engine, const struct l2tpha_tunnel *tunnel)
{
    bool lags = tunnel->entry.record.flags & (L2TPHA_TUNNEL_LAZY | L2TPHA_TUNNEL_DOUBTED);

    for (struct session_entry *entry = tunnel->entry.sessions; entry; entry = entry->next) {
        session_of(entry)->unheard = lags;
        session_start(engine, session_of(entry));
    }
}

/* By a record that lags the call may have been placed since, and its id be known to the peer. */
static void end_uncertain(struct l2tpha_tunnel *tunnel)
{
    const struct l2tpha_tunnel_record *record = &tunnel->entry.record;

    if (!(record->flags & (L2TPHA_TUNNEL_LAZY | L2TPHA_TUNNEL_DOUBTED)) ||
        record->state != L2TPHA_TUNNEL_ESTABLISHED)
        return;
    for (struct session_entry *entry = tunnel->entry.sessions, *next; entry; entry = next) {
        next = entry->next;
        if (entry->state == L2TPHA_SESSION_WAIT_TUNNEL)
            session_clear(session_of(entry), L2TPHA_ERR_NOT_IN_SYNC,
                          "waited when its node failed, and may have been placed");
    }
}

/* Its calls are over, told or not: none is left to one that closes. */
static void end_leftovers(struct l2tpha_tunnel *tunnel)
{
    const struct session_input quiet = {.quiet = true, .reason = "its tunnel is closing"};

    tunnel->fell = true;
    session_clear_all(tunnel, &quiet);
}

int native_restore_tunnel(struct engine *engine, const struct l2tpha_tunnel_record *record,
                          bool suspended)
{
    struct l2tpha_tunnel *tunnel = tunnel_by_id(engine, record->local_id);

    if (!tunnel)
        return L2TPHA_ERR_NOT_FOUND;
    int error = tunnel_start(engine, tunnel);
    if (error)
        return error;
    tunnel_suspend(tunnel, suspended);
    uint8_t state = tunnel->entry.record.state;
    if (tunnel_is_over(tunnel)) {
        end_leftovers(tunnel);
        return L2TPHA_OK;
    }
    /* Which calls this end has asked for is not known any more: do not blame the peer. */
    tunnel->asked_incoming = tunnel->asked_outgoing = true;
    session_ids_restore(tunnel);
    restore_sessions(engine, tunnel);
    if (tunnel_is_recovery(tunnel))
        return L2TPHA_OK;
    tunnel->resyncing = tunnel->restored = true;
    engine->resyncing++;
    tunnel->reconciles = tunnel->entry.record.flags & L2TPHA_TUNNEL_DOUBTED;
    /* One of the peer's that has calls before it is up was told of as a successor. */
    tunnel->told = state == L2TPHA_TUNNEL_ESTABLISHED || tunnel->entry.session_count > 0 ||
                   tunnel->entry.record.flags & L2TPHA_TUNNEL_INITIATOR;
    if (tunnel->told)
        engine_event(engine, L2TPHA_EVENT_TUNNEL_RESTORED, tunnel, NULL);
    log_line(&engine->log, L2TPHA_LOG_RESYNC, record->local_id, 0, "tunnel restored");
    end_uncertain(tunnel);
    return L2TPHA_OK;
}

static int restore_tunnel(void *user, const struct l2tpha_tunnel_record *record, bool suspended)
{
    return native_restore_tunnel(user, record, suspended);
}

static int confirm_tunnel(void *user, uint32_t tunnel_id)
{
    struct l2tpha_tunnel *tunnel = tunnel_by_id(user, tunnel_id);

    if (!tunnel)
        return L2TPHA_ERR_NOT_FOUND;
    if (tunnel->entry.record.state != L2TPHA_TUNNEL_ESTABLISHED)
        return L2TPHA_ERR_STATE;
    return tunnel_hello(tunnel);
}

static int disconnect_session(void *user, uint32_t tunnel_id, uint32_t session_id, uint16_t result,
                              const char *reason)
{
    struct l2tpha_session *session = engine_session_find(user, tunnel_id, session_id);

    return session ? session_dismiss(session, result, reason) : L2TPHA_ERR_NOT_FOUND;
}

static int clear_session(void *user, uint32_t tunnel_id, uint32_t session_id, int status,
                         const char *why)
{
    struct l2tpha_session *session = engine_session_find(user, tunnel_id, session_id);

    if (!session)
        return L2TPHA_ERR_NOT_FOUND;
    session_clear(session, status, why);
    return L2TPHA_OK;
}

int native_clear_tunnel(struct engine *engine, uint32_t tunnel_id, int status, const char *why)
{
    struct l2tpha_tunnel *tunnel = tunnel_by_id(engine, tunnel_id);

    if (!tunnel)
        return L2TPHA_ERR_NOT_FOUND;
    if (!tunnel->engine) { /* never made live: only what is needed to end it */
        tunnel->engine = engine;
        tunnel->channel.entry = &tunnel->entry;
    }
    tunnel->told = !tunnel_is_recovery(tunnel);
    tunnel_clear(tunnel, status, why);
    return L2TPHA_OK;
}

static int clear_tunnel(void *user, uint32_t tunnel_id, int status, const char *why)
{
    return native_clear_tunnel(user, tunnel_id, status, why);
}

/* What the peer expects is not known: nothing is sent before the StopCCN, and that once. */
static void speak_once(struct engine *engine, struct l2tpha_tunnel *tunnel)
{
    channel_give_up(engine, &tunnel->channel);
    tunnel->channel.tries = engine->config.retries;
}

static int stop_tunnel(void *user, uint32_t tunnel_id, bool exact, uint16_t result, uint16_t error,
                       const char *reason)
{
    struct engine *engine = user;
    struct l2tpha_tunnel *tunnel = tunnel_by_id(engine, tunnel_id);
    struct tunnel_input input = {.result = result, .error = error, .reason = reason};

    if (!tunnel)
        return L2TPHA_ERR_NOT_FOUND;
    int failed = tunnel->engine ? L2TPHA_OK : tunnel_start(engine, tunnel);
    if (failed)
        return failed;
    tunnel_suspend(tunnel, false);
    if (!exact)
        speak_once(engine, tunnel);
    tunnel->told = !tunnel_is_recovery(tunnel);
    return tunnel_step(tunnel, TUNNEL_CLOSE, &input);
}

static int suspend_tunnel(void *user, uint32_t tunnel_id, bool suspended)
{
    struct l2tpha_tunnel *tunnel = tunnel_by_id(user, tunnel_id);

    if (!tunnel)
        return L2TPHA_ERR_NOT_FOUND;
    tunnel_suspend(tunnel, suspended);
    return L2TPHA_OK;
}

static int reset_tunnel(void *user, uint32_t tunnel_id, uint16_t ns, uint16_t nr,
                        const struct l2tpha_path *path, bool data_channel)
{
    struct engine *engine = user;
    struct l2tpha_tunnel *tunnel = tunnel_by_id(engine, tunnel_id);

    if (!tunnel)
        return L2TPHA_ERR_NOT_FOUND;
    int error = table_tunnel_set_remote(engine->table, &tunnel->entry, path,
                                        tunnel->entry.record.remote_id);
    if (error)
        return error;
    session_ids_reset(tunnel, ns);
    session_settle_all(tunnel, data_channel);
    tunnel_reset(tunnel, ns, nr);
    tunnel_set_commit(tunnel);
    tunnel_answered(tunnel);
    return L2TPHA_OK;
}

static int hold_tunnel(void *user, uint32_t tunnel_id, uint16_t ceiling)
{
    struct l2tpha_tunnel *tunnel = tunnel_by_id(user, tunnel_id);

    return tunnel ? tunnel_hold(tunnel, ceiling) : L2TPHA_ERR_NOT_FOUND;
}

static int probe_tunnel(void *user, uint32_t tunnel_id, uint16_t ns)
{
    struct l2tpha_tunnel *tunnel = tunnel_by_id(user, tunnel_id);

    return tunnel ? tunnel_probe(tunnel, ns) : L2TPHA_ERR_NOT_FOUND;
}

static int seal_tunnel(void *user, uint32_t tunnel_id, bool careful)
{
    struct l2tpha_tunnel *tunnel = tunnel_by_id(user, tunnel_id);

    if (!tunnel)
        return L2TPHA_ERR_NOT_FOUND;
    tunnel_seal(tunnel, careful);
    return L2TPHA_OK;
}

static int jump_tunnel(void *user, uint32_t tunnel_id, uint16_t nr)
{
    struct l2tpha_tunnel *tunnel = tunnel_by_id(user, tunnel_id);

    if (!tunnel)
        return L2TPHA_ERR_NOT_FOUND;
    tunnel_jump(tunnel, nr);
    return L2TPHA_OK;
}

static int release_tunnel(void *user, uint32_t tunnel_id)
{
    struct l2tpha_tunnel *tunnel = tunnel_by_id(user, tunnel_id);

    if (!tunnel)
        return L2TPHA_ERR_NOT_FOUND;
    tunnel_release(tunnel);
    return L2TPHA_OK;
}

static int send_states(void *user, uint32_t tunnel_id, uint16_t type,
                       const struct l2tpha_failover_session *states, size_t count)
{
    struct l2tpha_tunnel *tunnel = tunnel_by_id(user, tunnel_id);
    struct l2tpha_builder builder;

    if (!tunnel)
        return L2TPHA_ERR_NOT_FOUND;
    if (tunnel->entry.record.state != L2TPHA_TUNNEL_ESTABLISHED)
        return L2TPHA_ERR_STATE;
    bool fits = type == L2TPHA_MESSAGE_FSR ? channel_has_room(tunnel->engine, &tunnel->channel, 2)
                                           : channel_has_own_room(tunnel->engine, &tunnel->channel);
    if (!fits)
        return L2TPHA_ERR_QUEUE_FULL;
    /* RFC 4951 5.4 allows hiding; each would need a Random Vector of its own, and says nothing
     * that the clear header of a data frame does not. */
    l2tpha_builder_begin(&builder, tunnel->engine->build, ENGINE_SCRATCH, type,
                         tunnel->entry.record.remote_id, 0);
    for (size_t i = 0; i < count; i++)
        l2tpha_builder_put_session_state(&builder, &states[i]);
    return tunnel_send(tunnel, &builder);
}

void native_binding(struct engine *engine, struct l2tpha_binding *binding)
{
    *binding = (struct l2tpha_binding){
        .size = sizeof(*binding),
        .user = engine,
        .restore_tunnel = restore_tunnel,
        .confirm_tunnel = confirm_tunnel,
        .disconnect_session = disconnect_session,
        .clear_session = clear_session,
        .clear_tunnel = clear_tunnel,
        .suspend_tunnel = suspend_tunnel,
        .reset_tunnel = reset_tunnel,
        .hold_tunnel = hold_tunnel,
        .probe_tunnel = probe_tunnel,
        .seal_tunnel = seal_tunnel,
        .jump_tunnel = jump_tunnel,
        .release_tunnel = release_tunnel,
        .send_states = send_states,
        .stop_tunnel = stop_tunnel,
    };
}

void tunnel_timer_due(struct l2tpha_tunnel *tunnel)
{
    uint8_t state = tunnel->entry.record.state;
    bool up = state == L2TPHA_TUNNEL_ESTABLISHED;
    /* RFC 2661 4.4.2: general request to clear. Of a recovery tunnel that would say that it has
     * done its work; general error, vendor-specific, says that it has not. */
    bool vain = !up && tunnel_is_recovery(tunnel);
    struct tunnel_input input = {.result = vain ? 2 : 1,
                                 .error = vain ? 6 : 0,
                                 .status = up ? 0 : L2TPHA_ERR_TIMEOUT,
                                 .reason = up ? "no sessions" : "not established in time"};

    if (state == L2TPHA_TUNNEL_WAIT_CTL_CONN && tunnel_has_twin(tunnel))
        tunnel_clear(tunnel, input.status, input.reason); /* a StopCCN would end the other one */
    else /* nobody has ever answered: there is nobody to be told */
        tunnel_step(tunnel, tunnel->unproven ? TUNNEL_UNREACHABLE : TUNNEL_TIMEOUT, &input);
}

void tunnel_start_due(struct l2tpha_tunnel *tunnel)
{
    struct tunnel_input input = {.result = tunnel->close_result, .error = tunnel->close_error};

    if (!tunnel->channel.suspended && !tunnel_is_over(tunnel))
        tunnel_step(tunnel, tunnel->close_result ? TUNNEL_CLOSE : TUNNEL_OPEN, &input);
    engine_ready(tunnel->engine, tunnel); /* it may have been hushed */
}
