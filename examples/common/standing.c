/* SPDX-License-Identifier: MIT */
#include "standing.h"
#include "app.h"

#include <string.h>

/* What the roles mean to an operator. */
static const struct {
    const char *role;
    const char *sync;
    const char *copy;
} roles[] = {
    [L2TPHA_ROLE_ACTIVE_SOLO] = {"active", "none", NULL},
    [L2TPHA_ROLE_ACTIVE_BULK] = {"active", "bulk", NULL},
    [L2TPHA_ROLE_ACTIVE] = {"active", "in-sync", NULL},
    [L2TPHA_ROLE_STANDBY_COLD] = {"standby", "none", "cold"},
    [L2TPHA_ROLE_STANDBY_BULK] = {"standby", "bulk", "bulk-sync"},
    [L2TPHA_ROLE_STANDBY_HOT] = {"standby", "in-sync", "protected"},
    [L2TPHA_ROLE_OUT_OF_SYNC] = {"standby", "out-of-sync", "out-of-sync"},
    [L2TPHA_ROLE_FENCED] = {"fenced", "none", NULL},
    [L2TPHA_ROLE_UNHEARD] = {"standby", "unheard", "unheard"},
    [L2TPHA_ROLE_CUT_OFF] = {"standby", "cut-off", "cut-off"},
};

struct l2tpha_redundancy_info standing_node(const struct app *app)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};
    l2tpha_redundancy_get(app->node, &info);
    return info;
}

struct l2tpha_pair_info standing_pair(const struct app *app)
{
    struct l2tpha_pair_info info = {.size = sizeof(info)};
    l2tpha_pair_get(app->pair, &info);
    return info;
}

const char *standing_role(enum l2tpha_role role)
{
    return roles[role].role;
}

const char *standing_copy(enum l2tpha_role role)
{
    return roles[role].copy;
}

/* ... that serves, and may not. */
static bool has_no_lease(const struct app *app)
{
    struct l2tpha_lease_info lease = {.size = sizeof(lease)};
    return l2tpha_pair_lease(app->pair, &lease) && lease.state == L2TPHA_LEASE_LOST;
}

bool standing_is_unclaimed(const struct app *app)
{
    return app->authority != NULL && !standing_pair(app).protects;
}

const char *standing_silence(const struct app *app, const struct l2tpha_redundancy_info *info)
{
    struct l2tpha_pair_info pair = standing_pair(app);
    if (pair.held)
        return "held: silent until another serves";
    if (pair.handed)
        return "handed over: silent until the other serves";
    if (has_no_lease(app))
        return "no lease: silent until there is one";
    return info->unsure ? "this node was away: silent until the standby is heard" : NULL;
}

/* An active without a standby says why; where the way there is too slow for the gate, that. */
const char *standing_reason(const struct app *app, const struct l2tpha_redundancy_info *info,
                            char text[STANDING_REASON_MAX])
{
    const char *silence = standing_silence(app, info);
    if (silence != NULL)
        return silence;
    struct l2tpha_pair_info pair = standing_pair(app);
    if (pair.successor)
        return "successor: serves as soon as its copy is whole";
    bool slow = info->role == L2TPHA_ROLE_ACTIVE_SOLO && pair.met && pair.link.up &&
                pair.link.round_trip > app->options->commit_timeout_ms * UINT64_C(1000);
    if (!slow)
        return info->reason;
    snprintf(text, STANDING_REASON_MAX, "too slow: round trip %llu ms",
             (unsigned long long)(pair.link.round_trip / 1000));
    return text;
}

/* A copy that nobody waits for may be behind at any instant. */
const char *standing_sync(const struct app *app, enum l2tpha_role role)
{
    struct l2tpha_pair_info pair = standing_pair(app);
    if (role == L2TPHA_ROLE_STANDBY_HOT && pair.link.ungated)
        return "ungated";
    bool claims = role == L2TPHA_ROLE_ACTIVE || role == L2TPHA_ROLE_STANDBY_HOT;
    return claims && standing_is_unclaimed(app) ? "not-in-claim" : roles[role].sync;
}

const char *standing_of_consumer(const struct l2tpha_consumer_info *info)
{
    static const char *const states[] = {"out", "waiting", "copying", "ended", "in-sync"};
    bool away = info->state == L2TPHA_CONSUMER_OUT && info->returns;
    return away ? "away" : states[info->state];
}

/* A store's consumers have its name, and a number behind it. */
bool standing_is_store(const struct app *app, const struct l2tpha_consumer_info *info)
{
    size_t len = app->store != NULL ? strlen(app->store->name) : 0;
    return len > 0 && strncmp(info->name, app->store->name, len) == 0 && info->name[len] == '-';
}
