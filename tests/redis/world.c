/* SPDX-License-Identifier: MIT */
#include "redis/world.h"
#include "redis/redis_private.h"

#include "fixture.h"

#include <stdio.h>
#include <string.h>

#define ITEM_LEN 24

struct world world;

void world_begin(void)
{
    fixture_setup();
    world = (struct world){.options = {.size = sizeof(world.options)}};
    fake_server_init(&world.server);
}

void world_end(void)
{
    world.server.spoil_at = 0;
    for (unsigned i = 0; i < WORLD_STORES; i++)
        world_close(i);
    fake_server_free(&world.server);
    fixture_teardown();
}

static int make(unsigned store)
{
    struct net net = fake_net_of(&world.links[store], &world.server);
    struct l2tpha_store *made = NULL;

    world.links[store].chunk = world.chunk;
    int error = redis_store_new(root, &net, "g", &world.options, &made);

    world.stores[store] = made;
    return error;
}

int world_open(unsigned store)
{
    int error = make(store);
    const struct l2tpha_store *made = world.stores[store];

    return error ? error : made->open(made->user, &world.why);
}

void world_close(unsigned store)
{
    if (world.stores[store])
        world.stores[store]->free(world.stores[store]->user);
    world.stores[store] = NULL;
}

int world_stream(unsigned store, uint64_t epoch, uint32_t *stream)
{
    world.confirmed = 0;
    world.whole = false;
    world.status = L2TPHA_OK;
    return world.stores[store]->begin(world.stores[store]->user, epoch, stream);
}

static void fill(uint8_t item[ITEM_LEN], uint64_t position)
{
    memset(item, 0, ITEM_LEN);
    snprintf((char *)item, ITEM_LEN, "item %llu", (unsigned long long)position);
}

void world_append(unsigned store, uint32_t stream, uint64_t first, uint64_t last)
{
    const struct l2tpha_store *to = world.stores[store];
    uint8_t item[ITEM_LEN];

    for (uint64_t i = first; i <= last; i++) {
        fill(item, i);
        int error = to->append(to->user, stream, i, item, sizeof(item), i == WORLD_WHOLE);
        if (error) { /* what would follow has no place */
            world.status = error;
            return;
        }
    }
}

static bool take_events(const struct l2tpha_store *store)
{
    struct l2tpha_store_event event;
    bool any = false;

    while (store->event(store->user, &event)) {
        any = true;
        if (event.kind == L2TPHA_STORE_MARKED) {
            world.marked++;
            world.mark_status = event.status;
            continue;
        }
        if (event.position > world.confirmed)
            world.confirmed = event.position;
        world.whole |= event.whole;
        if (event.status)
            world.status = event.status;
    }
    return any;
}

/* A link that carries an octet a time takes as many turns. */
void world_settle(unsigned store)
{
    const struct l2tpha_store *of = world.stores[store];
    const struct fake_link *link = &world.links[store];
    uint64_t before;
    bool any;

    do {
        before = world.server.octets + link->in_len;
        any = take_events(of);
        assert_ok(of->commit(of->user));
        any = take_events(of) || any;
    } while (any || before != world.server.octets + link->in_len ||
             (link->connected && link->out_given < link->out_len));
}

void world_write(unsigned store, uint64_t epoch)
{
    uint32_t stream;

    world.confirmed = 0;
    world.status = world_open(store);
    if (!world.status)
        world.status = world_stream(store, epoch, &stream);
    for (uint64_t i = 1; i <= WORLD_ITEMS && !world.status; i += 2) {
        world_append(store, stream, i, i + 1);
        world_settle(store);
    }
}

static int take_item(void *user, const uint8_t *data, size_t len)
{
    uint8_t item[ITEM_LEN];

    (void)user;
    fill(item, ++world.items);
    ck_assert_uint_eq(len, sizeof(item));
    ck_assert_mem_eq(data, item, len);
    return L2TPHA_OK;
}

int world_read(unsigned store, bool mend)
{
    int error = world_open(store);

    world.items = 0;
    world.found = (struct l2tpha_store_found){0};
    return error ? error
                 : world.stores[store]->read(world.stores[store]->user, mend, take_item, NULL,
                                             &world.found);
}

int world_look(unsigned store)
{
    int error = make(store);
    const struct l2tpha_store *made = world.stores[store];

    world.items = 0;
    return error ? error : made->look(made->user, take_item, NULL, &world.found, &world.why);
}
