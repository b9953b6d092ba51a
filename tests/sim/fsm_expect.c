/* SPDX-License-Identifier: MIT */
#include "sim/fsm_expect.h"

#include <string.h>

static const struct fsm_expect *find(const struct fsm_expect *expected, size_t count, uint8_t state,
                                     uint8_t event)
{
    const struct fsm_expect *found = NULL;

    for (size_t i = 0; i < count; i++) {
        if (expected[i].event != event)
            continue;
        if (expected[i].state != state && expected[i].state != FSM_ANY)
            continue;
        ck_assert_msg(!found, "%s and %s are about the same", expected[i].why,
                      found ? found->why : "");
        found = &expected[i];
    }
    return found;
}

void fsm_expect_all(const struct fsm *fsm, const struct fsm_expect *expected, size_t count)
{
    for (uint8_t state = 0; state < fsm->state_count; state++) {
        for (uint8_t event = 0; event < fsm->event_count; event++) {
            const struct fsm_expect *want = find(expected, count, state, event);
            const struct fsm_row *row = fsm_find(fsm, state, event);
            const char *where = fsm->state_names[state], *what = fsm->event_names[event];
            ck_assert_msg(!row || want, "%s, %s: nobody asks for this row", where, what);
            ck_assert_msg(row || !want, "%s, %s: %s is missing", where, what,
                          want ? want->why : "");
            if (!row)
                continue;
            ck_assert_msg(row->next == want->next, "%s, %s: next state, %s", where, what,
                          want->why);
            ck_assert_msg(!row->action == !want->action, "%s, %s: action, %s", where, what,
                          want->why);
            if (want->action && fsm_action_name(row)) /* a build for size has no names */
                ck_assert_str_eq(fsm_action_name(row), want->action);
        }
    }
}
