/* SPDX-License-Identifier: MIT */
#include "base/patience.h"

void patience_absent(struct patience *patience, uint64_t from, uint64_t now)
{
    if (patience->absences == PATIENCE_ABSENCES)
        return;
    patience->absences++;
    if (from < patience->back) /* seen already */
        from = patience->back;
    if (now > from) {
        patience->absent += now - from;
        patience->back = now;
    }
    patience->looks = 0;
}

static uint64_t end_of(const struct patience *patience, uint64_t since, uint64_t wait)
{
    uint64_t from = since + patience->absent;

    return from > L2TPHA_NEVER - wait ? L2TPHA_NEVER : from + wait;
}

/* Those at a wait that is over count no more. */
static unsigned looks_at(const struct patience *patience, uint64_t end)
{
    return end <= patience->looked ? patience->looks : 0;
}

uint64_t patience_due(const struct patience *patience, uint64_t since, uint64_t wait)
{
    uint64_t end = end_of(patience, since, wait);

    return looks_at(patience, end) > 0 ? patience->looked + PATIENCE_LOOK_US : end;
}

bool patience_over(struct patience *patience, uint64_t since, uint64_t wait, uint64_t now)
{
    if (now < patience_due(patience, since, wait))
        return false;
    patience->looks = looks_at(patience, end_of(patience, since, wait)) + 1;
    patience->looked = now;
    return patience->looks >= PATIENCE_LOOKS;
}
