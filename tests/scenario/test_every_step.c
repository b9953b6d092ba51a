/* SPDX-License-Identifier: MIT */
/* Small pieces of work, each repeated with a death at its first step, its second, and so on until
 * it is over before the death comes. Whatever the step, everything must end as if nobody had died.
 */
#include "fixture.h"
#include "sim/sim.h"

#define START (100 * MS) /* by then the tunnel is up and the standby in sync */
#define MOST_STEPS 400

struct piece {
    enum l2tpha_side side; /* ours */
    bool restored;         /* begins with calls, and just before the numbers wrap */
    bool secret;
    uint16_t window; /* the peer's */
    uint64_t begin;  /* when death may come */
    struct {
        uint64_t at;
        enum action_kind kind;
    } work[6];
};

static const struct piece pieces[] = {
    /* the tunnel itself, with challenges and hidden AVPs */
    {L2TPHA_LNS, false, true, 16, 0, {{5 * MS, ACT_PEER_OPENS_TUNNEL}}},
    {L2TPHA_LAC, false, true, 16, 0, {{5 * MS, ACT_NODE_OPENS_TUNNEL}}},
    /* a call from the peer, and one of ours, in both directions */
    {L2TPHA_LNS, true, false, 16, START, {{START, ACT_PEER_CALLS}}},
    {L2TPHA_LNS, true, false, 16, START, {{START, ACT_NODE_CALLS}}},
    {L2TPHA_LAC, true, false, 16, START, {{START, ACT_PEER_CALLS}}},
    {L2TPHA_LAC, true, false, 16, START, {{START, ACT_NODE_CALLS}}},
    /* the end of a call, from either end and from both at once */
    {L2TPHA_LNS, true, false, 16, START, {{START, ACT_PEER_HANGS_UP}}},
    {L2TPHA_LNS, true, false, 16, START, {{START, ACT_NODE_HANGS_UP}}},
    {L2TPHA_LNS, true, false, 16, START, {{START, ACT_NODE_HANGS_UP}, {START, ACT_PEER_HANGS_UP}}},
    /* the end of the tunnel */
    {L2TPHA_LNS, true, false, 16, START, {{START, ACT_PEER_CLOSES_TUNNEL}}},
    {L2TPHA_LNS, true, false, 16, START, {{START, ACT_NODE_CLOSES_TUNNEL}}},
    /* numbered messages both ways, through a wide and a narrow window */
    {L2TPHA_LNS,
     true,
     false,
     16,
     START,
     {{START, ACT_NODE_SENDS},
      {START, ACT_PEER_SENDS},
      {START, ACT_NODE_SENDS},
      {START, ACT_PEER_SENDS},
      {START + 3 * MS, ACT_NODE_SENDS}}},
    {L2TPHA_LNS,
     true,
     false,
     1,
     START,
     {{START, ACT_NODE_SENDS},
      {START, ACT_NODE_SENDS},
      {START, ACT_PEER_SENDS},
      {START, ACT_NODE_SENDS},
      {START, ACT_NODE_CALLS}}},
    /* a planned switchover that is overtaken by death */
    {L2TPHA_LNS,
     true,
     false,
     16,
     START,
     {{START, ACT_PEER_CALLS}, {START + MS, ACT_NODE_SENDS}, {START + 3 * MS, ACT_SWITCHOVER}}},
};
#define PIECES ((int)(sizeof(pieces) / sizeof(pieces[0])))

/* Variants of how our end works, by bits. */
#define LINKED 1
#define FENCED 2
#define BATCHED 4
#define VARIANTS 8

static struct sim sim;

static void make_plan(struct plan *plan, const struct piece *piece, unsigned variant, uint64_t step)
{
    plan_init(plan, piece->side);
    plan->restored = piece->restored;
    plan->ours.linked = variant & LINKED;
    plan->ours.fences = variant & FENCED;
    plan->ours.batch = variant & BATCHED ? END_BATCH : 1;
    plan->ours.stream_delay = 3 * MS;
    plan->peers[0].habits.window = piece->window;
    if (piece->secret) {
        plan->ours.secret = plan->peers[0].secret = "xyzzy";
        plan->ours.config.hide_avps = plan->peers[0].hides = true;
    }
    plan_add(plan, 0, ACT_ADD_STANDBY, 0, 0);
    plan_add(plan, piece->begin, ACT_ARM, 0, step);
    for (size_t i = 0; i < sizeof(piece->work) / sizeof(piece->work[0]); i++)
        if (piece->work[i].kind != ACT_NOTHING)
            plan_add(plan, piece->work[i].at, piece->work[i].kind, 0, 0);
    plan->end = piece->begin + 2 * SECOND;
}

static unsigned deaths(const struct piece *piece, unsigned variant)
{
    struct plan plan;

    for (unsigned step = 1; step < MOST_STEPS; step++) {
        make_plan(&plan, piece, variant, step);
        if (!sim_run_plan(&sim, &plan, step, false))
            ck_abort_msg("piece %d, variant %u, death at step %u: %s", (int)(piece - pieces),
                         variant, step, sim.world.why);
        if (sim.end.takeovers == sim.end.switchovers)
            return step - 1;
    }
    ck_abort_msg("piece %d does not end", (int)(piece - pieces));
    return 0;
}

START_TEST(nothing_is_lost_whichever_step_is_the_last)
{
    for (unsigned variant = 0; variant < VARIANTS; variant++)
        ck_assert_uint_ge(deaths(&pieces[_i], variant), 5);
}
END_TEST

Suite *suite_every_step(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("every_step", &tcase);
    tcase_add_loop_test(tcase, nothing_is_lost_whichever_step_is_the_last, 0, PIECES);
    return suite;
}
