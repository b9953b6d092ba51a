/* SPDX-License-Identifier: MIT */
/* A standby knows the newest epoch that it has heard of, whatever it heard in it: it takes no copy
 * of an older one and takes over in a newer one only. */
#include "scenario/rig_trio.h"

#define ALL 1000

static struct l2tpha_node *node_of_epoch(bool standby, uint64_t epoch)
{
    struct l2tpha_config config = trio.config;
    struct l2tpha_node *node;

    config.standby = standby;
    config.epoch = epoch;
    assert_ok(l2tpha_node_new(root, &config, &trio.host, trio.now, &node));
    return node;
}

/* trio.near is the first active, trio.far one that serves later. */
static void begin(uint64_t first, uint64_t later, uint64_t standby)
{
    trio.near = node_of_epoch(false, first);
    trio.far = node_of_epoch(false, later);
    trio.standby = node_of_epoch(true, standby);
}

/* So many checkpoints of this active at most; the last one's result. */
static int ship(struct l2tpha_node *active, unsigned most)
{
    struct l2tpha_output output;
    int error = L2TPHA_OK;

    while (most > 0 && !error && l2tpha_poll(active, &output, 1, trio.now) > 0) {
        if (output.kind != L2TPHA_OUTPUT_CHECKPOINT)
            continue;
        most--;
        error = l2tpha_checkpoint_apply(trio.standby, output.data, output.len, trio.now, NULL);
        if (!error)
            assert_ok(l2tpha_checkpoint_done(active, output.position, 0, trio.now));
    }
    return error;
}

static int copy_from(struct l2tpha_node *active, unsigned most)
{
    assert_ok(l2tpha_checkpoint_bulk(active, trio.now));
    return ship(active, most);
}

static void assert_standby(enum l2tpha_role role, uint64_t epoch)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};

    l2tpha_redundancy_get(trio.standby, &info);
    ck_assert_int_eq(info.role, role);
    ck_assert_uint_eq(info.epoch, epoch);
}

START_TEST(a_copy_begun_anew_in_a_newer_epoch_is_of_that_epoch)
{
    begin(1, 5, 1);
    assert_ok(copy_from(trio.near, 1));
    assert_standby(L2TPHA_ROLE_STANDBY_BULK, 1);
    assert_ok(copy_from(trio.far, ALL));
    assert_standby(L2TPHA_ROLE_STANDBY_HOT, 5);
    assert_error(l2tpha_takeover(trio.standby, 3, trio.now), L2TPHA_ERR_STALE_EPOCH);
    assert_error(l2tpha_takeover(trio.standby, 5, trio.now), L2TPHA_ERR_STALE_EPOCH);
    assert_ok(l2tpha_takeover(trio.standby, 6, trio.now));
}
END_TEST

/* BULK_BEGIN is lost, what follows comes. */
static void hear_without_its_copy(struct l2tpha_node *active)
{
    struct l2tpha_output output;

    assert_ok(l2tpha_checkpoint_bulk(active, trio.now));
    do
        ck_assert_uint_eq(l2tpha_poll(active, &output, 1, trio.now), 1);
    while (output.kind != L2TPHA_OUTPUT_CHECKPOINT);
    assert_error(ship(active, 1), L2TPHA_ERR_GAP);
}

START_TEST(a_newer_epoch_counts_without_its_copy)
{
    begin(1, 5, 1);
    assert_ok(copy_from(trio.near, _i ? ALL : 1));
    hear_without_its_copy(trio.far);
    assert_standby(L2TPHA_ROLE_OUT_OF_SYNC, 5);
    assert_error(copy_from(trio.near, ALL), L2TPHA_ERR_STALE_EPOCH);
    assert_standby(L2TPHA_ROLE_OUT_OF_SYNC, 5);
}
END_TEST

START_TEST(a_newer_epoch_counts_while_out_of_sync)
{
    begin(3, 5, 1);
    hear_without_its_copy(trio.near);
    assert_standby(L2TPHA_ROLE_OUT_OF_SYNC, 3);
    hear_without_its_copy(trio.far);
    assert_standby(L2TPHA_ROLE_OUT_OF_SYNC, 5);
}
END_TEST

START_TEST(no_copy_of_an_epoch_older_than_configured)
{
    begin(5, 7, 7);
    assert_standby(L2TPHA_ROLE_STANDBY_COLD, 7);
    assert_error(copy_from(trio.near, 1), L2TPHA_ERR_STALE_EPOCH);
    assert_standby(L2TPHA_ROLE_STANDBY_COLD, 7);
    assert_ok(copy_from(trio.far, ALL));
    assert_standby(L2TPHA_ROLE_STANDBY_HOT, 7);
    assert_ok(l2tpha_takeover(trio.standby, 8, trio.now));
}
END_TEST

/* What one end of a link has to say reaches the other. */
static int carry(struct l2tpha_link *from, struct l2tpha_link *to)
{
    const uint8_t *data;
    size_t len;
    int error = L2TPHA_OK;

    while (!error && (len = l2tpha_link_poll(from, &data, trio.now)) > 0) {
        error = l2tpha_link_feed(to, data, len, trio.now);
        l2tpha_link_sent(from, len);
    }
    return error;
}

/* The epoch of a frame is checked; the checkpoint in it has to be of the same. */
START_TEST(a_checkpoint_is_of_the_epoch_of_its_frame)
{
    static const uint8_t begins[] = {0x08, 1, 0x10, 5}; /* version, epoch */
    uint8_t copy[64];
    struct l2tpha_link *active, *standby;
    struct l2tpha_output output;

    begin(5, 9, 5);
    assert_ok(l2tpha_link_new(trio.near, NULL, trio.now, &active));
    assert_ok(l2tpha_link_new(trio.standby, NULL, trio.now, &standby));
    assert_ok(carry(active, standby));
    assert_ok(carry(standby, active));
    while (l2tpha_poll(trio.near, &output, 1, trio.now) > 0 &&
           output.kind != L2TPHA_OUTPUT_CHECKPOINT)
        ;
    ck_assert_uint_le(output.len, sizeof(copy));
    memcpy(copy, output.data, output.len);
    ck_assert_mem_eq(copy, begins, sizeof(begins));
    copy[3] = _i ? 6 : 4;
    assert_ok(l2tpha_link_send(active, output.position, copy, output.len, trio.now));
    assert_error(carry(active, standby), L2TPHA_ERR_LINK);
    assert_standby(L2TPHA_ROLE_STANDBY_COLD, 5);
    ck_assert_int_ne(carry(standby, active), L2TPHA_ERR_FENCED);
    ck_assert_int_eq(info_of(trio.near).role, L2TPHA_ROLE_ACTIVE_SOLO);
    l2tpha_link_free(active, trio.now);
    l2tpha_link_free(standby, trio.now);
}
END_TEST

Suite *suite_epoch(void)
{
    TCase *tcase;
    Suite *suite = trio_suite("epoch", &tcase);

    tcase_add_test(tcase, a_copy_begun_anew_in_a_newer_epoch_is_of_that_epoch);
    tcase_add_loop_test(tcase, a_newer_epoch_counts_without_its_copy, 0, 2);
    tcase_add_test(tcase, a_newer_epoch_counts_while_out_of_sync);
    tcase_add_loop_test(tcase, a_checkpoint_is_of_the_epoch_of_its_frame, 0, 2);
    tcase_add_test(tcase, no_copy_of_an_epoch_older_than_configured);
    return suite;
}
