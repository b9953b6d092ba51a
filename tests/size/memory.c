/* SPDX-License-Identifier: MIT */
/* memory EMPTY CALLS
 * Memory of an LNS with a standby, as the library's allocator has it of malloc(): of an empty node,
 * and with 16 calls. More than EMPTY or CALLS KiB is a failure, and so is a node that grows while
 * calls come and go. Silent failover, all else by default. */
#include <l2tpha/l2tpha.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#define CALLS 16
#define ROUNDS 200
#define BLOCKS 256
#define BLOCK 200 /* bytes */

enum { LAC, ACTIVE, STANDBY, NODES };
static const char *const names[NODES] = {"lac", "active", "standby"};
static struct l2tpha_node *nodes[NODES];
static uint64_t now = 1;

static const struct l2tpha_address addresses[] = {{.len = 1, .bytes = {1}},
                                                  {.len = 1, .bytes = {2}}};

static void check(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "memory: failed: %s\n", what);
    exit(EXIT_FAILURE);
}

static int answer_random(void *user, uint8_t *dst, size_t len)
{
    for ((void)user; len > 0; len--)
        *dst++ = (uint8_t)rand();
    return L2TPHA_OK;
}

static void make_node(int which)
{
    struct l2tpha_config config;
    struct l2tpha_host host = {.size = sizeof(host), .random = answer_random};

    l2tpha_config_init(&config);
    config.name = names[which];
    config.standby = which == STANDBY;
    config.failover = L2TPHA_FAILOVER_SILENT;
    check(l2tpha_node_new(NULL, &config, &host, now, &nodes[which]) == L2TPHA_OK, "making a node");
}

/* What a block takes beside itself: the allocator's head, and malloc's. */
static size_t overhead(void)
{
    static void *blocks[BLOCKS];
    size_t before = mallinfo2().uordblks;

    for (size_t i = 0; i < BLOCKS; i++)
        check((blocks[i] = talloc_size(NULL, BLOCK)) != NULL, "memory");
    size_t taken = mallinfo2().uordblks - before;
    for (size_t i = 0; i < BLOCKS; i++)
        talloc_free(blocks[i]);
    return taken / BLOCKS - BLOCK;
}

static size_t memory_of(int which)
{
    return talloc_total_size(nodes[which]) + talloc_total_blocks(nodes[which]) * overhead();
}

static size_t drain(int which)
{
    struct l2tpha_path path = {.remote = addresses[which != LAC]};
    struct l2tpha_output outputs[16];
    uint64_t confirmed = 0;
    size_t count = l2tpha_poll(nodes[which], outputs, 16, now);

    for (size_t i = 0; i < count; i++) {
        if (outputs[i].kind == L2TPHA_OUTPUT_DATAGRAM)
            (void)l2tpha_feed(nodes[which == LAC ? ACTIVE : LAC], &path, outputs[i].data,
                              outputs[i].len, now);
        else if (outputs[i].kind == L2TPHA_OUTPUT_CHECKPOINT)
            check(!l2tpha_checkpoint_apply(nodes[STANDBY], outputs[i].data, outputs[i].len, now,
                                           NULL),
                  "the standby takes a checkpoint");
        if (outputs[i].kind == L2TPHA_OUTPUT_CHECKPOINT)
            confirmed = outputs[i].position;
    }
    if (confirmed)
        check(!l2tpha_checkpoint_done(nodes[which], confirmed, 0, now), "confirming");
    return count;
}

static void run(uint64_t us)
{
    for (uint64_t end = now + us; now < end;) {
        uint64_t next = end;
        size_t outputs = 0;
        for (int i = 0; i < NODES; i++) {
            check(!l2tpha_expire(nodes[i], now), "timers");
            outputs += drain(i);
            next = l2tpha_deadline(nodes[i]) < next ? l2tpha_deadline(nodes[i]) : next;
        }
        if (!outputs)
            now = next > now ? next : now + 1;
    }
}

static struct l2tpha_session *open_call(struct l2tpha_tunnel *tunnel)
{
    struct l2tpha_session *session;
    struct l2tpha_session_options options = {
        .size = sizeof(options), .call = L2TPHA_CALL_INCOMING, .framing = 1, .tx_speed = 1000000};

    check(!l2tpha_session_open(tunnel, &options, now, &session), "opening a call");
    return session;
}

static void report(const char *what, size_t bytes, size_t limit)
{
    printf("memory, %s: %zu bytes, limit %zu KB\n", what, bytes, limit);
    check(bytes <= limit * 1024, "that is more");
}

int main(int argc, char **argv)
{
    struct l2tpha_tunnel *tunnel;
    struct l2tpha_session *calls[CALLS];
    struct l2tpha_tunnel_options options = {.size = sizeof(options), .path.remote = addresses[1]};

    check(argc == 3, "usage: memory EMPTY CALLS");
    size_t limit = (size_t)atoi(argv[2]);
    for (int i = 0; i < NODES; i++)
        make_node(i);
    report("an empty node", memory_of(ACTIVE), (size_t)atoi(argv[1]));
    report("an empty standby", memory_of(STANDBY), (size_t)atoi(argv[1]));

    check(!l2tpha_checkpoint_bulk(nodes[ACTIVE], now), "starting the copy");
    run(1000000);
    check(!l2tpha_tunnel_open(nodes[LAC], &options, now, &tunnel), "opening a tunnel");
    for (int i = 0; i < CALLS; i++)
        calls[i] = open_call(tunnel);
    run(1000000);
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};
    l2tpha_redundancy_get(nodes[ACTIVE], &info);
    check(info.role == L2TPHA_ROLE_ACTIVE, "the standby is in sync");
    report("16 calls", memory_of(ACTIVE), limit);
    report("16 calls, standby", memory_of(STANDBY), limit);

    struct l2tpha_disconnect why = {.size = sizeof(why), .result = 3};
    size_t before[2] = {0, 0};
    for (int round = 0; round < ROUNDS; round++) {
        if (round == ROUNDS / 2)
            for (int i = 0; i < 2; i++)
                before[i] = memory_of(ACTIVE + i);
        check(!l2tpha_session_close(calls[round % CALLS], &why, now), "closing a call");
        calls[round % CALLS] = open_call(tunnel);
        run(1000000);
    }
    report("after calls came and went", memory_of(ACTIVE), limit);
    for (int i = 0; i < 2; i++)
        check(memory_of(ACTIVE + i) <= before[i], "it does not grow");
    for (int i = 0; i < NODES; i++)
        l2tpha_node_free(nodes[i]);
    return EXIT_SUCCESS;
}
