/* SPDX-License-Identifier: MIT */
#include "redis/world.h"
#include "redis/redis_private.h"

#include "fixture.h"

struct world world;

static void begin(void)
{
    world = (struct world){.options = {.size = sizeof(world.options)}};
    fake_server_init(&world.server);
}

static void end(void)
{
    fake_server_free(&world.server);
}

void world_end(void)
{
    world.server.spoil_at = 0;
    stores_end();
}

static int make(unsigned process, struct l2tpha_store **store)
{
    struct net net = fake_net_of(&world.links[process], &world.server);

    world.links[process].chunk = world.chunk;
    return redis_store_new(root, &net, "g", &world.options, store);
}

/* What is sent is done, and answered, when the store asks; a link that carries an octet a time
 * takes as many turns. */
static bool turn(unsigned process)
{
    const struct fake_link *link = &world.links[process];
    bool does = link->in_len > 0 && !link->keeps && !world.server.silent;

    return link->connected && (does || link->out_given < link->out_len);
}

static void kill_process(unsigned process, bool power)
{
    (void)power;
    world.links[process].connected = false;
}

static uint32_t copies(void)
{
    return fake_server_logs(&world.server);
}

static void spoil(uint64_t number)
{
    const struct fake_entry *entry = &fake_server_copy(&world.server)->entries[(number - 1) / 2];

    entry->value[entry->len - 1] ^= 1;
}

static void fill(bool full)
{
    world.server.full = full;
}

/* Of who has it, and of all that is there. */
static uint64_t state(void)
{
    const struct fake_server *server = &world.server;
    uint64_t sum = 0;

    for (uint32_t i = 0; i < FAKE_FIELDS; i++)
        for (const char *c = server->head[i].name; *c; c++)
            sum = sum * 31 + (uint8_t)*c;
    for (uint32_t i = 0; i < FAKE_FIELDS; i++)
        for (const char *c = server->head[i].value; *c; c++)
            sum = sum * 31 + (uint8_t)*c;
    for (uint32_t i = 0; i < FAKE_LOGS; i++)
        sum = sum * 31 + server->logs[i].count;
    return sum;
}

/* With a password, for what that needs. */
static void clear(void)
{
    fake_server_restart(&world.server, true);
    world.options.password = world.server.password = "sesame";
    world.options.user = "u";
}

const struct kind kind_redis = {.shared = true,
                                .most = BATCH_ITEM_MAX,
                                .begin = begin,
                                .end = end,
                                .make = make,
                                .turn = turn,
                                .kill = kill_process,
                                .copies = copies,
                                .spoil = spoil,
                                .fill = fill,
                                .state = state,
                                .clear = clear};
