/* SPDX-License-Identifier: MIT */
/* What a poll has given out stays until the next one, whatever the host calls while it goes through
 * the batch. Under AddressSanitizer whoever frees any of it too early is found. */
#include "bench/pair.h"
#include "dice.h"
#include "dispatch/output.h"
#include "fixture.h"
#include "node/node.h"

#include <l2tpha/l2tpha.h>
#include <stdio.h>
#include <string.h>

#define BATCH 64
#define CALLS 40

static struct bench pair;
static char users[CALLS];

/* What the LAC has to say reaches the LNS, which is not polled. */
static void carry(void)
{
    const struct l2tpha_path lac = {.remote = {.len = 1, .bytes = {1}}}; /* as in pair.c */
    struct l2tpha_output outputs[BATCH];
    size_t count;

    while ((count = l2tpha_poll(pair.lac, outputs, BATCH, pair.now)) > 0)
        for (size_t i = 0; i < count; i++)
            if (outputs[i].kind == L2TPHA_OUTPUT_DATAGRAM)
                l2tpha_feed(pair.lns, &lac, outputs[i].data, outputs[i].len, pair.now);
}

/* Calls of the LAC come up at the LNS, which has their events to poll. */
static void ring(uint32_t calls)
{
    const struct l2tpha_path lns = {.remote = {.len = 1, .bytes = {2}}};
    struct l2tpha_tunnel_options options = {.size = sizeof(options), .path = lns};
    struct l2tpha_session_options call = {
        .size = sizeof(call), .call = L2TPHA_CALL_INCOMING, .framing = 1, .tx_speed = 64000};
    struct l2tpha_tunnel *tunnel;
    struct l2tpha_session *session;
    struct l2tpha_output output;

    assert_ok(l2tpha_tunnel_open(pair.lac, &options, pair.now, &tunnel));
    bench_settle(&pair);
    for (uint32_t i = 0; i < calls; i++)
        assert_ok(l2tpha_session_open(tunnel, &call, pair.now, &session));
    for (unsigned turn = 0; turn < 400; turn++) {
        carry();
        while (engine_next_datagram(&pair.lns->engine, &output)) /* and no event */
            l2tpha_feed(pair.lac, &lns, output.data, output.len, pair.now);
        pair.now += 10000;
        l2tpha_expire(pair.lac, pair.now);
        l2tpha_expire(pair.lns, pair.now);
    }
}

/* All that is known of an output when it was polled. */
struct seen {
    struct l2tpha_output output;
    struct l2tpha_path path;
    uint8_t *data;
    struct l2tpha_event event;
    char text[256];
    uint8_t *message;
    size_t message_len;
};

static void look_at(struct seen *seen, const struct l2tpha_output *output)
{
    const struct l2tpha_event *event = output->event;

    *seen = (struct seen){.output = *output};
    if (output->kind != L2TPHA_OUTPUT_EVENT)
        seen->data = talloc_memdup(root, output->data, output->len);
    if (output->kind == L2TPHA_OUTPUT_DATAGRAM)
        seen->path = *output->path;
    if (!event)
        return;
    seen->event = *event;
    snprintf(seen->text, sizeof(seen->text), "%s", event->text);
    if (event->message) {
        seen->message_len = event->message->body_len;
        seen->message = talloc_memdup(root, event->message->body, seen->message_len);
    }
}

static void is_as_it_was(struct seen *seen, const struct l2tpha_output *output)
{
    const struct l2tpha_event *event = output->event;
    struct l2tpha_tunnel_record tunnel;
    struct l2tpha_session_record session;

    ck_assert_int_eq(output->kind, seen->output.kind);
    if (seen->data)
        for (size_t i = 0; i < seen->output.len; i++)
            if (output->data[i] != seen->data[i])
                ck_abort_msg("octet %zu of %zu, kind %d", i, output->len, output->kind);
    if (output->kind == L2TPHA_OUTPUT_DATAGRAM)
        ck_assert_int_eq(memcmp(output->path, &seen->path, sizeof(seen->path)), 0);
    talloc_free(seen->data);
    if (!event)
        return;
    ck_assert_uint_eq(event->kind, seen->event.kind);
    ck_assert_str_eq(event->text, seen->text);
    ck_assert_ptr_eq(event->tunnel, seen->event.tunnel);
    ck_assert_ptr_eq(event->session, seen->event.session);
    if (event->tunnel) {
        l2tpha_tunnel_get(event->tunnel, &tunnel);
        ck_assert_uint_eq(tunnel.local_id, event->tunnel_id);
    }
    if (event->session) {
        l2tpha_session_get(event->session, &session);
        ck_assert_uint_eq(session.local_id, event->session_id);
        ck_assert_ptr_eq(l2tpha_session_tunnel(event->session), event->tunnel);
    }
    if (seen->message)
        ck_assert_int_eq(memcmp(event->message->body, seen->message, seen->message_len), 0);
    talloc_free(seen->message);
}

/* --- one call of each kind --- */

static void setup(void)
{
    fixture_setup();
    bench_open(&pair, false);
}

static void teardown(void)
{
    bench_close(&pair);
    fixture_teardown();
}

/* It attaches its own to each call, and by the tenth it has had enough. */
START_TEST(a_host_closes_the_tunnel_of_later_events)
{
    static const uint8_t state[] = "the host's";
    struct l2tpha_output outputs[BATCH];
    unsigned up = 0, down = 0, refused = 0;
    size_t count;

    ring(CALLS);
    while ((count = l2tpha_poll(pair.lns, outputs, BATCH, pair.now)) > 0)
        for (size_t i = 0; i < count; i++) {
            const struct l2tpha_event *event = outputs[i].event;
            if (!event || (event->kind != L2TPHA_EVENT_SESSION_UP &&
                           event->kind != L2TPHA_EVENT_SESSION_DOWN))
                continue;
            if (event->kind == L2TPHA_EVENT_SESSION_DOWN) {
                down += event->user != NULL; /* set before, in the same batch or not */
                continue;
            }
            if (!event->session)
                continue;
            if (++up == 10)
                assert_ok(l2tpha_tunnel_close(event->tunnel, 1, 0, "enough", pair.now));
            l2tpha_session_set_user(event->session, &users[up]);
            ck_assert_ptr_eq(event->user, &users[up]);
            int error =
                l2tpha_session_set_app_state(event->session, state, sizeof(state), pair.now);
            refused += error == L2TPHA_ERR_STATE;
            ck_assert_int_eq(error, up < 10 ? L2TPHA_OK : L2TPHA_ERR_STATE);
        }
    ck_assert_uint_gt(refused, 1);
    ck_assert_uint_eq(down, up);
}
END_TEST

/* Nothing that is said of one that is over has an effect, or is refused by another name. */
START_TEST(a_call_that_is_over_refuses_all)
{
    struct l2tpha_output outputs[BATCH];
    struct l2tpha_disconnect why = {.size = sizeof(why), .result = 3};
    struct l2tpha_session *session = NULL;
    struct l2tpha_tunnel *tunnel = NULL;
    struct l2tpha_session_record record;
    const struct l2tpha_path *path;
    uint8_t header[L2TPHA_DATA_HEADER_MAX];
    size_t len;

    ring(1);
    size_t count = l2tpha_poll(pair.lns, outputs, BATCH, pair.now);
    for (size_t i = 0; i < count; i++)
        if (outputs[i].event && outputs[i].event->kind == L2TPHA_EVENT_SESSION_UP) {
            session = outputs[i].event->session;
            tunnel = outputs[i].event->tunnel;
        }
    ck_assert_ptr_nonnull(session);
    assert_ok(l2tpha_session_close(session, &why, pair.now));
    assert_error(l2tpha_session_close(session, &why, pair.now), L2TPHA_ERR_STATE);
    assert_error(l2tpha_session_set_app_state(session, NULL, 0, pair.now), L2TPHA_ERR_STATE);
    assert_error(l2tpha_session_needs_app_state(session, true, pair.now), L2TPHA_ERR_STATE);
    assert_error(l2tpha_session_heard(session, pair.now), L2TPHA_ERR_STATE);
    assert_error(l2tpha_session_set_link_info(session, 0, 0, pair.now), L2TPHA_ERR_STATE);
    assert_error(l2tpha_data_send(session, 10, false, header, &len, &path, pair.now),
                 L2TPHA_ERR_STATE);
    l2tpha_session_get(session, &record);
    ck_assert_uint_eq(record.state, L2TPHA_SESSION_IDLE);
    ck_assert_ptr_null(l2tpha_session_next(tunnel, session));
    ck_assert_uint_eq(l2tpha_tunnel_sessions(tunnel), 0);
}
END_TEST

/* --- any calls in any order --- */

static void feed_what_lac_says(void)
{
    struct l2tpha_output outputs[4];
    const struct l2tpha_path path = {
        .remote = {.len = 1, .bytes = {below(16) ? 1 : 3}}}; /* from elsewhere at times */
    size_t count = l2tpha_poll(pair.lac, outputs, 1 + below(4), pair.now);

    for (size_t i = 0; i < count; i++)
        if (outputs[i].kind == L2TPHA_OUTPUT_DATAGRAM && below(8))
            l2tpha_feed(pair.lns, &path, outputs[i].data, outputs[i].len, pair.now);
}

static struct l2tpha_tunnel *any_tunnel(void)
{
    struct l2tpha_tunnel *tunnel = NULL;
    uint32_t skip = below(3);

    do
        tunnel = l2tpha_tunnel_next(pair.lns, tunnel);
    while (tunnel && skip-- > 0);
    return tunnel;
}

static void do_anything(struct l2tpha_link *link, const struct l2tpha_output *output)
{
    struct l2tpha_disconnect why = {.size = sizeof(why), .result = 3};
    struct l2tpha_tunnel *tunnel = output->event ? output->event->tunnel : any_tunnel();
    struct l2tpha_session *session = output->event ? output->event->session : NULL;
    uint64_t last = l2tpha_checkpoint_last(pair.lns);

    switch (below(14)) {
    case 0:
        if (tunnel)
            l2tpha_tunnel_close(tunnel, 1, 0, "any", pair.now);
        break;
    case 1:
        if (session)
            l2tpha_session_close(session, &why, pair.now);
        break;
    case 2:
        if (session)
            l2tpha_session_set_app_state(session, (const uint8_t *)"x", 1, pair.now);
        break;
    case 3:
        if (tunnel)
            l2tpha_tunnel_set_app_state(tunnel, (const uint8_t *)"x", 1, pair.now);
        break;
    case 4:
    case 5:
    case 6:
        feed_what_lac_says();
        break;
    case 7:
        pair.now += below(4) ? 1000 : 2000000;
        l2tpha_expire(pair.lns, pair.now);
        l2tpha_expire(pair.lac, pair.now);
        break;
    case 8:
        l2tpha_checkpoint_done(pair.lns, last - (last ? below(2) : 0), below(16) ? 0 : -1,
                               pair.now);
        break;
    case 9:
        if (below(8) == 0)
            l2tpha_checkpoint_stop(pair.lns, pair.now);
        break;
    case 10:
        if (below(4) == 0)
            l2tpha_checkpoint_bulk(pair.lns, pair.now);
        break;
    case 11:
        if (output->kind == L2TPHA_OUTPUT_CHECKPOINT)
            l2tpha_link_send(link, output->position, output->data, output->len, pair.now);
        break;
    case 12:
        l2tpha_link_expire(link, pair.now);
        break;
    case 13:
        if (below(500) == 0)
            l2tpha_fence(pair.lns, 9, pair.now);
        break;
    }
}

/* Its outputs are small, so that its queue is full soon and the node goes on alone. */
static struct l2tpha_link *make_link(void)
{
    struct l2tpha_link_options options = {.size = sizeof(options), .max_queue = 4096};
    struct l2tpha_link_options other = {.size = sizeof(other)};
    struct l2tpha_link *link, *far;
    const uint8_t *data;

    pair.standby = NULL;
    assert_ok(l2tpha_link_new(pair.lns, &options, pair.now, &link));
    struct bench side;
    bench_open(&side, true);
    assert_ok(l2tpha_link_new(side.standby, &other, pair.now, &far));
    size_t len = l2tpha_link_poll(far, &data, pair.now);
    l2tpha_link_feed(link, data, len, pair.now);
    bench_close(&side);
    return link;
}

START_TEST(a_host_calls_anything_between_the_outputs_of_a_batch)
{
    struct l2tpha_output outputs[BATCH];
    struct seen seen[BATCH];
    struct l2tpha_link *link = make_link();

    random_state = (uint64_t)_i * 7919 + 1;
    for (uint32_t round = 0; round < 3; round++)
        ring(1 + below(CALLS));
    for (uint32_t round = 0; round < 200; round++) {
        size_t count = l2tpha_poll(pair.lns, outputs, 1 + below(BATCH), pair.now);
        for (size_t i = 0; i < count; i++)
            look_at(&seen[i], &outputs[i]);
        for (size_t i = 0; i < count; i++)
            do_anything(link, &outputs[i]);
        for (size_t i = 0; i < count; i++)
            is_as_it_was(&seen[i], &outputs[i]);
        if (count == 0)
            do_anything(link, &(struct l2tpha_output){.kind = L2TPHA_OUTPUT_DATAGRAM});
    }
}
END_TEST

Suite *suite_batch(void)
{
    TCase *tcase = tcase_create("batch");
    Suite *suite = suite_create("batch");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 120);
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, a_host_closes_the_tunnel_of_later_events);
    tcase_add_test(tcase, a_call_that_is_over_refuses_all);
    tcase_add_loop_test(tcase, a_host_calls_anything_between_the_outputs_of_a_batch, 0, 60);
    return suite;
}
