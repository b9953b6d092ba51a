/* SPDX-License-Identifier: MIT */
/* The recovery of one tunnel, RFC 4951 3.2 and appendix B: the upper half when this end has failed,
 * the lower half when the peer has. Both at once is a request that comes while this end is at it:
 * the tie is broken before, so the peer's has won (3.2.1). */
#include "failover/recovery_fsm.h"

#include "base/assert.h"
#include "failover/recovery_action.h"
#include "failover/recovery_end.h"
#include "failover/remote.h"

#define IDLE RECOVERY_IDLE
#define WAITING RECOVERY_WAITING
#define SCCRQ_SENT RECOVERY_SCCRQ_SENT
#define RESET_SENT RECOVERY_RESET_SENT
#define BOTH_FAILED RECOVERY_BOTH_FAILED
#define PEER_RECOVERING RECOVERY_PEER_RECOVERING
#define PEER_RECOVERED RECOVERY_PEER_RECOVERED

_Static_assert(RECOVERY_STATE_COUNT < FSM_ANY && RECOVERY_EVENT_COUNT < FSM_ANY,
               "rows can name all");

/* clang-format off */
static const struct fsm_row rows[] = {
    /* RFC 4951 3.2.1, 3.2.2: recovery endpoint */
    FSM_ROW_SILENT(IDLE, RECOVERY_OPEN, WAITING),
    FSM_ROW(WAITING, RECOVERY_BEGIN, SCCRQ_SENT, call_peer),
    FSM_ROW(WAITING, RECOVERY_EXPIRED, IDLE, give_up),
    FSM_ROW(WAITING, RECOVERY_FAILED, WAITING, try_again),
    FSM_ROW(SCCRQ_SENT, RECOVERY_SCCRP, RESET_SENT, reset_to_suggestion),
    FSM_ROW(SCCRQ_SENT, RECOVERY_LOST, WAITING, try_again),
    FSM_ROW(SCCRQ_SENT, RECOVERY_REFUSED, IDLE, clear_old),
    FSM_ROW(SCCRQ_SENT, RECOVERY_EXPIRED, IDLE, give_up),
    FSM_ROW(SCCRQ_SENT, RECOVERY_FAILED, IDLE, give_up),
    FSM_ROW(RESET_SENT, RECOVERY_SCCCN_ACKED, IDLE, finish_recovery),
    FSM_ROW(RESET_SENT, RECOVERY_LOST, WAITING, try_again),
    FSM_ROW(RESET_SENT, RECOVERY_REFUSED, IDLE, clear_old),
    FSM_ROW(RESET_SENT, RECOVERY_EXPIRED, IDLE, give_up),
    FSM_ROW(RESET_SENT, RECOVERY_FAILED, IDLE, give_up),
    /* Appendix B: both have failed, and the peer recovers */
    FSM_ROW(WAITING, RECOVERY_REQUEST, BOTH_FAILED, suspend_old),
    FSM_ROW(SCCRQ_SENT, RECOVERY_REQUEST, BOTH_FAILED, suspend_old),
    FSM_ROW(RESET_SENT, RECOVERY_REQUEST, BOTH_FAILED, suspend_old),
    FSM_ROW(BOTH_FAILED, RECOVERY_REQUEST, FSM_SAME, suspend_old),
    FSM_ROW(BOTH_FAILED, RECOVERY_CONNECTED, PEER_RECOVERED, reset_old),
    FSM_ROW(BOTH_FAILED, RECOVERY_LOST, WAITING, try_again),
    FSM_ROW(BOTH_FAILED, RECOVERY_EXPIRED, IDLE, give_up),
    FSM_ROW(BOTH_FAILED, RECOVERY_FAILED, IDLE, give_up),
    /* Remote endpoint */
    FSM_ROW(IDLE, RECOVERY_REQUEST, PEER_RECOVERING, suspend_old),
    FSM_ROW(PEER_RECOVERING, RECOVERY_REQUEST, FSM_SAME, suspend_old),
    FSM_ROW(PEER_RECOVERING, RECOVERY_CONNECTED, PEER_RECOVERED, reset_old),
    FSM_ROW(PEER_RECOVERING, RECOVERY_EXPIRED, FSM_SAME, resume_unproven),
    FSM_ROW(PEER_RECOVERING, RECOVERY_LOST, IDLE, resume_old),
    FSM_ROW(PEER_RECOVERING, RECOVERY_CLOSED, IDLE, refuse_peer),
    FSM_ROW(PEER_RECOVERING, RECOVERY_FAILED, IDLE, resume_old),
    /* 3.2.2: either end may close the recovery tunnel afterwards; the peer may fail again */
    FSM_ROW(PEER_RECOVERED, RECOVERY_LOST, IDLE, ask_about_sessions),
    FSM_ROW(PEER_RECOVERED, RECOVERY_EXPIRED, IDLE, close_recovered),
    FSM_ROW(PEER_RECOVERED, RECOVERY_REQUEST, PEER_RECOVERING, suspend_old),
    FSM_ROW(PEER_RECOVERED, RECOVERY_FAILED, IDLE, resume_old),
    FSM_ROW_SILENT(IDLE, RECOVERY_FAILED, IDLE),
};

static const char *const state_names[RECOVERY_STATE_COUNT] = {
    [IDLE] = "idle",       [WAITING] = "waiting", [SCCRQ_SENT] = "sccrq-sent",   [RESET_SENT] = "reset-sent",
    [BOTH_FAILED] = "both-failed", [PEER_RECOVERING] = "peer-recovering",       [PEER_RECOVERED] = "peer-recovered",
};

static const char *const event_names[RECOVERY_EVENT_COUNT] = {
    [RECOVERY_OPEN] = "open",       [RECOVERY_BEGIN] = "begin",
    [RECOVERY_SCCRP] = "SCCRP",     [RECOVERY_SCCCN_ACKED] = "SCCCN acknowledged",
    [RECOVERY_REQUEST] = "SCCRQ",   [RECOVERY_CONNECTED] = "SCCCN",
    [RECOVERY_LOST] = "lost",       [RECOVERY_REFUSED] = "refused",
    [RECOVERY_EXPIRED] = "expired", [RECOVERY_CLOSED] = "old tunnel closed", [RECOVERY_FAILED] = "failed",
};

static bool is_alive(const void *object)
{
    return !((const struct recovery *)object)->over;
}

const struct fsm recovery_fsm = {
    .name = "recovery",
    .section = "RFC 4951 3.2",
    .state_names = state_names,
    .event_names = event_names,
    .rows = rows,
    .row_count = sizeof(rows) / sizeof(rows[0]),
    .state_count = RECOVERY_STATE_COUNT,
    .event_count = RECOVERY_EVENT_COUNT,
    .failed_event = RECOVERY_FAILED,
    .enter = recovery_enter,
    .alive = is_alive,
};

/* --- the machine --- */

int recovery_step(struct recovery *recovery, uint8_t event)
{
    int error = fsm_step(&recovery_fsm, recovery->state, event, recovery, NULL);

    if (error == L2TPHA_ERR_UNEXPECTED)
        log_line(&recovery->failover->engine->log, L2TPHA_LOG_ERROR,
                 recovery->old->entry.record.local_id, 0, "recovery: %s is improper in %s",
                 recovery_fsm.event_names[event], recovery_fsm.state_names[recovery->state]);
    return error;
}

/* Of the recovery endpoint: this end has failed. */
static bool is_own(uint8_t state)
{
    return state != RECOVERY_PEER_RECOVERING && state != RECOVERY_PEER_RECOVERED;
}

void recovery_enter(void *object, uint8_t next, void *argument)
{
    struct recovery *recovery = object;
    struct failover *failover = recovery->failover;

    (void)argument;
    log_line(&failover->engine->log, L2TPHA_LOG_FSM, recovery->old->entry.record.local_id, 0,
             "recovery: %s -> %s", recovery_fsm.state_names[recovery->state],
             recovery_fsm.state_names[next]);
    ASSERT(&failover->engine->log, next < RECOVERY_STATE_COUNT);
    ASSERT(&failover->engine->log,
           next == RECOVERY_IDLE || !recovery->tunnel == (next == RECOVERY_WAITING));
    ASSERT(&failover->engine->log, next == RECOVERY_IDLE || recovery->ours == is_own(next));
    recovery->state = next;
    recovery->challenged = 0;
    if (next == RECOVERY_IDLE) {
        recovery_end(recovery);
        recovery_wake_line(failover);
        return;
    }
    if (next != RECOVERY_WAITING)
        recovery_leave_line(recovery);
    recovery_arm(recovery);
}
