/* SPDX-License-Identifier: MIT */
/* A standby looks at what it applies next: whatever that is, nothing but time comes of it. */
#include "bench/pair.h"
#include "fixture.h"
#include "node/ahead.h"
#include "node/node.h"

#include <l2tpha/checkpoint.h>
#include <l2tpha/session.h>
#include <stdlib.h>
#include <string.h>

#ifndef __OPTIMIZE_SIZE__

#define STATE 16
#define SOME 24

static struct bench pair;
static uint8_t *held[SOME]; /* checkpoints, of their lengths to the octet */
static struct l2tpha_bytes some[SOME];

static struct l2tpha_session *session_at(uint32_t which)
{
    struct l2tpha_session *session = NULL;
    uint32_t place = 0;

    while (which-- > 0)
        session = l2tpha_session_walk(pair.lns, &place);
    return session;
}

static void hold(unsigned which)
{
    struct l2tpha_output output;

    ck_assert_uint_eq(l2tpha_poll(pair.lns, &output, 1, pair.now), 1);
    ck_assert_int_eq(output.kind, L2TPHA_OUTPUT_CHECKPOINT);
    held[which] = malloc(output.len);
    memcpy(held[which], output.data, output.len);
    some[which] = (struct l2tpha_bytes){held[which], output.len};
}

/* Of the active, given to nobody yet: states of calls, some in one; then a call and a tunnel that
 * end. */
static void make_some(void)
{
    const struct l2tpha_disconnect why = {.size = sizeof(why), .result = 3};
    const uint8_t state[STATE] = {1};

    for (uint32_t i = 1; i <= 60; i++) {
        assert_ok(l2tpha_session_set_app_state(session_at(i % 57 + 1), state, STATE, pair.now));
        if (i < 20 || i == 60)
            hold(i < 20 ? i - 1 : 19);
    }
    assert_ok(l2tpha_session_close(session_at(9), &why, pair.now));
    hold(20);
    assert_ok(l2tpha_tunnel_close(l2tpha_tunnel_next(pair.lns, NULL), 1, 0, NULL, pair.now));
    hold(21);
}

static void look(const struct l2tpha_node *node)
{
    struct l2tpha_counters before = *l2tpha_counters(node);
    uint64_t digest = l2tpha_checkpoint_digest(node), last = l2tpha_checkpoint_last(node);

    for (size_t count = 0; count <= 22; count++)
        node_look_ahead(node, some, count);
    ck_assert_uint_eq(l2tpha_checkpoint_digest(node), digest);
    ck_assert_uint_eq(l2tpha_checkpoint_last(node), last);
    ck_assert_mem_eq(&before, l2tpha_counters(node), sizeof(before));
}

START_TEST(nothing_comes_of_it)
{
    bench_open(&pair, true);
    bench_calls(&pair, AHEAD_TUNNELS, 1, 16);
    make_some();
    look(pair.standby); /* most calls have no state there yet */
    look(pair.lns);
    for (unsigned i = 0; i < 22; i++)
        assert_ok(l2tpha_checkpoint_apply(pair.standby, some[i].data, some[i].len, pair.now, NULL));
    ck_assert_uint_eq(l2tpha_checkpoint_digest(pair.standby), l2tpha_checkpoint_digest(pair.lns));
    look(pair.standby); /* some of what they are about has gone */
    for (unsigned i = 0; i < 22; i++) {
        for (; some[i].len > 0; some[i].len--) { /* the end of each is the end of its block */
            uint8_t *cut = malloc(some[i].len);
            memcpy(cut, held[i], some[i].len);
            const struct l2tpha_bytes two[] = {{cut, some[i].len}, {cut, some[i].len}};
            node_look_ahead(pair.standby, two, 2);
            free(cut);
        }
        free(held[i]);
    }
    bench_close(&pair);
}
END_TEST

#endif

Suite *suite_ahead(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("ahead", &tcase);

#ifndef __OPTIMIZE_SIZE__
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, nothing_comes_of_it);
#endif
    return suite;
}
