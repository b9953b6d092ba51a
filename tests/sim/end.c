/* SPDX-License-Identifier: MIT */
#include "sim/end.h"

#include "node/node.h"

#include <l2tpha/checkpoint.h>
#include <l2tpha/observe.h>

void end_init(struct end *end, struct world *world, struct net *net, unsigned place,
              const struct end_options *options, const struct end_watch *watch)
{
    *end = (struct end){.world = world,
                        .net = net,
                        .place = place,
                        .options = *options,
                        .root = talloc_named_const(NULL, 0, "end"),
                        .epoch = 1,
                        .takeover_at = L2TPHA_NEVER,
                        .standby_at = L2TPHA_NEVER,
                        .turn_at = L2TPHA_NEVER};
    if (watch)
        end->watch = *watch;
    replication_init(&end->line, world, options->linked, options->stream_delay,
                     options->stream_jitter);
}

void end_start(struct end *end)
{
    if (end_make_node(end, false, &end->active))
        world_fail(end->world, "no active");
}

/* What it counted is wanted at the end. */
static void drop(struct end *end, struct side *side)
{
    const struct l2tpha_counters *counters = side->node ? l2tpha_counters(side->node) : NULL;

    if (counters) {
        end->attempts += counters->recovery_attempts;
        end->recoveries += counters->recoveries;
        end->by_peer += counters->recoveries_by_peer;
        end->degraded += counters->recoveries_degraded;
        end->queries += counters->queries_out;
        end->desynced += counters->sessions_desynced;
        end->resets += counters->data_resets;
        end->resyncs += counters->resyncs;
    }
    machines_end(side->node);
    talloc_free(side->node); /* and its link */
    *side = (struct side){0};
}

void end_free(struct end *end)
{
    drop(end, &end->active);
    drop(end, &end->standby);
    drop(end, &end->retired);
    replication_clear(&end->line);
    if (talloc_total_blocks(end->root) != 1)
        world_fail(end->world, "end %u: %zu blocks of memory are left", end->place,
                   talloc_total_blocks(end->root) - 1);
    talloc_free(end->root);
    end->root = NULL;
}

/* --- replication --- */

void end_add_standby(struct end *end)
{
    end->standby_at = L2TPHA_NEVER;
    if (!end->active.node || end->line.attached)
        return;
    if (!end->options.same_standby)
        drop(end, &end->standby);
    if (!end->standby.node && end_make_node(end, true, &end->standby)) {
        world_fail(end->world, "no standby");
        return;
    }
    world_say(end->world, end->standby.name, "is connected");
    end->line.delay = end->options.stream_delay;
    end->line.jitter = end->options.stream_jitter;
    replication_attach(&end->line, &end->active, &end->standby);
    end_pump(end);
}

static void close_stream(struct end *end)
{
    end->switching = false;
    replication_detach(&end->line, &end->active, &end->standby);
}

void end_detach(struct end *end)
{
    if (!end->line.attached || !end->active.node)
        return;
    world_say(end->world, end->active.name, "goes on alone");
    close_stream(end);
    end->standby_at = end->world->now + end->options.standby_delay;
    end_pump(end);
}

bool end_is_protected(const struct end *end)
{
    if (!end->active.node || !end->line.attached || !end->standby.node)
        return false;
    enum l2tpha_role role = info_of(end->active.node).role;
    if (role == L2TPHA_ROLE_ACTIVE)
        return true;
    /* One that is filled again is hot before it has anything of this copy. */
    return role == L2TPHA_ROLE_ACTIVE_BULK && end->line.copying && end->options.dies_in_copy &&
           !end->options.same_standby && info_of(end->standby.node).role == L2TPHA_ROLE_STANDBY_HOT;
}

/* --- death --- */

void end_arm(struct end *end, uint64_t steps)
{
    end->steps_left = steps;
}

/* It goes on, and has to find out that it may not. */
static void retire(struct end *end)
{
    drop(end, &end->retired);
    end->retired = end->active;
    machines_stall(end->retired.node);
    end->active = (struct side){0};
    int error = l2tpha_fence(end->retired.node, end->epoch + 1, end->world->now);
    if (error)
        world_fail(end->world, "fence: %s", l2tpha_strerror(error));
    if (end->retired.link)
        l2tpha_link_free(end->retired.link, end->world->now);
    end->retired.link = NULL;
}

static void die(struct end *end, const char *when)
{
    world_say(end->world, end->active.name, "=== dies %s ===", when);
    end->steps_left = 0;
    end->turn_at = L2TPHA_NEVER;
    end->read = 0;
    end->deaths++;
    uint64_t last = 0; /* when all has come that was under way */
    if (end->options.dies_clean)
        replication_clear(&end->line);
    else
        last = replication_cut(&end->line);
    if (end->options.fences)
        retire(end);
    else
        drop(end, &end->active);
    end->switching = false;
    end->takeover_at = end->world->now + end->options.takeover_delay;
    if (end->takeover_at < last)
        end->takeover_at = last;
}

void end_kill(struct end *end)
{
    if (end_is_protected(end))
        die(end, "now");
    else
        world_fail(end->world, "nobody would take over");
}

bool end_step(struct end *end, const char *what)
{
    if (!end->steps_left || !end_is_protected(end) || --end->steps_left)
        return true;
    die(end, what);
    return false;
}

bool end_step_within(struct end *end, const char *what)
{
    if (!end->steps_left || !end_is_protected(end) || --end->steps_left)
        return true;
    end->doomed = what;
    return false;
}

bool end_perish(struct end *end)
{
    const char *where = end->doomed;

    end->doomed = NULL;
    if (where)
        die(end, where);
    return where;
}

/* --- takeover --- */

/* The operator has changed it, and nobody has told the peer. */
static void change_secrets(struct l2tpha_node *node)
{
    static const uint8_t other[] = "another one";
    struct table *table = node->engine.table;
    struct tunnel_entry *entry;
    uint32_t place = 0;

    while ((entry = table_tunnel_next(table, &place)))
        table_tunnel_set_bytes(table, &entry->record.secret, other, sizeof(other));
}

/* What is resent leaves before anything slow. */
static void restore(struct end *end)
{
    end->restoring = true;
    end_drain(end);
    end->restoring = false;
    if (end->active.node)
        machines_restore(end->active.node, end->world->now);
}

void end_take_over(struct end *end)
{
    uint64_t applied = l2tpha_checkpoint_last(end->standby.node);

    end->takeover_at = L2TPHA_NEVER;
    close_stream(end);
    end->active = end->standby;
    end->standby = (struct side){0};
    end->takeovers++;
    if (end->options.forgets_secret)
        change_secrets(end->active.node);
    int error =
        l2tpha_takeover_as(end->active.node, ++end->epoch, end->options.trust, end->world->now);
    world_say(end->world, end->active.name,
              "=== takes over, epoch %llu, checkpoint %llu ===", (unsigned long long)end->epoch,
              (unsigned long long)applied);
    if (error) {
        world_fail(end->world, "takeover: %s", l2tpha_strerror(error));
        return;
    }
    end->served_since = end->world->now;
    end->answer_calls = true;
    end->standby_at = end->world->now + end->options.standby_delay;
    if (end->watch.taken_over)
        end->watch.taken_over(end->watch.user, end, applied);
    restore(end);
    end_pump(end);
}

/* --- planned switchover --- */

void end_switchover(struct end *end)
{
    if (!end->active.node || !end->line.attached || end->switching)
        return;
    int error = l2tpha_switchover(end->active.node, end->world->now);
    if (error == L2TPHA_ERR_NOT_IN_SYNC)
        return;
    if (error)
        world_fail(end->world, "switchover: %s", l2tpha_strerror(error));
    world_say(end->world, end->active.name, "=== is to hand over ===");
    end->switching = true;
    end_pump(end);
}

void end_hand_over(struct end *end)
{
    replication_hand_over(&end->line, &end->active, &end->standby);
    end->switching = false;
    end->steps_left = 0;
    stream_clear(&end->line.up);
    retire(end);
    end->switchovers++;
    end_take_over(end);
}
