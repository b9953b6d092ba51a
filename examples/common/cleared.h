/* SPDX-License-Identifier: MIT */
/* Counters of redundancy since an operator has cleared them. The node's own go on. */
#ifndef EXAMPLES_CLEARED_H
#define EXAMPLES_CLEARED_H

#include <l2tpha/observe.h>

struct app;

/* What they were when they were cleared; all 0 = never. */
struct cleared {
    uint64_t generation; /* of which node */
    struct l2tpha_counters counters;
    uint64_t switchover; /* after which takeover */
    uint32_t resynced;
};

/* Clear them. */
void cleared_set(struct app *app);

/* One counter since then, as l2tpha_counter_at(). */
bool cleared_counter_at(const struct app *app, size_t index, const char **name, uint64_t *value);

/* The same by name; what is no counter is 0. */
uint64_t cleared_counter(const struct app *app, const char *name);

/* Tunnels confirmed by their peers since the last takeover and since then. */
uint32_t cleared_resynced(const struct app *app, const struct l2tpha_redundancy_info *info);

#endif
