/* SPDX-License-Identifier: MIT */
#include "scenario/rig_trio.h"

#include "failover/recovery.h"
#include "node/node.h"

#define BATCH 16

struct trio trio;

static const struct l2tpha_address near_address = {.len = 1, .bytes = {1}};
static const struct l2tpha_address far_address = {.len = 1, .bytes = {2}};

static int host_random(void *user, uint8_t *dst, size_t len)
{
    uint64_t *state = user;

    for (size_t i = 0; i < len; i++) {
        *state = *state * UINT64_C(6364136223846793005) + 1;
        dst[i] = (uint8_t)(*state >> 56);
    }
    return 0;
}

static void trio_setup(void)
{
    fixture_setup();
    trio = (struct trio){.now = 1000000, .random_state = 11, .confirm = true};
    l2tpha_config_init(&trio.config);
    trio.config.name = "trio";
    trio.config.ack_delay_ms = 0;
    trio.config.failover = L2TPHA_FAILOVER_SILENT; /* both ends could recover by RFC 4951 */
    trio.config.bearer_caps = 3;
    trio.host = (struct l2tpha_host){
        .size = sizeof(trio.host), .user = &trio.random_state, .random = host_random};
}

static void trio_teardown(void)
{
    l2tpha_node_free(trio.near);
    l2tpha_node_free(trio.standby);
    l2tpha_node_free(trio.far);
    fixture_teardown();
}

void trio_case(Suite *suite, const char *name, TCase **tcase)
{
    *tcase = tcase_create(name);
    tcase_add_checked_fixture(*tcase, trio_setup, trio_teardown);
    tcase_set_timeout(*tcase, 60);
    suite_add_tcase(suite, *tcase);
}

Suite *trio_suite(const char *name, TCase **tcase)
{
    Suite *suite = suite_create(name);

    trio_case(suite, name, tcase);
    return suite;
}

static struct l2tpha_node *make_node(bool near, bool standby)
{
    struct l2tpha_config config = trio.config;
    struct l2tpha_node *node;

    config.standby = standby;
    assert_ok(l2tpha_node_new(root, &config, &trio.host, trio.now, &node));
    machines_install(node, near);
    return node;
}

void trio_begin(bool with_standby)
{
    trio.near = make_node(true, false);
    trio.far = make_node(false, false);
    if (!with_standby)
        return;
    trio_connect();
    trio_settle();
    ck_assert_int_eq(info_of(trio.near).role, L2TPHA_ROLE_ACTIVE);
}

void trio_connect(void)
{
    l2tpha_node_free(trio.standby);
    trio.standby = make_node(true, true);
    trio.connected = true;
    assert_ok(l2tpha_checkpoint_bulk(trio.near, trio.now));
}

static void keep_event(struct trio_events *events, const struct l2tpha_event *event)
{
    if (trio.forgetful)
        return;
    ck_assert_uint_lt(events->count, TRIO_EVENTS);
    events->list[events->count++] = *event;
}

static void take_output(bool near, const struct l2tpha_output *output)
{
    struct l2tpha_path path = {.remote = near ? near_address : far_address};
    struct l2tpha_node *peer = near ? trio.far : trio.near;

    switch (output->kind) {
    case L2TPHA_OUTPUT_DATAGRAM:
        trio.datagrams += near;
        trio.spent += trio.budget > 0;
        if (near ? !trio.mute : !trio.deaf)
            l2tpha_feed(peer, &path, output->data, output->len, trio.now);
        break;
    case L2TPHA_OUTPUT_CHECKPOINT:
        if (near && trio.tape != NULL)
            trio.tape(output->data, output->len);
        if (trio.connected)
            assert_ok(
                l2tpha_checkpoint_apply(trio.standby, output->data, output->len, trio.now, NULL));
        if (trio.connected)
            trio.shipped = output->position;
        if (near && trio.ship)
            trio.ship(output);
        break;
    case L2TPHA_OUTPUT_EVENT:
        keep_event(near ? &trio.near_events : &trio.far_events, output->event);
        break;
    }
}

static bool is_spent(void)
{
    return trio.budget && trio.spent >= trio.budget;
}

/* One at a time where they are counted. */
static size_t batch(void)
{
    return trio.budget ? 1 : BATCH;
}

static bool drain(bool near)
{
    struct l2tpha_node *node = near ? trio.near : trio.far;
    struct l2tpha_output outputs[BATCH];
    uint64_t before = trio.shipped;
    bool any = false;
    size_t count;

    while (!is_spent() && (count = l2tpha_poll(node, outputs, batch(), trio.now)) > 0) {
        any = true;
        for (size_t i = 0; i < count; i++)
            take_output(near, &outputs[i]);
        if (near && trio.confirm && trio.shipped != before) {
            before = trio.shipped;
            assert_ok(l2tpha_checkpoint_done(node, before, 0, trio.now));
        }
    }
    return any;
}

void trio_settle(void)
{
    bool any = true;

    while (any) {
        any = drain(true);
        any = drain(false) || any;
        any = (trio.carry && trio.carry()) || any;
    }
    ck_assert_ptr_null(machines_fault(trio.near, false));
    ck_assert_ptr_null(machines_fault(trio.far, false));
}

void trio_pass_ms(uint64_t ms)
{
    uint64_t end = trio.now + ms * 1000;

    trio_settle();
    while (trio.now < end) {
        uint64_t next = l2tpha_deadline(trio.near), other = l2tpha_deadline(trio.far);
        if (other < next)
            next = other;
        trio.now = next <= trio.now ? trio.now + 1024 : next < end ? next : end;
        assert_ok(l2tpha_expire(trio.near, trio.now));
        assert_ok(l2tpha_expire(trio.far, trio.now));
        trio_settle();
    }
}

void trio_take_over(void)
{
    l2tpha_node_free(trio.near);
    trio.near = trio.standby;
    trio.standby = NULL;
    trio.connected = false;
    trio.near_events.count = 0;
    trio.spent = 0;
    assert_ok(l2tpha_takeover_as(trio.near, trio.config.epoch + 1, trio.trust, trio.now));
}

const struct l2tpha_event *trio_first(const struct trio_events *events, enum l2tpha_event_kind kind)
{
    for (uint32_t i = 0; i < events->count; i++)
        if (events->list[i].kind == kind)
            return &events->list[i];
    return NULL;
}

uint32_t trio_told(const struct trio_events *events, enum l2tpha_event_kind kind)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < events->count; i++)
        count += events->list[i].kind == kind;
    return count;
}

struct l2tpha_tunnel *trio_open(struct l2tpha_node *from)
{
    struct l2tpha_tunnel_options options = {
        .size = sizeof(options), .path.remote = from == trio.near ? far_address : near_address};
    struct l2tpha_tunnel *tunnel;

    assert_ok(l2tpha_tunnel_open(from, &options, trio.now, &tunnel));
    return tunnel;
}

struct l2tpha_tunnel *trio_tunnel(struct l2tpha_node *from)
{
    struct l2tpha_tunnel *tunnel = trio_open(from);
    struct l2tpha_tunnel_record record;

    trio_settle();
    l2tpha_tunnel_get(tunnel, &record);
    ck_assert_uint_eq(record.state, L2TPHA_TUNNEL_ESTABLISHED);
    return tunnel;
}

struct l2tpha_session_options trio_call(enum l2tpha_call call)
{
    return (struct l2tpha_session_options){.size = sizeof(struct l2tpha_session_options),
                                           .call = call,
                                           .framing = 1,
                                           .bearer = 1,
                                           .tx_speed = 64000,
                                           .called = {(const uint8_t *)"5551", 4}};
}

struct l2tpha_session *trio_dial(struct l2tpha_tunnel *tunnel)
{
    struct l2tpha_session_options call = trio_call(L2TPHA_CALL_INCOMING);
    struct l2tpha_session *session;

    assert_ok(host_session_open(tunnel, &call, trio.now, &session));
    return session;
}

static void rest(struct l2tpha_tunnel *tunnel)
{
    struct recovery *recovery;

    assert_ok(recovery_of(tunnel->engine->failover, tunnel, &recovery));
    recovery->ours = true;
    recovery->state = RECOVERY_WAITING;
    recovery->again = recovery->deadline = ENGINE_TIME_MAX;
    recovery_arm(recovery);
}

void trio_suspend(struct l2tpha_tunnel *tunnel, bool suspended)
{
    if (suspended)
        rest(tunnel);
    else
        recovery_end(tunnel->recovery);
    tunnel_suspend(tunnel, suspended);
}

struct l2tpha_tunnel *first_tunnel(const struct l2tpha_node *node)
{
    return l2tpha_tunnel_next(node, NULL);
}

struct l2tpha_session *first_session(const struct l2tpha_node *node)
{
    struct l2tpha_tunnel *tunnel = first_tunnel(node);

    return tunnel ? l2tpha_session_next(tunnel, NULL) : NULL;
}
