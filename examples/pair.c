/* SPDX-License-Identifier: MIT */
/* libl2tpha in ten minutes: an LNS and its standby survive what a LAC never notices.
 *
 * Three nodes in one process, no socket, no clock: datagrams are handed over in memory, and time is
 * a number that we advance. A real program does the same with a UDP socket, a timer, and a stream
 * to the standby (l2tpha_link does the checkpoint part of it). */
#include <l2tpha/l2tpha.h>
#include <stdio.h>
#include <stdlib.h>

#define CALLS 3
#define OUTPUTS 16
#define LIMIT_US 60000000

enum { LAC, ACTIVE, STANDBY, NODES };
static struct l2tpha_node *nodes[NODES];
static int lns = ACTIVE; /* who owns the address of the LNS */
static uint64_t now = 1; /* microseconds */

/* The library never looks into addresses: one byte each will do here. */
static const struct l2tpha_address addresses[] = {{.len = 1, .bytes = {1}},
                                                  {.len = 1, .bytes = {2}}};

static void check(int error, const char *what)
{
    if (error == L2TPHA_OK)
        return;
    fprintf(stderr, "pair: %s: %s\n", what, l2tpha_strerror(error));
    exit(EXIT_FAILURE);
}

/* The one question every host must answer. A real one asks the kernel; this one is reproducible. */
static int answer_random(void *user, uint8_t *dst, size_t len)
{
    uint32_t *seed = user;
    for (size_t i = 0; i < len; i++) {
        *seed = *seed * 1664525 + 1013904223;
        dst[i] = (uint8_t)(*seed >> 24);
    }
    return L2TPHA_OK;
}

static void make_node(int which, const char *name, bool standby)
{
    static uint32_t seed = 2661;
    struct l2tpha_config config;
    struct l2tpha_host host = {.size = sizeof(host), .user = &seed, .random = answer_random};
    l2tpha_config_init(&config);
    config.name = name;
    config.standby = standby;
    check(l2tpha_node_new(NULL, &config, &host, now, &nodes[which]), "making a node");
}

/* Do with one batch of outputs what a host must do. Returns how many there were. */
static size_t drain(int which)
{
    struct l2tpha_output outputs[OUTPUTS];
    uint64_t confirmed = 0;
    size_t count = l2tpha_poll(nodes[which], outputs, OUTPUTS, now);
    for (size_t i = 0; i < count; i++) {
        const struct l2tpha_output *output = &outputs[i];
        if (output->kind == L2TPHA_OUTPUT_DATAGRAM) {
            struct l2tpha_path path = {.remote = addresses[which == LAC ? LAC : ACTIVE]};
            int to = which == LAC ? lns : LAC;
            if (nodes[to] != NULL) /* what it thinks of it is its own affair: UDP */
                (void)l2tpha_feed(nodes[to], &path, output->data, output->len, now);
        } else if (output->kind == L2TPHA_OUTPUT_CHECKPOINT) {
            check(
                l2tpha_checkpoint_apply(nodes[STANDBY], output->data, output->len, now, &confirmed),
                "the standby takes a checkpoint");
        } else {
            printf("%8.3f s  %-7s %s\n", (double)now / 1e6,
                   which == LAC ? "lac" : (which == ACTIVE ? "lns" : "standby"),
                   l2tpha_event_name(output->event->kind));
        }
    }
    /* The datagrams that depend on the checkpoint leave only now: nothing that a peer has seen can
     * be unknown to the standby. */
    if (confirmed != 0)
        check(l2tpha_checkpoint_done(nodes[which], confirmed, 0, now), "confirming");
    return count;
}

/* Let everything happen until a condition holds; jump to the next deadline whenever all is quiet.
 */
static void run_until(bool (*condition)(void), const char *what)
{
    uint64_t limit = now + LIMIT_US;
    while (!condition()) {
        uint64_t next = L2TPHA_NEVER;
        size_t outputs = 0;
        for (int i = 0; i < NODES; i++)
            if (nodes[i] != NULL) {
                check(l2tpha_expire(nodes[i], now), "timers");
                outputs += drain(i);
                if (l2tpha_deadline(nodes[i]) < next)
                    next = l2tpha_deadline(nodes[i]);
            }
        if (outputs > 0)
            continue;
        check(next > limit ? L2TPHA_ERR_TIMEOUT : L2TPHA_OK, what);
        now = next > now ? next : now + 1;
    }
    printf("%8.3f s  * %s\n", (double)now / 1e6, what);
}

/* Calls that are established at both ends. */
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

static struct l2tpha_redundancy_info info_of(int which)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};
    l2tpha_redundancy_get(nodes[which], &info);
    return info;
}

static bool in_sync(void)
{
    return info_of(ACTIVE).role == L2TPHA_ROLE_ACTIVE;
}

static bool all_calls_up(void)
{
    return calls_up(LAC) == CALLS && calls_up(lns) == CALLS;
}

static bool peer_has_answered(void)
{
    return info_of(STANDBY).resynced == 1;
}

static bool one_call_more(void)
{
    return calls_up(LAC) == CALLS + 1 && calls_up(lns) == CALLS + 1;
}

static void open_call(struct l2tpha_tunnel *tunnel)
{
    struct l2tpha_session *session;
    struct l2tpha_session_options options = {
        .size = sizeof(options), .call = L2TPHA_CALL_INCOMING, .framing = 1, .tx_speed = 1000000};
    check(l2tpha_session_open(tunnel, &options, now, &session), "opening a call");
}

int main(void)
{
    struct l2tpha_tunnel *tunnel;
    struct l2tpha_tunnel_options options = {.size = sizeof(options)};
    make_node(LAC, "lac", false);
    make_node(ACTIVE, "lns", false);
    make_node(STANDBY, "lns", true);

    /* A new standby is filled with a bulk copy, then follows every change. */
    check(l2tpha_checkpoint_bulk(nodes[ACTIVE], now), "starting the copy");
    run_until(in_sync, "the standby is in sync");

    options.path.remote = addresses[ACTIVE];
    check(l2tpha_tunnel_open(nodes[LAC], &options, now, &tunnel), "opening a tunnel");
    for (int i = 0; i < CALLS; i++)
        open_call(tunnel);
    run_until(all_calls_up, "all calls are up");

    /* The active dies without a word. The standby has all it needs. */
    talloc_free(nodes[ACTIVE]);
    nodes[ACTIVE] = NULL;
    lns = STANDBY;
    check(l2tpha_takeover(nodes[STANDBY], info_of(STANDBY).epoch + 1, now), "takeover");
    run_until(peer_has_answered, "the LAC has answered the new active");
    check(all_calls_up() ? L2TPHA_OK : L2TPHA_ERR_NOT_FOUND, "calls survive");

    open_call(tunnel);
    run_until(one_call_more, "a new call works");
    printf("%u calls survived the death of the LNS\n", CALLS);
    talloc_free(nodes[STANDBY]);
    talloc_free(nodes[LAC]);
    return EXIT_SUCCESS;
}
