/* SPDX-License-Identifier: MIT */
/* Table-driven state machines. A machine is one const table, row for row the RFC's; the engine
 * looks the row up, runs its action, then has the object enter the new state through one function.
 */
#ifndef BASE_FSM_H
#define BASE_FSM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FSM_ANY 0xff  /* as a row's state: any state without a row of its own for the event */
#define FSM_SAME 0xff /* as a row's next: stay; `enter` is not called */

/* Names of actions are for the printed graph; where the library is made for size there are none. */
#ifdef __OPTIMIZE_SIZE__
#define FSM_HAS_NAMES false
#else
#define FSM_HAS_NAMES true
#endif

/* What a row does. < 0 makes the engine dispatch the machine's failed event instead of entering the
 * row's next state. */
typedef int (*fsm_action)(void *object, void *argument);

struct fsm_row {
    uint8_t state;
    uint8_t event;
    uint8_t next;
    fsm_action action; /* NULL = nothing to do */
#ifndef __OPTIMIZE_SIZE__
    const char *action_name; /* for the printed graph; NULL with action NULL */
#endif
};

/* One row, the action's name kept for the graph, but not where the library is made for size. */
#ifdef __OPTIMIZE_SIZE__
#define FSM_ROW(state, event, next, action)                                                        \
    {                                                                                              \
        state, event, next, action                                                                 \
    }
#define FSM_ROW_SILENT(state, event, next) FSM_ROW(state, event, next, NULL)
#else
#define FSM_ROW(state, event, next, action)                                                        \
    {                                                                                              \
        state, event, next, action, #action                                                        \
    }
#define FSM_ROW_SILENT(state, event, next)                                                         \
    {                                                                                              \
        state, event, next, NULL, NULL                                                             \
    }
#endif

/* NULL = none, or left out. */
static inline const char *fsm_action_name(const struct fsm_row *row)
{
#ifdef __OPTIMIZE_SIZE__
    (void)row;
    return NULL;
#else
    return row->action_name;
#endif
}

struct fsm {
    const char *name;               /* "tunnel" */
    const char *section;            /* "RFC 2661 7.2.1" */
    const char *const *state_names; /* state_count of them */
    const char *const *event_names; /* event_count of them */
    const struct fsm_row *rows;
    size_t row_count;
    uint8_t state_count;
    uint8_t event_count;
    uint8_t failed_event; /* dispatched when an action fails; FSM_ANY = none */
    /* The one function that writes the state; told where it came from by reading the object, and
     * why by the argument of the step. */
    void (*enter)(void *object, uint8_t next, void *argument);
    /* Checked builds: whether it has not ended, asked after each action. NULL = it cannot end. */
    bool (*alive)(const void *object);
};

/* The row for (state, event): an exact one before one with FSM_ANY; NULL when there is none. */
const struct fsm_row *fsm_find(const struct fsm *fsm, uint8_t state, uint8_t event);

/* Whether the machine can be in this state: some row starts there or leads there. */
bool fsm_has_state(const struct fsm *fsm, uint8_t state);

/* Run one event: action first, then the new state. 0, the action's error (after the failed event
 * ran), or L2TPHA_ERR_UNEXPECTED when no row matches, in which case nothing has happened. The
 * failed event's own row enters its next state even if its action fails as well: nothing is left to
 * try, and the object must not stay where it cannot go on. */
int fsm_step(const struct fsm *fsm, uint8_t state, uint8_t event, void *object, void *argument);

/* Whether a step of this object is under way: it may not be freed. False in builds that do not
 * check. */
#ifdef L2TPHA_CHECKED
bool fsm_is_running(const void *object);
#else
static inline bool fsm_is_running(const void *object)
{
    (void)object;
    return false;
}
#endif

/* 0 when the table is sound: states and events in range, no row twice, none unreachable behind an
 * identical one. The tests call it for every table. */
int fsm_check(const struct fsm *fsm);

/* Graphviz text of the machine, handed to put piece by piece. */
void fsm_graph(const struct fsm *fsm, void (*put)(void *user, const char *text), void *user);

#endif
