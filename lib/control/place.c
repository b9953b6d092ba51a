/* SPDX-License-Identifier: MIT */
/* Places for tunnels are limited: who goes when another one asks. */
#include "control/place.h"

#include "control/half_open.h"
#include "control/linger.h"
#include "control/machine.h"
#include "control/transaction.h"

#define SHORT_LIFE_MS 3000u /* under pressure: two retransmissions of a request */
#define LOG_EVERY_US (10 * US_PER_S)
#define ENDED_AT_ONCE 4 /* bounds the work for one request */

/* What has happened since the last line. */
static void report(struct engine *engine)
{
    struct strangers *strangers = &engine->strangers;

    if (engine->now < strangers->log_at)
        return;
    strangers->log_at = engine->now + LOG_EVERY_US;
    log_line(&engine->log, L2TPHA_LOG_ERROR, 0, 0,
             "%u half-open tunnels of at most %u; ended for others: %u, of the same source: %u; "
             "requests dropped: %u%s%s",
             strangers->started.count, engine->config.max_half_open, strangers->ended,
             strangers->ended_for_source, strangers->dropped,
             strangers->last_error ? ", last: " : "",
             strangers->last_error ? l2tpha_strerror(strangers->last_error) : "");
    strangers->ended = strangers->ended_for_source = strangers->dropped = 0;
    strangers->last_error = L2TPHA_OK;
}

void half_open_dropped(struct engine *engine, int error)
{
    engine->counters.limit_reached++;
    engine->strangers.dropped++;
    engine->strangers.last_error = error;
    report(engine);
}

static void end(struct l2tpha_tunnel *tunnel)
{
    struct engine *engine = tunnel->engine;

    machine_clear(tunnel, L2TPHA_ERR_LIMIT, "its place is needed");
    engine_commit(engine);
    engine_reap(engine);
}

static void end_started(struct l2tpha_tunnel *tunnel)
{
    tunnel->engine->counters.half_open_ended++;
    tunnel->engine->strangers.ended++;
    end(tunnel);
}

static void keep_source_share(struct engine *engine, const struct l2tpha_address *remote)
{
    const struct tunnel_line *source = &engine->strangers.sources[half_open_source(engine, remote)];
    uint32_t most = engine->config.max_half_open_per_source;

    for (int i = 0; most && source->count >= most && i < ENDED_AT_ONCE; i++) {
        engine->counters.half_open_ended_source++;
        engine->strangers.ended_for_source++;
        end(source->head);
    }
}

/* Half of the limit or an eighth of the pool is left: who has answered nothing for so long will
 * hardly do so any more. Otherwise they have all the time of setup_ms. */
static bool is_outlived(const struct engine *engine, const struct l2tpha_tunnel *tunnel)
{
    const struct strangers *strangers = &engine->strangers;
    const struct buffer_pool *pool = engine->pool;

    return buffer_pool_room(pool) < buffer_pool_limit(pool) / 8 ||
           (strangers->started.count > engine->config.max_half_open / 2 &&
            engine_now_ms(engine) - tunnel->channel.begun_ms > SHORT_LIFE_MS);
}

static void keep_limit(struct engine *engine)
{
    struct strangers *strangers = &engine->strangers;

    for (int i = 0; i < ENDED_AT_ONCE && strangers->started.head; i++) {
        if (strangers->started.count < engine->config.max_half_open &&
            !is_outlived(engine, strangers->started.head))
            return;
        end_started(strangers->started.head);
    }
}

/* A copy of a StopCCN that goes unanswered costs its peer a wait. */
static void keep_tunnel_limit(struct engine *engine)
{
    struct strangers *strangers = &engine->strangers;

    if (tunnel_is_full(engine, false) && strangers->over.head)
        end(strangers->over.head);
    if (tunnel_is_full(engine, false) && strangers->started.head) /* that waits for its events */
        end_started(strangers->started.head);
}

int half_open_make_place(struct engine *engine, const struct l2tpha_address *remote)
{
    const struct strangers *strangers = &engine->strangers;
    const struct buffer_pool *pool = engine->pool;

    keep_source_share(engine, remote);
    keep_limit(engine);
    keep_tunnel_limit(engine);
    if (strangers->ended || strangers->ended_for_source)
        report(engine);
    return strangers->started.count >= engine->config.max_half_open ||
                   buffer_pool_room(pool) < buffer_pool_limit(pool) / 32
               ? L2TPHA_ERR_LIMIT
               : L2TPHA_OK;
}

void tunnel_end_lingering(struct l2tpha_tunnel *tunnel)
{
    struct engine *engine = tunnel->engine;

    machine_clear(tunnel, L2TPHA_OK, "its place is needed");
    engine_commit(engine);
    engine_reap(engine);
}

bool tunnel_make_place(struct engine *engine)
{
    if (engine->recovering < ENGINE_RECOVERIES)
        return true;
    if (!linger_may_go(engine->linger_head))
        return false;
    tunnel_end_lingering(engine->linger_head);
    return engine->recovering < ENGINE_RECOVERIES;
}
