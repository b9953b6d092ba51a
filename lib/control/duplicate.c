/* SPDX-License-Identifier: MIT */
/* Tunnels with one id of one peer, which has begun anew: one speaks at a time (the rest of the
 * rules is in dispatch/tunnel_duplicate.c).
 *
 * While a new one is being set up whatever this end says to the peer's id goes to a client that may
 * be in the midst of the new set-up, where few numbers are in use: an old HELLO with Ns 1 would be
 * its next message, an old Nr would acknowledge what it has just said. So the others are silent
 * while a new one is half open. One that is established, which a forged request must not end, or
 * that is over, of which the peer may not know yet if it was a late copy that asked, is so for a
 * moment, and not again soon: either end repeats itself for much longer. */
#include "control/duplicate.h"

#include "control/ready.h"

#define HUSH_MS 2000 /* a client whose SCCCN is lost repeats it once */
#define HUSH_PAUSE_MS 10000

struct l2tpha_tunnel *duplicate_next_living(const struct engine *engine, struct tunnel_entry *entry)
{
    while (entry && (!tunnel_of(entry)->engine || tunnel_of(entry)->dying))
        entry = table_tunnel_next_duplicate(engine->table, entry);
    return entry ? tunnel_of(entry) : NULL;
}

struct l2tpha_tunnel *duplicate_next(const struct l2tpha_tunnel *tunnel)
{
    const struct engine *engine = tunnel->engine;

    return duplicate_next_living(engine,
                                 table_tunnel_next_duplicate(engine->table, &tunnel->entry));
}

/* What a takeover has still to come to stays as it is. */
static struct l2tpha_tunnel *first_live(const struct l2tpha_tunnel *tunnel)
{
    const struct engine *engine = tunnel->engine;
    const struct l2tpha_tunnel_record *record = &tunnel->entry.record;

    return record->remote_id
               ? duplicate_next_living(engine,
                                       table_tunnel_find_remote(engine->table, &record->path.remote,
                                                                record->remote_id))
               : NULL;
}

static void begin_hush(struct l2tpha_tunnel *tunnel)
{
    uint32_t now = engine_now_ms(tunnel->engine);

    if (tunnel->duplicated && now - tunnel->hushed_ms < HUSH_PAUSE_MS)
        return;
    tunnel->duplicated = true;
    tunnel->hushed_ms = now;
}

void tunnel_note_duplicates(struct l2tpha_tunnel *tunnel)
{
    struct l2tpha_tunnel *at = first_live(tunnel);

    if (tunnel_is_recovery(tunnel))
        return;
    for (; at; at = duplicate_next(at)) {
        if (at == tunnel || tunnel_is_recovery(at))
            continue;
        begin_hush(at);
        begin_hush(tunnel);
    }
}

static uint32_t hush_left_ms(const struct l2tpha_tunnel *tunnel)
{
    uint32_t passed = engine_now_ms(tunnel->engine) - tunnel->hushed_ms;

    return passed < HUSH_MS ? HUSH_MS - passed : 0;
}

static bool is_hushed_by(const struct l2tpha_tunnel *tunnel, const struct l2tpha_tunnel *duplicate)
{
    int32_t later = (int32_t)(duplicate->started - tunnel->started); /* 0: both were taken over */

    if (duplicate == tunnel || !tunnel_is_half_open(duplicate) || tunnel_is_recovery(duplicate))
        return false;
    if (tunnel_is_half_open(tunnel))
        return later > 0;
    return hush_left_ms(tunnel) > 0;
}

/* One that is not half open goes on by itself. */
static void go_on_later(struct l2tpha_tunnel *tunnel)
{
    struct engine *engine = tunnel->engine;
    uint64_t at = engine->now + hush_left_ms(tunnel) * US_PER_MS;

    if (tunnel_is_half_open(tunnel) || (timer_armed(&tunnel->start) && tunnel->start.at <= at))
        return;
    wheel_arm(engine->wheel, &tunnel->start, at);
}

bool tunnel_is_hushed(struct l2tpha_tunnel *tunnel)
{
    const struct l2tpha_tunnel *at = NULL;

    if (tunnel->duplicated && !tunnel->answers && !tunnel_is_recovery(tunnel))
        at = first_live(tunnel);
    while (at && !is_hushed_by(tunnel, at))
        at = duplicate_next(at);
    if (at)
        go_on_later(tunnel);
    return at != NULL;
}

void tunnel_wake_duplicates(struct l2tpha_tunnel *tunnel)
{
    if (!tunnel->duplicated)
        return;
    for (struct l2tpha_tunnel *at = first_live(tunnel); at; at = duplicate_next(at))
        engine_ready(at->engine, &at->channel);
}
