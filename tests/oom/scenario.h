/* SPDX-License-Identifier: MIT */
/* What the program does while memory runs out. */
#ifndef OOM_SCENARIO_H
#define OOM_SCENARIO_H

#include "oom/world.h"

struct scenario {
    const char *name;
    bool secret, linked, reorder, large, dry, attached; /* as in struct world */
    enum l2tpha_trust trust;                            /* likewise */
    enum l2tpha_commit commit;                          /* likewise */
    bool costs_calls;                     /* those half set up, which the host is told of */
    bool standby;                         /* in the end the LNS has one, in sync */
    void (*prepare)(struct world *world); /* with memory */
    void (*run)(struct world *world);     /* without */
};

extern const struct scenario scenarios[];
extern const size_t scenario_count;

#endif
