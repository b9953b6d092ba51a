/* SPDX-License-Identifier: MIT */
/* The level in force: committed on the active, known to the standby, and no release below it goes
 * on from what there is. */
#include "bench/pair.h"
#include "fixture.h"

#include <l2tpha/checkpoint.h>
#include <l2tpha/serializer.h>

static struct bench side;

static void setup(void)
{
    fixture_setup();
    bench_open(&side, false);
    side.standby = bench_standby(&side);
}

static void teardown(void)
{
    bench_close(&side);
    fixture_teardown();
}

/* What the active has for its standby. */
static void ship(void)
{
    struct l2tpha_output output;

    while (l2tpha_poll(side.lns, &output, 1, side.now) > 0) {
        if (output.kind != L2TPHA_OUTPUT_CHECKPOINT)
            continue;
        assert_ok(l2tpha_checkpoint_apply(side.standby, output.data, output.len, side.now, NULL));
        assert_ok(l2tpha_checkpoint_done(side.lns, output.position, L2TPHA_OK, side.now));
    }
}

START_TEST(what_is_committed_is_in_force_after_a_takeover)
{
    ck_assert_uint_eq(l2tpha_level(side.lns), 1);
    assert_ok(l2tpha_checkpoint_bulk(side.lns, side.now));
    ship();
    uint64_t before = l2tpha_checkpoint_last(side.lns);
    assert_ok(l2tpha_level_commit(side.lns, L2TPHA_LEVEL, side.now));
    ck_assert_uint_eq(l2tpha_checkpoint_last(side.lns), before + 1);
    ship();
    ck_assert_uint_eq(l2tpha_level(side.standby), L2TPHA_LEVEL);
    ck_assert_uint_eq(l2tpha_checkpoint_digest(side.lns), l2tpha_checkpoint_digest(side.standby));
    assert_ok(l2tpha_takeover(side.standby, 9, side.now));
    ck_assert_uint_eq(l2tpha_level(side.standby), L2TPHA_LEVEL);
}
END_TEST

START_TEST(nobody_commits_what_is_not_his)
{
    assert_error(l2tpha_level_commit(side.lns, L2TPHA_LEVEL + 1, side.now), L2TPHA_ERR_LEVEL);
    assert_error(l2tpha_level_commit(side.lns, 0, side.now), L2TPHA_ERR_INVALID);
    assert_error(l2tpha_level_commit(side.standby, 1, side.now), L2TPHA_ERR_ROLE);
    assert_error(l2tpha_level_commit(NULL, 1, side.now), L2TPHA_ERR_INVALID);
    ck_assert_uint_eq(l2tpha_level(side.lns), 1);
    ck_assert_uint_eq(l2tpha_level(NULL), 1);
}
END_TEST

static int apply(const struct l2tpha_checkpoint_header *header, const struct l2tpha_record *record)
{
    const struct l2tpha_serializer *proto = l2tpha_serializer_proto();
    uint8_t data[512];
    struct l2tpha_writing writing = {data, data + sizeof(data), data + sizeof(data), 0};

    if (record)
        assert_ok(proto->put_record(record, &writing));
    assert_ok(proto->put_header(header, &writing));
    return l2tpha_checkpoint_apply(side.standby, writing.start,
                                   (size_t)(writing.end - writing.start), side.now, NULL);
}

/* From a store, for example, where no link has compared. The writer's own level says nothing. */
START_TEST(a_level_in_force_above_the_releases_is_refused)
{
    struct l2tpha_checkpoint_header header = {.version = L2TPHA_CHECKPOINT_VERSION,
                                              .epoch = 5,
                                              .number = 1,
                                              .kind = L2TPHA_CHECKPOINT_BULK_BEGIN,
                                              .generation = 1,
                                              .level = L2TPHA_LEVEL + 7};
    struct l2tpha_record record = {
        .kind = L2TPHA_RECORD_NODE,
        .of.node = {.tunnel_key = {1}, .call_serial = 4, .level = L2TPHA_LEVEL + (uint32_t)_i}};

    assert_ok(apply(&header, NULL));
    header.kind = L2TPHA_CHECKPOINT_BULK_PART;
    header.part = 1;
    assert_error(apply(&header, &record), _i ? L2TPHA_ERR_LEVEL : 0);
    ck_assert_uint_eq(l2tpha_level(side.standby), _i ? 1 : L2TPHA_LEVEL);
}
END_TEST

Suite *suite_levels(void)
{
    TCase *tcase = tcase_create("levels");
    Suite *suite = suite_create("levels");

    tcase_add_checked_fixture(tcase, setup, teardown);
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, what_is_committed_is_in_force_after_a_takeover);
    tcase_add_test(tcase, nobody_commits_what_is_not_his);
    tcase_add_loop_test(tcase, a_level_in_force_above_the_releases_is_refused, 0, 2);
    return suite;
}
