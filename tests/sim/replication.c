/* SPDX-License-Identifier: MIT */
#include "sim/replication.h"

#include <l2tpha/checkpoint.h>
#include <stdlib.h>

void replication_init(struct replication *replication, struct world *world, bool linked,
                      uint64_t delay, uint64_t jitter)
{
    *replication =
        (struct replication){.world = world, .linked = linked, .delay = delay, .jitter = jitter};
    stream_init(&replication->down, world, delay, jitter);
    stream_init(&replication->up, world, delay, jitter);
}

void replication_clear(struct replication *replication)
{
    stream_clear(&replication->down);
    stream_clear(&replication->up);
}

static void judge(const struct replication *replication, const char *what, int error)
{
    if (error)
        world_fail(replication->world, "%s: %s", what, l2tpha_strerror(error));
}

/* A link has ended. */
static void judge_link(struct replication *replication, const char *what, int error)
{
    if (error && replication->forgives)
        replication->broken = true;
    else
        judge(replication, what, error);
}

/* --- attaching --- */

static void new_link(struct replication *replication, struct side *side)
{
    const struct l2tpha_link_options options = {
        .size = sizeof(options), .heartbeat_ms = 20000, .silence_ms = 90000};

    judge(replication, "link_new",
          l2tpha_link_new(side->node, &options, replication->world->now, &side->link));
}

void replication_attach(struct replication *replication, struct side *active, struct side *standby)
{
    struct world *world = replication->world;

    stream_init(&replication->down, world, replication->delay, replication->jitter);
    stream_init(&replication->up, world, replication->delay, replication->jitter);
    replication->attached = true;
    replication->copying = replication->broken = false;
    if (!replication->linked) {
        judge(replication, "bulk", l2tpha_checkpoint_bulk(active->node, world->now));
        return;
    }
    new_link(replication, active);
    new_link(replication, standby);
    replication_flush_standby(replication, standby);
}

static void drop_link(struct replication *replication, struct side *side)
{
    if (side->link)
        l2tpha_link_free(side->link, replication->world->now);
    side->link = NULL;
}

void replication_detach(struct replication *replication, struct side *active, struct side *standby)
{
    replication_clear(replication);
    replication->attached = false;
    drop_link(replication, standby);
    if (active->node && !replication->linked)
        l2tpha_checkpoint_stop(active->node, replication->world->now);
    drop_link(replication, active);
}

uint64_t replication_cut(struct replication *replication)
{
    stream_cut(&replication->down);
    stream_clear(&replication->up);
    return replication->down.count ? replication->down.last : 0;
}

/* --- moving --- */

static void flush(struct replication *replication, struct side *side, struct stream *stream)
{
    const uint8_t *data;
    size_t len;

    while (side->link && (len = l2tpha_link_poll(side->link, &data, replication->world->now))) {
        stream_write(stream, data, len);
        l2tpha_link_sent(side->link, len);
    }
}

void replication_flush_active(struct replication *replication, struct side *active)
{
    flush(replication, active, &replication->down);
}

void replication_flush_standby(struct replication *replication, struct side *standby)
{
    flush(replication, standby, &replication->up);
}

void replication_ship(struct replication *replication, struct side *active, uint64_t position,
                      const uint8_t *data, size_t len)
{
    if (!replication->attached)
        return;
    replication->copying = true;
    if (!replication->linked)
        stream_put(&replication->down, position, 0, data, len);
    else
        judge_link(replication, "link_send",
                   l2tpha_link_send(active->link, position, data, len, replication->world->now));
}

static int apply(struct replication *replication, const struct side *standby,
                 const struct unit *unit, bool alive)
{
    int error = l2tpha_checkpoint_apply(standby->node, unit->data, unit->len,
                                        replication->world->now, NULL);

    if (alive)
        stream_put(&replication->up, unit->number, error, NULL, 0);
    return error;
}

bool replication_take_down(struct replication *replication, struct side *standby, bool alive)
{
    struct unit *unit = standby->node ? stream_take(&replication->down) : NULL;

    if (!unit)
        return false;
    int error = replication->linked ? l2tpha_link_feed(standby->link, unit->data, unit->len,
                                                       replication->world->now)
                                    : apply(replication, standby, unit, alive);
    judge_link(replication, "the standby refuses", error);
    if (alive)
        replication_flush_standby(replication, standby);
    free(unit);
    return true;
}

bool replication_take_up(struct replication *replication, struct side *active)
{
    struct unit *unit =
        active->node && replication->attached ? stream_take(&replication->up) : NULL;

    if (!unit)
        return false;
    int error = replication->linked
                    ? l2tpha_link_feed(active->link, unit->data, unit->len, replication->world->now)
                    : l2tpha_checkpoint_done(active->node, unit->number, unit->status,
                                             replication->world->now);
    judge_link(replication, "the active refuses a confirmation", error);
    free(unit);
    return true;
}

/* --- time --- */

bool replication_is_empty(const struct replication *replication)
{
    return !replication->down.head && !replication->up.head;
}

uint64_t replication_deadline(const struct replication *replication, const struct side *active,
                              const struct side *standby)
{
    uint64_t at = stream_deadline(&replication->down);

    if (!active->node)
        return at;
    at = sooner(at, stream_deadline(&replication->up));
    if (active->link)
        at = sooner(at, l2tpha_link_deadline(active->link));
    if (standby->link)
        at = sooner(at, l2tpha_link_deadline(standby->link));
    return at;
}

static void expire(struct replication *replication, struct side *side, struct stream *stream)
{
    uint64_t now = replication->world->now;

    if (!side->link || l2tpha_link_deadline(side->link) > now)
        return;
    judge_link(replication, "link_expire", l2tpha_link_expire(side->link, now));
    flush(replication, side, stream);
}

void replication_expire(struct replication *replication, struct side *active, struct side *standby)
{
    if (!active->node)
        return;
    expire(replication, active, &replication->down);
    expire(replication, standby, &replication->up);
}

void replication_hand_over(struct replication *replication, struct side *active,
                           struct side *standby)
{
    struct l2tpha_link_info info = {.size = sizeof(info)};
    struct world *world = replication->world;

    if (!replication->linked)
        return;
    judge(replication, "handing over", l2tpha_link_hand_over(active->link, world->now));
    replication_flush_active(replication, active);
    while (!world->failed && (replication->down.head || replication->up.head)) {
        bool up = stream_deadline(&replication->up) < stream_deadline(&replication->down);
        uint64_t at = stream_deadline(up ? &replication->up : &replication->down);
        world->now = at > world->now ? at : world->now;
        if (up)
            replication_take_up(replication, active);
        else
            replication_take_down(replication, standby, true);
        replication_flush_active(replication, active);
    }
    l2tpha_link_get(standby->link, &info);
    if (!info.switchover)
        world_fail(world, "the standby was not handed the epoch");
}
