/* SPDX-License-Identifier: MIT */
#include "upgrade.h"
#include "app.h"
#include "clock.h"
#include "fingerprint.h"
#include "standing.h"

#include <l2tpha/checkpoint.h>
#include <stdarg.h>
#include <string.h>

#define ABOUT_MAX 80
#define WHY_MAX 160
#define NODE_FINDINGS 12 /* at most, that are about no consumer; two are about each */
#define LOOK_US 1000000  /* between two looks of --level auto */
#define FINDINGS_MAX (NODE_FINDINGS + 2 * L2TPHA_CONSUMERS_MAX)

struct finding {
    char about[ABOUT_MAX], why[WHY_MAX];
};

/* What has been looked at, and found. */
struct check {
    const struct app *app;
    struct l2tpha_redundancy_info node;
    struct l2tpha_pair_info pair;
    bool is_active;
    unsigned count;
    struct finding findings[FINDINGS_MAX];
};

static void find(struct check *check, const char *about, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void find(struct check *check, const char *about, const char *format, ...)
{
    va_list args;
    if (check->count == FINDINGS_MAX)
        return;
    struct finding *finding = &check->findings[check->count++];
    snprintf(finding->about, sizeof(finding->about), "%s", about);
    va_start(args, format);
    vsnprintf(finding->why, sizeof(finding->why), format, args);
    va_end(args);
}

/* ---- the other nodes ---- */

/* Whoever has its place in this node's checkpoints, but for a store. False after the last one. */
static bool next_standby(const struct app *app, uint32_t *id, struct l2tpha_consumer_info *info)
{
    while (++*id <= L2TPHA_CONSUMERS_MAX)
        if (l2tpha_consumer_get(app->node, *id, info) == L2TPHA_OK && !standing_is_store(app, info))
            return true;
    return false;
}

/* One that outputs wait for. */
static bool has_standby_in_sync(const struct app *app)
{
    struct l2tpha_consumer_info info = {.size = offsetof(struct l2tpha_consumer_info, lag)};
    for (uint32_t id = 0; next_standby(app, &id, &info);)
        if (info.gates && info.state == L2TPHA_CONSUMER_IN_SYNC)
            return true;
    return false;
}

static void check_standby(struct check *check, const struct l2tpha_consumer_info *info,
                          bool protected)
{
    const char *reason = info->status != 0 ? l2tpha_strerror(info->status) : info->reason;
    if (info->gates && info->state != L2TPHA_CONSUMER_IN_SYNC)
        find(check, info->name, "is %s%s%s", standing_of_consumer(info),
             reason[0] != '\0' ? ": " : "", reason);
    if (!info->gates && !protected)
        find(check, info->name, "is far: no output waits for it, and no other one is in sync");
    if (info->level != 0 && info->level < L2TPHA_LEVEL)
        find(check, info->name, "has level %u: it knows not all that this one of level %u has",
             info->level, L2TPHA_LEVEL);
}

static void check_standbys(struct check *check)
{
    char text[STANDING_REASON_MAX];
    struct l2tpha_consumer_info info = {.size = sizeof(info)};
    bool protected = has_standby_in_sync(check->app);
    bool waits = check->app->options->replace.kind != ENDPOINT_NONE; /* for a successor */
    if (!protected && !waits)
        find(check, "standby", "none is in sync: %s",
             check->node.role == L2TPHA_ROLE_ACTIVE
                 ? "a store alone has it all"
                 : standing_reason(check->app, &check->node, text));
    const char *refusal = standing_pair(check->app).refusal;
    if (!protected && !waits && refusal != NULL)
        find(check, "stream", "%s", refusal);
    for (uint32_t id = 0; next_standby(check->app, &id, &info);)
        check_standby(check, &info, protected);
    if (protected && standing_is_unclaimed(check->app))
        find(check, "authority", "the standby in sync is not in the claim");
}

static void check_link(struct check *check)
{
    char text[FINGERPRINT_TEXT_MAX];
    const struct options *options = check->app->options;
    const struct l2tpha_pair_info *pair = &check->pair;
    uint32_t first = check->app->first_key;
    if (!pair->met)
        return;
    if (pair->link.fingerprint_differs)
        find(check, "configuration", "the other node's is another one: %s",
             fingerprint_differences(fingerprint_of(options), pair->link.peer_fingerprint, text));
    if (options->ha_beyond && pair->key_id == 0)
        find(check, "key", "the link to another machine is not sealed");
    if (pair->key_id != 0 && first != 0 && pair->key_id != first)
        find(check, "key", "the stream has key %u, and this node would connect with %u",
             pair->key_id, first);
}

/* ---- this node ---- */

static void check_store(struct check *check)
{
    struct l2tpha_storage_info info = {.size = sizeof(info)};
    bool there = l2tpha_pair_storage(check->app->pair, &info);
    if (there && info.state != L2TPHA_STORAGE_IN_SYNC)
        find(check, "store", "is %s%s%s", l2tpha_storage_state_name(info.state),
             info.reason[0] != '\0' ? ": " : "", info.reason);
}

/* NULL, or why this is no time for anything else. */
static const char *what_goes_on(const struct app *app)
{
    const struct l2tpha_redundancy_info node = standing_node(app);
    const char *silence = standing_silence(app, &node);
    if (silence == NULL && standing_pair(app).switching)
        return "a switchover is under way";
    return silence;
}

/* Each of them is there, and has all that this node has. */
static void check_members(struct check *check)
{
    const char *busy = what_goes_on(check->app);
    if (busy != NULL)
        find(check, "node", "%s", busy);
    check_standbys(check);
    check_store(check);
}

static void check_active(struct check *check)
{
    const struct l2tpha_redundancy_info *node = &check->node;
    check_members(check);
    if (l2tpha_node_config(check->app->node)->commit != L2TPHA_COMMIT_GATED)
        find(check, "commit", "outputs precede the copy: a death meanwhile loses what it lacks");
    if (node->tunnels_ha < node->tunnels)
        find(check, "tunnels", "%u of %u have no failover method, with %u of %u sessions",
             node->tunnels - node->tunnels_ha, node->tunnels, node->sessions - node->sessions_ha,
             node->sessions);
}

/* What is known where the decision does not lie. */
static void check_other(struct check *check)
{
    const char *sync = standing_sync(check->app, check->node.role);
    const char *role = standing_role(check->node.role);
    find(check, "node", "this one is %s: ask the active", role);
    if (strcmp(role, "standby") == 0 && strcmp(sync, "in-sync") != 0)
        find(check, "standby", "is not in sync: %s", sync);
}

static void begin(struct check *check, const struct app *app)
{
    *check = (struct check){.app = app, .node = standing_node(app), .pair = standing_pair(app)};
    check->is_active = strcmp(standing_role(check->node.role), "active") == 0;
}

static void look_at(struct check *check, const struct app *app)
{
    begin(check, app);
    if (check->is_active)
        check_active(check);
    else
        check_other(check);
    check_link(check);
}

/* ---- the answer ---- */

static void put_member(struct writer *out, const char *name, const char *node, const char *kind,
                       const char *state, uint32_t level)
{
    writer_open(out, '{');
    writer_put_text(out, "name", name);
    writer_put_text(out, "node", node);
    writer_put_text(out, "kind", kind);
    writer_put_text(out, "state", state);
    writer_key(out, "level");
    if (level != 0)
        writer_number(out, level);
    else
        writer_null(out);
    writer_close(out, '}');
}

/* What is in a store this node has written. */
static void put_store(const struct app *app, struct writer *out)
{
    struct l2tpha_storage_info info = {.size = sizeof(info)};
    if (l2tpha_pair_storage(app->pair, &info))
        put_member(out, app->store->name, NULL, "store", l2tpha_storage_state_name(info.state),
                   info.state == L2TPHA_STORAGE_IN_SYNC ? L2TPHA_LEVEL : 0);
}

static void put_members(const struct check *check, struct writer *out)
{
    const struct l2tpha_link_info *link = &check->pair.link;
    const char *peer = check->pair.met && link->peer_name[0] != '\0' ? link->peer_name : NULL;
    struct l2tpha_consumer_info info = {.size = sizeof(info)};
    writer_key(out, "members");
    writer_open(out, '[');
    if (!check->is_active && check->pair.met)
        put_member(out, "link", peer, link->peer_serves ? "active" : "link",
                   link->up ? "up" : "down", link->peer_level);
    for (uint32_t id = 0; check->is_active && next_standby(check->app, &id, &info);)
        put_member(out, info.name, check->pair.met && link->consumer == id ? peer : NULL,
                   info.gates ? "standby" : "far", standing_of_consumer(&info), info.level);
    if (check->is_active)
        put_store(check->app, out);
    writer_close(out, ']');
}

static void put_finding(struct writer *out, const char *about, const char *why)
{
    writer_open(out, '{');
    writer_put_text(out, "about", about);
    writer_put_text(out, "why", why);
    writer_close(out, '}');
}

static bool put_tunnel(const struct l2tpha_tunnel *tunnel, struct writer *out)
{
    char about[ABOUT_MAX], why[WHY_MAX];
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};
    l2tpha_tunnel_get(tunnel, &record);
    if (record.effective_method != L2TPHA_FAILOVER_DISABLE)
        return false;
    snprintf(about, sizeof(about), "tunnel %u", record.local_id);
    snprintf(why, sizeof(why), "%s, %s", l2tpha_tunnel_protection(tunnel),
             l2tpha_tunnel_state_name(record.state));
    put_finding(out, about, why);
    return true;
}

static const char *answer_check(TALLOC_CTX *parent, struct app *app, struct writer *out,
                                struct show **more)
{
    struct check check;
    look_at(&check, app);
    writer_open(out, '{');
    writer_put_bool(out, "ready", check.count == 0);
    writer_put_text(out, "verdict",
                    check.count == 0  ? "nothing would be lost"
                    : check.is_active ? "something would be lost"
                                      : "not known here");
    writer_put_text(out, "role", standing_role(check.node.role));
    writer_put_number(out, "level", L2TPHA_LEVEL);
    writer_put_number(out, "level_in_force", l2tpha_level(app->node));
    put_members(&check, out);
    writer_key(out, "findings");
    writer_open(out, '[');
    for (unsigned i = 0; i < check.count; i++)
        put_finding(out, check.findings[i].about, check.findings[i].why);
    bool ends_some = check.is_active && check.node.tunnels_ha < check.node.tunnels;
    *more = show_some_tunnels(parent, app, put_tunnel, ends_some ? UPGRADE_TUNNELS_MAX : 0);
    return NULL;
}

/* Of the standbys with a link one is below. */
static const char *blame_standby(TALLOC_CTX *parent, const struct app *app)
{
    struct l2tpha_consumer_info info = {.size = sizeof(info)};
    for (uint32_t id = 0; next_standby(app, &id, &info);)
        if (info.level != 0 && info.level < L2TPHA_LEVEL)
            return talloc_asprintf(parent, "%s has level %u, this one has %u", info.name,
                                   info.level, L2TPHA_LEVEL);
    return l2tpha_strerror(L2TPHA_ERR_LEVEL);
}

/* NULL, or why it is not in force. */
static const char *commit(TALLOC_CTX *parent, struct app *app)
{
    const char *busy = what_goes_on(app);
    if (busy != NULL)
        return busy;
    int error = l2tpha_level_commit(app->node, L2TPHA_LEVEL, clock_now());
    if (error == L2TPHA_ERR_LEVEL)
        return blame_standby(parent, app);
    return error != L2TPHA_OK ? l2tpha_strerror(error) : NULL;
}

static const char *answer_commit(TALLOC_CTX *parent, struct app *app, struct writer *out)
{
    const char *why = commit(parent, app);
    if (why != NULL)
        return why;
    writer_open(out, '{');
    writer_put_number(out, "level_in_force", l2tpha_level(app->node));
    writer_close(out, '}');
    return NULL;
}

/* ---- --level auto ---- */

/* Whoever has a place in the checkpoints and is not there may be of any release. */
static bool has_unknown_standby(const struct app *app)
{
    struct l2tpha_consumer_info info = {.size = sizeof(info)};
    for (uint32_t id = 0; next_standby(app, &id, &info);)
        if (info.level == 0)
            return true;
    return false;
}

static bool is_wanted(const struct app *app)
{
    return app->options->level_auto && app->node != NULL && l2tpha_level(app->node) < L2TPHA_LEVEL;
}

uint64_t upgrade_deadline(const struct app *app)
{
    return is_wanted(app) ? app->level_at : L2TPHA_NEVER;
}

/* A pair that lacks a member waits for it: it may be of the older release. */
void upgrade_advance(struct app *app, uint64_t now)
{
    struct check check;
    TALLOC_CTX *words;
    if (!is_wanted(app) || now < app->level_at)
        return;
    app->level_at = now + LOOK_US;
    begin(&check, app);
    if (!check.is_active)
        return;
    check_members(&check);
    if (check.count > 0 || has_unknown_standby(app))
        return;
    words = talloc_new(app);
    const char *why = commit(words, app);
    log_say(&app->log, L2TPHA_LOG_RF, "level %u is in force%s%s", l2tpha_level(app->node),
            why != NULL ? " still: " : "", why != NULL ? why : "");
    talloc_free(words);
}

/* ---- what is asked ---- */

const char *upgrade_begin(TALLOC_CTX *parent, struct app *app, char **words, size_t count,
                          struct writer *out, struct show **more)
{
    *more = NULL;
    if (count == 1 && strcmp(words[0], "check") == 0)
        return answer_check(parent, app, out, more);
    if (count == 1 && strcmp(words[0], "commit") == 0)
        return answer_commit(parent, app, out);
    return "upgrade takes check or commit";
}
