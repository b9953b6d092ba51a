/* SPDX-License-Identifier: MIT */
#include "base/fsm.h"
#include "fixture.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { IDLE, WAIT, OPEN, STATES };
enum { EV_START, EV_DONE, EV_ABORT, EV_FAILED, EVENTS };

static const char *const states[] = {"IDLE", "WAIT", "OPEN"};
static const char *const events[] = {"START", "DONE", "ABORT", "FAILED"};

/* Notes what happens to it, in order. */
struct object {
    uint8_t state;
    int send_result;
    int clean_result;
    char trace[128];
};

static void note(struct object *object, const char *what)
{
    size_t len = strlen(object->trace);
    ck_assert_uint_lt(len + strlen(what) + 2, sizeof(object->trace));
    snprintf(object->trace + len, sizeof(object->trace) - len, "%s ", what);
}

static void enter(void *object, uint8_t next, void *argument)
{
    struct object *it = object;
    (void)argument;
    note(it, states[next]);
    it->state = next;
}

static int act_send(void *object, void *argument)
{
    ck_assert_str_eq(argument, "argument");
    note(object, "send");
    return ((struct object *)object)->send_result;
}

static int act_clean(void *object, void *argument)
{
    ck_assert_str_eq(argument, "argument");
    note(object, "clean");
    return ((struct object *)object)->clean_result;
}

static const struct fsm_row rows[] = {
    FSM_ROW_SILENT(FSM_ANY, EV_ABORT, IDLE), /* before the exact one on purpose */
    FSM_ROW(IDLE, EV_START, WAIT, act_send),   FSM_ROW(WAIT, EV_START, FSM_SAME, act_send),
    FSM_ROW_SILENT(WAIT, EV_DONE, OPEN),       FSM_ROW(OPEN, EV_ABORT, IDLE, act_clean),
    FSM_ROW(OPEN, EV_DONE, OPEN, act_send),    FSM_ROW(WAIT, EV_FAILED, IDLE, act_clean),
    FSM_ROW_SILENT(OPEN, EV_FAILED, FSM_SAME),
};

#define MACHINE(table)                                                                             \
    {                                                                                              \
        .name = "call", .section = "RFC 2661 7.4.1", .state_names = states, .event_names = events, \
        .rows = table, .row_count = sizeof(table) / sizeof((table)[0]), .state_count = STATES,     \
        .event_count = EVENTS, .failed_event = EV_FAILED, .enter = enter,                          \
    }

static const struct fsm machine = MACHINE(rows);

static int step(const struct fsm *fsm, struct object *object, uint8_t event)
{
    char argument[] = "argument";

    return fsm_step(fsm, object->state, event, object, argument);
}

START_TEST(action_runs_before_the_state_is_entered)
{
    struct object object = {.state = IDLE};

    assert_ok(step(&machine, &object, EV_START));
    assert_ok(step(&machine, &object, EV_DONE));
    ck_assert_str_eq(object.trace, "send WAIT OPEN ");
}
END_TEST

START_TEST(same_does_not_enter_but_an_equal_state_does)
{
    struct object waiting = {.state = WAIT}, open = {.state = OPEN};

    assert_ok(step(&machine, &waiting, EV_START));
    ck_assert_str_eq(waiting.trace, "send ");
    assert_ok(step(&machine, &open, EV_DONE));
    ck_assert_str_eq(open.trace, "send OPEN ");
}
END_TEST

START_TEST(exact_row_comes_before_any)
{
    struct object open = {.state = OPEN}, waiting = {.state = WAIT};

    assert_ok(step(&machine, &open, EV_ABORT));
    ck_assert_str_eq(open.trace, "clean IDLE ");
    assert_ok(step(&machine, &waiting, EV_ABORT));
    ck_assert_str_eq(waiting.trace, "IDLE ");
    ck_assert_ptr_eq(fsm_find(&machine, OPEN, EV_ABORT), &rows[4]);
    ck_assert_ptr_eq(fsm_find(&machine, IDLE, EV_ABORT), &rows[0]);
    ck_assert_ptr_null(fsm_find(&machine, IDLE, EV_DONE));
}
END_TEST

START_TEST(a_state_is_had_where_a_row_starts_or_leads)
{
    static const struct fsm_row few[] = {FSM_ROW_SILENT(FSM_ANY, EV_ABORT, FSM_SAME),
                                         FSM_ROW_SILENT(WAIT, EV_DONE, OPEN)};
    const struct fsm other = MACHINE(few);

    ck_assert(!fsm_has_state(&other, IDLE));
    ck_assert(fsm_has_state(&other, WAIT));
    ck_assert(fsm_has_state(&other, OPEN));
    ck_assert(!fsm_has_state(&other, STATES));
}
END_TEST

START_TEST(no_row_changes_nothing)
{
    struct object object = {.state = IDLE};

    assert_error(step(&machine, &object, EV_DONE), L2TPHA_ERR_UNEXPECTED);
    assert_error(step(&machine, &object, EVENTS), L2TPHA_ERR_UNEXPECTED);
    assert_error(step(&machine, &object, EV_FAILED), L2TPHA_ERR_UNEXPECTED);
    ck_assert_str_eq(object.trace, "");
}
END_TEST

#ifdef L2TPHA_CHECKED
static int act_step(void *object, void *argument);

static const struct fsm_row nested[] = {FSM_ROW(IDLE, EV_START, WAIT, act_step),
                                        FSM_ROW_SILENT(IDLE, EV_DONE, OPEN)};
static const struct fsm nesting = MACHINE(nested);

/* Of this object, or of the other one that the argument names. */
static int act_step(void *object, void *argument)
{
    struct object *next = argument ? argument : object;

    return fsm_step(&nesting, IDLE, EV_DONE, next, NULL);
}

START_TEST(an_object_has_one_step_at_a_time)
{
    struct object object = {.state = IDLE}, other = {.state = IDLE};

    assert_ok(fsm_step(&nesting, IDLE, EV_START, &object, &other));
    if (_i)
        fsm_step(&nesting, IDLE, EV_START, &object, NULL);
    else
        raise(SIGABRT); /* the one before was well */
}
END_TEST

static bool lives(const void *object)
{
    return ((const struct object *)object)->send_result == 0;
}

static int act_die(void *object, void *argument)
{
    ((struct object *)object)->send_result = *(const int *)argument;
    return L2TPHA_OK;
}

static const struct fsm_row deadly[] = {FSM_ROW(IDLE, EV_START, WAIT, act_die),
                                        FSM_ROW(WAIT, EV_DONE, FSM_SAME, act_die),
                                        FSM_ROW_SILENT(WAIT, EV_ABORT, FSM_SAME)};

static int act_ask(void *object, void *argument)
{
    (void)argument;
    note(object, fsm_is_running(object) ? "runs" : "rests");
    return L2TPHA_OK;
}

static void enter_asking(void *object, uint8_t next, void *argument)
{
    enter(object, next, argument);
    act_ask(object, argument);
}

static const struct fsm_row asked[] = {FSM_ROW(IDLE, EV_START, WAIT, act_ask)};
static const struct fsm asking = {.rows = asked,
                                  .row_count = 1,
                                  .state_count = STATES,
                                  .event_count = EVENTS,
                                  .failed_event = FSM_ANY,
                                  .enter = enter_asking};

/* Nothing is left then that could enter a state. */
START_TEST(an_object_outlives_its_action)
{
    struct fsm mortal = MACHINE(deadly);
    struct object object = {.state = IDLE};
    int no = 0, yes = 1;

    mortal.alive = lives;
    assert_ok(fsm_step(&mortal, IDLE, EV_START, &object, &no));
    assert_ok(fsm_step(&mortal, WAIT, EV_DONE, &object, &no));
    if (_i < 2)
        fsm_step(&mortal, _i ? WAIT : IDLE, _i ? EV_DONE : EV_START, &object, &yes);
    else
        raise(SIGABRT); /* those before were well */
}
END_TEST

/* What it is told of a step that is under way, and of one that is over. */
START_TEST(a_step_is_under_way_until_it_is_over)
{
    struct object object = {.state = IDLE};

    ck_assert(!fsm_is_running(&object));
    assert_ok(fsm_step(&asking, IDLE, EV_START, &object, NULL));
    ck_assert_str_eq(object.trace, "runs WAIT runs ");
    ck_assert(!fsm_is_running(&object));
}
END_TEST
#endif

START_TEST(failing_action_runs_the_failed_event)
{
    struct object object = {.state = WAIT, .send_result = L2TPHA_ERR_NO_ID};

    assert_error(step(&machine, &object, EV_START), L2TPHA_ERR_NO_ID);
    ck_assert_str_eq(object.trace, "send clean IDLE ");
}
END_TEST

START_TEST(action_may_fail_with_unexpected)
{
    struct object object = {.state = WAIT, .send_result = L2TPHA_ERR_UNEXPECTED};

    assert_error(step(&machine, &object, EV_START), L2TPHA_ERR_UNEXPECTED);
    ck_assert_str_eq(object.trace, "send clean IDLE ");
}
END_TEST

START_TEST(failed_event_may_stay)
{
    struct object object = {.state = OPEN, .send_result = L2TPHA_ERR_LIMIT};

    assert_error(step(&machine, &object, EV_DONE), L2TPHA_ERR_LIMIT);
    ck_assert_str_eq(object.trace, "send ");
}
END_TEST

START_TEST(failed_event_without_a_row_stays)
{
    struct object object = {.state = IDLE, .send_result = L2TPHA_ERR_LIMIT};

    assert_error(step(&machine, &object, EV_START), L2TPHA_ERR_LIMIT);
    ck_assert_str_eq(object.trace, "send ");
}
END_TEST

START_TEST(machine_without_a_failed_event_stays)
{
    struct fsm plain = MACHINE(rows);
    struct object object = {.state = WAIT, .send_result = L2TPHA_ERR_LIMIT};

    plain.failed_event = FSM_ANY;
    assert_error(step(&plain, &object, EV_START), L2TPHA_ERR_LIMIT);
    ck_assert_str_eq(object.trace, "send ");
}
END_TEST

START_TEST(failing_clean_up_still_leaves_the_state)
{
    struct object object = {
        .state = WAIT, .send_result = L2TPHA_ERR_NO_ID, .clean_result = L2TPHA_ERR_NOMEM};

    assert_error(step(&machine, &object, EV_START), L2TPHA_ERR_NO_ID); /* the first error */
    ck_assert_str_eq(object.trace, "send clean IDLE ");
    object = (struct object){.state = WAIT, .clean_result = L2TPHA_ERR_NOMEM};
    assert_error(step(&machine, &object, EV_FAILED), L2TPHA_ERR_NOMEM);
    ck_assert_str_eq(object.trace, "clean IDLE ");
}
END_TEST

START_TEST(positive_result_is_success)
{
    struct object object = {.state = IDLE, .send_result = 7};

    assert_ok(step(&machine, &object, EV_START));
    ck_assert_str_eq(object.trace, "send WAIT ");
}
END_TEST

START_TEST(good_tables_pass)
{
    static const struct fsm_row any_beside_some[] = {
        FSM_ROW_SILENT(IDLE, EV_START, WAIT), FSM_ROW_SILENT(WAIT, EV_START, OPEN),
        FSM_ROW_SILENT(FSM_ANY, EV_START, FSM_SAME), /* for OPEN */
    };
    struct fsm some = MACHINE(any_beside_some);

    assert_ok(fsm_check(&machine));
    assert_ok(fsm_check(&some));
    some.failed_event = FSM_ANY;
    assert_ok(fsm_check(&some));
}
END_TEST

static const struct fsm_row bad_rows[][4] = {
    {FSM_ROW_SILENT(STATES, EV_START, WAIT)}, /* state out of range */
    {FSM_ROW_SILENT(IDLE, EVENTS, WAIT)},     /* event out of range */
    {FSM_ROW_SILENT(IDLE, FSM_ANY, WAIT)},    /* no wildcard for events */
    {FSM_ROW_SILENT(IDLE, EV_START, STATES)}, /* next out of range */
    {FSM_ROW_SILENT(IDLE, EV_START, WAIT), FSM_ROW_SILENT(IDLE, EV_START, OPEN)},
    {FSM_ROW_SILENT(FSM_ANY, EV_START, WAIT), FSM_ROW_SILENT(FSM_ANY, EV_START, WAIT)},
    {FSM_ROW_SILENT(IDLE, EV_START, WAIT), FSM_ROW_SILENT(WAIT, EV_START, WAIT),
     FSM_ROW_SILENT(OPEN, EV_START, WAIT), FSM_ROW_SILENT(FSM_ANY, EV_START, WAIT)},
#ifndef __OPTIMIZE_SIZE__                       /* else there are no names */
    {{IDLE, EV_START, WAIT, act_send, NULL}},   /* action without its name */
    {{IDLE, EV_START, WAIT, NULL, "act_send"}}, /* name without an action */
#endif
};
#define BAD_ROWS (sizeof(bad_rows) / sizeof(bad_rows[0]))
static const size_t bad_counts[] = {1, 1, 1, 1, 2, 2, 4, 1, 1};

START_TEST(bad_rows_are_found)
{
    struct fsm bad = MACHINE(rows);

    bad.rows = bad_rows[_i];
    bad.row_count = bad_counts[_i];
    assert_error(fsm_check(&bad), L2TPHA_ERR_INVALID);
}
END_TEST

START_TEST(bad_machines_are_found)
{
    static const char *const holed[] = {"a", NULL, "c", "d"};
    struct fsm bad[12];

    for (size_t i = 0; i < 12; i++)
        bad[i] = machine;
    bad[0].name = NULL;
    bad[1].section = NULL;
    bad[2].enter = NULL;
    bad[3].rows = NULL;
    bad[4].row_count = 0;
    bad[5].state_names = NULL;
    bad[6].event_names = NULL;
    bad[7].state_names = holed;
    bad[8].event_names = holed;
    bad[9].state_count = 0;
    bad[10].event_count = 0;
    bad[11].failed_event = EVENTS;
    assert_error(fsm_check(&bad[_i]), L2TPHA_ERR_INVALID);
}
END_TEST

static void collect(void *user, const char *text)
{
    char **graph = user;
    size_t len = strlen(*graph);

    *graph = talloc_realloc(root, *graph, char, len + strlen(text) + 1);
    memcpy(*graph + len, text, strlen(text) + 1);
}

/* A build for size has no names of actions. */
#ifdef __OPTIMIZE_SIZE__
#define SENDS ""
#else
#define SENDS " / act_send"
#endif

START_TEST(graph_shows_the_table)
{
    static const struct fsm_row few[] = {
        FSM_ROW(IDLE, EV_START, WAIT, act_send),
        FSM_ROW_SILENT(WAIT, EV_DONE, FSM_SAME),
        FSM_ROW_SILENT(FSM_ANY, EV_ABORT, IDLE),
    };
    struct fsm small = MACHINE(few);
    char *graph = talloc_strdup(root, "");

    fsm_graph(&small, collect, &graph);
    ck_assert_str_eq(graph, "digraph \"call\" {\n"
                            "    label=\"call, RFC 2661 7.4.1\";\n"
                            "    \"any\" [style=dashed];\n"
                            "    \"IDLE\";\n"
                            "    \"WAIT\";\n"
                            "    \"OPEN\";\n"
                            "    \"IDLE\" -> \"WAIT\" [label=\"START" SENDS "\"];\n"
                            "    \"WAIT\" -> \"WAIT\" [label=\"DONE\"];\n"
                            "    \"any\" -> \"IDLE\" [label=\"ABORT\"];\n"
                            "}\n");
    talloc_free(graph);
}
END_TEST

START_TEST(graph_has_any_where_a_row_has)
{
    static const struct fsm_row few[] = {
        FSM_ROW_SILENT(IDLE, EV_START, WAIT),
    };
    struct fsm small = MACHINE(few);
    char *graph = talloc_strdup(root, "");

    fsm_graph(&small, collect, &graph);
    ck_assert_ptr_null(strstr(graph, "any"));
    talloc_free(graph);
}
END_TEST

Suite *suite_fsm(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("fsm", &tcase);
    tcase_add_test(tcase, action_runs_before_the_state_is_entered);
    tcase_add_test(tcase, same_does_not_enter_but_an_equal_state_does);
    tcase_add_test(tcase, exact_row_comes_before_any);
    tcase_add_test(tcase, a_state_is_had_where_a_row_starts_or_leads);
#ifdef L2TPHA_CHECKED
    tcase_add_loop_test_raise_signal(tcase, an_object_has_one_step_at_a_time, SIGABRT, 0, 2);
    tcase_add_loop_test_raise_signal(tcase, an_object_outlives_its_action, SIGABRT, 0, 3);
    tcase_add_test(tcase, a_step_is_under_way_until_it_is_over);
#endif
    tcase_add_test(tcase, no_row_changes_nothing);
    tcase_add_test(tcase, failing_action_runs_the_failed_event);
    tcase_add_test(tcase, action_may_fail_with_unexpected);
    tcase_add_test(tcase, failed_event_may_stay);
    tcase_add_test(tcase, failed_event_without_a_row_stays);
    tcase_add_test(tcase, machine_without_a_failed_event_stays);
    tcase_add_test(tcase, failing_clean_up_still_leaves_the_state);
    tcase_add_test(tcase, positive_result_is_success);
    tcase_add_test(tcase, good_tables_pass);
    tcase_add_loop_test(tcase, bad_rows_are_found, 0, BAD_ROWS);
    tcase_add_loop_test(tcase, bad_machines_are_found, 0, 12);
    tcase_add_test(tcase, graph_shows_the_table);
    tcase_add_test(tcase, graph_has_any_where_a_row_has);
    return suite;
}
