/* SPDX-License-Identifier: MIT */
/* How long somebody may be silent. Time in which this node was away does not count, since its own
 * absence is not the other's silence, and what was said meanwhile lies unread: a wait is measured
 * in own time, which stands still then, and goes on over as many absences as there are. What is
 * overdue is looked at three times before it counts: a turn that reads and then looks may be
 * followed by one that looks and then reads, so a whole turn of the host's loop, in whatever order,
 * lies between the first look and the last.
 *
 * A host that is stopped over and over, or whose every turn is late, would wait for ever by these
 * rules. So they excuse a limited number of absences in a row; after that all time counts. */
#ifndef BASE_PATIENCE_H
#define BASE_PATIENCE_H

#include <l2tpha/types.h>

#define PATIENCE_LOOKS 3
#define PATIENCE_LOOK_US UINT64_C(10000) /* between two of them, at least */
#define PATIENCE_ABSENCES 8              /* in a row, without a word of the other's */

/* Zero-filled = somebody who waits for nothing yet. */
struct patience {
    uint64_t absent;   /* time that does not count, summed up */
    uint64_t back;     /* end of the last absence */
    uint64_t looked;   /* when the last look was */
    unsigned looks;    /* at a wait that is overdue */
    unsigned absences; /* in a row */
};

static inline uint64_t patience_own(const struct patience *patience, uint64_t now)
{
    return now - patience->absent;
}

/* The other was heard: the next absence is the first one again. */
static inline void patience_heard(struct patience *patience)
{
    patience->absences = 0;
}

/* This node was away since `from` or later. */
void patience_absent(struct patience *patience, uint64_t from, uint64_t now);
/* When to look; since: own time at which the wait has begun. L2TPHA_NEVER where wait is that. */
uint64_t patience_due(const struct patience *patience, uint64_t since, uint64_t wait);
/* A look: whether the wait is over. */
bool patience_over(struct patience *patience, uint64_t since, uint64_t wait, uint64_t now);

#endif
