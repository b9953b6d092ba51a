/* SPDX-License-Identifier: MIT */
/* libl2tpha in ten minutes: an LNS and its standby survive what a LAC never notices.
 *
 * Three nodes in one process, no socket, no clock: datagrams are handed over in memory, and time is
 * a number. A real program has a UDP socket, a timer, and a stream to the standby (l2tpha_link). */
#include <l2tpha/l2tpha.h>
#include <stdio.h>
#include <stdlib.h>

#define CALLS 3

enum { LAC, ACTIVE, STANDBY, NODES };
static const char *const names[NODES] = {"lac", "lns", "standby"};
static struct l2tpha_node *nodes[NODES];
static int lns = ACTIVE; /* who owns the address of the LNS */
static uint64_t now = 1; /* microseconds */

/* The library never looks into addresses: one byte each will do here. */
static const struct l2tpha_address addresses[] = {{.len = 1, .bytes = {1}},
                                                  {.len = 1, .bytes = {2}}};

static void check(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "pair: failed: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

/* The one question every host must answer. A real one asks the kernel. */
static int answer_random(void *user, uint8_t *dst, size_t len)
{
    for ((void)user; len > 0; len--)
        *dst++ = (uint8_t)rand();
    return L2TPHA_OK;
}

static void make_node(int which, bool standby)
{
    struct l2tpha_config config;
    struct l2tpha_host host = {.size = sizeof(host), .random = answer_random};
    l2tpha_config_init(&config);
    config.name = names[which];
    config.standby = standby;
    check(l2tpha_node_new(NULL, &config, &host, now, &nodes[which]) == L2TPHA_OK, "making a node");
}

/* Do with one batch of outputs what a host must do. Returns how many there were. */
static size_t drain(int which)
{
    struct l2tpha_output outputs[16];
    uint64_t confirmed = 0;
    size_t count = l2tpha_poll(nodes[which], outputs, 16, now);
    for (size_t i = 0; i < count; i++) {
        const struct l2tpha_output *output = &outputs[i];
        if (output->kind == L2TPHA_OUTPUT_DATAGRAM) {
            struct l2tpha_path path = {.remote = addresses[which == LAC ? LAC : ACTIVE]};
            int to = which == LAC ? lns : LAC;
            (void)l2tpha_feed(nodes[to], &path, output->data, output->len, now); /* or lost: UDP */
        } else if (output->kind == L2TPHA_OUTPUT_CHECKPOINT) {
            check(l2tpha_checkpoint_apply(nodes[STANDBY], output->data, output->len, now, NULL) ==
                      L2TPHA_OK,
                  "the standby takes a checkpoint");
            confirmed = output->position;
        } else {
            printf("%8.3f s  %-7s %s\n", (double)now / 1e6, names[which],
                   l2tpha_event_name(output->event->kind));
        }
    }
    /* The datagrams that depend on the checkpoint leave only now: nothing that a peer has seen can
     * be unknown to the standby. */
    if (confirmed != 0)
        check(l2tpha_checkpoint_done(nodes[which], confirmed, 0, now) == L2TPHA_OK, "confirming");
    return count;
}

/* Let one second of virtual time pass: jump from deadline to deadline. */
static void run(void)
{
    uint64_t end = now + 1000000;
    while (now < end) {
        uint64_t next = end;
        size_t outputs = 0;
        for (int i = 0; i < NODES; i++) {
            if (nodes[i] == NULL)
                continue;
            check(l2tpha_expire(nodes[i], now) == L2TPHA_OK, "timers");
            outputs += drain(i);
            next = l2tpha_deadline(nodes[i]) < next ? l2tpha_deadline(nodes[i]) : next;
        }
        if (outputs == 0)
            now = next > now ? next : now + 1;
    }
}

/* Calls that are established at this end. */
static uint32_t calls_up(int which)
{
    uint32_t count = 0;
    struct l2tpha_tunnel *tunnel = l2tpha_tunnel_next(nodes[which], NULL);
    struct l2tpha_session *session = NULL;
    while (tunnel != NULL && (session = l2tpha_session_next(tunnel, session)) != NULL) {
        struct l2tpha_session_record record = {.size = sizeof(record)};
        l2tpha_session_get(session, &record);
        count += record.state == L2TPHA_SESSION_ESTABLISHED;
    }
    return count;
}

static void open_call(struct l2tpha_tunnel *tunnel)
{
    struct l2tpha_session *session;
    struct l2tpha_session_options options = {
        .size = sizeof(options), .call = L2TPHA_CALL_INCOMING, .framing = 1, .tx_speed = 1000000};
    check(l2tpha_session_open(tunnel, &options, now, &session) == L2TPHA_OK, "opening a call");
}

int main(void)
{
    struct l2tpha_tunnel *tunnel;
    struct l2tpha_tunnel_options options = {.size = sizeof(options),
                                            .path.remote = addresses[ACTIVE]};
    for (int i = 0; i < NODES; i++)
        make_node(i, i == STANDBY);

    /* A new standby is filled with a bulk copy, then follows every change. */
    check(l2tpha_checkpoint_bulk(nodes[ACTIVE], now) == L2TPHA_OK, "starting the copy");
    run();

    check(l2tpha_tunnel_open(nodes[LAC], &options, now, &tunnel) == L2TPHA_OK, "opening a tunnel");
    for (int i = 0; i < CALLS; i++)
        open_call(tunnel);
    run();
    check(calls_up(LAC) == CALLS && calls_up(ACTIVE) == CALLS, "all calls are up");

    /* The active dies without a word. The standby has all it needs, and serves in epoch 2. */
    TALLOC_FREE(nodes[ACTIVE]);
    lns = STANDBY;
    check(l2tpha_takeover(nodes[STANDBY], 2, now) == L2TPHA_OK, "takeover");
    run();
    check(calls_up(LAC) == CALLS && calls_up(STANDBY) == CALLS, "the calls live on");

    open_call(tunnel);
    run();
    check(calls_up(LAC) == CALLS + 1 && calls_up(STANDBY) == CALLS + 1, "a new call works");
    printf("%d calls survived the death of the LNS, and one more was made\n", CALLS);
    talloc_free(nodes[STANDBY]);
    talloc_free(nodes[LAC]);
    return EXIT_SUCCESS;
}
