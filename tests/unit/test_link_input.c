/* SPDX-License-Identifier: MIT */
/* What a link makes of its peer: who may talk to whom, and every frame that breaks a rule. */
#include "sim/link_pair.h"

#include <limits.h>
#include <stdlib.h>

/* --- who may talk to whom --- */

/* role, epoch and last of two ends; what each feed returns; the epoch that fences the first. */
static const struct {
    struct fake a, b;
    int a_error, b_error;
    uint64_t fenced_by;
} pairs[] = {
#define END_OF(r, e, l)                                                                            \
    {                                                                                              \
        .role = L2TPHA_ROLE_##r, .epoch = e, .last = l                                             \
    }
    {END_OF(ACTIVE_SOLO, 5, 0), END_OF(ACTIVE_SOLO, 6, 0), L2TPHA_ERR_FENCED,
     L2TPHA_ERR_STALE_EPOCH, 6},
    {END_OF(ACTIVE_SOLO, 5, 0), END_OF(ACTIVE_SOLO, 5, 0), L2TPHA_ERR_ROLE, L2TPHA_ERR_ROLE, 0},
    {END_OF(STANDBY_COLD, 0, 0), END_OF(STANDBY_HOT, 5, 9), L2TPHA_ERR_ROLE, L2TPHA_ERR_ROLE, 0},
    /* the standby has seen a newer epoch */
    {END_OF(ACTIVE_SOLO, 5, 9), END_OF(STANDBY_HOT, 6, 2), L2TPHA_ERR_FENCED,
     L2TPHA_ERR_STALE_EPOCH, 6},
    /* an active that came back empty under its old epoch */
    {END_OF(ACTIVE_SOLO, 5, 8), END_OF(STANDBY_HOT, 5, 9), L2TPHA_ERR_STALE_EPOCH,
     L2TPHA_ERR_STALE_EPOCH, 0},
};

START_TEST(pairs_that_do_not_fit)
{
    int a_error = 0, b_error = 0;

    active = pairs[_i].a;
    standby = pairs[_i].b;
    linked_open();
    linked_run(0, &a_error, &b_error);
    assert_error(a_error, pairs[_i].a_error);
    assert_error(b_error, pairs[_i].b_error);
    ck_assert_uint_eq(active.fenced_by, pairs[_i].fenced_by);
    ck_assert_uint_eq(active.bulks + standby.bulks + active.stops + standby.stops, 0);
}
END_TEST

START_TEST(a_standby_with_as_much_as_the_active_fits)
{
    active.last = standby.last = 9;
    standby.epoch = active.epoch;
    linked_sync();
}
END_TEST

START_TEST(a_refusal_to_be_fenced_is_told)
{
    int error = 0;

    standby = (struct fake){.role = L2TPHA_ROLE_ACTIVE_SOLO, .epoch = 6};
    active.fence_error = L2TPHA_ERR_HOST;
    linked_open();
    linked_run(0, &error, &(int){0});
    assert_error(error, L2TPHA_ERR_HOST);
}
END_TEST

START_TEST(hand_over)
{
    linked_open();
    assert_error(l2tpha_link_hand_over(active.link, 0), L2TPHA_ERR_STATE);
    assert_error(l2tpha_link_hand_over(standby.link, 0), L2TPHA_ERR_ROLE);
    linked_carry(&standby, &active, SIZE_MAX, 0, NULL);
    assert_error(l2tpha_link_hand_over(active.link, 0), L2TPHA_ERR_NOT_IN_SYNC);
    linked_run(0, NULL, NULL);
    assert_ok(l2tpha_link_hand_over(active.link, 0));
    assert_error(l2tpha_link_hand_over(active.link, 0), L2TPHA_ERR_STATE);
    ck_assert(linked_info(&active).offered);
    linked_carry(&active, &standby, SIZE_MAX, 0, NULL);
    ck_assert(!linked_info(&standby).switchover);
    linked_run(0, NULL, NULL);
    ck_assert(linked_info(&standby).switchover);
    ck_assert(linked_info(&active).handed && !linked_info(&active).offered);
    assert_error(l2tpha_link_withdraw(active.link, 0), L2TPHA_ERR_STATE);

    /* It takes over: the old active learns it from the next frame, and only once. */
    standby.epoch = linked_info(&standby).peer_epoch + 1;
    standby.role = L2TPHA_ROLE_ACTIVE_SOLO;
    int error = 0;
    ck_assert(linked_carry(&standby, &active, SIZE_MAX, 0, &error));
    assert_error(error, L2TPHA_ERR_FENCED);
    ck_assert_uint_eq(active.fenced_by, 6);
    ck_assert_uint_eq(active.stops, 0);
    ck_assert(!linked_carry(&standby, &active, SIZE_MAX, 0, &error));
    assert_error(l2tpha_link_send(standby.link, 99, checkpoint, 9, 0), L2TPHA_ERR_ROLE);
}
END_TEST

START_TEST(a_standby_that_is_not_ready_does_not_take_over)
{
    linked_sync();
    assert_ok(l2tpha_link_hand_over(active.link, 0));
    standby.role = L2TPHA_ROLE_OUT_OF_SYNC;
    linked_run(0, NULL, NULL);
    ck_assert(!linked_info(&standby).switchover);
    ck_assert_uint_eq(active.bulks, 2);
}
END_TEST

START_TEST(checkpoints_of_a_superseded_active_are_refused)
{
    int active_error = 0, standby_error = 0;

    linked_sync();
    linked_make(&active, INCREMENT);
    linked_send(&active, 0);
    standby.role = L2TPHA_ROLE_ACTIVE_SOLO;
    standby.epoch = 6;
    uint64_t last = standby.last;
    ck_assert(linked_carry(&active, &standby, SIZE_MAX, 0, &standby_error));
    assert_error(standby_error, L2TPHA_ERR_STALE_EPOCH);
    ck_assert_uint_eq(standby.last, last);
    ck_assert(linked_carry(&standby, &active, SIZE_MAX, 0, &active_error));
    assert_error(active_error, L2TPHA_ERR_FENCED);
}
END_TEST

START_TEST(an_active_that_serves_no_more_ends_its_link)
{
    bool fenced = _i == 0;
    int want = fenced ? L2TPHA_ERR_FENCED : L2TPHA_ERR_ROLE;

    linked_sync();
    active.role = fenced ? L2TPHA_ROLE_FENCED : L2TPHA_ROLE_STANDBY_COLD;
    assert_error(l2tpha_link_expire(active.link, 0), want);
    assert_error(l2tpha_link_feed(active.link, checkpoint, 1, 0), want);
    ck_assert_uint_eq(active.stops, 0);
}
END_TEST

/* --- frames that break the rules --- */

static const struct {
    const char *bytes; /* after length and epoch, in hex: type, body */
    bool to_active;
    int error;
} frames[] = {
    {"00", false, L2TPHA_ERR_LINK},                   /* no such type */
    {"0d", false, L2TPHA_ERR_LINK},                   /* */
    {"7f", true, L2TPHA_ERR_LINK},                    /* */
    {"81", false, 0},                                 /* may be ignored, like any with that bit */
    {"ff0123456789", true, 0},                        /* */
    {"01", false, L2TPHA_ERR_LINK},                   /* HELLO again */
    {"020000000000000003", true, L2TPHA_ERR_LINK},    /* CHECKPOINT to the active */
    {"02", false, L2TPHA_ERR_RECORD},                 /* an empty one */
    {"030000000000000001", false, L2TPHA_ERR_LINK},   /* ACK to the standby */
    {"0300000000000000ff", true, L2TPHA_ERR_LINK},    /* of what was never sent */
    {"03000000000000000100", true, L2TPHA_ERR_LINK},  /* too long */
    {"0300000000000001", true, L2TPHA_ERR_LINK},      /* too short */
    {"03", true, L2TPHA_ERR_LINK},                    /* */
    {"030000000000000001", true, 0},                  /* confirmed already */
    {"04", false, L2TPHA_ERR_LINK},                   /* HEARTBEAT without its number */
    {"04000000000000000000", false, L2TPHA_ERR_LINK}, /* too long */
    {"040000000000000002", false, L2TPHA_ERR_LINK},   /* less than this stream has brought */
    {"040000000000000003", false, 0},                 /* */
    {"05", true, L2TPHA_ERR_LINK},                    /* REFUSE without its error */
    {"05ffffff", true, L2TPHA_ERR_LINK},              /* */
    {"0500000000", true, L2TPHA_ERR_LINK},            /* success is no reason */
    {"057fffffff", true, L2TPHA_ERR_LINK},            /* */
    {"0580000000", true, INT_MIN},                    /* an error of a newer release */
    {"05ffffffc24741", true, 0},                      /* GAP: a new copy starts */
    {"05ffffffc4", true, L2TPHA_ERR_RECORD},          /* */
    {"05ffffffbd", false, L2TPHA_ERR_FENCED},         /* told by the active */
    {"060000000000000006", true, L2TPHA_ERR_LINK},    /* OFFER to the active */
    {"060000000000000007", false, L2TPHA_ERR_LINK},   /* an epoch too far */
    {"060000000000000005", false, L2TPHA_ERR_LINK},   /* */
    {"0600000000000000", false, L2TPHA_ERR_LINK},     /* too short */
    {"060000000000000006", false, 0},                 /* */
    {"070000000000000001", false, 0},                 /* PROBE */
    {"07", true, L2TPHA_ERR_LINK},                    /* */
    {"080000000000000000", true, L2TPHA_ERR_LINK},    /* ECHO of no probe */
    {"080000000000000001", false, L2TPHA_ERR_LINK},   /* */
    {"08", true, L2TPHA_ERR_LINK},                    /* */
    {"090000000000000006", false, L2TPHA_ERR_LINK},   /* ACCEPT to the standby */
    {"090000000000000006", true, 0},                  /* of an offer taken back */
    {"09", true, L2TPHA_ERR_LINK},                    /* */
    {"0a0000000000000006", true, L2TPHA_ERR_LINK},    /* GO to the active */
    {"0a0000000000000006", false, L2TPHA_ERR_LINK},   /* of no offer */
    {"0a", false, L2TPHA_ERR_LINK},                   /* */
    {"0bffffffc2", true, L2TPHA_ERR_LINK},            /* DECLINE of nothing */
    {"0bffffffc2", false, L2TPHA_ERR_LINK},           /* */
    {"0b", true, L2TPHA_ERR_LINK},                    /* */
    {"0c000000000000000600", false, L2TPHA_ERR_LINK}, /* ANNOUNCE to the standby */
    {"0c0000000000000006", true, L2TPHA_ERR_LINK},    /* too short */
    {"0c000000000000000602", true, L2TPHA_ERR_LINK},  /* neither forced nor not */
    {"0c000000000000000500", true, L2TPHA_ERR_EPOCH}, /* of this epoch */
    {"0cffffffffffffffff01", true, L2TPHA_ERR_EPOCH}, /* of none that can be */
    {"0c000000000000000600", true, L2TPHA_ERR_FENCED},
};

/* A frame of epoch 5 from the hex digits of its type and body. */
static size_t frame_of(uint8_t *dst, const char *hex)
{
    size_t len = strlen(hex) / 2;
    uint8_t bytes[160];
    struct writer out = writer_over(dst, PART_BYTES);

    for (size_t i = 0; i < len; i++) {
        char digits[3] = {hex[2 * i], hex[2 * i + 1], 0};
        bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    write_u32(&out, (uint32_t)(8 + len));
    write_u8(&out, bytes[0]);
    write_u64(&out, 5);
    write_bytes(&out, bytes + 1, len - 1);
    ck_assert_int_eq(out.error, 0);
    return writer_len(&out);
}

START_TEST(frames_after_the_hellos)
{
    struct fake *to = frames[_i].to_active ? &active : &standby;

    linked_sync();
    size_t len = frame_of(checkpoint, frames[_i].bytes);
    assert_ok(l2tpha_link_feed(to->link, checkpoint, len - 1, 0));
    assert_error(l2tpha_link_feed(to->link, checkpoint + len - 1, 1, 0), frames[_i].error);
    ck_assert_int_eq(linked_info(to).up, frames[_i].error == 0);
    if (frames[_i].error == L2TPHA_ERR_LINK) { /* the other end is told */
        int error = 0;
        linked_carry(to, to == &active ? &standby : &active, SIZE_MAX, 0, &error);
        assert_error(error, L2TPHA_ERR_LINK);
    }
}
END_TEST

static const struct {
    uint32_t length;
    int error;
} lengths[] = {
    {0, L2TPHA_ERR_LINK},
    {8, L2TPHA_ERR_LINK},
    {9, 0},
    {FRAME_MAX - FRAME_LENGTH, 0},
    {FRAME_MAX - FRAME_LENGTH + 1, L2TPHA_ERR_LINK},
    {UINT32_MAX, L2TPHA_ERR_LINK},
};

/* An impossible length is refused as soon as it is there, in one piece or in several. */
START_TEST(lengths_of_frames)
{
    uint8_t bytes[4];

    put_u32(bytes, lengths[_i].length);
    linked_sync();
    assert_error(l2tpha_link_feed(active.link, bytes, 4, 0), lengths[_i].error);
    assert_ok(l2tpha_link_feed(standby.link, bytes, 3, 0));
    assert_error(l2tpha_link_feed(standby.link, bytes + 3, 1, 0), lengths[_i].error);
}
END_TEST

#define MAGIC "4c324841"
#define REST                                                                                       \
    "0000000000000000"                                                                             \
    "0000000000000000"                                                                             \
    "00000032"

#define NAMING                                                                                     \
    "01" MAGIC "0003"                                                                              \
    "0003"                                                                                         \
    "00000000"                                                                                     \
    "01" REST "00000001"                                                                           \
    "0000000000000000"
#define FAKE "0466616b65"
#define TEN "61626364656667686970"

static const struct {
    const char *bytes;
    int error;
} hellos[] = {
    {NAMING "0000000200000001" FAKE "0162", 0},
    {NAMING "0000000700000001" FAKE "000102", 0}, /* of a newer release */
    {NAMING "0000000700000001" FAKE "00", 0},
    {NAMING "0000000100000001" FAKE "00", 0},
    {NAMING "0000000700000002" FAKE "00", L2TPHA_ERR_LEVEL},
    {NAMING "0000000000000000" FAKE "00", L2TPHA_ERR_LEVEL},
    {NAMING "0000000200000003" FAKE "00", L2TPHA_ERR_LINK},
    {NAMING "0000000200000001"
            "0463626f7200",
     L2TPHA_ERR_SERIALIZER},
    {NAMING "0000000200000001"
            "0366616b00",
     L2TPHA_ERR_SERIALIZER},
    {NAMING "0000000200000001"
            "0566616b656500",
     L2TPHA_ERR_SERIALIZER},
    {NAMING "0000000200000001"
            "0000",
     0}, /* not said */
    {NAMING "0000000200000001"
            "0566616b6500",
     L2TPHA_ERR_LINK},
    {NAMING "0000000200000001" FAKE "0262", L2TPHA_ERR_LINK},
    {NAMING "0000000200000001" FAKE "3f" TEN TEN TEN TEN TEN TEN "616263", 0},
    {NAMING "0000000200000001" FAKE "40" TEN TEN TEN TEN TEN TEN "61626364", L2TPHA_ERR_LINK},
    {"01" MAGIC "0003"
     "0003"
     "00000000"
     "01" REST,
     0},
    {"01" MAGIC "0000"
     "ffff"
     "ffffffff"
     "01" REST "0102",
     0}, /* of a newer release */
    {"01" MAGIC "0004"
     "0009"
     "00000000"
     "01" REST,
     L2TPHA_ERR_RECORD_VERSION},
    {"01" MAGIC "0000"
     "0001"
     "00000000"
     "01" REST,
     L2TPHA_ERR_RECORD_VERSION},
    {"01" MAGIC "0003"
     "0001"
     "00000000"
     "01" REST,
     L2TPHA_ERR_LINK},
    {"01" MAGIC "0003"
     "0003"
     "00000000"
     "00" REST,
     L2TPHA_ERR_LINK},
    {"01" MAGIC "0003"
     "0003"
     "00000000"
     "03" REST,
     L2TPHA_ERR_LINK},
    {"01"
     "4c324842"
     "0003"
     "0003"
     "00000000"
     "01" REST,
     L2TPHA_ERR_LINK},
    {"01" MAGIC "0003"
     "0003"
     "00000000"
     "01"
     "0000000000000000"
     "0000000000000000"
     "000032",
     L2TPHA_ERR_LINK},
    {"01", L2TPHA_ERR_LINK},
    {"02", L2TPHA_ERR_LINK}, /* nothing but HELLO comes first */
    {"040000000000000000", L2TPHA_ERR_LINK},
    {"05ffffffbe", L2TPHA_ERR_LINK},
    {"81", L2TPHA_ERR_LINK},
};

START_TEST(first_frames)
{
    linked_open_end(&standby, NULL);
    size_t len = frame_of(checkpoint, hellos[_i].bytes);
    assert_error(l2tpha_link_feed(standby.link, checkpoint, len, 0), hellos[_i].error);
    ck_assert_int_eq(linked_info(&standby).up, hellos[_i].error == 0);
    ck_assert_uint_eq(linked_info(&standby).version, hellos[_i].error == 0 ? 3 : 0);
}
END_TEST

START_TEST(a_hello_says_level_and_name_or_is_the_first_releases)
{
    static const struct {
        const char *bytes, *name;
        uint32_t level;
    } said[] = {
        {NAMING "0000000700000001" FAKE "0162", "b", 7},
        {NAMING "0000000200000001" FAKE "03620063", "b", 2}, /* up to the zero */
        {NAMING, "", 1},
    };

    linked_open_end(&standby, NULL);
    ck_assert_uint_eq(linked_info(&standby).peer_level, 0);
    size_t len = frame_of(checkpoint, said[_i].bytes);
    assert_ok(l2tpha_link_feed(standby.link, checkpoint, len, 0));
    ck_assert_uint_eq(linked_info(&standby).peer_level, said[_i].level);
    ck_assert_str_eq(linked_info(&standby).peer_name, said[_i].name);
}
END_TEST

/* Whoever reads it first says why, and nothing was copied. */
/* What this node has may have what older releases cannot go on from. */
START_TEST(who_is_below_the_level_in_force_is_refused)
{
    int active_error = 0, standby_error = 0;

    active.level = L2TPHA_LEVEL + (uint32_t)_i;
    linked_open();
    linked_run(0, &active_error, &standby_error);
    assert_error(active_error, _i ? L2TPHA_ERR_LEVEL : 0);
    ck_assert_int_eq(standby_error != 0, _i);
    ck_assert_uint_eq(active.bulks, !_i);
    ck_assert_uint_eq(active.meets, _i ? 0 : L2TPHA_LEVEL);
}
END_TEST

START_TEST(another_serializer_is_refused_at_both_ends)
{
    struct link_ops ops = linked_ops(&standby);
    int active_error = 0, standby_error = 0;

    ops.serializer.len--;
    linked_open_end(&active, NULL);
    assert_ok(link_new(root, &ops, NULL, 0, &standby.link));
    linked_run(0, &active_error, &standby_error);
    assert_error(active_error, L2TPHA_ERR_SERIALIZER);
    assert_error(standby_error, L2TPHA_ERR_SERIALIZER);
    ck_assert_uint_eq(active.bulks, 0);
}
END_TEST

START_TEST(nothing_is_taken_after_the_frame_that_ended_the_link)
{
    linked_sync();
    size_t len = frame_of(checkpoint, "00");
    len += frame_of(checkpoint + len, "060000000000000006");
    assert_error(l2tpha_link_feed(standby.link, checkpoint, len, 0), L2TPHA_ERR_LINK);
    ck_assert(!linked_info(&standby).switchover);
}
END_TEST

/* --- what comes next --- */

#ifndef __OPTIMIZE_SIZE__
static struct {
    bool counts; /* the copy is over */
    unsigned calls;
    size_t checkpoints;
    size_t most; /* that are enough */
} told;

/* The one in hand is the first of them, and none is left out. */
static size_t note_ahead(void *user, const struct l2tpha_bytes *checkpoints, size_t count)
{
    const struct fake *fake = user;

    count = count < told.most ? count : told.most;
    told.calls++;
    told.checkpoints += count;
    for (size_t i = 0; told.counts && i < count; i++) {
        uint64_t number = get_u64(checkpoints[i].data);
        ck_assert_uint_eq(number, fake->last + 1 + i);
        size_t len = checkpoints[i].len;
        ck_assert_uint_eq(len, linked_checkpoint_len(number));
        ck_assert(len <= 9 || checkpoints[i].data[len - 1] == (uint8_t)(number + len - 1));
    }
    return count;
}

static void send_increments(size_t piece)
{
    enum { COUNT = 40 };
    uint64_t before = standby.last;

    told.counts = true;
    told.calls = 0;
    told.checkpoints = 0;
    for (int i = 0; i < COUNT; i++)
        linked_make(&active, INCREMENT);
    linked_send(&active, 0);
    const uint8_t *data;
    for (size_t len; (len = l2tpha_link_poll(active.link, &data, 0)) > 0;) {
        len = len < piece ? len : piece;
        uint8_t *copy = malloc(len); /* nothing behind its end is read */
        memcpy(copy, data, len);
        assert_ok(l2tpha_link_feed(standby.link, copy, len, 0));
        free(copy);
        l2tpha_link_sent(active.link, len);
    }
    ck_assert_uint_eq(standby.last, before + COUNT);
}

START_TEST(checkpoints_that_come_next_are_told)
{
    struct link_ops ops = linked_ops(&standby);

    ops.ahead = note_ahead;
    told.most = SIZE_MAX;
    linked_open_end(&active, NULL);
    assert_ok(link_new(root, &ops, NULL, 0, &standby.link));
    linked_run(0, NULL, NULL);
    send_increments(SIZE_MAX);
    ck_assert_uint_eq(told.calls, 3);
    ck_assert_uint_eq(told.checkpoints, 16 + 16 + 8);
    send_increments(1); /* each by itself */
    ck_assert_uint_eq(told.calls, 40);
    send_increments(10000);
    ck_assert_uint_lt(told.calls, 40);
    ck_assert_uint_eq(told.checkpoints, 40);
    told.most = 5;
    send_increments(SIZE_MAX);
    ck_assert_uint_eq(told.calls, 8);
    ck_assert_uint_eq(told.checkpoints, 40);
}
END_TEST
#endif

Suite *suite_link_input(void);
Suite *suite_link_input(void)
{
    Suite *suite = suite_create("link_input");
    TCase *tcase = tcase_create("link_input");

    tcase_add_checked_fixture(tcase, linked_setup, linked_teardown);
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, pairs_that_do_not_fit, 0, sizeof(pairs) / sizeof(pairs[0]));
    tcase_add_test(tcase, a_standby_with_as_much_as_the_active_fits);
    tcase_add_test(tcase, a_refusal_to_be_fenced_is_told);
    tcase_add_test(tcase, hand_over);
    tcase_add_test(tcase, a_standby_that_is_not_ready_does_not_take_over);
    tcase_add_test(tcase, checkpoints_of_a_superseded_active_are_refused);
    tcase_add_loop_test(tcase, an_active_that_serves_no_more_ends_its_link, 0, 2);
    tcase_add_loop_test(tcase, frames_after_the_hellos, 0, sizeof(frames) / sizeof(frames[0]));
    tcase_add_loop_test(tcase, lengths_of_frames, 0, sizeof(lengths) / sizeof(lengths[0]));
    tcase_add_loop_test(tcase, first_frames, 0, sizeof(hellos) / sizeof(hellos[0]));
    tcase_add_loop_test(tcase, a_hello_says_level_and_name_or_is_the_first_releases, 0, 3);
    tcase_add_loop_test(tcase, who_is_below_the_level_in_force_is_refused, 0, 2);
    tcase_add_test(tcase, another_serializer_is_refused_at_both_ends);
    tcase_add_test(tcase, nothing_is_taken_after_the_frame_that_ended_the_link);
    suite_add_tcase(suite, tcase);
#ifndef __OPTIMIZE_SIZE__
    tcase_add_test(tcase, checkpoints_that_come_next_are_told);
#endif
    return suite;
}
