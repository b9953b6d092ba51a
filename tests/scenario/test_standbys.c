/* SPDX-License-Identifier: MIT */
/* Two standbys at once, each on a link of its own. */
#include "scenario/rig_trio.h"

#include <string.h>

#define LINES 2

/* A standby and its stream. */
struct line {
    struct l2tpha_node *node;
    struct l2tpha_link *up, *down; /* the active's end, the standby's */
    bool stopped;                  /* nothing is read at the standby */
    int error;                     /* by which the stream has ended */
};

static struct line lines[LINES];
static const char *const names[LINES] = {"b", "c"};
static const uint32_t ranks[LINES] = {7, 9};

static void close_line(struct line *line)
{
    l2tpha_link_free(line->up, trio.now);
    l2tpha_link_free(line->down, trio.now);
    line->up = line->down = NULL;
}

static bool move(struct line *line, struct l2tpha_link *from, struct l2tpha_link *to)
{
    const uint8_t *data;
    size_t len = l2tpha_link_poll(from, &data, trio.now);

    if (len == 0)
        return false;
    int error = l2tpha_link_feed(to, data, len, trio.now);
    line->error = line->error ? line->error : error;
    l2tpha_link_sent(from, len);
    return true;
}

static bool carry(void)
{
    bool any = false;

    for (unsigned i = 0; i < LINES; i++) {
        struct line *line = &lines[i];
        if (!line->up || line->stopped)
            continue;
        any = move(line, line->up, line->down) || any;
        any = move(line, line->down, line->up) || any;
        if (line->error)
            close_line(line);
    }
    return any;
}

static struct l2tpha_link_info info_at(const struct l2tpha_link *link)
{
    struct l2tpha_link_info info = {.size = sizeof(info)};

    l2tpha_link_get(link, &info);
    return info;
}

static unsigned kinds; /* of checkpoints: a bit each */

static void ship(const struct l2tpha_output *output)
{
    struct l2tpha_checkpoint_header header;
    struct l2tpha_reading records;

    assert_ok(l2tpha_serializer_proto()->get_header(output->data, output->len, &header, &records));
    kinds |= 1u << header.kind;
    for (unsigned i = 0; i < LINES; i++)
        if (lines[i].up && info_at(lines[i].up).consumer == output->consumer)
            assert_ok(l2tpha_link_send(lines[i].up, output->position, output->data, output->len,
                                       trio.now));
}

/* Who says that no output waits for a standby. */
enum who { NOBODY, BY_ACTIVE, BY_STANDBY };

static int open_line(unsigned which, enum who ungated)
{
    struct l2tpha_link_options options = {.size = sizeof(options),
                                          .heartbeat_ms = 20000,
                                          .silence_ms = 90000,
                                          .name = names[which],
                                          .ungated = ungated == BY_ACTIVE};
    struct line *line = &lines[which];

    line->error = 0;
    assert_ok(l2tpha_link_new(trio.near, &options, trio.now, &line->up));
    options.ungated = ungated == BY_STANDBY;
    assert_ok(l2tpha_link_new(line->node, &options, trio.now, &line->down));
    trio_settle();
    return line->error;
}

static struct l2tpha_consumer_info consumer(unsigned which)
{
    struct l2tpha_consumer_info info = {.size = sizeof(info)};

    for (uint32_t id = 1; id <= L2TPHA_CONSUMERS_MAX; id++)
        if (l2tpha_consumer_get(trio.near, id, &info) == 0 && strcmp(info.name, names[which]) == 0)
            return info;
    ck_abort_msg("no consumer %s", names[which]);
}

static void begin(enum who ungated)
{
    memset(lines, 0, sizeof(lines));
    trio_begin(NOBODY);
    trio.ship = ship;
    trio.carry = carry;
    for (unsigned i = 0; i < LINES; i++) {
        struct l2tpha_config config = trio.config;
        config.standby = true;
        config.rank = ranks[i];
        assert_ok(l2tpha_node_new(root, &config, &trio.host, trio.now, &lines[i].node));
        machines_install(lines[i].node, true);
        assert_ok(open_line(i, i == 1 ? ungated : NOBODY));
    }
    for (unsigned i = 0; i < LINES; i++) {
        ck_assert_int_eq(consumer(i).state, L2TPHA_CONSUMER_IN_SYNC);
        ck_assert_uint_eq(consumer(i).level, L2TPHA_LEVEL);
        ck_assert_int_eq(info_of(lines[i].node).role, L2TPHA_ROLE_STANDBY_HOT);
    }
    ck_assert_int_eq(info_of(trio.near).role, L2TPHA_ROLE_ACTIVE);
}

static void end(void)
{
    for (unsigned i = 0; i < LINES; i++) {
        close_line(&lines[i]);
        if (lines[i].node != trio.near)
            l2tpha_node_free(lines[i].node);
    }
    trio.ship = NULL;
    trio.carry = NULL;
}

static void assert_calls(unsigned count)
{
    ck_assert_uint_eq(info_of(trio.near).sessions, count);
    ck_assert_uint_eq(info_of(trio.far).sessions, count);
    ck_assert_uint_eq(trio_told(&trio.far_events, L2TPHA_EVENT_TUNNEL_DOWN), 0);
    ck_assert_uint_eq(trio_told(&trio.far_events, L2TPHA_EVENT_SESSION_DOWN), 0);
}

/* Acknowledgements may wait for company before. */
static void assert_same(unsigned which)
{
    trio_pass_ms(150);
    ck_assert_int_eq(info_of(lines[which].node).role, L2TPHA_ROLE_STANDBY_HOT);
    ck_assert_uint_eq(l2tpha_checkpoint_digest(lines[which].node),
                      l2tpha_checkpoint_digest(trio.near));
}

static void kill_active(unsigned heir)
{
    for (unsigned i = 0; i < LINES; i++) {
        if (lines[i].up) {
            l2tpha_link_free(lines[i].down, trio.now);
            lines[i].up = lines[i].down = NULL;
        }
    }
    uint64_t epoch = l2tpha_epoch_next(info_of(trio.near).epoch, ranks[heir]);
    for (unsigned i = 0; i < LINES; i++)
        if (lines[i].node == trio.near)
            lines[i].node = NULL;
    l2tpha_node_free(trio.near);
    trio.near = lines[heir].node;
    assert_ok(l2tpha_takeover(trio.near, epoch, trio.now));
}

/* The active dies: either of them has everything, and goes on. */
START_TEST(either_may_take_over)
{
    struct l2tpha_tunnel *tunnel;

    begin(NOBODY);
    tunnel = trio_tunnel(trio.far);
    for (int i = 0; i < 5; i++)
        trio_dial(tunnel);
    trio_settle();
    assert_same(0);
    assert_same(1);
    kill_active((unsigned)_i);
    trio_pass_ms(5000);
    trio_dial(tunnel);
    trio_settle();
    assert_calls(6);
    end();
}
END_TEST

/* ... and the other one follows the new one. */
START_TEST(the_other_follows_the_heir)
{
    unsigned heir = (unsigned)_i, other = !heir;
    struct l2tpha_tunnel *tunnel;

    begin(NOBODY);
    tunnel = trio_tunnel(trio.far);
    trio_dial(tunnel);
    trio_settle();
    kill_active(heir);
    trio_pass_ms(1000);
    assert_ok(open_line(other, NOBODY));
    ck_assert_int_eq(info_of(trio.near).role, L2TPHA_ROLE_ACTIVE);
    trio_dial(tunnel);
    trio_settle();
    assert_same(other);
    kill_active(other);
    trio_pass_ms(5000);
    assert_calls(2);
    end();
}
END_TEST

/* One that nobody waits for is stopped, or slow: nothing is held, the state says how far it is, and
 * it has everything once it reads again. */
START_TEST(a_slow_one_that_does_not_gate_holds_nobody)
{
    struct l2tpha_tunnel *tunnel;

    begin(BY_ACTIVE);
    lines[1].stopped = true;
    tunnel = trio_tunnel(trio.far);
    for (int i = 0; i < 5; i++)
        trio_dial(tunnel);
    trio_pass_ms(3000);
    assert_calls(5);
    ck_assert_int_eq(info_of(trio.near).role, L2TPHA_ROLE_ACTIVE);
    ck_assert_int_eq(consumer(1).state, L2TPHA_CONSUMER_IN_SYNC);
    ck_assert(!consumer(1).gates);
    ck_assert_uint_gt(consumer(1).lag, 5);
    ck_assert_uint_eq(consumer(0).lag, 0);
    assert_same(0);
    lines[1].stopped = false;
    trio_settle();
    ck_assert_uint_eq(consumer(1).lag, 0);
    assert_same(1);
    end();
}
END_TEST

/* One that is waited for is stopped: outputs wait its time and no longer, the node stays protected
 * by the other, and what the stopped one reads first is that it is stale. */
START_TEST(a_stopped_one_is_left_behind)
{
    struct l2tpha_tunnel *tunnel;

    begin(NOBODY);
    lines[1].stopped = true;
    trio_open(trio.far);
    trio_settle();
    tunnel = first_tunnel(trio.far);
    ck_assert_uint_eq(trio_told(&trio.far_events, L2TPHA_EVENT_TUNNEL_UP), 0); /* it is held */
    trio_pass_ms(1000);
    ck_assert_uint_eq(trio_told(&trio.far_events, L2TPHA_EVENT_TUNNEL_UP), 1);
    ck_assert_int_eq(info_of(trio.near).role, L2TPHA_ROLE_ACTIVE);
    ck_assert_int_eq(consumer(1).state, L2TPHA_CONSUMER_OUT);
    ck_assert_str_eq(consumer(1).reason, "standby silent");
    trio_dial(tunnel);
    trio_settle();
    assert_same(0);
    /* it wakes: what is behind the word that it is stale is the next copy, as soon as it may be */
    const uint8_t *data;
    size_t len = l2tpha_link_poll(lines[1].up, &data, trio.now);
    assert_ok(l2tpha_link_feed(lines[1].down, data, len, trio.now));
    l2tpha_link_sent(lines[1].up, len);
    ck_assert_int_eq(info_of(lines[1].node).role, L2TPHA_ROLE_OUT_OF_SYNC);
    assert_error(l2tpha_takeover(lines[1].node, 99 * 256 + 9, trio.now), L2TPHA_ERR_STALE);
    lines[1].stopped = false;
    trio_settle();
    trio.now += 90000000;
    assert_ok(l2tpha_link_expire(lines[1].up, trio.now));
    trio_settle();
    trio_pass_ms(100);
    assert_calls(1);
    assert_same(1);
    ck_assert_int_eq(consumer(1).state, L2TPHA_CONSUMER_IN_SYNC);
    end();
}
END_TEST

/* One dies: the other protects, and nothing says otherwise at any time. */
START_TEST(the_end_of_one_takes_no_protection)
{
    struct l2tpha_tunnel *tunnel;

    begin(NOBODY);
    tunnel = trio_tunnel(trio.far);
    uint32_t told = trio_told(&trio.near_events, L2TPHA_EVENT_ROLE_CHANGED);
    close_line(&lines[_i]);
    ck_assert_int_eq(consumer((unsigned)_i).state, L2TPHA_CONSUMER_OUT);
    ck_assert_uint_eq(consumer((unsigned)_i).level, 0); /* another release may come in its place */
    trio_dial(tunnel);
    trio_settle();
    assert_calls(1);
    assert_same(!_i);
    assert_ok(open_line((unsigned)_i, NOBODY)); /* it comes back under its name */
    assert_same((unsigned)_i);
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_ROLE_CHANGED), told);
    close_line(&lines[0]);
    close_line(&lines[1]);
    ck_assert_int_eq(info_of(trio.near).role, L2TPHA_ROLE_ACTIVE_SOLO);
    end();
}
END_TEST

/* The stream breaks and another one begins: no copy is made, and the standby is what it was. A
 * standby that is another process by then gets one. */
START_TEST(a_cut_stream_costs_no_copy)
{
    struct l2tpha_tunnel *tunnel;

    begin(NOBODY);
    tunnel = trio_tunnel(trio.far);
    close_line(&lines[0]);
    ck_assert_int_eq(info_of(lines[0].node).role, L2TPHA_ROLE_CUT_OFF);
    for (int i = 0; i < 5; i++)
        trio_dial(tunnel);
    trio_settle();
    kinds = 0;
    assert_ok(open_line(0, NOBODY));
    ck_assert_uint_eq(kinds, 1u << L2TPHA_CHECKPOINT_INCREMENT | 1u << L2TPHA_CHECKPOINT_RESUME);
    ck_assert_int_eq(consumer(0).state, L2TPHA_CONSUMER_IN_SYNC);
    assert_same(0);
    close_line(&lines[0]);
    l2tpha_node_free(lines[0].node);
    struct l2tpha_config config = trio.config;
    config.standby = true;
    config.rank = ranks[0];
    assert_ok(l2tpha_node_new(root, &config, &trio.host, trio.now, &lines[0].node));
    machines_install(lines[0].node, true);
    kinds = 0;
    assert_ok(open_line(0, NOBODY));
    ck_assert_uint_ne(kinds & 1u << L2TPHA_CHECKPOINT_BULK_END, 0);
    assert_same(0);
    kill_active(0);
    trio_pass_ms(5000);
    assert_calls(5);
    end();
}
END_TEST

/* A name has one stream at a time. */
START_TEST(a_name_is_one_standby)
{
    const struct l2tpha_link_options options = {
        .size = sizeof(options), .heartbeat_ms = 20000, .silence_ms = 90000, .name = "b"};
    struct line third = {0};
    struct l2tpha_config config = trio.config;

    begin(NOBODY);
    config.standby = true;
    assert_ok(l2tpha_node_new(root, &config, &trio.host, trio.now, &third.node));
    assert_ok(l2tpha_link_new(trio.near, &options, trio.now, &third.up));
    assert_ok(l2tpha_link_new(third.node, &options, trio.now, &third.down));
    while (move(&third, third.up, third.down) || move(&third, third.down, third.up))
        ;
    ck_assert_int_eq(third.error, L2TPHA_ERR_EXISTS);
    close_line(&third);
    l2tpha_node_free(third.node);
    trio_dial(trio_tunnel(trio.far));
    trio_settle();
    assert_same(0);
    assert_same(1);
    end();
}
END_TEST

/* ... and a link takes no consumer of the host's for one of an earlier link, whatever id it has. */
START_TEST(a_link_takes_what_links_have_left_alone)
{
    const struct l2tpha_consumer_options options = {
        .size = sizeof(options), .name = "b", .gates = true};
    uint32_t id, again;

    begin(NOBODY);
    id = info_at(lines[0].up).consumer;
    close_line(&lines[0]);
    assert_ok(l2tpha_consumer_remove(trio.near, id, trio.now));
    assert_error(l2tpha_consumer_remove(trio.near, id, trio.now), L2TPHA_ERR_NOT_FOUND);
    assert_ok(l2tpha_consumer_add(trio.near, &options, trio.now, &again));
    ck_assert_uint_eq(again, id);
    ck_assert_int_eq(open_line(0, NOBODY), L2TPHA_ERR_EXISTS);
    assert_ok(l2tpha_consumer_remove(trio.near, id, trio.now));
    assert_ok(open_line(0, NOBODY));
    assert_same(0);
    end();
}
END_TEST

/* A planned switchover to the one that is named; the other follows it then. */
START_TEST(switchover_to_either)
{
    unsigned heir = (unsigned)_i, other = !heir;
    struct l2tpha_tunnel *tunnel;

    begin(NOBODY);
    tunnel = trio_tunnel(trio.far);
    trio_dial(tunnel);
    trio_settle();
    assert_ok(l2tpha_switchover(trio.near, trio.now));
    trio_settle();
    ck_assert(l2tpha_switchover_ready(trio.near));
    assert_ok(l2tpha_link_hand_over(lines[heir].up, trio.now));
    trio_settle();
    ck_assert(info_at(lines[heir].up).handed && info_at(lines[heir].down).switchover);
    ck_assert(!info_at(lines[other].up).handed && !info_at(lines[other].down).switchover);
    uint64_t epoch = l2tpha_epoch_next(info_of(trio.near).epoch, ranks[heir]);
    assert_ok(l2tpha_takeover(lines[heir].node, epoch, trio.now));
    while (lines[heir].up && carry())
        ;
    ck_assert_int_eq(info_of(trio.near).role, L2TPHA_ROLE_FENCED);
    close_line(&lines[other]);
    l2tpha_node_free(trio.near);
    trio.near = lines[heir].node;
    trio_settle();
    assert_ok(open_line(other, NOBODY));
    trio_dial(tunnel);
    trio_pass_ms(1000);
    assert_calls(2);
    assert_same(other);
    end();
}
END_TEST

/* The one that was told to serve is gone before it has: the other one is in sync all the while. */
START_TEST(the_end_of_an_heir_is_its_own)
{
    unsigned heir = (unsigned)_i, other = !heir;

    begin(NOBODY);
    trio_tunnel(trio.far);
    assert_ok(l2tpha_switchover(trio.near, trio.now));
    trio_settle();
    ck_assert(l2tpha_switchover_ready(trio.near));
    assert_ok(l2tpha_link_hand_over(lines[heir].up, trio.now));
    trio_settle();
    ck_assert(info_at(lines[heir].up).handed);
    close_line(&lines[heir]);
    assert_ok(l2tpha_switchover_cancel(trio.near, trio.now));
    ck_assert_int_eq(consumer(heir).state, L2TPHA_CONSUMER_OUT);
    ck_assert_int_eq(consumer(other).state, L2TPHA_CONSUMER_IN_SYNC);
    ck_assert_int_eq(info_of(trio.near).role, L2TPHA_ROLE_ACTIVE);
    trio_dial(first_tunnel(trio.far));
    trio_pass_ms(1000);
    assert_calls(1);
    assert_same(other);
    end();
}
END_TEST

/* Who was told to serve comes back as a standby: it is one like any other, and what ends the
 * switchover does not end its new stream; nor does a later one. */
START_TEST(an_heir_that_comes_back_is_a_standby)
{
    unsigned heir = (unsigned)_i;

    begin(NOBODY);
    trio_tunnel(trio.far);
    assert_ok(l2tpha_switchover(trio.near, trio.now));
    trio_settle();
    assert_ok(l2tpha_link_hand_over(lines[heir].up, trio.now));
    trio_settle();
    ck_assert(info_at(lines[heir].up).handed);
    close_line(&lines[heir]);
    assert_ok(open_line(heir, NOBODY));
    assert_ok(l2tpha_switchover_cancel(trio.near, trio.now));
    for (int i = 0; i < 2; i++) {
        trio_settle();
        ck_assert_int_eq(consumer(heir).state, L2TPHA_CONSUMER_IN_SYNC);
        ck_assert_int_eq(info_of(trio.near).role, L2TPHA_ROLE_ACTIVE);
        trio_dial(first_tunnel(trio.far));
        trio_pass_ms(1000);
        assert_calls(1 + (uint32_t)i);
        assert_same(heir);
        assert_ok(l2tpha_switchover(trio.near, trio.now));
        assert_ok(l2tpha_switchover_cancel(trio.near, trio.now));
    }
    end();
}
END_TEST

/* What has left may be unknown to one that nobody waits for: nobody steps down for it before it
 * holds everything, and it knows why. */
START_TEST(who_does_not_gate_is_asked_for_more)
{
    begin(_i ? BY_STANDBY : BY_ACTIVE);
    ck_assert(info_at(lines[1].down).ungated && !info_at(lines[0].down).ungated);
    ck_assert(info_at(lines[1].up).ungated && !info_at(lines[0].up).ungated);
    ck_assert(!consumer(1).gates && consumer(0).gates);
    lines[1].stopped = true;
    trio_tunnel(trio.far);
    ck_assert(!info_at(lines[1].up).in_sync && info_at(lines[0].up).in_sync);
    uint64_t epoch = l2tpha_epoch_next(info_of(trio.near).epoch, ranks[1]);
    assert_ok(l2tpha_link_announce(lines[1].down, epoch, false, trio.now));
    ck_assert(move(&lines[1], lines[1].down, lines[1].up));
    ck_assert_int_eq(info_of(trio.near).role, L2TPHA_ROLE_ACTIVE);
    lines[1].stopped = false;
    trio_settle();
    ck_assert_int_eq(info_at(lines[1].down).declined, L2TPHA_ERR_NOT_IN_SYNC);
    ck_assert(info_at(lines[1].up).in_sync);
    assert_ok(l2tpha_link_announce(lines[1].down, epoch, false, trio.now));
    ck_assert(move(&lines[1], lines[1].down, lines[1].up));
    ck_assert_int_eq(info_of(trio.near).role, L2TPHA_ROLE_FENCED);
    end();
}
END_TEST

/* Its name is the same, its consumer another one. */
START_TEST(an_observer_may_be_none_the_next_time)
{
    begin(BY_STANDBY);
    for (int gates = 1; gates >= 0; gates--) {
        close_line(&lines[1]);
        assert_ok(open_line(1, gates ? NOBODY : BY_STANDBY));
        ck_assert_int_eq(consumer(1).gates, gates);
        ck_assert_int_eq(consumer(1).state, L2TPHA_CONSUMER_IN_SYNC);
        lines[1].stopped = !gates; /* holds nobody up */
        trio_tunnel(trio.far);
        lines[1].stopped = false;
        trio_settle();
        assert_same(1);
    }
    end();
}
END_TEST

/* One that was asked, and is left behind before it answers, is told nothing, though another one is
 * in sync. */
START_TEST(who_is_left_behind_is_handed_nothing)
{
    begin(NOBODY);
    trio_tunnel(trio.far);
    assert_ok(l2tpha_switchover(trio.near, trio.now));
    trio_settle();
    ck_assert(l2tpha_switchover_ready(trio.near));
    assert_ok(l2tpha_link_hand_over(lines[1].up, trio.now));
    assert_ok(l2tpha_consumer_leave(trio.near, info_at(lines[1].up).consumer, trio.now));
    ck_assert_int_eq(info_of(trio.near).role, L2TPHA_ROLE_ACTIVE);
    trio_settle();
    ck_assert(!info_at(lines[1].up).handed && !info_at(lines[1].down).switchover);
    assert_ok(l2tpha_switchover_cancel(trio.near, trio.now));
    trio_dial(first_tunnel(trio.far));
    trio_pass_ms(1000);
    assert_calls(1);
    assert_same(0);
    end();
}
END_TEST

Suite *suite_standbys(void);
Suite *suite_standbys(void)
{
    TCase *tcase;
    Suite *suite = trio_suite("standbys", &tcase);

    tcase_add_loop_test(tcase, either_may_take_over, 0, LINES);
    tcase_add_loop_test(tcase, the_other_follows_the_heir, 0, LINES);
    tcase_add_test(tcase, a_slow_one_that_does_not_gate_holds_nobody);
    tcase_add_test(tcase, a_stopped_one_is_left_behind);
    tcase_add_loop_test(tcase, the_end_of_one_takes_no_protection, 0, LINES);
    tcase_add_test(tcase, a_cut_stream_costs_no_copy);
    tcase_add_test(tcase, a_name_is_one_standby);
    tcase_add_test(tcase, a_link_takes_what_links_have_left_alone);
    tcase_add_loop_test(tcase, switchover_to_either, 0, LINES);
    tcase_add_loop_test(tcase, the_end_of_an_heir_is_its_own, 0, LINES);
    tcase_add_loop_test(tcase, an_heir_that_comes_back_is_a_standby, 0, 2);
    tcase_add_loop_test(tcase, who_does_not_gate_is_asked_for_more, 0, 2);
    tcase_add_test(tcase, an_observer_may_be_none_the_next_time);
    tcase_add_test(tcase, who_is_left_behind_is_handed_nothing);
    return suite;
}
