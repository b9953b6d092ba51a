/* SPDX-License-Identifier: MIT */
/* Slots by Ns, as many as the window has, from the pool and only while one is used. Their number is
 * a power of two, so that the wrap of Ns moves no slot. */
#include "control/reorder.h"

#include "base/assert.h"
#include "base/serial.h"
#include "control/window.h"

#include <string.h>

/* Of messages ahead of their turn, with the slots that they stand in: the largest window's slots
 * and a default window of the usual messages. What is not kept the peer sends again. */
#define AHEAD_BYTES (512u << 10)

_Static_assert((WINDOW_MAX + 1) * sizeof(struct buffer *) < AHEAD_BYTES,
               "the largest window's slots leave room for messages");

static uint32_t slot_count(const struct channel *channel)
{
    return channel->ahead->len / (uint32_t)sizeof(struct buffer *);
}

static struct buffer **slot_of(const struct channel *channel, uint16_t ns)
{
    struct buffer **slots = (struct buffer **)(void *)channel->ahead->data;

    return &slots[ns & (slot_count(channel) - 1)];
}

static void drop_slot(struct engine *engine, struct channel *channel, struct buffer **slot)
{
    if (!*slot)
        return;
    ASSERT(&engine->log, channel->ahead_count > 0 && channel->ahead_bytes >= (*slot)->cap);
    channel->ahead_bytes -= (*slot)->cap;
    channel->ahead_count--;
    buffer_put(engine->pool, *slot);
    *slot = NULL;
}

static void give_slots(struct engine *engine, struct channel *channel)
{
    buffer_put(engine->pool, channel->ahead);
    channel->ahead = NULL;
    channel->ahead_bytes = 0;
}

void reorder_drop(struct engine *engine, struct channel *channel)
{
    for (uint16_t ns = 0; channel->ahead_count > 0; ns++)
        drop_slot(engine, channel, slot_of(channel, ns));
    give_slots(engine, channel);
}

static bool make_slots(struct engine *engine, struct channel *channel)
{
    uint32_t count = 1;
    while (count < channel->entry->record.local_window && count <= WINDOW_MAX)
        count *= 2;
    size_t size = count * sizeof(struct buffer *);
    channel->ahead = buffer_get(engine->pool, size, NULL);
    if (!channel->ahead)
        return false;
    memset(channel->ahead->data, 0, size);
    channel->ahead->len = (uint32_t)size;
    channel->ahead_bytes = channel->ahead->cap;
    return true;
}

/* Whoever has not completed the set-up is a stranger, and whoever is going has nothing more to say.
 * Half of the pool is never for what the peer can send again. */
static bool may_keep(const struct engine *engine, const struct channel *channel, bool ahead,
                     size_t len)
{
    const struct buffer_pool *pool = engine->pool;
    size_t share = buffer_pool_share(pool);

    return (!ahead || channel->entry->record.state == L2TPHA_TUNNEL_ESTABLISHED) &&
           channel->ahead_bytes + len <= (share < AHEAD_BYTES ? share : AHEAD_BYTES) &&
           buffer_pool_room(pool) >= buffer_pool_limit(pool) / 2 + len;
}

enum channel_verdict reorder_keep(struct engine *engine, struct channel *channel, uint16_t ns,
                                  const uint8_t *data, size_t len)
{
    struct buffer *copy = NULL;
    bool ahead = ns != channel->entry->record.nr;

    ASSERT(&engine->log, !serial_before(ns, channel->entry->record.nr));
    ASSERT(&engine->log,
           (uint16_t)(ns - channel->entry->record.nr) < channel->entry->record.local_window);
    if (channel->ahead && *slot_of(channel, ns)) {
        engine->counters.duplicates++;
        return CHANNEL_DUPLICATE;
    }
    if (!may_keep(engine, channel, ahead, len)) {
        engine->counters.ahead_dropped++;
        return CHANNEL_BEYOND;
    }
    if (channel->ahead || make_slots(engine, channel))
        copy = buffer_get(engine->pool, len, NULL);
    if (!copy) {
        engine->counters.limit_reached++;
        return CHANNEL_BEYOND;
    }
    memcpy(copy->data, data, len);
    copy->len = (uint32_t)len;
    *slot_of(channel, ns) = copy;
    channel->ahead_count++;
    channel->ahead_bytes += copy->cap;
    engine->counters.reordered += ahead;
    return CHANNEL_KEPT;
}

size_t reorder_next_len(const struct channel *channel)
{
    if (channel->ahead_count == 0)
        return 0;
    const struct buffer *message = *slot_of(channel, channel->entry->record.nr);
    return message ? message->len : 0;
}

struct buffer *reorder_take(struct channel *channel)
{
    if (channel->ahead_count == 0)
        return NULL;
    struct buffer **slot = slot_of(channel, channel->entry->record.nr);
    struct buffer *message = *slot;
    if (!message)
        return NULL;
    channel->ahead_count--;
    channel->ahead_bytes -= message->cap;
    *slot = NULL;
    return message;
}

void reorder_pass(struct engine *engine, struct channel *channel)
{
    if (!channel->ahead)
        return;
    drop_slot(engine, channel, slot_of(channel, channel->entry->record.nr));
    if (channel->ahead_count == 0)
        give_slots(engine, channel);
}

bool reorder_lowest(const struct channel *channel, uint16_t *ns)
{
    if (channel->ahead_count == 0)
        return false;
    for (*ns = channel->entry->record.nr; !*slot_of(channel, *ns); ++*ns)
        ;
    return true;
}
