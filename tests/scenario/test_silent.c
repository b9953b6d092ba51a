/* SPDX-License-Identifier: MIT */
/* Silent failovers at the moments that matter, told one by one. */
#include "fixture.h"
#include "sim/sim.h"

#include <l2tpha/session.h>
#include <l2tpha/tunnel.h>

#define SOON (500 * MS)
#define LATER (40 * SECOND)

static struct sim sim;

/* --- telling --- */

static void begin(enum l2tpha_side side, void (*change)(struct plan *plan))
{
    struct plan plan;

    plan_init(&plan, side);
    if (change)
        change(&plan);
    ck_assert(sim_begin(&sim, &plan, 7, false));
    end_add_standby(&sim.end);
}

static void act(enum action_kind kind)
{
    const struct action action = {.at = sim.world.now, .kind = kind};

    sim_act(&sim, &action);
}

static void wait_for(bool (*condition)(struct sim *sim), uint64_t time)
{
    if (!sim_run_to(&sim, condition, time))
        ck_abort_msg("it has not come to that: %s", sim.world.why);
}

static void finish(void)
{
    if (!sim_finish(&sim))
        ck_abort_msg("%s", sim.world.why);
}

static bool is_protected(struct sim *at)
{
    return end_is_protected(&at->end);
}

static bool taken_over(struct sim *at)
{
    return at->end.takeovers > 0;
}

static struct peer_tunnel *only_tunnel(struct sim *at)
{
    return &at->peers[0].tunnels[0];
}

static struct peer_session *last_call(struct sim *at)
{
    return &only_tunnel(at)->sessions[only_tunnel(at)->session_count - 1];
}

static bool tunnel_is_up(struct sim *at)
{
    return peer_tunnel(&at->peers[0]) != NULL;
}

static bool tunnel_is_over(struct sim *at)
{
    return only_tunnel(at)->state == PEER_STOPPED;
}

static bool call_is_up(struct sim *at)
{
    return only_tunnel(at)->session_count && last_call(at)->state == PEER_ESTABLISHED;
}

static bool call_is_over(struct sim *at)
{
    return last_call(at)->state == PEER_STOPPED;
}

/* Sessions that the standby knows of. */
static uint32_t replicated(struct sim *at)
{
    struct l2tpha_tunnel *tunnel =
        l2tpha_tunnel_find(at->end.standby.node, only_tunnel(at)->node_id);

    return tunnel ? l2tpha_tunnel_sessions(tunnel) : 0;
}

static bool standby_has_a_call(struct sim *at)
{
    return replicated(at) == 1;
}

static bool standby_has_no_call(struct sim *at)
{
    return replicated(at) == 0;
}

static bool standby_knows_the_end(struct sim *at)
{
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};
    struct l2tpha_tunnel *tunnel =
        l2tpha_tunnel_find(at->end.standby.node, only_tunnel(at)->node_id);

    if (!tunnel)
        return false;
    l2tpha_tunnel_get(tunnel, &record);
    return record.state == L2TPHA_TUNNEL_STOPPING;
}

static void open_tunnel(enum action_kind who)
{
    act(who);
    wait_for(tunnel_is_up, SOON);
    wait_for(is_protected, SOON);
    sim_run_until(&sim, sim.world.now + SOON);
}

static void kill_and_take_over(void)
{
    end_kill(&sim.end);
    wait_for(taken_over, LATER);
}

static void slowly(struct plan *plan)
{
    plan->faults.delay = 30 * MS;
}

static void secretly(struct plan *plan)
{
    plan->ours.secret = plan->peers[0].secret = "swordfish";
    plan->ours.config.hide_avps = plan->peers[0].hides = true;
}

static void near_the_wrap(struct plan *plan)
{
    plan->restored = true;
}

/* --- stories --- */

START_TEST(a_call_whose_icrp_was_not_sent_is_answered_by_the_next_node)
{
    begin(L2TPHA_LNS, slowly);
    open_tunnel(ACT_PEER_OPENS_TUNNEL);
    act(ACT_PEER_CALLS);
    /* The standby has the call; the active, which waits for the confirmation, has not said so. */
    wait_for(standby_has_a_call, SOON);
    ck_assert_uint_eq(only_tunnel(&sim)->channel.nr, 1); /* SCCRP alone */
    kill_and_take_over();
    wait_for(call_is_up, LATER);
    finish();
}
END_TEST

START_TEST(a_call_that_nobody_recorded_is_asked_for_again)
{
    begin(L2TPHA_LNS, slowly);
    open_tunnel(ACT_PEER_OPENS_TUNNEL);
    act(ACT_PEER_CALLS);
    end_kill(&sim.end);
    ck_assert(standby_has_no_call(&sim));
    wait_for(call_is_up, LATER);
    ck_assert_uint_eq(sim.end.takeovers, 1);
    finish();
}
END_TEST

START_TEST(a_cdn_that_was_not_acknowledged_is_sent_again)
{
    begin(L2TPHA_LNS, slowly);
    open_tunnel(ACT_PEER_OPENS_TUNNEL);
    act(ACT_PEER_CALLS);
    wait_for(call_is_up, SOON);
    wait_for(standby_has_a_call, SOON);
    sim_run_until(&sim, sim.world.now + SOON);
    act(ACT_PARTITION);
    act(ACT_NODE_HANGS_UP);
    wait_for(standby_has_no_call, SOON);
    kill_and_take_over();
    ck_assert(!call_is_over(&sim));
    act(ACT_HEAL);
    wait_for(call_is_over, LATER);
    finish();
}
END_TEST

START_TEST(a_cdn_of_the_peer_counts_once)
{
    begin(L2TPHA_LNS, slowly);
    open_tunnel(ACT_PEER_OPENS_TUNNEL);
    act(ACT_PEER_CALLS);
    wait_for(call_is_up, SOON);
    sim_run_until(&sim, sim.world.now + SOON);
    act(ACT_PEER_HANGS_UP);
    /* Processed and recorded, but the acknowledgement dies with the node. */
    wait_for(standby_has_no_call, SOON);
    kill_and_take_over();
    finish();
    ck_assert_uint_eq(only_tunnel(&sim)->channel.acked, only_tunnel(&sim)->channel.ns);
}
END_TEST

START_TEST(a_stopccn_that_was_not_acknowledged_is_sent_again)
{
    begin(L2TPHA_LNS, slowly);
    open_tunnel(ACT_PEER_OPENS_TUNNEL);
    act(ACT_PARTITION);
    act(ACT_NODE_CLOSES_TUNNEL);
    wait_for(standby_knows_the_end, SOON);
    kill_and_take_over();
    ck_assert(!tunnel_is_over(&sim));
    act(ACT_HEAL);
    wait_for(tunnel_is_over, LATER);
    finish();
}
END_TEST

START_TEST(a_tunnel_half_set_up_goes_on_with_its_challenge)
{
    begin(L2TPHA_LNS, secretly);
    wait_for(is_protected, SOON);
    act(ACT_PEER_OPENS_TUNNEL);
    sim_run_until(&sim, sim.world.now + 3 * MS); /* SCCRP is on its way */
    ck_assert_int_eq(only_tunnel(&sim)->state, PEER_WAIT_REPLY);
    kill_and_take_over();
    wait_for(tunnel_is_up, LATER);
    act(ACT_PEER_CALLS);
    wait_for(call_is_up, LATER);
    finish();
}
END_TEST

START_TEST(hidden_messages_are_sent_again_with_the_same_vector)
{
    begin(L2TPHA_LAC, secretly);
    wait_for(is_protected, SOON);
    open_tunnel(ACT_NODE_OPENS_TUNNEL);
    act(ACT_PARTITION);
    act(ACT_NODE_CALLS);
    wait_for(standby_has_a_call, SOON);
    sim_run_until(&sim, sim.world.now + 2 * SECOND); /* sent, lost, sent again */
    kill_and_take_over();
    act(ACT_HEAL);
    wait_for(call_is_up, LATER);
    finish();
}
END_TEST

START_TEST(numbers_go_on_across_the_wrap)
{
    begin(L2TPHA_LNS, near_the_wrap);
    wait_for(is_protected, SOON);
    for (unsigned i = 0; i < 6; i++) {
        for (unsigned n = 0; n < 5; n++) {
            act(ACT_NODE_SENDS);
            act(ACT_PEER_SENDS);
        }
        unsigned before = sim.end.takeovers;
        end_kill(&sim.end);
        sim_run_until(&sim, sim.world.now + 3 * SECOND);
        ck_assert_uint_eq(sim.end.takeovers, before + 1);
    }
    ck_assert_uint_lt(only_tunnel(&sim)->channel.ns, 100);
    finish();
}
END_TEST

START_TEST(an_outage_of_twenty_seconds_is_survived)
{
    struct plan plan;

    plan_init(&plan, L2TPHA_LNS);
    plan.ours.takeover_delay = 20 * SECOND;
    ck_assert(sim_begin(&sim, &plan, 7, false));
    end_add_standby(&sim.end);
    open_tunnel(ACT_PEER_OPENS_TUNNEL);
    act(ACT_PEER_CALLS);
    end_kill(&sim.end);
    wait_for(call_is_up, LATER);
    ck_assert_uint_le(only_tunnel(&sim)->channel.tries, 5);
    finish();
}
END_TEST

START_TEST(a_switchover_by_plan_loses_nothing)
{
    begin(L2TPHA_LNS, slowly);
    open_tunnel(ACT_PEER_OPENS_TUNNEL);
    act(ACT_PEER_CALLS);
    act(ACT_SWITCHOVER);
    wait_for(taken_over, SOON);
    ck_assert_uint_eq(sim.end.switchovers, 1);
    wait_for(call_is_up, LATER);
    finish();
}
END_TEST

START_TEST(ids_and_serial_numbers_do_not_come_back)
{
    begin(L2TPHA_LNS, near_the_wrap);
    act(ACT_NODE_CALLS); /* this one stays */
    for (unsigned i = 0; i < 20; i++) {
        wait_for(is_protected, SOON);
        act(ACT_NODE_CALLS);
        wait_for(call_is_up, LATER);
        sim_run_until(&sim, sim.world.now + SOON);
        peer_close_session(&sim.peers[0], only_tunnel(&sim), last_call(&sim));
        sim_run_until(&sim, sim.world.now + SOON);
        kill_and_take_over();
        sim_run_until(&sim, sim.world.now + SOON);
    }
    struct peer_tunnel *tunnel = only_tunnel(&sim);
    uint32_t last = 0;
    for (uint32_t i = 0; i < tunnel->session_count; i++) {
        const struct peer_session *session = &tunnel->sessions[i];
        for (uint32_t k = 0; k < i; k++)
            ck_assert_uint_ne(session->node_id, tunnel->sessions[k].node_id);
        if (!session->by_node)
            continue;
        ck_assert(last == 0 || session->serial == last + 1);
        last = session->serial;
    }
    ck_assert_uint_ne(last, 0);
    finish();
}
END_TEST

Suite *suite_silent(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("silent", &tcase);
    tcase_add_test(tcase, a_call_whose_icrp_was_not_sent_is_answered_by_the_next_node);
    tcase_add_test(tcase, a_call_that_nobody_recorded_is_asked_for_again);
    tcase_add_test(tcase, a_cdn_that_was_not_acknowledged_is_sent_again);
    tcase_add_test(tcase, a_cdn_of_the_peer_counts_once);
    tcase_add_test(tcase, a_stopccn_that_was_not_acknowledged_is_sent_again);
    tcase_add_test(tcase, a_tunnel_half_set_up_goes_on_with_its_challenge);
    tcase_add_test(tcase, hidden_messages_are_sent_again_with_the_same_vector);
    tcase_add_test(tcase, numbers_go_on_across_the_wrap);
    tcase_add_test(tcase, an_outage_of_twenty_seconds_is_survived);
    tcase_add_test(tcase, ids_and_serial_numbers_do_not_come_back);
    tcase_add_test(tcase, a_switchover_by_plan_loses_nothing);
    return suite;
}
