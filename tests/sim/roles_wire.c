/* SPDX-License-Identifier: MIT */
#include "sim/roles_wire.h"

void wires_init(struct wires *wires, struct world *world, uint64_t delay, uint64_t jitter)
{
    *wires = (struct wires){.world = world, .delay = delay, .jitter = jitter};
}

static void recycle(struct wire *wire)
{
    if (wire->open[0] || wire->open[1])
        return;
    stream_clear(&wire->way[0]);
    stream_clear(&wire->way[1]);
    wire->used = false;
}

void wires_free(struct wires *wires)
{
    for (int i = 0; i < WIRES; i++)
        if (wires->all[i].used) {
            wires->all[i].open[0] = wires->all[i].open[1] = false;
            recycle(&wires->all[i]);
        }
}

int wires_connect(struct wires *wires, unsigned by)
{
    (void)by;
    if (wires->hung[0] || wires->hung[1])
        return NO_WIRE;
    for (int i = 0; i < WIRES; i++) {
        struct wire *wire = &wires->all[i];
        if (wire->used)
            continue;
        wire->used = wire->open[0] = wire->open[1] = true;
        wire->ends[0] = wire->ends[1] = wire->dead = wire->alone = false;
        for (unsigned way = 0; way < 2; way++)
            stream_init(&wire->way[way], wires->world, wires->delay, wires->jitter);
        return i;
    }
    return NO_WIRE;
}

void wires_write(struct wires *wires, int at, unsigned by, const uint8_t *data, size_t len)
{
    struct wire *wire = &wires->all[at];

    if (wire->open[!by] && !wire->dead)
        stream_write(&wire->way[!by], data, len);
}

/* What had come before is there to be read. */
static bool is_held(const struct wires *wires, const struct stream *way, unsigned by)
{
    return wires->hung[by] && (!way->head || way->head->at > wires->hung_at[by]);
}

struct unit *wires_read(struct wires *wires, int at, unsigned by)
{
    struct stream *way = &wires->all[at].way[by];

    return is_held(wires, way, by) ? NULL : stream_take(way);
}

static uint64_t end_at(const struct wires *wires, const struct wire *wire, unsigned by)
{
    if (!wire->ends[by] || wire->dead || wires->hung[by])
        return L2TPHA_NEVER;
    return wire->way[by].last > wire->ended[by] ? wire->way[by].last : wire->ended[by];
}

bool wires_ended(const struct wires *wires, int at, unsigned by)
{
    const struct wire *wire = &wires->all[at];

    return !wire->way[by].head && end_at(wires, wire, by) <= wires->world->now;
}

void wires_close(struct wires *wires, int at, unsigned by, bool told)
{
    struct wire *wire = &wires->all[at];

    wire->open[by] = false;
    stream_clear(&wire->way[by]);
    if (!told)
        wire->dead = true;
    if (!wire->ends[!by]) {
        wire->ends[!by] = true;
        wire->ended[!by] = wires->world->now + wires->delay;
    }
    recycle(wire);
}

uint64_t wires_deadline(const struct wires *wires, int at, unsigned by)
{
    const struct wire *wire = &wires->all[at];

    if (is_held(wires, &wire->way[by], by))
        return L2TPHA_NEVER;
    if (wire->way[by].head)
        return stream_deadline(&wire->way[by]);
    return end_at(wires, wire, by);
}

bool wires_empty(const struct wires *wires, int at, unsigned to)
{
    return !wires->all[at].way[to].head;
}

void wires_hang(struct wires *wires, unsigned to, bool hung)
{
    if (wires->hung[to] && !hung)
        wires->healed[to] = wires->world->now;
    if (!wires->hung[to])
        wires->hung_at[to] = wires->world->now;
    wires->hung[to] = hung;
}
