/* SPDX-License-Identifier: MIT */
/* A node that has a part of all tunnel ids, one of many behind a port. */
#include "control/machine.h"
#include "control/transaction.h"
#include "fixture.h"
#include "node/node.h"
#include "sim/rawpeer.h"

#include <stdio.h>
#include <string.h>

#define FIRST 1000
#define LAST 1600
#define IDS (LAST - FIRST + 1)
#define PLACES (IDS - ENGINE_RECOVERIES)

static struct rawpeer peer;

static void some_ids(struct l2tpha_config *config)
{
    config->tunnel_id_first = FIRST;
    config->tunnel_id_last = LAST;
    config->max_tunnels = PLACES;
}

static void some_ids_async(struct l2tpha_config *config)
{
    some_ids(config);
    config->commit = L2TPHA_COMMIT_ASYNC;
}

static void setup(void)
{
    fixture_setup();
    peer = (struct rawpeer){0};
    raw_new(&peer, some_ids);
}

static void teardown(void)
{
    raw_free(&peer);
    fixture_teardown();
}

static const struct l2tpha_node_record *own(void)
{
    return engine_record(&peer.node->engine);
}

/* --- the configuration --- */

static char logged[128];

static void keep_log(void *user, const struct l2tpha_log_line *line)
{
    (void)user;
    snprintf(logged, sizeof(logged), "%s", line->text);
}

static int some_random(void *user, uint8_t *dst, size_t len)
{
    (void)user;
    memset(dst, 7, len);
    return 0;
}

static int make_node(uint32_t first, uint32_t last, uint32_t max_tunnels, bool standby,
                     struct l2tpha_node **node)
{
    struct l2tpha_host host = {.size = sizeof(host), .random = some_random, .log = keep_log};
    struct l2tpha_config config;

    l2tpha_config_init(&config);
    config.name = "node";
    config.standby = standby;
    config.tunnel_id_first = first;
    config.tunnel_id_last = last;
    if (max_tunnels)
        config.max_tunnels = max_tunnels;
    return l2tpha_node_new(root, &config, &host, peer.now, node);
}

static const struct {
    uint32_t first, last, max_tunnels;
    const char *refused; /* NULL = well */
} rows[] = {
    {0, 0, 0, NULL},
    {1, 65535, 0, NULL},
    {1, 65534, 0, "max_tunnels"},
    {1, 65534, 65022, NULL},
    {1000, 1600, 89, NULL},
    {1000, 1600, 90, "max_tunnels"},
    {1000, 1600, 0, "max_tunnels"},
    {5, 517, 1, NULL},
    {5, 516, 1, "tunnel_id_last"}, /* all for recovery tunnels */
    {5, 5, 1, "tunnel_id_last"},
    {65023, 65535, 1, NULL},
    {65023, 65536, 1, "tunnel_id_last"},
    {1, UINT32_MAX, 1, "tunnel_id_last"},
    {0, 1000, 1, "tunnel_id_first"},
    {1000, 0, 1, "tunnel_id_first"},
    {2, 1, 1, "tunnel_id_first"},
    {UINT32_MAX, 5, 1, "tunnel_id_first"},
};

START_TEST(a_range_has_room_for_its_tunnels)
{
    struct l2tpha_node *node = NULL;
    char expected[128];

    int error = make_node(rows[_i].first, rows[_i].last, rows[_i].max_tunnels, false, &node);
    assert_error(error, rows[_i].refused ? L2TPHA_ERR_INVALID : L2TPHA_OK);
    if (rows[_i].refused) {
        snprintf(expected, sizeof(expected), "configuration: %s is out of range", rows[_i].refused);
        ck_assert_str_eq(logged, expected);
        return;
    }
    ck_assert_uint_eq(l2tpha_node_config(node)->tunnel_id_first,
                      rows[_i].first ? rows[_i].first : 1);
    ck_assert_uint_eq(l2tpha_node_config(node)->tunnel_id_last,
                      rows[_i].last ? rows[_i].last : 65535);
    l2tpha_node_free(node);
}
END_TEST

/* --- which ids come --- */

/* Each of the range once before any comes twice, whichever node gives it, in no order. */
START_TEST(ids_of_the_range_come_by_turns)
{
    static const uint32_t ends[] = {1, 2, 100, 300, IDS};
    static bool used[65536];
    uint32_t count = 0, first = 0, previous = 0, upwards = 0;

    memset(used, 0, sizeof(used));
    for (size_t epoch = 0; epoch < sizeof(ends) / sizeof(ends[0]); epoch++) {
        raw_protect(&peer, some_ids);
        for (; count < ends[epoch]; count++) {
            uint32_t id = raw_brief_tunnel(&peer);
            assert_true(id >= FIRST && id <= LAST && !used[id]);
            used[id] = true;
            upwards += id > previous;
            previous = id;
            first = first ? first : id;
        }
        raw_take_over(&peer);
    }
    ck_assert_uint_eq(own()->tunnel_place, 0);
    ck_assert_uint_eq(raw_brief_tunnel(&peer), first);
    ck_assert_uint_gt(upwards, IDS * 2 / 5);
    ck_assert_uint_lt(upwards, IDS * 3 / 5);
}
END_TEST

static int open_one(struct l2tpha_tunnel **tunnel)
{
    struct l2tpha_tunnel_options options = {.size = sizeof(options), .path = peer.path};

    return l2tpha_tunnel_open(peer.node, &options, peer.now, tunnel);
}

/* One that asks its peer, of whom nothing comes. */
static struct l2tpha_tunnel *new_tunnel(bool recovery)
{
    struct engine *engine = &peer.node->engine;
    struct l2tpha_node_record after;
    struct l2tpha_tunnel *tunnel;

    assert_ok(tunnel_new(engine, &peer.path, recovery ? 1 : 0, &after, &tunnel));
    engine_set_record(engine, &after);
    assert_ok(machine_of(tunnel)->open(tunnel));
    return tunnel;
}

/* The last place has the last id, also while all recovery tunnels have theirs; and what goes leaves
 * an id that is found. */
START_TEST(a_full_range_has_an_id_for_each)
{
    static bool used[65536];
    struct engine *engine = &peer.node->engine;
    struct l2tpha_node_record after;
    struct l2tpha_tunnel *tunnels[IDS], *fresh;

    memset(used, 0, sizeof(used));
    for (uint32_t i = 0; i < IDS; i++) {
        bool recovery = i % 2 || i >= 2 * PLACES;
        tunnels[i] = new_tunnel(recovery);
        uint32_t id = l2tpha_tunnel_id(tunnels[i]);
        assert_true(id >= FIRST && id <= LAST && !used[id]);
        used[id] = true;
    }
    assert_error(tunnel_new(engine, &peer.path, 0, &after, &fresh), L2TPHA_ERR_LIMIT);
    assert_error(tunnel_new(engine, &peer.path, 1, &after, &fresh), L2TPHA_ERR_LIMIT);
    for (uint32_t i = 0; i < IDS; i += 50) {
        uint32_t id = l2tpha_tunnel_id(tunnels[i]);
        bool recovery = tunnel_is_recovery(tunnels[i]);
        machine_clear(tunnels[i], L2TPHA_OK, "test");
        engine_leave(engine, L2TPHA_OK);
        tunnels[i] = new_tunnel(recovery);
        ck_assert_uint_eq(l2tpha_tunnel_id(tunnels[i]), id);
    }
    for (uint32_t i = 0; i < IDS; i++)
        machine_clear(tunnels[i], L2TPHA_OK, "test");
    engine_leave(engine, L2TPHA_OK);
}
END_TEST

/* The previous active may have given out more than is known: as large a part of them is passed over
 * as of all. */
START_TEST(a_lagging_record_passes_over_an_eighth)
{
    raw_free(&peer);
    raw_new(&peer, some_ids_async);
    raw_protect(&peer, some_ids_async);
    struct l2tpha_tunnel *tunnel;
    assert_ok(open_one(&tunnel));
    raw_drain(&peer);
    for (uint32_t place = 1 + 76; place < 2 * IDS; place += 76) {
        raw_take_over(&peer);
        ck_assert_uint_eq(own()->tunnel_place, place % IDS);
        raw_protect(&peer, some_ids_async);
    }
}
END_TEST

/* --- a standby of another range --- */

/* What the node has to say reaches the standby: the first error of it, which the node is told. */
static int ship_to(struct l2tpha_node *standby)
{
    struct l2tpha_output output;
    int first = 0;

    while (l2tpha_poll(peer.node, &output, 1, peer.now) > 0) {
        if (output.kind != L2TPHA_OUTPUT_CHECKPOINT)
            continue;
        int error = l2tpha_checkpoint_apply(standby, output.data, output.len, peer.now, NULL);
        first = first ? first : error;
        l2tpha_checkpoint_done(peer.node, output.position, error, peer.now);
    }
    return first;
}

static enum l2tpha_role role_of(const struct l2tpha_node *node)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};

    l2tpha_redundancy_get(node, &info);
    return info.role;
}

static uint32_t refusals(struct l2tpha_node *standby)
{
    struct l2tpha_output output;
    uint32_t told = 0;

    while (l2tpha_poll(standby, &output, 1, peer.now) > 0)
        told += output.event && output.event->kind == L2TPHA_EVENT_STANDBY_REFUSED &&
                output.event->status == L2TPHA_ERR_ID_RANGE;
    return told;
}

static const struct {
    uint32_t first, last, max_tunnels;
} others[] = {
    {0, 0, 65023}, /* all: ids of this one's would be among those of others */
    {FIRST, LAST + 1, PLACES},
    {FIRST - 1, LAST, PLACES},
    {FIRST + 1, LAST, PLACES - 1},
    {LAST + 1, LAST + 1000, PLACES},
};

/* At once, whatever ids there are by then. */
START_TEST(a_standby_of_another_range_refuses_the_copy)
{
    struct l2tpha_node *standby;
    struct l2tpha_tunnel *tunnel;

    assert_ok(make_node(others[_i].first, others[_i].last, others[_i].max_tunnels, true, &standby));
    assert_ok(open_one(&tunnel));
    assert_ok(l2tpha_checkpoint_bulk(peer.node, peer.now));
    assert_error(ship_to(standby), L2TPHA_ERR_ID_RANGE);
    ck_assert_uint_eq(role_of(peer.node), L2TPHA_ROLE_ACTIVE_SOLO);
    ck_assert_uint_ne(role_of(standby), L2TPHA_ROLE_STANDBY_HOT);
    ck_assert_uint_ge(refusals(standby), 1);
    assert_error(l2tpha_takeover(standby, 9, peer.now), L2TPHA_ERR_NOT_IN_SYNC);
    ck_assert_ptr_null(l2tpha_tunnel_next(standby, NULL));
    l2tpha_node_free(standby);
}
END_TEST

/* As long as nothing was given out nothing differs. */
START_TEST(a_standby_of_another_range_refuses_the_first_tunnel)
{
    struct l2tpha_node *standby;
    struct l2tpha_tunnel *tunnel;

    assert_ok(make_node(others[_i].first, others[_i].last, others[_i].max_tunnels, true, &standby));
    assert_ok(l2tpha_checkpoint_bulk(peer.node, peer.now));
    assert_ok(ship_to(standby));
    ck_assert_uint_eq(role_of(standby), L2TPHA_ROLE_STANDBY_HOT);
    assert_ok(open_one(&tunnel));
    assert_error(ship_to(standby), L2TPHA_ERR_ID_RANGE);
    ck_assert_uint_eq(role_of(peer.node), L2TPHA_ROLE_ACTIVE_SOLO);
    ck_assert_uint_ne(role_of(standby), L2TPHA_ROLE_STANDBY_HOT);
    ck_assert_uint_eq(refusals(standby), 1);
    l2tpha_node_free(standby);
}
END_TEST

/* A node with all ids says of them what it always said, and a range of all is the same. */
START_TEST(a_range_of_all_is_none)
{
    struct l2tpha_node *standby;
    struct l2tpha_tunnel *tunnel;

    raw_free(&peer);
    raw_new(&peer, NULL);
    assert_ok(open_one(&tunnel));
    ck_assert_uint_eq(own()->tunnel_id_first, 0);
    ck_assert_uint_eq(own()->tunnel_id_last, 0);
    assert_ok(make_node(1, 65535, 0, true, &standby));
    assert_ok(l2tpha_checkpoint_bulk(peer.node, peer.now));
    assert_ok(ship_to(standby));
    ck_assert_uint_eq(role_of(standby), L2TPHA_ROLE_STANDBY_HOT);
    l2tpha_node_free(standby);
}
END_TEST

/* Of an id that is not of the range that the record names, nobody makes a tunnel. */
START_TEST(a_tunnel_beyond_the_range_is_refused)
{
    static const uint32_t ids[] = {FIRST, LAST, FIRST - 1, LAST + 1, 1, 65535};
    const struct l2tpha_serializer *proto = l2tpha_serializer_proto();
    struct l2tpha_checkpoint_header begin = {.version = L2TPHA_CHECKPOINT_VERSION,
                                             .epoch = 5,
                                             .number = 1,
                                             .kind = L2TPHA_CHECKPOINT_BULK_BEGIN,
                                             .generation = 1};
    struct l2tpha_record record = {
        .kind = L2TPHA_RECORD_TUNNEL,
        .of.tunnel = {.local_id = ids[_i], .remote_id = 1, .state = L2TPHA_TUNNEL_ESTABLISHED}};
    struct l2tpha_node *standby;
    uint8_t data[512];
    struct l2tpha_writing writing = {data, data + sizeof(data), data + sizeof(data), 0};

    assert_ok(make_node(FIRST, LAST, PLACES, true, &standby));
    assert_ok(proto->put_header(&begin, &writing));
    assert_ok(l2tpha_checkpoint_apply(standby, writing.start, (size_t)(writing.end - writing.start),
                                      peer.now, NULL));
    writing.start = writing.end;
    begin.kind = L2TPHA_CHECKPOINT_BULK_PART;
    begin.part = 1;
    assert_ok(proto->put_record(&record, &writing));
    assert_ok(proto->put_header(&begin, &writing));
    assert_error(l2tpha_checkpoint_apply(standby, writing.start,
                                         (size_t)(writing.end - writing.start), peer.now, NULL),
                 _i < 2 ? L2TPHA_OK : L2TPHA_ERR_ID_RANGE);
    ck_assert_int_eq(l2tpha_tunnel_next(standby, NULL) != NULL, _i < 2);
    l2tpha_node_free(standby);
}
END_TEST

Suite *suite_id_range(void)
{
    TCase *tcase = tcase_create("id_range");
    Suite *suite = suite_create("id_range");

    tcase_add_checked_fixture(tcase, setup, teardown);
    suite_add_tcase(suite, tcase);
    tcase_add_loop_test(tcase, a_range_has_room_for_its_tunnels, 0,
                        (int)(sizeof(rows) / sizeof(rows[0])));
    tcase_add_test(tcase, ids_of_the_range_come_by_turns);
    tcase_add_test(tcase, a_full_range_has_an_id_for_each);
    tcase_add_test(tcase, a_lagging_record_passes_over_an_eighth);
    tcase_add_loop_test(tcase, a_standby_of_another_range_refuses_the_copy, 0, 5);
    tcase_add_loop_test(tcase, a_standby_of_another_range_refuses_the_first_tunnel, 0, 5);
    tcase_add_test(tcase, a_range_of_all_is_none);
    tcase_add_loop_test(tcase, a_tunnel_beyond_the_range_is_refused, 0, 6);
    return suite;
}
