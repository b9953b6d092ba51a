/* SPDX-License-Identifier: MIT */
#include "base/fsm.h"

#include "base/assert.h"

#include <l2tpha/error.h>

const struct fsm_row *fsm_find(const struct fsm *fsm, uint8_t state, uint8_t event)
{
    const struct fsm_row *any = NULL;

    for (size_t i = 0; i < fsm->row_count; i++) {
        const struct fsm_row *row = &fsm->rows[i];
        if (row->event != event)
            continue;
        if (row->state == state)
            return row;
        if (row->state == FSM_ANY)
            any = row;
    }
    return any;
}

bool fsm_has_state(const struct fsm *fsm, uint8_t state)
{
    for (size_t i = 0; i < fsm->row_count; i++)
        if (fsm->rows[i].state == state || fsm->rows[i].next == state)
            return true;
    return false;
}

static bool is_alive(const struct fsm *fsm, const void *object)
{
    return !fsm->alive || fsm->alive(object);
}

/* What ends in its own step does so when it enters a state. */
static int act(const struct fsm *fsm, const struct fsm_row *row, void *object, void *argument)
{
    int error = row->action ? row->action(object, argument) : 0;

    ASSERT(NULL, is_alive(fsm, object));
    return error;
}

static void enter(const struct fsm *fsm, const struct fsm_row *row, void *object, void *argument)
{
    if (row->next != FSM_SAME)
        fsm->enter(object, row->next, argument);
}

static int step(const struct fsm *fsm, uint8_t state, uint8_t event, void *object, void *argument)
{
    const struct fsm_row *row = fsm_find(fsm, state, event);
    if (!row)
        return L2TPHA_ERR_UNEXPECTED;

    int error = act(fsm, row, object, argument);
    if (error < 0 && event != fsm->failed_event) {
        row = fsm->failed_event == FSM_ANY ? NULL : fsm_find(fsm, state, fsm->failed_event);
        if (!row)
            return error;
        act(fsm, row, object, argument); /* the first error is the one to report */
    }
    enter(fsm, row, object, argument);
    return error < 0 ? error : L2TPHA_OK;
}

#ifdef L2TPHA_CHECKED
/* Steps under way, innermost first. */
struct running {
    const void *object;
    const struct running *outer;
};
static _Thread_local const struct running *innermost;

bool fsm_is_running(const void *object)
{
    for (const struct running *at = innermost; at; at = at->outer)
        if (at->object == object)
            return true;
    return false;
}

/* A step inside a step of the same object would find a state that is about to be another. */
int fsm_step(const struct fsm *fsm, uint8_t state, uint8_t event, void *object, void *argument)
{
    const struct running running = {object, innermost};

    ASSERT(NULL, state < fsm->state_count);
    ASSERT(NULL, !fsm_is_running(object));
    innermost = &running;
    int error = step(fsm, state, event, object, argument);
    innermost = running.outer;
    return error;
}
#else
int fsm_step(const struct fsm *fsm, uint8_t state, uint8_t event, void *object, void *argument)
{
    return step(fsm, state, event, object, argument);
}
#endif

static bool is_named(const struct fsm_row *row)
{
    return !FSM_HAS_NAMES || !row->action == !fsm_action_name(row);
}

static bool row_is_sound(const struct fsm *fsm, const struct fsm_row *row)
{
    return (row->state < fsm->state_count || row->state == FSM_ANY) &&
           (row->next < fsm->state_count || row->next == FSM_SAME) &&
           row->event < fsm->event_count && is_named(row);
}

/* Whether some state takes this row. An exact row is hidden by an earlier one of the same state and
 * event only; a row for any state also when every state has a row of its own. */
static bool row_is_reached(const struct fsm *fsm, const struct fsm_row *row)
{
    uint8_t first = row->state == FSM_ANY ? 0 : row->state;
    uint8_t last = row->state == FSM_ANY ? (uint8_t)(fsm->state_count - 1) : row->state;

    for (unsigned state = first; state <= last; state++)
        if (fsm_find(fsm, (uint8_t)state, row->event) == row)
            return true;
    return false;
}

static bool names_are_sound(const char *const *names, uint8_t count)
{
    if (!names || count == 0)
        return false;
    for (unsigned i = 0; i < count; i++)
        if (!names[i])
            return false;
    return true;
}

int fsm_check(const struct fsm *fsm)
{
    if (!fsm->name || !fsm->section || !fsm->enter || !fsm->rows || fsm->row_count == 0)
        return L2TPHA_ERR_INVALID;
    if (!names_are_sound(fsm->state_names, fsm->state_count) ||
        !names_are_sound(fsm->event_names, fsm->event_count))
        return L2TPHA_ERR_INVALID;
    if (fsm->failed_event >= fsm->event_count && fsm->failed_event != FSM_ANY)
        return L2TPHA_ERR_INVALID;
    for (size_t i = 0; i < fsm->row_count; i++)
        if (!row_is_sound(fsm, &fsm->rows[i]) || !row_is_reached(fsm, &fsm->rows[i]))
            return L2TPHA_ERR_INVALID;
    return L2TPHA_OK;
}

struct printer {
    void (*put)(void *user, const char *text);
    void *user;
};

static void put_all(const struct printer *to, const char *const *texts)
{
    for (; *texts; texts++)
        to->put(to->user, *texts);
}

#define PUT(to, ...) put_all(to, (const char *const[]){__VA_ARGS__, NULL})

static void put_row(const struct printer *to, const struct fsm *fsm, const struct fsm_row *row)
{
    const char *from = row->state == FSM_ANY ? "any" : fsm->state_names[row->state];
    const char *next = row->next == FSM_SAME ? from : fsm->state_names[row->next];

    PUT(to, "    \"", from, "\" -> \"", next, "\" [label=\"", fsm->event_names[row->event]);
    if (fsm_action_name(row))
        PUT(to, " / ", fsm_action_name(row));
    PUT(to, "\"];\n");
}

static bool has_any(const struct fsm *fsm)
{
    for (size_t i = 0; i < fsm->row_count; i++)
        if (fsm->rows[i].state == FSM_ANY)
            return true;
    return false;
}

void fsm_graph(const struct fsm *fsm, void (*put)(void *user, const char *text), void *user)
{
    struct printer to = {put, user};

    PUT(&to, "digraph \"", fsm->name, "\" {\n");
    PUT(&to, "    label=\"", fsm->name, ", ", fsm->section, "\";\n");
    if (has_any(fsm))
        PUT(&to, "    \"any\" [style=dashed];\n");
    for (unsigned i = 0; i < fsm->state_count; i++)
        PUT(&to, "    \"", fsm->state_names[i], "\";\n");
    for (size_t i = 0; i < fsm->row_count; i++)
        put_row(&to, fsm, &fsm->rows[i]);
    PUT(&to, "}\n");
}
