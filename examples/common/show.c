/* SPDX-License-Identifier: MIT */
#include "show.h"
#include "app.h"
#include "clock.h"
#include "control.h"
#include "leased.h"
#include "pcapng.h"
#include "standing.h"
#include "tell.h"

#include <string.h>

#define KEY_ID_MAX 11
#define STEPS 16 /* between two looks at the clock */

/* What the library says, and of a standby's copy how good that is. */
static const char *protection(const struct app *app, const struct l2tpha_tunnel *tunnel)
{
    const char *word = l2tpha_tunnel_protection(tunnel);
    const char *copy = standing_copy(standing_node(app).role);
    if (strcmp(word, "standby") == 0 && copy != NULL)
        word = copy;
    return strcmp(word, "protected") == 0 && standing_is_unclaimed(app) ? "not-in-claim" : word;
}

/* A standby's copy says only what is configured for the peer. */
static const char *configured_method(const struct app *app, uint8_t method)
{
    if (method == L2TPHA_FAILOVER_NOT_CONFIGURED)
        method = l2tpha_node_config(app->node)->failover;
    return l2tpha_failover_method_name(method);
}

static void put_tunnel(const struct app *app, struct writer *out,
                       const struct l2tpha_tunnel *tunnel)
{
    struct log_peer peer;
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};
    l2tpha_tunnel_get(tunnel, &record);
    app_describe_peer(tunnel, &peer);
    writer_put_number(out, "local_id", record.local_id);
    writer_put_number(out, "remote_id", record.remote_id);
    writer_put_text(out, "state", l2tpha_tunnel_state_name(record.state));
    writer_put_text(out, "peer_name", peer.name);
    writer_put_text(out, "peer_address", peer.address);
    writer_put_number(out, "ns", record.ns);
    writer_put_number(out, "nr", record.nr);
    writer_put_number(out, "sessions", l2tpha_tunnel_sessions(tunnel));
    writer_put_text(out, "configured_method", configured_method(app, record.configured_method));
    writer_put_text(out, "effective_method", l2tpha_failover_method_name(record.effective_method));
    writer_put_text(out, "protection", protection(app, tunnel));
}

/* What is of interest when something is wrong with it. */
static void put_tunnel_detail(struct writer *out, const struct l2tpha_tunnel *tunnel)
{
    char vendor[LOG_NAME_MAX], local[ADDRESS_TEXT_MAX];
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};
    l2tpha_tunnel_get(tunnel, &record);
    l2tpha_text_escape(record.peer_vendor.data, record.peer_vendor.len, vendor, sizeof(vendor));
    writer_put_text(out, "peer_vendor", vendor);
    writer_put_text(out, "local_address", address_text(&record.path.local, local));
    writer_put_number(out, "acknowledged", record.acked);
    writer_put_number(out, "local_window", record.local_window);
    writer_put_number(out, "remote_window", record.remote_window);
    writer_put_bool(out, "responsive", l2tpha_tunnel_is_responsive(tunnel));
    writer_put_bool(out, "numbers_exact", !(record.flags & L2TPHA_TUNNEL_LAGGING));
    writer_put_number(out, "resync_packets", record.resync_packets);
    writer_put_number(out, "result", record.result);
    writer_put_number(out, "error", record.error);
}

static void put_session(struct writer *out, const struct l2tpha_session *session)
{
    struct l2tpha_session_record record = {.size = sizeof(record)};
    l2tpha_session_get(session, &record);
    bool needs_app = record.flags & L2TPHA_SESSION_NEEDS_APP;
    writer_open(out, '{');
    writer_put_number(out, "tunnel_id", record.tunnel_id);
    writer_put_number(out, "local_id", record.local_id);
    writer_put_number(out, "remote_id", record.remote_id);
    writer_put_text(out, "state", l2tpha_session_state_name(record.state));
    writer_put_bool(out, "waiting_for_app", needs_app && record.app_state.len == 0);
    writer_put_bool(out, "waiting_for_l2tp", record.state != L2TPHA_SESSION_ESTABLISHED);
    writer_close(out, '}');
}

static void put_counters(const struct app *app, struct writer *out)
{
    const char *name;
    uint64_t value;
    writer_open(out, '{');
    for (size_t i = 0; cleared_counter_at(app, i, &name, &value); i++)
        writer_put_number(out, name, value);
    writer_put_number(out, "datagrams_unsent", app->unsent);
    writer_put_number(out, "datagrams_overflowed", app->udp != NULL ? udp_overflowed(app->udp) : 0);
    writer_put_number(out, "log_lines_lost", log_lost(&app->log));
    writer_put_number(out, "log_lines_left_out", log_left_out(&app->log));
    writer_put_number(out, "told_lines_lost", tell_lost());
    writer_put_number(out, "capture_lost", app->pcapng != NULL ? pcapng_lost(app->pcapng) : 0);
    writer_put_number(out, "control_refused", control_refused(app->control));
    writer_put_number(out, "link_refused", standing_pair(app).refused);
    writer_close(out, '}');
}

static void put_consumer(const struct app *app, const struct l2tpha_consumer_info *info,
                         struct writer *out)
{
    writer_open(out, '{');
    writer_put_text(out, "name", info->name);
    writer_put_text(out, "kind", standing_is_store(app, info) ? "store" : "link");
    writer_put_text(out, "state", standing_of_consumer(info));
    writer_put_bool(out, "gates", info->gates);
    writer_put_number(out, "lag_records", info->lag);
    writer_put_number(out, "lag_bytes", info->lag_bytes);
    writer_put_number(out, "lag_ms",
                      info->lag_since != 0 ? (clock_now() - info->lag_since) / 1000 : 0);
    writer_put_text(out, "reason",
                    info->status != 0 ? l2tpha_strerror(info->status) : info->reason);
    writer_close(out, '}');
}

/* Whoever has its place in this node's checkpoints. */
static void put_consumers(const struct app *app, struct writer *out)
{
    struct l2tpha_consumer_info info = {.size = sizeof(info)};
    writer_key(out, "consumers");
    writer_open(out, '[');
    for (uint32_t id = 1; id <= L2TPHA_CONSUMERS_MAX; id++)
        if (l2tpha_consumer_get(app->node, id, &info) == L2TPHA_OK)
            put_consumer(app, &info, out);
    writer_close(out, ']');
}

static void put_store(const struct app *app, struct writer *out)
{
    struct l2tpha_storage_info info = {.size = sizeof(info)};
    writer_key(out, "store");
    writer_open(out, '{');
    if (l2tpha_pair_storage(app->pair, &info)) {
        writer_put_text(out, "name", app->store->name);
        writer_put_text(out, "state", l2tpha_storage_state_name(info.state));
        writer_put_text(out, "reason", info.reason);
        writer_put_text(out, "error", info.status != 0 ? l2tpha_strerror(info.status) : "");
        if (app->store->note != NULL)
            writer_put_text(out, "note", app->store->note(app->store->user));
        writer_put_number(out, "since_ms", info.since != 0 ? (clock_now() - info.since) / 1000 : 0);
        writer_put_number(out, "copies", info.copies);
        writer_put_number(out, "items", info.items);
        writer_put_number(out, "bytes", info.bytes);
        writer_put_number(out, "losses", info.losses);
    }
    writer_close(out, '}');
}

/* What the stream to the other node is sealed with. */
static void put_key(const struct app *app, struct writer *out)
{
    char id[KEY_ID_MAX];
    struct l2tpha_pair_info pair = standing_pair(app);
    snprintf(id, sizeof(id), "%u", pair.key_id);
    writer_put_text(out, "key",
                    pair.key_id != 0                              ? id
                    : app->options->ha_key[0] == '\0' || pair.met ? "not sealed"
                                                                  : "no stream");
    writer_put_text(out, "link_refusal", pair.refusal);
}

/* Whether active and standby are alike, as they find themselves. */
static void put_digests(const struct app *app, struct writer *out)
{
    uint64_t compared = standing_pair(app).link.compared;
    writer_put_number(out, "digests", cleared_counter(app, "digests"));
    writer_put_number(out, "digests_different", cleared_counter(app, "digests_different"));
    writer_put_number(out, "digest_repairs", cleared_counter(app, "digest_repairs"));
    writer_put_number(out, "compared_ms", compared != 0 ? (clock_now() - compared) / 1000 : 0);
}

/* As the other node says of itself. */
static void put_peer(const struct app *app, struct writer *out)
{
    struct l2tpha_pair_info pair = standing_pair(app);
    bool named = pair.met && pair.link.peer_name[0] != '\0';
    writer_put_text(out, "peer_node", named ? pair.link.peer_name : NULL);
    writer_put_number(out, "peer_level", pair.met ? pair.link.peer_level : 0);
    writer_put_bool(out, "successor", pair.successor);
}

static void put_redundancy(const struct app *app, struct writer *out)
{
    char text[CLOCK_TEXT_MAX], reason[STANDING_REASON_MAX];
    uint64_t since = app->last_switchover_wall;
    struct l2tpha_redundancy_info info = standing_node(app);
    writer_put_text(out, "role", standing_role(info.role));
    writer_put_text(out, "state", l2tpha_role_name(info.role));
    writer_put_text(out, "reason", standing_reason(app, &info, reason));
    writer_put_number(out, "epoch", info.epoch);
    writer_put_text(out, "sync", standing_sync(app, info.role));
    writer_put_number(out, "unheard_ms", info.since != 0 ? (clock_now() - info.since) / 1000 : 0);
    writer_put_number(out, "lag_records", info.lag_records);
    writer_put_number(out, "tunnels", info.tunnels);
    writer_put_number(out, "tunnels_ha", info.tunnels_ha);
    writer_put_number(out, "tunnels_resync", info.resyncing);
    writer_put_number(out, "sessions", info.sessions);
    writer_put_number(out, "sessions_ha", info.sessions_ha);
    writer_put_number(out, "resynced", cleared_resynced(app, &info));
    writer_put_number(out, "resyncing", info.resyncing);
    writer_put_number(out, "resync_failed",
                      cleared_counter(app, "recoveries_failed") +
                          cleared_counter(app, "resyncs_failed"));
    writer_put_number(out, "received", cleared_counter(app, "checkpoints_applied"));
    put_digests(app, out);
    writer_put_text(out, "last_switchover", since == 0 ? NULL : clock_text(since, text));
    put_key(app, out);
    put_peer(app, out);
    put_consumers(app, out);
    put_store(app, out);
    leased_put(app, out);
}

/* What became of --pcapng. */
static const char *capture_state(const struct app *app)
{
    if (app->pcapng == NULL)
        return "off";
    int error = pcapng_failed(app->pcapng);
    return error != 0 ? strerror(error) : "on";
}

static void put_detail(const struct app *app, struct writer *out)
{
    struct l2tpha_redundancy_info info = standing_node(app);
    struct l2tpha_pair_info pair = standing_pair(app);
    put_redundancy(app, out);
    writer_put_number(out, "checkpoint_last", info.last_number);
    writer_put_number(out, "checkpoint_confirmed", info.confirmed);
    writer_put_bool(out, "peer_present", pair.met && pair.link.up);
    writer_put_number(out, "link_version", pair.link.version);
    writer_put_number(out, "link_peer_epoch", pair.link.peer_epoch);
    writer_put_number(out, "link_frames_in", pair.link.frames_in);
    writer_put_number(out, "link_frames_out", pair.link.frames_out);
    writer_put_number(out, "link_queued_bytes", pair.link.queued);
    writer_put_text(out, "capture", capture_state(app));
}

/* What holds for all tunnels, where nothing else is said of a peer. */
static void put_settings(const struct app *app, struct writer *out)
{
    static const char *const commits[] = {"gated", "bounded", "async"};
    const struct l2tpha_config *config = l2tpha_node_config(app->node);
    struct l2tpha_redundancy_info info = standing_node(app);
    writer_open(out, '{');
    writer_put_text(out, "name", config->name);
    writer_put_bool(out, "authentication", app->options->secret[0] != '\0');
    writer_put_text(out, "failover_resync", l2tpha_failover_method_name(config->failover));
    writer_put_bool(out, "sso", config->ha);
    writer_put_bool(out, "failover_capability", config->failover_capability);
    writer_put_number(out, "recovery_ms", config->recovery_ms);
    writer_put_number(out, "resync_packets", config->resync_packets);
    writer_put_text(out, "commit", commits[config->commit]);
    writer_put_number(out, "commit_timeout_ms", config->commit_timeout_ms);
    writer_put_number(out, "window", config->window);
    writer_put_number(out, "hello_ms", config->hello_ms);
    writer_put_number(out, "retries", config->retries);
    writer_put_number(out, "max_half_open", config->max_half_open);
    writer_put_number(out, "half_open_per_peer", config->max_half_open_per_source);
    writer_put_number(out, "tunnels", info.tunnels);
    writer_put_number(out, "sessions", info.sessions);
    writer_close(out, '}');
}

/* These programs have the one profile for whoever calls, or for whom they call, and it leaves the
 * method to the node. */
static void put_profiles(const struct app *app, struct writer *out)
{
    char address[ADDRESS_TEXT_MAX] = "any";
    const struct l2tpha_config *config = l2tpha_node_config(app->node);
    if (app->options->connect.len != 0)
        address_text(&app->options->connect, address);
    writer_open(out, '[');
    writer_open(out, '{');
    writer_put_text(out, "profile", "default");
    writer_put_text(out, "address", address);
    writer_put_text(out, "remote_host", "any");
    writer_put_text(out, "failover_resync",
                    l2tpha_failover_method_name(L2TPHA_FAILOVER_NOT_CONFIGURED));
    writer_put_text(out, "in_force", l2tpha_failover_method_name(config->failover));
    writer_put_bool(out, "sso", config->ha);
    writer_close(out, '}');
    writer_close(out, ']');
}

static void put_version(const struct app *app, struct writer *out)
{
    writer_open(out, '{');
    writer_put_text(out, "program", program_name(app->program->program));
    writer_put_text(out, "version", L2TPHA_VERSION);
    writer_put_text(out, "library", l2tpha_version());
    writer_close(out, '}');
}

/* ---- lists, which may be long ---- */

struct part {
    const char *key; /* NULL: the list is the whole answer */
    enum { PART_END = 0, PART_TUNNELS, PART_SESSIONS, PART_SOME_TUNNELS } what;
};

static const struct part tunnels[] = {{NULL, PART_TUNNELS}, {0}};
static const struct part sessions[] = {{NULL, PART_SESSIONS}, {0}};
static const struct part all[] = {
    {"all_tunnels", PART_TUNNELS}, {"all_sessions", PART_SESSIONS}, {0}};
static const struct part calls[] = {{"calls", PART_SESSIONS}, {0}};
static const struct part some_tunnels[] = {{NULL, PART_SOME_TUNNELS}, {0}};

struct show {
    const struct app *app;
    uint64_t generation;     /* app->generation when it began */
    const struct part *part; /* that is being written, or the end */
    bool open;               /* its list has begun */
    bool in_object;
    uint32_t place;     /* of the walk */
    uint32_t tunnel_id; /* sessions of this one alone; 0 = all */
    bool (*put)(const struct l2tpha_tunnel *tunnel, struct writer *out); /* of some tunnels */
    uint32_t most;                                                       /* rows of these */
};

static bool is_recovery(const struct l2tpha_tunnel *tunnel)
{
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};
    l2tpha_tunnel_get(tunnel, &record);
    return record.recovers != 0;
}

static bool put_next_tunnel(struct show *show, struct writer *out)
{
    bool some = show->part->what == PART_SOME_TUNNELS;
    if (some && show->most == 0)
        return false;
    const struct l2tpha_tunnel *tunnel = l2tpha_tunnel_walk(show->app->node, &show->place);
    if (tunnel == NULL)
        return false;
    if (is_recovery(tunnel)) /* about another one, and gone in no time */
        return true;
    if (some) {
        show->most -= show->put(tunnel, out);
        return true;
    }
    writer_open(out, '{');
    put_tunnel(show->app, out, tunnel);
    writer_close(out, '}');
    return true;
}

/* Nothing is kept of what was seen in one piece but a place: anything may happen before the next.
 * False at the end. */
static bool put_next(struct show *show, struct writer *out)
{
    if (show->part->what != PART_SESSIONS)
        return put_next_tunnel(show, out);
    const struct l2tpha_session *session = l2tpha_session_walk(show->app->node, &show->place);
    if (session == NULL)
        return false;
    if (show->tunnel_id == 0 || l2tpha_tunnel_id(l2tpha_session_tunnel(session)) == show->tunnel_id)
        put_session(out, session);
    return true;
}

static bool end(struct show *show, struct writer *out)
{
    if (show->in_object)
        writer_close(out, '}');
    return true;
}

bool show_go_on(struct show *show, struct writer *out, uint64_t until, const char **error)
{
    bool replaced = show->app->node == NULL || show->app->generation != show->generation;
    *error = replaced ? "this node began anew meanwhile" : NULL;
    for (unsigned steps = 1; show->part->what != PART_END; steps++) {
        if (!show->open && show->part->key != NULL)
            writer_key(out, show->part->key);
        if (!show->open)
            writer_open(out, '[');
        show->open = true;
        if (replaced || !put_next(show, out)) {
            writer_close(out, ']');
            show->open = false;
            show->place = 0;
            show->part++;
        } else if (out->len >= SHOW_PIECE_MAX || (steps % STEPS == 0 && clock_now() >= until)) {
            return false;
        }
    }
    return end(show, out);
}

static struct show *begin(TALLOC_CTX *parent, struct app *app, const struct part *parts,
                          uint32_t tunnel_id)
{
    struct show *show = talloc(parent, struct show);
    *show = (struct show){.app = app,
                          .generation = app->generation,
                          .part = parts,
                          .in_object = parts[0].key != NULL,
                          .tunnel_id = tunnel_id};
    return show;
}

struct show *show_some_tunnels(TALLOC_CTX *parent, struct app *app,
                               bool (*put)(const struct l2tpha_tunnel *tunnel, struct writer *out),
                               uint32_t most)
{
    struct show *show = begin(parent, app, some_tunnels, 0);
    show->open = show->in_object = true;
    show->put = put;
    show->most = most;
    return show;
}

/* ---- questions ---- */

struct question {
    TALLOC_CTX *parent;
    struct app *app;
    struct writer *out;
    struct show **more;
};

/* An id in decimal; 0 if it is none. */
static uint32_t parse_id(const char *word)
{
    uint64_t id = 0;
    for (; *word >= '0' && *word <= '9' && id <= UINT32_MAX; word++)
        id = id * 10 + (uint64_t)(*word - '0');
    return *word == '\0' && id <= UINT32_MAX ? (uint32_t)id : 0;
}

static const char *show_id(struct question *question, char **ids, size_t count, bool detail)
{
    struct app *app = question->app;
    uint32_t tunnel_id = parse_id(ids[0]);
    struct l2tpha_tunnel *tunnel = l2tpha_tunnel_find(app->node, tunnel_id);
    if (tunnel == NULL)
        return "no such tunnel";
    if (count == 1) {
        writer_open(question->out, '{');
        put_tunnel(app, question->out, tunnel);
        if (detail)
            put_tunnel_detail(question->out, tunnel);
        *question->more = begin(question->parent, app, calls, tunnel_id);
        return NULL;
    }
    struct l2tpha_session *session = l2tpha_session_find(app->node, tunnel_id, parse_id(ids[1]));
    if (session == NULL)
        return "no such session";
    put_session(question->out, session);
    return NULL;
}

static const char *show_redundancy(struct question *question, char **words, size_t count)
{
    struct app *app = question->app;
    struct writer *out = question->out;
    bool whole = count == 1 && strcmp(words[0], "all") == 0;
    if (count == 0) {
        writer_open(out, '{');
        put_redundancy(app, out);
        writer_close(out, '}');
    } else if (whole || (count == 1 && strcmp(words[0], "detail") == 0)) {
        writer_open(out, '{');
        put_detail(app, out);
        if (whole)
            *question->more = begin(question->parent, app, all, 0);
        else
            writer_close(out, '}');
    } else if ((count == 2 || count == 3) && strcmp(words[0], "id") == 0) {
        return show_id(question, words + 1, count - 1, false);
    } else if (count == 3 && strcmp(words[0], "detail") == 0 && strcmp(words[1], "id") == 0) {
        return show_id(question, words + 2, 1, true);
    } else {
        return "show l2tp redundancy takes detail, all, id TUNNEL [SESSION], or detail id TUNNEL";
    }
    return NULL;
}

const char *show_begin(TALLOC_CTX *parent, struct app *app, char **words, size_t count,
                       struct writer *out, struct show **more)
{
    struct question question = {.parent = parent, .app = app, .out = out, .more = more};
    const char *what = count >= 2 && strcmp(words[0], "l2tp") == 0 ? words[1] : "";
    bool vpdn = count >= 2 && strcmp(words[0], "vpdn") == 0; /* another word for the same */
    *more = NULL;
    if (strcmp(vpdn ? words[1] : what, "redundancy") == 0)
        return show_redundancy(&question, words + 2, count - 2);
    if (count == 1 && strcmp(words[0], "version") == 0)
        put_version(app, out);
    else if (count == 1 && strcmp(words[0], "debugging") == 0)
        settings_show_debugging(&app->settings, out);
    else if (count == 2 && strcmp(what, "tunnels") == 0)
        *more = begin(parent, app, tunnels, 0);
    else if (count == 2 && strcmp(what, "sessions") == 0)
        *more = begin(parent, app, sessions, 0);
    else if (count == 2 && strcmp(what, "counters") == 0)
        put_counters(app, out);
    else if (count == 1 && strcmp(words[0], "l2tp") == 0)
        put_settings(app, out);
    else if (count == 3 && strcmp(what, "destination") == 0 && strcmp(words[2], "profile") == 0)
        put_profiles(app, out);
    else
        return "unknown command";
    return NULL;
}
