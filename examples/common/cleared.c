/* SPDX-License-Identifier: MIT */
#include "cleared.h"
#include "app.h"

#include <string.h>

/* What counters of redundancy begin with. */
static const char *const redundancy[] = {
    "checkpoint",
    "digest",
    "fenced_drops",
    "data_unconfirmed",
    "absences",
    "unsure_drops",
    "suspended",
    "recover",
    "resync",
    "orphans",
    "takeovers",
    "quer",
    "sessions_inactive",
    "tunnels_unresponsive",
    "answers",
    "data_resets",
    "failover_errors",
    "sessions_desynced",
    "sessions_stale",
    "sessions_unverified",
};
#define REDUNDANCY (sizeof(redundancy) / sizeof(redundancy[0]))

static bool is_redundancy(const char *name)
{
    for (size_t i = 0; i < REDUNDANCY; i++)
        if (strncmp(name, redundancy[i], strlen(redundancy[i])) == 0)
            return true;
    return false;
}

void cleared_set(struct app *app)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};
    l2tpha_redundancy_get(app->node, &info);
    app->cleared = (struct cleared){.generation = app->generation,
                                    .counters = *l2tpha_counters(app->node),
                                    .switchover = info.last_switchover,
                                    .resynced = info.resynced};
}

bool cleared_counter_at(const struct app *app, size_t index, const char **name, uint64_t *value)
{
    const char *text;
    uint64_t before = 0;
    if (!l2tpha_counter_at(l2tpha_counters(app->node), index, name, &text, value))
        return false;
    /* a node that has begun anew has counters of its own */
    if (app->cleared.generation == app->generation && is_redundancy(*name))
        (void)l2tpha_counter_at(&app->cleared.counters, index, name, &text, &before);
    *value -= before;
    return true;
}

uint64_t cleared_counter(const struct app *app, const char *name)
{
    const char *found;
    uint64_t value;
    for (size_t i = 0; cleared_counter_at(app, i, &found, &value); i++)
        if (strcmp(found, name) == 0)
            return value;
    return 0;
}

uint32_t cleared_resynced(const struct app *app, const struct l2tpha_redundancy_info *info)
{
    bool same = app->cleared.generation == app->generation &&
                app->cleared.switchover == info->last_switchover;
    return info->resynced - (same ? app->cleared.resynced : 0);
}
