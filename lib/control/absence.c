/* SPDX-License-Identifier: MIT */
/* A node that stops is not a node that dies: it is stopped by a signal, a debugger, a hypervisor, a
 * full disk, and goes on where it was. When it wakes all its timers are overdue at once, what would
 * have stopped them lies unread in its sockets, and a standby may have taken over long ago. So an
 * entry that comes later than the node has asked for finds it away, and three things follow,
 * whichever entry that is:
 *
 * - no timer runs for a moment, in which the host reads what has come: input before silence; but
 * timers that so many absences in a row have put off run, or a host that is always late never has
 * them;
 * - the silence of the standby is measured in own time: base/patience.h;
 * - with a standby that could have taken over, or a link to one that could be told to, nothing
 * leaves, neither datagrams nor data nor events, before the standby is heard (the link asks it), a
 * newer epoch is, or unsure_ms have passed.
 *
 * A quiet node asks to be called late, and a standby not at all: a link tells when it wants to be
 * driven, and that counts for its node. */
#include "control/absence.h"

#include "base/assert.h"
#include "base/patience.h"

#define AWAY_US UINT64_C(100000)
#define REST_US UINT64_C(20000) /* a turn of the host's loop */

static uint64_t rest_until(const struct engine *engine)
{
    return engine->rests <= PATIENCE_ABSENCES ? engine->rest_until : 0;
}

uint64_t engine_deadline(const struct engine *engine)
{
    if (!engine->serving || engine->handed)
        return L2TPHA_NEVER;
    uint64_t timer = engine->draining ? L2TPHA_NEVER : wheel_deadline(engine->wheel);
    uint64_t ledger = ledger_deadline(engine->ledger);
    if (timer < rest_until(engine))
        timer = rest_until(engine);
    if (engine_is_unsure(engine)) /* then what waits may leave */
        timer = engine->held ? L2TPHA_NEVER : engine->unsure_until;
    return timer < ledger ? timer : ledger;
}

bool engine_may_run_timers(struct engine *engine)
{
    if (engine->now >= engine->rest_until)
        engine->rests = 0;
    return !engine->draining && engine->now >= rest_until(engine) && !engine_is_unsure(engine);
}

void engine_away(struct engine *engine)
{
    bool linked = engine->expected != L2TPHA_NEVER;

    engine->absences++;
    engine->counters.absences++;
    if (linked) /* seen */
        engine->expected = engine->now;
    if (!engine->serving)
        return;
    engine->rest_until = engine->now + REST_US;
    if (engine->rests <= PATIENCE_ABSENCES)
        engine->rests++;
    if (!linked && ledger_mode(engine->ledger) == LEDGER_OFF)
        return;
    ledger_absent(engine->ledger, engine->before, engine->now);
    engine->unsure_until = engine->now + engine->config.unsure_ms * UINT64_C(1000);
    log_line(&engine->log, L2TPHA_LOG_RF, 0, 0,
             "this node was away: nothing leaves before the standby is heard");
}

void engine_move_on(struct engine *engine, uint64_t now)
{
    uint64_t before = engine->now;
    bool away = false;

    ASSERT_CHECKED(now <= ENGINE_TIME_MAX);
    if (now > before + AWAY_US) {
        uint64_t due = engine_deadline(engine);
        if (engine->expected < due)
            due = engine->expected;
        away = due != L2TPHA_NEVER && now > due && now - due > AWAY_US;
    }
    if (now > before) {
        engine->before = before;
        engine->now = now;
    }
    engine->log.now = engine->now;
    if (away)
        engine_away(engine);
}
