/* SPDX-License-Identifier: MIT */
/* What a machine is to do, written down apart from its table: one line per state and event.
 * Whatever is not written down must not be in the table. */
#ifndef TESTS_FSM_EXPECT_H
#define TESTS_FSM_EXPECT_H

#include "base/fsm.h"
#include "fixture.h"

struct fsm_expect {
    const char *why; /* requirement, or the section that asks for it */
    uint8_t state;
    uint8_t event;
    uint8_t next;
    const char *action; /* NULL = nothing is done */
};

/* Every state with every event; the rows for any state count for each. */
void fsm_expect_all(const struct fsm *fsm, const struct fsm_expect *expected, size_t count);

#endif
