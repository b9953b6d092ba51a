/* SPDX-License-Identifier: MIT */
#include "fixture.h"
#include "redundancy/role_fsm.h"

#include <string.h>

#define SOLO L2TPHA_ROLE_ACTIVE_SOLO
#define COPYING L2TPHA_ROLE_ACTIVE_BULK
#define ACTIVE L2TPHA_ROLE_ACTIVE
#define COLD L2TPHA_ROLE_STANDBY_COLD
#define FILLING L2TPHA_ROLE_STANDBY_BULK
#define HOT L2TPHA_ROLE_STANDBY_HOT
#define LOST L2TPHA_ROLE_OUT_OF_SYNC
#define FENCED L2TPHA_ROLE_FENCED
#define NO (-1)      /* makes no sense: L2TPHA_ERR_ROLE */
#define UNREADY (-2) /* L2TPHA_ERR_NOT_IN_SYNC */
#define FIRST_ROLE SOLO
#define UNHEARD L2TPHA_ROLE_UNHEARD
#define CUT L2TPHA_ROLE_CUT_OFF
#define LAST_ROLE CUT

/* Every role against every event, written down apart from the table under test. */
static const int expected[LAST_ROLE + 1][ROLE_EVENTS] = {
    /* copy started, in sync, standby lost, begins, complete, lost thread, unheard, heard, cut off,
       takeover, stale, empty, fence */
    [SOLO] = {COPYING, NO, SOLO, NO, NO, NO, NO, NO, NO, NO, NO, NO, FENCED},
    [COPYING] = {COPYING, ACTIVE, SOLO, NO, NO, NO, NO, NO, NO, NO, NO, NO, FENCED},
    [ACTIVE] = {COPYING, NO, SOLO, NO, NO, NO, NO, NO, NO, NO, NO, NO, FENCED},
    [COLD] = {NO, NO, NO, FILLING, NO, LOST, NO, NO, NO, UNREADY, UNREADY, SOLO, NO},
    [FILLING] = {NO, NO, NO, FILLING, HOT, LOST, NO, NO, NO, UNREADY, SOLO, SOLO, NO},
    [HOT] = {NO, NO, NO, FILLING, NO, LOST, UNHEARD, NO, CUT, SOLO, SOLO, SOLO, NO},
    [UNHEARD] = {NO, NO, NO, FILLING, NO, LOST, NO, HOT, CUT, SOLO, SOLO, SOLO, NO},
    [CUT] = {NO, NO, NO, FILLING, HOT, LOST, NO, NO, NO, SOLO, SOLO, SOLO, NO},
    [LOST] = {NO, NO, NO, FILLING, NO, LOST, NO, NO, NO, UNREADY, SOLO, SOLO, NO},
    [FENCED] = {NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO},
};

static unsigned changes;
static enum l2tpha_role changed_from;

static void changed(void *user, const struct role *role, enum l2tpha_role from)
{
    ck_assert_ptr_eq(user, &changes);
    ck_assert_str_eq(role->reason, "test");
    changed_from = from;
    changes++;
}

static struct role role_in(enum l2tpha_role state, uint64_t epoch)
{
    struct role role;

    role_init(&role, state, epoch);
    role.changed = changed;
    role.user = &changes;
    changes = 0;
    return role;
}

START_TEST(table_is_sound)
{
    assert_ok(fsm_check(&role_fsm));
}
END_TEST

START_TEST(every_event_in_every_role)
{
    for (int state = FIRST_ROLE; state <= LAST_ROLE; state++)
        for (int event = 0; event < ROLE_EVENTS; event++) {
            int want = expected[state][event];
            struct role role = role_in((enum l2tpha_role)state, 5);
            int error = role_step(&role, (enum role_event)event, 6, "test");

            ck_assert_int_eq(error, want == NO        ? L2TPHA_ERR_ROLE
                                    : want == UNREADY ? L2TPHA_ERR_NOT_IN_SYNC
                                                      : 0);
            ck_assert_int_eq((int)role.state, want < 0 ? state : want);
            ck_assert_uint_eq(changes, want >= 0 && want != state);
            ck_assert_str_eq(role.reason, changes ? "test" : "started");
            if (changes)
                ck_assert_int_eq((int)changed_from, state);
        }
}
END_TEST

static const struct {
    enum l2tpha_role state;
    enum role_event event;
    uint64_t epoch;
    int error;
} epochs[] = {
    {HOT, ROLE_TAKEOVER, 6, 0},
    {HOT, ROLE_TAKEOVER, 5, L2TPHA_ERR_STALE_EPOCH},
    {HOT, ROLE_TAKEOVER, 0, L2TPHA_ERR_STALE_EPOCH},
    {ACTIVE, ROLE_FENCE, UINT64_MAX, 0},
    {ACTIVE, ROLE_FENCE, 5, L2TPHA_ERR_STALE_EPOCH},
    {SOLO, ROLE_FENCE, 4, L2TPHA_ERR_STALE_EPOCH},
    {COLD, ROLE_COPY_BEGINS, 5, 0},
    {COLD, ROLE_COPY_BEGINS, 6, 0},
    {HOT, ROLE_COPY_BEGINS, 4, L2TPHA_ERR_STALE_EPOCH},
    {FILLING, ROLE_COPY_BEGINS, 4, L2TPHA_ERR_STALE_EPOCH},
    {FILLING, ROLE_LOST_THREAD, 6, 0},
    {LOST, ROLE_LOST_THREAD, 6, 0},
    {HOT, ROLE_LOST_THREAD, 4, L2TPHA_ERR_STALE_EPOCH},
};

START_TEST(epochs_never_go_back)
{
    struct role role = role_in(epochs[_i].state, 5);

    assert_error(role_step(&role, epochs[_i].event, epochs[_i].epoch, "test"), epochs[_i].error);
    ck_assert_uint_eq(role.epoch, epochs[_i].error ? 5 : epochs[_i].epoch);
    if (epochs[_i].error)
        ck_assert_int_eq(role.state, epochs[_i].state);
}
END_TEST

/* Whoever was fenced ends; its host makes a new node, a standby. */
START_TEST(a_fenced_node_never_serves_again)
{
    struct role role = role_in(ACTIVE, 1);

    assert_ok(role_step(&role, ROLE_FENCE, 3, "test"));
    for (int event = 0; event < ROLE_EVENTS; event++)
        assert_error(role_step(&role, (enum role_event)event, 9, "test"), L2TPHA_ERR_ROLE);
    ck_assert_int_eq(role.state, FENCED);
    ck_assert_uint_eq(role.epoch, 3);
}
END_TEST

START_TEST(names_and_service)
{
    for (int a = FIRST_ROLE; a <= LAST_ROLE; a++) {
        ck_assert_int_eq(role_serves((enum l2tpha_role)a), a <= ACTIVE);
        for (int b = FIRST_ROLE; b < a; b++)
            ck_assert_str_ne(l2tpha_role_name((enum l2tpha_role)a),
                             l2tpha_role_name((enum l2tpha_role)b));
    }
    ck_assert_str_eq(l2tpha_role_name(HOT), "standby-hot");
    ck_assert_str_eq(l2tpha_role_name((enum l2tpha_role)0), "unknown");
    ck_assert_str_eq(l2tpha_role_name((enum l2tpha_role)(LAST_ROLE + 1)), "unknown");
    ck_assert(!role_serves((enum l2tpha_role)0));
}
END_TEST

START_TEST(nobody_need_listen)
{
    struct role role;

    role_init(&role, SOLO, 1);
    assert_ok(role_step(&role, ROLE_COPY_STARTED, 0, "a standby has come"));
    ck_assert_str_eq(role.reason, "a standby has come");
}
END_TEST

/* The smallest newer one of that rank. */
static const struct {
    uint64_t newest;
    uint32_t rank;
    uint64_t next;
} next_epochs[] = {
    {0, 0, 256}, /* there is no epoch 0 */
    {0, 1, 1},
    {1, 1, 257},
    {1, 2, 2},
    {2, 1, 257},
    {257, 1, 513},
    {257, 2, 258},
    {511, 0, 512},
    {511, 255, 767},
    {0x1ff, 3, 0x203},
    {0, 255, 255},
    {7, L2TPHA_RANK_NONE, 8},
    {7, 256, 8},
    {UINT64_C(1) << 40, 9, (UINT64_C(1) << 40) + 9},
};

START_TEST(the_next_epoch_has_the_nodes_rank)
{
    ck_assert_uint_eq(l2tpha_epoch_next(next_epochs[_i].newest, next_epochs[_i].rank),
                      next_epochs[_i].next);
}
END_TEST

/* Two that are promoted at once, whatever they know. */
START_TEST(two_ranks_never_make_the_same_epoch)
{
    for (uint64_t a = 0; a < 600; a++)
        for (uint64_t b = a > 20 ? a - 20 : 0; b < a + 20; b++)
            if (l2tpha_epoch_next(a, 1) == l2tpha_epoch_next(b, 2))
                ck_abort_msg("%u and %u", (unsigned)a, (unsigned)b);
}
END_TEST

Suite *suite_role(void);
Suite *suite_role(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("role", &tcase);

    tcase_add_test(tcase, table_is_sound);
    tcase_add_test(tcase, every_event_in_every_role);
    tcase_add_loop_test(tcase, epochs_never_go_back, 0, sizeof(epochs) / sizeof(epochs[0]));
    tcase_add_test(tcase, a_fenced_node_never_serves_again);
    tcase_add_test(tcase, names_and_service);
    tcase_add_test(tcase, nobody_need_listen);
    tcase_add_loop_test(tcase, the_next_epoch_has_the_nodes_rank, 0,
                        sizeof(next_epochs) / sizeof(next_epochs[0]));
    tcase_add_test(tcase, two_ranks_never_make_the_same_epoch);
    return suite;
}
