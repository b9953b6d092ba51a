/* SPDX-License-Identifier: MIT */
#include "oom/scenario.h"

#include "oom/alloc.h"

#include <string.h>

#define CALLS_MAX 512

static const struct l2tpha_address lns_address = {.len = 1, .bytes = {2}};
static const uint8_t blob[700] = {1, 2, 3};

/* --- the host's calls, each of which may fail without a trace --- */

static struct l2tpha_tunnel *open_tunnel(struct world *world)
{
    const struct l2tpha_tunnel_options options = {.size = sizeof(options),
                                                  .path = {.remote = lns_address}};
    struct snapshot before = world_look(world, world->lac);
    struct l2tpha_tunnel *tunnel = NULL;
    int error = l2tpha_tunnel_open(world->lac, &options, world->now, &tunnel);

    return world_check_call(world, world->lac, &before, error, "tunnel_open") ? NULL : tunnel;
}

static void open_calls(struct world *world, struct l2tpha_node *node, struct l2tpha_tunnel *tunnel,
                       enum l2tpha_call kind, unsigned count)
{
    const struct l2tpha_session_options options = {
        .size = sizeof(options),
        .call = kind,
        .framing = 1,
        .called = {blob, 12},
        .calling = {blob, 12},
        .minimum_bps = 9600,
        .maximum_bps = 64000,
        .tx_speed = 64000,
        .last_sent_lcp_confreq = {blob, 200},
    };
    for (unsigned i = 0; tunnel && i < count; i++) {
        struct l2tpha_session_options call = options;
        call.sequencing_required = i % 2 > 0;
        struct snapshot before = world_look(world, node);
        int error = attached_session_open(world, tunnel, &call);
        world_check_call(world, node, &before, error, "session_open");
    }
}

/* Ids of up to CALLS_MAX established sessions of a tunnel, since a call may end any of them. */
static size_t list_calls(const struct l2tpha_tunnel *tunnel, uint32_t *ids)
{
    const struct l2tpha_session *session = NULL;
    struct l2tpha_session_record record;
    size_t count = 0;

    while (count < CALLS_MAX && (session = l2tpha_session_next(tunnel, session))) {
        l2tpha_session_get(session, &record);
        if (record.state == L2TPHA_SESSION_ESTABLISHED)
            ids[count++] = record.local_id;
    }
    return count;
}

typedef int (*session_call)(struct world *world, struct l2tpha_session *session);

/* One call of the host about each `every`-th session of each tunnel. */
static void each_call(struct world *world, struct l2tpha_node *node, size_t every,
                      session_call call, const char *what)
{
    static uint32_t ids[CALLS_MAX];
    struct l2tpha_tunnel *tunnel = NULL;

    while ((tunnel = l2tpha_tunnel_next(node, tunnel))) {
        uint32_t id = l2tpha_tunnel_id(tunnel);
        size_t count = list_calls(tunnel, ids);
        for (size_t i = 0; i < count; i += every) {
            struct l2tpha_session *session = l2tpha_session_find(node, id, ids[i]);
            struct snapshot before = world_look(world, node);
            if (session)
                world_check_call(world, node, &before, call(world, session), what);
        }
    }
}

static int set_app_state(struct world *world, struct l2tpha_session *session)
{
    return attached_session_note(world, session, blob, 200);
}

static int change_app_state(struct world *world, struct l2tpha_session *session)
{
    return attached_session_note(world, session, blob, sizeof(blob));
}

static int need_app_state(struct world *world, struct l2tpha_session *session)
{
    return l2tpha_session_needs_app_state(session, true, world->now);
}

static int set_link_info(struct world *world, struct l2tpha_session *session)
{
    struct l2tpha_session_record record;

    l2tpha_session_get(session, &record);
    return record.side == L2TPHA_LNS ? attached_session_number(world, session, false) : 0;
}

static int report_errors(struct world *world, struct l2tpha_session *session)
{
    struct l2tpha_session_record record;

    l2tpha_session_get(session, &record);
    return record.side == L2TPHA_LAC ? attached_session_number(world, session, true) : 0;
}

static int close_call(struct world *world, struct l2tpha_session *session)
{
    const struct l2tpha_disconnect why = {.size = sizeof(why), .result = 3, .reason = "enough"};

    return attached_session_close(world, session, &why);
}

static void close_tunnel(struct world *world, struct l2tpha_node *node,
                         struct l2tpha_tunnel *tunnel)
{
    struct snapshot before = world_look(world, node);

    if (tunnel)
        world_check_call(world, node, &before,
                         l2tpha_tunnel_close(tunnel, 1, 0, "enough", world->now), "tunnel_close");
}

static void set_tunnel_state(struct world *world, struct l2tpha_tunnel *tunnel)
{
    struct snapshot before = world_look(world, world->lac);
    int error = l2tpha_tunnel_set_app_state(tunnel, blob, 300, world->now);

    world_check_call(world, world->lac, &before, error, "tunnel_set_app_state");
}

/* --- scenarios --- */

static void run_nodes(struct world *world)
{
    struct l2tpha_node *active = NULL, *standby = NULL;
    struct l2tpha_link *link = NULL;

    int error = world_node(world, "a", false, &active);
    world_note(world, error);
    EXPECT(!error == (active != NULL), "node_new: %d", error);
    error = world_node(world, "b", true, &standby);
    world_note(world, error);
    EXPECT(!error == (standby != NULL), "node_new: %d", error);
    if (active) {
        error = l2tpha_link_new(active, NULL, world->now, &link);
        world_note(world, error);
        EXPECT(!error == (link != NULL), "link_new: %d", error);
    }
    talloc_free(active);
    talloc_free(standby);
}

/* Two tunnels with calls of both kinds. */
static void open_all(struct world *world)
{
    struct l2tpha_tunnel *tunnel = open_tunnel(world);

    open_calls(world, world->lac, tunnel, L2TPHA_CALL_INCOMING, 5);
    open_calls(world, world->lac, open_tunnel(world), L2TPHA_CALL_INCOMING, 3);
    world_pass(world, SECOND);
    open_calls(world, world->lns, l2tpha_tunnel_next(world->lns, NULL), L2TPHA_CALL_OUTGOING, 3);
    open_calls(world, world->lac, l2tpha_tunnel_next(world->lac, NULL), L2TPHA_CALL_INCOMING, 4);
    world_pass(world, SECOND);
}

static void talk(struct world *world)
{
    struct l2tpha_tunnel *tunnel = l2tpha_tunnel_next(world->lac, NULL);

    if (tunnel)
        set_tunnel_state(world, tunnel);
    each_call(world, world->lac, 2, set_app_state, "session_set_app_state");
    each_call(world, world->lac, 4, change_app_state, "session_set_app_state");
    each_call(world, world->lns, 3, set_app_state, "session_set_app_state");
    each_call(world, world->lns, 2, set_link_info, "session_set_link_info");
    each_call(world, world->lac, 3, report_errors, "session_report_errors");
    world_pass(world, SECOND);
    each_call(world, world->lac, 3, report_errors, "session_report_errors");
    world_pass(world, 62 * SECOND);
}

static void hang_up(struct world *world)
{
    each_call(world, world->lac, 3, close_call, "session_close");
    world_pass(world, SECOND);
    each_call(world, world->lns, 4, close_call, "session_close");
    world_pass(world, SECOND);
    close_tunnel(world, world->lac, l2tpha_tunnel_next(world->lac, NULL));
    world_pass(world, SECOND);
}

static void run_calls(struct world *world)
{
    open_all(world);
    talk(world);
    hang_up(world);
}

/* Enough of them for every table and list to grow, and for several parts of a copy. */
static void run_many(struct world *world)
{
    struct l2tpha_tunnel *tunnel = open_tunnel(world);

    open_calls(world, world->lac, tunnel, L2TPHA_CALL_INCOMING, 450);
    world_pass(world, 3 * SECOND);
    world_connect(world);
    world_pass(world, SECOND);
    each_call(world, world->lac, 2, close_call, "session_close");
    world_pass(world, SECOND);
}

static void prepare_copy(struct world *world)
{
    world_add_standby(world);
    open_all(world);
    talk(world);
}

static void run_copy(struct world *world)
{
    world_connect(world);
    world_pass(world, SECOND);
    run_calls(world);
}

static void prepare_increments(struct world *world)
{
    world_add_standby(world);
    world_connect(world);
    world_settle(world);
}

/* Some calls are up, some half way; one has promised state of the host that is not there. */
static void prepare_takeover(struct world *world)
{
    prepare_copy(world);
    each_call(world, world->lns, 5, need_app_state, "session_needs_app_state");
    world_connect(world);
    world_pass(world, SECOND);
    open_calls(world, world->lac, l2tpha_tunnel_next(world->lac, NULL), L2TPHA_CALL_INCOMING, 2);
    open_calls(world, world->lac, open_tunnel(world), L2TPHA_CALL_INCOMING, 2);
}

/* Sessions that a takeover has to end. */
static size_t count_missing(const struct l2tpha_node *node)
{
    const struct l2tpha_tunnel *tunnel = NULL;
    struct l2tpha_session_record record;
    size_t count = 0;

    while ((tunnel = l2tpha_tunnel_next(node, tunnel))) {
        const struct l2tpha_session *session = NULL;
        while ((session = l2tpha_session_next(tunnel, session))) {
            l2tpha_session_get(session, &record);
            count += (record.flags & L2TPHA_SESSION_NEEDS_APP) && record.app_state.len == 0;
        }
    }
    return count;
}

static void run_takeover(struct world *world)
{
    uint32_t up = audit_held(world->standby);
    size_t missing = count_missing(world->standby);

    world_take_over(world);
    EXPECT(audit_held(world->lns) >= up - missing, "calls are lost in a takeover");
    world_pass(world, 5 * SECOND);
    EXPECT(count_missing(world->lns) == 0 || alloc_keeps_failing(), "half a call is served");
    hang_up(world);
}

static void go_on(struct world *world)
{
    const struct l2tpha_counters *counters = l2tpha_counters(world->lns);

    world_pass(world, 5 * SECOND);
    EXPECT(alloc_failed() ||
               counters->recoveries + counters->recoveries_by_peer + counters->resyncs > 0,
           "nothing had to be recovered");
    hang_up(world);
}

/* Those half set up may be lost. */
static void run_recovery(struct world *world)
{
    world_take_over(world);
    go_on(world);
}

static void prepare_both(struct world *world)
{
    prepare_takeover(world);
    world_double_lac(world);
    world_settle(world);
}

static void run_both(struct world *world)
{
    world_take_over(world);
    world_lose_lac(world);
    go_on(world);
}

/* The LAC recovers, and its remote endpoint dies at that. */
static void lose_both(struct world *world, unsigned turns)
{
    world_lose_lac(world);
    while (turns-- > 0)
        world_turn(world);
    world->trust = L2TPHA_TRUST_EXACT;
    world_take_over(world);
    go_on(world);
}

static void run_asked(struct world *world)
{
    lose_both(world, 1);
}

static void run_reset(struct world *world)
{
    lose_both(world, 2);
}

/* The codec works in the caller's memory alone. */
static void run_codec(struct world *world)
{
    struct l2tpha_builder builder;
    struct l2tpha_message message;
    uint8_t data[1024];
    size_t len;

    l2tpha_builder_begin(&builder, data, sizeof(data), L2TPHA_MESSAGE_ICRQ, 1, 0);
    l2tpha_builder_put_u16(&builder, L2TPHA_AVP_ASSIGNED_SESSION_ID, 7);
    l2tpha_builder_put_u32(&builder, L2TPHA_AVP_CALL_SERIAL_NUMBER, 1);
    l2tpha_builder_put_bytes(&builder, L2TPHA_AVP_CALLED_NUMBER, "123", 3);
    world_note(world, l2tpha_builder_end(&builder, &len));
    world_note(world, l2tpha_message_decode(data, len, &message, NULL));
    world_note(world, l2tpha_message_check(&message, NULL));
    EXPECT(world->named == 0 && alloc_count() == 0, "the codec allocates");
}

const struct scenario scenarios[] = {
    {.name = "nodes", .run = run_nodes},
    {.name = "codec", .run = run_codec},
    {.name = "calls", .run = run_calls},
    {.name = "calls with dry pools", .dry = true, .run = run_calls},
    {.name = "calls with a secret", .secret = true, .run = run_calls},
    {.name = "calls out of order", .reorder = true, .run = run_calls},
    {.name = "copy", .standby = true, .prepare = prepare_copy, .run = run_copy},
    {.name = "copy over a link",
     .linked = true,
     .standby = true,
     .prepare = prepare_copy,
     .run = run_copy},
    {.name = "increments", .standby = true, .prepare = prepare_increments, .run = run_calls},
    {.name = "increments over a link",
     .linked = true,
     .standby = true,
     .prepare = prepare_increments,
     .run = run_calls},
    {.name = "many calls",
     .large = true,
     .standby = true,
     .prepare = world_add_standby,
     .run = run_many},
    {.name = "increments with dry pools",
     .dry = true,
     .standby = true,
     .prepare = prepare_increments,
     .run = run_calls},
    {.name = "takeover with dry pools",
     .dry = true,
     .prepare = prepare_takeover,
     .run = run_takeover},
    {.name = "takeover", .prepare = prepare_takeover, .run = run_takeover},
    {.name = "takeover with a secret",
     .secret = true,
     .linked = true,
     .prepare = prepare_takeover,
     .run = run_takeover},
    {.name = "recovery",
     .costs_calls = true,
     .trust = L2TPHA_TRUST_UNCERTAIN,
     .prepare = prepare_takeover,
     .run = run_recovery},
    {.name = "recovery with dry pools",
     .dry = true,
     .costs_calls = true,
     .trust = L2TPHA_TRUST_UNCERTAIN,
     .prepare = prepare_takeover,
     .run = run_recovery},
    {.name = "recovery with a secret",
     .secret = true,
     .linked = true,
     .costs_calls = true,
     .trust = L2TPHA_TRUST_UNCERTAIN,
     .prepare = prepare_takeover,
     .run = run_recovery},
    {.name = "recovery of a stale copy",
     .dry = true,
     .costs_calls = true,
     .trust = L2TPHA_TRUST_STALE,
     .prepare = prepare_takeover,
     .run = run_recovery},
    {.name = "recovery at both ends",
     .dry = true,
     .costs_calls = true,
     .trust = L2TPHA_TRUST_UNCERTAIN,
     .prepare = prepare_both,
     .run = run_both},
    {.name = "recovery taken over, asked",
     .dry = true,
     .costs_calls = true,
     .trust = L2TPHA_TRUST_UNCERTAIN,
     .prepare = prepare_both,
     .run = run_asked},
    {.name = "recovery taken over, reset",
     .dry = true,
     .costs_calls = true,
     .trust = L2TPHA_TRUST_UNCERTAIN,
     .prepare = prepare_both,
     .run = run_reset},
    {.name = "takeover that lags",
     .dry = true,
     .costs_calls = true,
     .commit = L2TPHA_COMMIT_ASYNC,
     .prepare = prepare_takeover,
     .run = run_recovery},
    {.name = "attached calls", .attached = true, .run = run_calls},
    {.name = "attached calls, dry pools", .attached = true, .dry = true, .run = run_calls},
    {.name = "attached increments",
     .attached = true,
     .dry = true,
     .standby = true,
     .prepare = prepare_increments,
     .run = run_calls},
    {.name = "attached takeover",
     .attached = true,
     .dry = true,
     .prepare = prepare_takeover,
     .run = run_takeover},
    {.name = "attached recovery",
     .attached = true,
     .dry = true,
     .costs_calls = true,
     .trust = L2TPHA_TRUST_UNCERTAIN,
     .prepare = prepare_takeover,
     .run = run_recovery},
    {.name = "attached takeover that lags",
     .attached = true,
     .dry = true,
     .costs_calls = true,
     .commit = L2TPHA_COMMIT_ASYNC,
     .prepare = prepare_takeover,
     .run = run_recovery},
};
const size_t scenario_count = sizeof(scenarios) / sizeof(scenarios[0]);
