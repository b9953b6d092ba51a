/* SPDX-License-Identifier: MIT */
/* Steady state allocates nothing: messages, checkpoints and timers on an established pair with a
 * standby. Every malloc of the process is counted, those of libtalloc included. */
#include "bench/pair.h"
#include "fixture.h"

#include <stdlib.h>

/* Counted by functions of which compilers think that they change nothing of ours. */
static volatile size_t allocations;

#if defined(__SANITIZE_ADDRESS__)
int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *, size_t),
                                              void (*on_free)(const volatile void *));

static void count_malloc(const volatile void *block, size_t size)
{
    (void)block;
    (void)size;
    allocations++;
}

static void count_free(const volatile void *block)
{
    (void)block;
}

static void start_counting(void)
{
    static int installed;

    if (!installed)
        installed = __sanitizer_install_malloc_and_free_hooks(count_malloc, count_free);
    ck_assert_int_ne(installed, 0);
    allocations = 0;
}
#else
/* glibc keeps the real ones under these names. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);

void *malloc(size_t size)
{
    allocations++;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    allocations++;
    return __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
    allocations++;
    return __libc_realloc(block, size);
}

static void start_counting(void)
{
    allocations = 0;
}
#endif

#define TUNNELS 4
#define SESSIONS 4

/* A call comes and goes; its ICCN waits with its AVPs until the reply is there. */
static void call_comes_and_goes(struct bench *pair)
{
    struct l2tpha_session_options call = {.size = sizeof(call),
                                          .call = L2TPHA_CALL_INCOMING,
                                          .framing = 1,
                                          .private_group = {(const uint8_t *)"group", 5}};
    struct l2tpha_disconnect why = {.size = sizeof(why), .result = 3};
    struct l2tpha_session *session;

    assert_ok(l2tpha_session_open(l2tpha_tunnel_next(pair->lac, NULL), &call, pair->now, &session));
    bench_settle(pair);
    assert_ok(l2tpha_session_close(session, &why, pair->now));
    bench_settle(pair);
}

/* A round of everything that goes on while tunnels stay: a call, an SLI to each other one, a second
 * of time, now and then a HELLO. */
static void round_of_messages(struct bench *pair, uint32_t number)
{
    call_comes_and_goes(pair);
    for (struct l2tpha_tunnel *tunnel = NULL;
         (tunnel = l2tpha_tunnel_next(pair->lns, tunnel)) != NULL;)
        for (struct l2tpha_session *session = NULL;
             (session = l2tpha_session_next(tunnel, session)) != NULL;)
            assert_ok(l2tpha_session_set_link_info(session, number, ~number, pair->now));
    bench_settle(pair);
    bench_pass(pair, 1000000);
}

START_TEST(counting_counts)
{
    start_counting();
    void *volatile block = malloc(10);
    free(block);
    ck_assert_uint_ge(allocations, 1);
}
END_TEST

START_TEST(messages_checkpoints_and_timers_allocate_nothing)
{
    struct bench pair;

    bench_open(&pair, true);
    bench_calls(&pair, TUNNELS, SESSIONS, 1);
    for (uint32_t i = 0; i < 200; i++)
        round_of_messages(&pair, i);
    uint64_t before = l2tpha_counters(pair.lns)->messages_out;
    uint64_t checkpoints = l2tpha_counters(pair.lns)->checkpoints;
    start_counting();
    for (uint32_t i = 0; i < 300; i++)
        round_of_messages(&pair, i);
    size_t counted = allocations;
    ck_assert_uint_eq(counted, 0);
    ck_assert_uint_ge(l2tpha_counters(pair.lns)->messages_out - before, 300 * TUNNELS * SESSIONS);
    ck_assert_uint_ge(l2tpha_counters(pair.lns)->checkpoints - checkpoints, 300 * TUNNELS);
    bench_close(&pair);
}
END_TEST

Suite *suite_steady(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("steady", &tcase);

    tcase_add_test(tcase, counting_counts);
    tcase_add_test(tcase, messages_checkpoints_and_timers_allocate_nothing);
    return suite;
}
