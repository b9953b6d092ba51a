/* SPDX-License-Identifier: MIT */
/* Two states, compared object by object and field by field: a line for each difference. What a
 * standby may know later than its active is no difference: up to where a peer has acknowledged, and
 * which data frame is expected next. */
#ifndef DUMP_DIFF_H
#define DUMP_DIFF_H

#include "dump/state.h"

#include <stdio.h>

struct diff {
    const struct state *states[2];
    const char *names[2];
    struct filter *filter;
    bool secrets;
    FILE *out;
    uint64_t lines; /* written */
};

void diff_states(struct diff *diff);

#endif
