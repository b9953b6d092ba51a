/* SPDX-License-Identifier: MIT */
/* A batch of datagrams is the same as one after the other: in every split of a script, and whatever
 * is wrong with some of them. */
#include "bench/pair.h"
#include "fixture.h"
#include "sim/rawpeer.h"
#include "wire.h"

#include <string.h>

#define SCRIPT 12
#define DATAGRAM_MAX 256
#define OTHER_CALL 8 /* the peer's id of a second call */

struct line {
    struct l2tpha_path path;
    uint8_t data[DATAGRAM_MAX];
    size_t len;
    int result;
    uint8_t payload; /* of the frame; 0 = none */
};

/* A node with a standby in sync, a tunnel, and a call on it. */
struct stage {
    struct rawpeer peer;
    uint16_t call; /* the node's id */
    uint8_t *heard;
};

static struct line script[SCRIPT];

static void two_strangers_are_too_many(struct l2tpha_config *config)
{
    config->max_half_open = 1;
}

static void open_stage(struct stage *stage)
{
    struct rawpeer *peer = &stage->peer;

    *stage = (struct stage){.peer = {0}};
    raw_new(peer, two_strangers_are_too_many);
    raw_protect(peer, two_strangers_are_too_many);
    raw_accept(peer);
    raw_begin_request(peer, L2TPHA_MESSAGE_ICRQ, 0);
    assert_ok(raw_send(peer));
    ck_assert(l2tpha_message_u16(raw_expect(peer, L2TPHA_MESSAGE_ICRP),
                                 L2TPHA_AVP_ASSIGNED_SESSION_ID, &stage->call));
    raw_begin_connect(peer, L2TPHA_MESSAGE_ICCN, stage->call);
    l2tpha_builder_put_flag(&peer->builder, L2TPHA_AVP_SEQUENCING_REQUIRED);
    assert_ok(raw_send(peer));
    raw_pass(peer, 100);
    raw_forget(peer);
    stage->heard = talloc_size(root, 0);
}

static void close_stage(struct stage *stage)
{
    talloc_free(stage->heard);
    raw_free(&stage->peer);
}

/* --- all that can be seen of a node, octet by octet --- */

static void hear(struct stage *stage, const void *data, size_t len)
{
    size_t before = talloc_get_size(stage->heard);

    stage->heard = talloc_realloc(root, stage->heard, uint8_t, (unsigned)(before + len));
    memcpy(stage->heard + before, data, len);
}

static void hear_output(struct stage *stage, const struct l2tpha_output *output)
{
    hear(stage, &output->kind, sizeof(output->kind));
    hear(stage, &output->tunnel_id, sizeof(output->tunnel_id));
    if (output->kind == L2TPHA_OUTPUT_EVENT) {
        hear(stage, &output->event->kind, sizeof(output->event->kind));
        hear(stage, &output->event->session_id, sizeof(output->event->session_id));
        hear(stage, output->event->text, strlen(output->event->text));
        return;
    }
    hear(stage, output->data, output->len);
    if (output->kind == L2TPHA_OUTPUT_DATAGRAM) {
        hear(stage, output->path, sizeof(*output->path));
        return;
    }
    assert_ok(l2tpha_checkpoint_apply(stage->peer.standby, output->data, output->len,
                                      stage->peer.now, NULL));
    assert_ok(l2tpha_checkpoint_done(stage->peer.node, output->position, 0, stage->peer.now));
}

static void drain(struct stage *stage)
{
    struct l2tpha_output output;

    while (l2tpha_poll(stage->peer.node, &output, 1, stage->peer.now) > 0)
        hear_output(stage, &output);
}

/* The host's part: a frame is returned. */
static void hear_result(struct stage *stage, const struct line *line, int result,
                        const struct l2tpha_frame *frame)
{
    const struct l2tpha_path *path;
    uint8_t header[L2TPHA_DATA_HEADER_MAX];
    uint32_t id = 0;
    size_t len;

    assert_error(result, line->result);
    hear(stage, &result, sizeof(result));
    ck_assert_int_eq(frame->session != NULL, line->payload != 0);
    if (!frame->session)
        return;
    ck_assert_uint_eq(frame->len, 1);
    ck_assert_uint_eq(frame->payload[0], line->payload);
    id = l2tpha_session_id(frame->session);
    hear(stage, &id, sizeof(id));
    assert_ok(l2tpha_data_send(frame->session, 1, false, header, &len, &path, stage->peer.now));
    hear(stage, header, len);
}

static void hear_state(struct stage *stage)
{
    uint64_t active, standby;

    raw_pass(&stage->peer, 150); /* what is late is told */
    active = l2tpha_checkpoint_digest(stage->peer.node);
    standby = l2tpha_checkpoint_digest(stage->peer.standby);
    ck_assert_uint_eq(active, standby);
    hear(stage, &active, sizeof(active));
    hear(stage, l2tpha_counters(stage->peer.node), sizeof(struct l2tpha_counters));
}

/* --- the script --- */

static struct line *write_line(uint32_t at, const struct rawpeer *peer, uint8_t from, int result)
{
    struct line *line = &script[at];

    *line = (struct line){.path = peer->path, .result = result};
    if (from)
        line->path.remote.bytes[0] = from;
    return line;
}

static void write_octets(uint32_t at, const struct rawpeer *peer, const void *data, size_t len,
                         int result)
{
    struct line *line = write_line(at, peer, 0, result);

    ck_assert_uint_le(len, DATAGRAM_MAX);
    memcpy(line->data, data, len);
    line->len = len;
}

/* What was begun, as the message number `ahead` from the next one. */
static struct line *write_message(uint32_t at, struct rawpeer *peer, uint8_t from, int ahead,
                                  int result)
{
    struct line *line = write_line(at, peer, from, result);

    assert_ok(l2tpha_builder_end(&peer->builder, &line->len));
    ck_assert_uint_le(line->len, DATAGRAM_MAX);
    memcpy(line->data, peer->build, line->len);
    l2tpha_header_stamp(line->data, (uint16_t)((from ? 0 : peer->ns) + ahead), from ? 0 : peer->nr);
    return line;
}

static void write_request(uint32_t at, struct rawpeer *peer, uint8_t from)
{
    raw_begin_setup(peer, L2TPHA_MESSAGE_SCCRQ);
    write_message(at, peer, from, 0, L2TPHA_OK);
}

/* One octet of payload that is the number of its line, counted from 1. */
static void write_data(uint32_t at, const struct stage *stage, uint16_t ns, int result)
{
    struct line *line = write_line(at, &stage->peer, 0, result);
    struct l2tpha_header header = {.has_length = true,
                                   .has_sequence = true,
                                   .version = 2,
                                   .length = 13,
                                   .ns = ns,
                                   .tunnel_id = stage->peer.node_id,
                                   .session_id = stage->call};

    assert_ok(l2tpha_header_encode(&header, line->data, DATAGRAM_MAX, &line->len));
    line->payload = result ? 0 : (uint8_t)(at + 1);
    line->data[line->len++] = (uint8_t)(at + 1);
}

/* The id that the first one gets who asks. */
static uint16_t id_of_stranger(void)
{
    struct stage stage;
    uint16_t id;

    open_stage(&stage);
    assert_ok(l2tpha_feed(stage.peer.node, &script[0].path, script[0].data, script[0].len,
                          stage.peer.now));
    raw_drain(&stage.peer);
    ck_assert(l2tpha_message_u16(raw_expect(&stage.peer, L2TPHA_MESSAGE_SCCRP),
                                 L2TPHA_AVP_ASSIGNED_TUNNEL_ID, &id));
    close_stage(&stage);
    return id;
}

/* Somebody asks for a tunnel; the next who does is in his place; then he has none. Meanwhile a call
 * carries data, and ends. */
static void write_script(struct stage *stage)
{
    static const uint8_t version_3[] = {0xc8, 3, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0};
    struct rawpeer *peer = &stage->peer;

    write_request(0, peer, 20);
    write_data(1, stage, 0, L2TPHA_OK);
    write_octets(2, peer, "", 1, L2TPHA_ERR_TRUNCATED);
    write_data(3, stage, 1, L2TPHA_OK);
    write_data(4, stage, 0, L2TPHA_ERR_SEQUENCE);
    write_request(5, peer, 30);
    raw_begin(peer, L2TPHA_MESSAGE_SCCCN, 0);
    put_u16(peer->build + 4, id_of_stranger());
    write_message(6, peer, 20, 1, L2TPHA_ERR_NOT_OURS);
    raw_begin(peer, L2TPHA_MESSAGE_ICRQ, 0);
    l2tpha_builder_put_u16(&peer->builder, L2TPHA_AVP_ASSIGNED_SESSION_ID, OTHER_CALL);
    l2tpha_builder_put_u32(&peer->builder, L2TPHA_AVP_CALL_SERIAL_NUMBER, 2);
    write_message(7, peer, 0, 0, L2TPHA_OK);
    write_data(8, stage, 2, L2TPHA_OK);
    raw_begin_cdn(peer, stage->call);
    write_message(9, peer, 0, 1, L2TPHA_OK);
    write_data(10, stage, 3, L2TPHA_ERR_NOT_OURS);
    write_octets(11, peer, version_3, sizeof(version_3), L2TPHA_ERR_VERSION);
}

static void one_by_one(struct stage *stage, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        const struct line *line = &script[i];
        struct l2tpha_frame frame = {.session = NULL};
        int result =
            l2tpha_feed(stage->peer.node, &line->path, line->data, line->len, stage->peer.now);

        if (result == L2TPHA_ERR_DATA_MESSAGE)
            result = l2tpha_data_receive(stage->peer.node, &line->path, line->data, line->len,
                                         stage->peer.now, &frame);
        hear_result(stage, line, result, &frame);
    }
}

static void in_a_batch(struct stage *stage, uint32_t from, uint32_t to)
{
    struct l2tpha_datagram batch[SCRIPT];
    struct l2tpha_frame frames[SCRIPT];
    size_t count = to - from, done = 0;

    for (uint32_t i = 0; i < count; i++)
        batch[i] = (struct l2tpha_datagram){.path = &script[from + i].path,
                                            .data = script[from + i].data,
                                            .len = script[from + i].len,
                                            .frame = &frames[i],
                                            .result = 1};
    while (done < count) {
        size_t more =
            l2tpha_feed_batch(stage->peer.node, batch + done, count - done, stage->peer.now);
        ck_assert_uint_ge(more, 1);
        for (; more > 0; more--, done++)
            hear_result(stage, &script[from + done], batch[done].result, &frames[done]);
    }
}

/* Bit i: a piece ends behind line i. */
static uint8_t *play(uint32_t split, void (*piece)(struct stage *, uint32_t, uint32_t))
{
    struct stage stage;
    uint32_t from = 0;

    open_stage(&stage);
    for (uint32_t i = 0; i < SCRIPT; i++) {
        if (!(split >> i & 1) && i + 1 < SCRIPT)
            continue;
        piece(&stage, from, i + 1);
        drain(&stage);
        from = i + 1;
    }
    hear_state(&stage);
    uint8_t *heard = talloc_steal(root, stage.heard);
    stage.heard = NULL;
    close_stage(&stage);
    return heard;
}

#define CHUNK 64

START_TEST(every_split_is_the_same)
{
    struct stage stage;

    open_stage(&stage);
    write_script(&stage);
    close_stage(&stage);
    for (uint32_t split = (uint32_t)_i * CHUNK; split < ((uint32_t)_i + 1) * CHUNK; split++) {
        uint8_t *expected = play(split, one_by_one), *got = play(split, in_a_batch);
        ck_assert_uint_eq(talloc_get_size(got), talloc_get_size(expected));
        ck_assert_msg(memcmp(got, expected, talloc_get_size(expected)) == 0, "split %u", split);
        talloc_free(expected);
        talloc_free(got);
    }
}
END_TEST

/* --- what a call does --- */

static struct stage stage;

static void setup(void)
{
    fixture_setup();
    open_stage(&stage);
    write_script(&stage);
}

static void teardown(void)
{
    close_stage(&stage);
    fixture_teardown();
}

static void put_line(struct l2tpha_datagram *datagram, uint32_t at, struct l2tpha_frame *frame)
{
    *datagram = (struct l2tpha_datagram){.path = &script[at].path,
                                         .data = script[at].data,
                                         .len = script[at].len,
                                         .frame = frame,
                                         .result = 1};
}

START_TEST(a_call_is_over_before_what_could_end_the_calls_of_its_frames)
{
    static const struct {
        uint32_t lines[4];
        size_t done;
    } rows[] = {
        {{0, 1, 3, 9}, 3}, /* the CDN is for the next one */
        {{0, 1, 2, 5}, 3}, {{0, 1, 11, 3}, 2}, {{5, 0, 1, 3}, 4},
        {{1, 3, 4, 8}, 4}, {{4, 0, 1, 3}, 1}, /* whatever comes of the frame */
    };
    struct l2tpha_datagram batch[4];
    struct l2tpha_frame frames[4];

    for (size_t i = 0; i < 4; i++)
        put_line(&batch[i], rows[_i].lines[i], &frames[i]);
    size_t done = l2tpha_feed_batch(stage.peer.node, batch, 4, stage.peer.now);
    ck_assert_uint_eq(done, rows[_i].done);
    for (size_t i = done; i < 4; i++)
        ck_assert_int_eq(batch[i].result, 1);
}
END_TEST

START_TEST(without_room_data_is_left)
{
    struct l2tpha_datagram batch[3];

    put_line(&batch[0], 1, NULL);
    put_line(&batch[1], 9, NULL);
    put_line(&batch[2], 3, NULL);
    put_u16(script[9].data + 8, stage.peer.ns);
    ck_assert_uint_eq(l2tpha_feed_batch(stage.peer.node, batch, 3, stage.peer.now), 3);
    assert_error(batch[0].result, L2TPHA_ERR_DATA_MESSAGE);
    assert_ok(batch[1].result);
    assert_error(batch[2].result, L2TPHA_ERR_DATA_MESSAGE);
    ck_assert_uint_eq(raw_counters(&stage.peer)->data_in, 0);
}
END_TEST

START_TEST(nothing_comes_of_nothing)
{
    struct l2tpha_counters before = *raw_counters(&stage.peer);
    struct l2tpha_datagram batch[3];

    ck_assert_uint_eq(l2tpha_feed_batch(stage.peer.node, NULL, 5, stage.peer.now), 0);
    put_line(&batch[0], 0, NULL);
    ck_assert_uint_eq(l2tpha_feed_batch(stage.peer.node, batch, 0, stage.peer.now), 0);
    ck_assert_int_eq(batch[0].result, 1);
    put_line(&batch[1], 1, NULL);
    ck_assert_uint_eq(l2tpha_feed_batch(NULL, batch, 2, stage.peer.now), 2);
    assert_error(batch[0].result, L2TPHA_ERR_INVALID);
    assert_error(batch[1].result, L2TPHA_ERR_INVALID);
    put_line(&batch[0], 0, NULL);
    ck_assert_uint_eq(l2tpha_feed_batch(stage.peer.node, batch, 2, L2TPHA_NEVER), 2);
    assert_error(batch[0].result, L2TPHA_ERR_INVALID);
    assert_error(batch[1].result, L2TPHA_ERR_INVALID);
    ck_assert_int_eq(memcmp(&before, raw_counters(&stage.peer), sizeof(before)), 0);
}
END_TEST

START_TEST(what_is_no_datagram_is_refused_alone)
{
    struct l2tpha_frame frame = {.session = (struct l2tpha_session *)(void *)&frame};
    struct l2tpha_datagram batch[4];

    put_line(&batch[0], 0, NULL);
    put_line(&batch[1], 5, &frame);
    put_line(&batch[2], 2, NULL);
    put_line(&batch[3], 5, NULL);
    batch[1].path = NULL;
    batch[2].data = NULL;
    ck_assert_uint_eq(l2tpha_feed_batch(stage.peer.node, batch, 4, stage.peer.now), 4);
    assert_ok(batch[0].result);
    assert_error(batch[1].result, L2TPHA_ERR_INVALID);
    ck_assert_ptr_null(frame.session);
    assert_error(batch[2].result, L2TPHA_ERR_INVALID);
    assert_ok(batch[3].result);
    ck_assert_uint_eq(raw_counters(&stage.peer)->datagrams_in, 2 + 4);
}
END_TEST

/* Each is told and counted, for each is lost. */
START_TEST(who_does_not_serve_takes_none)
{
    struct l2tpha_datagram batch[3];
    struct l2tpha_node *node = stage.peer.node;
    int expected = L2TPHA_ERR_STATE;

    for (uint32_t i = 0; i < 3; i++)
        put_line(&batch[i], i, NULL);
    if (_i == 0)
        assert_ok(l2tpha_hold(node, stage.peer.now));
    if (_i == 1)
        assert_ok(l2tpha_switchover(node, stage.peer.now));
    if (_i > 1) {
        if (_i == 2)
            assert_ok(l2tpha_fence(node, 9, stage.peer.now));
        else
            node = stage.peer.standby;
        expected = L2TPHA_ERR_ROLE;
    }
    ck_assert_uint_eq(l2tpha_feed_batch(node, batch, 3, stage.peer.now), 3);
    for (uint32_t i = 0; i < 3; i++)
        assert_error(batch[i].result, expected);
    ck_assert_uint_eq(l2tpha_counters(node)->fenced_drops, 3);
}
END_TEST

/* --- tables so large that memory is asked for ahead --- */

#define TUNNELS 1100
#define MANY 200

static struct bench crowds[2]; /* alike */
static struct line lines[MANY];

/* Data of calls that are there or are not, messages of all kinds, and what is neither. */
static void write_anything(struct line *line, struct l2tpha_session *session, uint32_t at)
{
    struct l2tpha_header header = {.control = at % 3 == 0,
                                   .has_length = true,
                                   .has_sequence = true,
                                   .version = 2,
                                   .length = 12,
                                   .tunnel_id = l2tpha_tunnel_id(l2tpha_session_tunnel(session)),
                                   .session_id = l2tpha_session_id(session),
                                   .ns = 4,
                                   .nr = 2};

    *line = (struct line){.path = {.remote = {.len = 1, .bytes = {at % 13 ? 1 : 7}}}};
    if (at % 7 == 0)
        header.tunnel_id++;
    if (at % 5 == 0)
        header.session_id++;
    assert_ok(l2tpha_header_encode(&header, line->data, DATAGRAM_MAX, &line->len));
    if (at % 11 == 0)
        line->data[1] = 3;
    if (at % 17 == 0)
        line->len = at % 12;
}

static void feed_crowd(uint32_t from, uint32_t count)
{
    struct l2tpha_datagram batch[MANY];
    struct l2tpha_frame frames[MANY], frame;
    size_t done = 0;

    for (uint32_t i = 0; i < count; i++) {
        struct line *line = &lines[from + i];
        line->result =
            l2tpha_feed(crowds[0].lns, &line->path, line->data, line->len, crowds[0].now);
        if (line->result == L2TPHA_ERR_DATA_MESSAGE)
            line->result = l2tpha_data_receive(crowds[0].lns, &line->path, line->data, line->len,
                                               crowds[0].now, &frame);
        batch[i] = (struct l2tpha_datagram){
            .path = &line->path, .data = line->data, .len = line->len, .frame = &frames[i]};
    }
    while (done < count)
        done += l2tpha_feed_batch(crowds[1].lns, batch + done, count - done, crowds[1].now);
    for (uint32_t i = 0; i < count; i++)
        assert_error(batch[i].result, lines[from + i].result);
}

START_TEST(large_tables_are_the_same)
{
    struct l2tpha_session *session = NULL;
    uint32_t place = 0;

    for (int i = 0; i < 2; i++) {
        bench_open(&crowds[i], false);
        bench_calls(&crowds[i], TUNNELS, 1, 16);
    }
    for (uint32_t i = 0; i < MANY; i++) {
        session = l2tpha_session_walk(crowds[0].lns, &place);
        write_anything(&lines[i], session, i);
    }
    for (uint32_t from = 0, count = 1; from < MANY; from += count, count = 2 * count + 1)
        feed_crowd(from, count < MANY - from ? count : MANY - from);
    ck_assert_int_eq(memcmp(l2tpha_counters(crowds[0].lns), l2tpha_counters(crowds[1].lns),
                            sizeof(struct l2tpha_counters)),
                     0);
    ck_assert_uint_gt(l2tpha_counters(crowds[1].lns)->data_in, MANY / 3);
    for (int i = 0; i < 2; i++)
        bench_close(&crowds[i]);
}
END_TEST

Suite *suite_feed_batch(void)
{
    TCase *tcase = tcase_create("feed_batch"), *splits = tcase_create("splits");
    Suite *suite = suite_create("feed_batch");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_checked_fixture(splits, fixture_setup, fixture_teardown);
    suite_add_tcase(suite, tcase);
    suite_add_tcase(suite, splits);
    tcase_add_loop_test(tcase, a_call_is_over_before_what_could_end_the_calls_of_its_frames, 0, 6);
    tcase_add_test(tcase, without_room_data_is_left);
    tcase_add_test(tcase, nothing_comes_of_nothing);
    tcase_add_test(tcase, what_is_no_datagram_is_refused_alone);
    tcase_add_loop_test(tcase, who_does_not_serve_takes_none, 0, 4);
    tcase_add_test(splits, large_tables_are_the_same);
    tcase_add_loop_test(splits, every_split_is_the_same, 0, (1 << (SCRIPT - 1)) / CHUNK);
    return suite;
}
