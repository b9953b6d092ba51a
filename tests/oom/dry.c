/* SPDX-License-Identifier: MIT */
/* Buffers are kept for re-use, so a node that has warmed up hardly ever allocates. Here each one
 * that is kept is taken away at once. */
#include "oom/world.h"

#include "node/node.h"
#include "oom/alloc.h"

static const size_t sizes[] = {64, 128, 256, 512, 1024, 2048, 65536};

static void empty_pool(struct l2tpha_node *node, struct buffer **held)
{
    struct buffer *buffer;

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        while ((buffer = buffer_get(node->engine.pool, sizes[i], NULL))) {
            buffer->next = *held;
            *held = buffer;
        }
}

void dry_begin(struct world *world)
{
    if (!world->dry)
        return;
    alloc_starve(true);
    empty_pool(world->lac, &world->held[0]);
    empty_pool(world->lns, &world->held[1]);
    alloc_starve(false);
}

static void fill_pool(struct l2tpha_node *node, struct buffer **held)
{
    while (*held) {
        struct buffer *buffer = *held;
        *held = buffer->next;
        buffer_put(node->engine.pool, buffer);
    }
}

void dry_refill(struct world *world)
{
    fill_pool(world->lac, &world->held[0]);
    fill_pool(world->lns, &world->held[1]);
}

void dry_end(struct world *world)
{
    dry_refill(world);
    world->dry = false;
}
