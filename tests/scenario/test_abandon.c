/* SPDX-License-Identifier: MIT */
/* A standby that was too slow is told so in the stream itself, ahead of the first output that it
 * knows nothing of: whenever it gets to it, it does not take a stale copy for a whole one. */
#include "bench/pair.h"
#include "fixture.h"
#include "info.h"

#include <string.h>

#define BLOBS 16
#define COMMIT_TIMEOUT_US 200000

static struct bench pair;
static struct {
    uint8_t data[4096];
    size_t len;
} blobs[BLOBS];
static uint32_t blob_count;

/* What the active hands out: its checkpoints are kept from the standby, its datagrams counted. */
static uint32_t hold_back(void)
{
    struct l2tpha_output outputs[8];
    uint32_t datagrams = 0;
    size_t count;

    while ((count = l2tpha_poll(pair.lns, outputs, 8, pair.now)) > 0)
        for (size_t i = 0; i < count; i++) {
            datagrams += outputs[i].kind == L2TPHA_OUTPUT_DATAGRAM;
            if (outputs[i].kind != L2TPHA_OUTPUT_CHECKPOINT)
                continue;
            ck_assert_uint_eq(datagrams, 0); /* none has left before its checkpoint was there */
            ck_assert_uint_lt(blob_count, BLOBS);
            ck_assert_uint_le(outputs[i].len, sizeof(blobs[0].data));
            memcpy(blobs[blob_count].data, outputs[i].data, outputs[i].len);
            blobs[blob_count++].len = outputs[i].len;
        }
    return datagrams;
}

/* The standby sleeps while the LNS has something to say, until the LNS has gone on alone. */
static void active_goes_on_alone(void)
{
    bench_open(&pair, true);
    bench_calls(&pair, 1, 2, 1);
    ck_assert_int_eq(info_of(pair.standby).role, L2TPHA_ROLE_STANDBY_HOT);
    blob_count = 0;
    struct l2tpha_session *session = l2tpha_session_next(l2tpha_tunnel_next(pair.lns, NULL), NULL);
    assert_ok(l2tpha_session_set_link_info(session, 1, 2, pair.now));
    ck_assert_uint_eq(hold_back(), 0);
    ck_assert_uint_eq(blob_count, 1);
    pair.now += COMMIT_TIMEOUT_US + 2000;
    assert_ok(l2tpha_expire(pair.lns, pair.now));
    for (int look = 0; look < 2; look++) { /* a host may have run its timers before it read */
        ck_assert_uint_eq(hold_back(), 0);
        pair.now = l2tpha_deadline(pair.lns);
        assert_ok(l2tpha_expire(pair.lns, pair.now));
    }
    ck_assert_uint_eq(hold_back(), 1); /* the SLI is free now */
    ck_assert_uint_eq(blob_count, 2);
}

START_TEST(slow_standby_learns_that_it_is_stale)
{
    active_goes_on_alone();
    for (uint32_t i = 0; i < blob_count; i++)
        assert_ok(
            l2tpha_checkpoint_apply(pair.standby, blobs[i].data, blobs[i].len, pair.now, NULL));
    ck_assert_int_eq(info_of(pair.standby).role, L2TPHA_ROLE_OUT_OF_SYNC);
    assert_error(l2tpha_takeover(pair.standby, 2, pair.now), L2TPHA_ERR_STALE);
    bench_close(&pair);
}
END_TEST

START_TEST(new_copy_makes_it_whole_again)
{
    active_goes_on_alone();
    for (uint32_t i = 0; i < blob_count; i++)
        assert_ok(
            l2tpha_checkpoint_apply(pair.standby, blobs[i].data, blobs[i].len, pair.now, NULL));
    assert_ok(l2tpha_checkpoint_bulk(pair.lns, pair.now));
    bench_settle(&pair);
    bench_pass(&pair, 1000000);
    ck_assert_int_eq(info_of(pair.standby).role, L2TPHA_ROLE_STANDBY_HOT);
    ck_assert_uint_eq(l2tpha_checkpoint_digest(pair.lns), l2tpha_checkpoint_digest(pair.standby));
    bench_close(&pair);
}
END_TEST

Suite *suite_abandon(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("abandon", &tcase);

    tcase_add_test(tcase, slow_standby_learns_that_it_is_stale);
    tcase_add_test(tcase, new_copy_makes_it_whole_again);
    return suite;
}
