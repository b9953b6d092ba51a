/* SPDX-License-Identifier: MIT */
#include "pace.h"

#define NS_PER_US 1000u
#define NS_PER_S 1000000000u
#define CATCH_UP_NS 100000000u

void pace_set(struct pace *pace, uint64_t per_second, uint64_t now)
{
    bool standing = pace->interval_ns == 0;
    pace->interval_ns = per_second == 0 ? 0 : NS_PER_S / per_second;
    if (per_second > NS_PER_S)
        pace->interval_ns = 1;
    if (standing)
        pace->next_ns = now * NS_PER_US;
}

bool pace_due(struct pace *pace, uint64_t now)
{
    uint64_t now_ns = now * NS_PER_US;
    if (pace->interval_ns == 0 || now_ns < pace->next_ns)
        return false;
    if (now_ns - pace->next_ns > CATCH_UP_NS)
        pace->next_ns = now_ns - CATCH_UP_NS;
    pace->next_ns += pace->interval_ns;
    return true;
}

uint64_t pace_deadline(const struct pace *pace)
{
    if (pace->interval_ns == 0)
        return UINT64_MAX;
    return (pace->next_ns + NS_PER_US - 1) / NS_PER_US;
}
