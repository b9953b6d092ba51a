/* SPDX-License-Identifier: MIT */
/* The replication link's way to the node. */
#include "redundancy/link.h"
#include "control/absence.h"
#include "node/node.h"
#include "node/replication.h"
#include "node/sight.h"

#include <l2tpha/checkpoint.h>

static enum l2tpha_role link_role(void *user)
{
    const struct l2tpha_node *node = user;
    return node->role.state;
}

static uint32_t link_rank(void *user)
{
    const struct l2tpha_node *node = user;
    return node->engine.config.rank;
}

static uint64_t link_epoch(void *user)
{
    const struct l2tpha_node *node = user;
    return node->role.epoch;
}

static uint64_t link_last(void *user)
{
    return l2tpha_checkpoint_last(user);
}

/* The next epoch is newer than what anybody knows of. */
static void link_met(void *user, uint64_t epoch)
{
    struct l2tpha_node *node = user;

    if (epoch > node->met)
        node->met = epoch;
}

static int link_bulk(void *user, uint64_t now)
{
    return l2tpha_checkpoint_bulk(user, now);
}

static int link_done(void *user, uint64_t number, int status, uint64_t now)
{
    return node_checkpoint_done(user, number, status, now);
}

/* The epochs of a frame are checked; that of the checkpoint in it must be the same, or whoever is
 * meant to be fenced is not, and who is not is. */
static int link_apply(void *user, uint64_t epoch, const uint8_t *data, size_t len, uint64_t now,
                      uint64_t *number)
{
    const struct l2tpha_node *node = user;
    struct l2tpha_checkpoint_header header;
    struct l2tpha_bytes records;

    if (!node->engine.config.serializer->get_header(data, len, &header, &records) &&
        header.epoch != epoch)
        return L2TPHA_ERR_LINK;
    return l2tpha_checkpoint_apply(user, data, len, now, number);
}

static void link_stop(void *user, uint64_t now)
{
    struct l2tpha_node *node = user;

    int error = l2tpha_checkpoint_stop(node, now);
    if (error)
        log_line(&node->engine.log, L2TPHA_LOG_RF, 0, 0, "stopping replication: %s",
                 l2tpha_strerror(error));
}

static int link_fence(void *user, uint64_t epoch, uint64_t now)
{
    return l2tpha_fence(user, epoch, now);
}

static uint64_t link_present(void *user, bool away, uint64_t until, uint64_t now)
{
    struct l2tpha_node *node = user;
    struct engine *engine = &node->engine;
    uint64_t before = engine->absences;

    if (!node_enter(node, now)) {
        if (away && engine->absences == before)
            engine_away(engine);
        engine->expected = until;
        (void)node_enter(node, now);
    }
    return engine->absences;
}

static void link_unheard(void *user, uint64_t since, uint64_t now)
{
    node_lose_sight(user, since, now);
}

static void link_heard(void *user, uint64_t now)
{
    node_see_again(user, now);
}

static void link_cut(void *user, uint64_t since, uint64_t now)
{
    node_cut_off(user, since, now);
}

static bool link_hand(void *user, uint64_t now)
{
    struct l2tpha_node *node = user;

    if (node_enter(node, now) || !node->engine.draining || node->role.state != L2TPHA_ROLE_ACTIVE)
        return false;
    node->engine.handed = true;
    return true;
}

static void link_resume(void *user, uint64_t now)
{
    struct l2tpha_node *node = user;

    int error = l2tpha_switchover_cancel(node, now);
    if (error)
        log_line(&node->engine.log, L2TPHA_LOG_RF, 0, 0, "serving again: %s",
                 l2tpha_strerror(error));
}

int l2tpha_link_new(struct l2tpha_node *node, const struct l2tpha_link_options *options,
                    uint64_t now, struct l2tpha_link **link)
{
    const struct link_ops ops = {
        .user = node,
        .log = node ? &node->engine.log : NULL,
        .role = link_role,
        .rank = link_rank,
        .epoch = link_epoch,
        .last = link_last,
        .met = link_met,
        .bulk = link_bulk,
        .done = link_done,
        .apply = link_apply,
        .stop = link_stop,
        .fence = link_fence,
        .present = link_present,
        .unheard = link_unheard,
        .heard = link_heard,
        .cut = link_cut,
        .hand = link_hand,
        .resume = link_resume,
    };

    if (!node || !link)
        return L2TPHA_ERR_INVALID;
    return link_new(node, &ops, options, now, link);
}
