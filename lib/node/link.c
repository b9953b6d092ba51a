/* SPDX-License-Identifier: MIT */
/* The replication link's way to the node. */
#include "redundancy/link.h"
#include "control/absence.h"
#include "node/ahead.h"
#include "node/consumer.h"
#include "node/digest.h"
#include "node/node.h"
#include "node/port.h"
#include "node/sight.h"

#include <l2tpha/checkpoint.h>
#include <l2tpha/consumer.h>
#include <string.h>

static struct l2tpha_node *node_at(void *user)
{
    const struct port *port = user;

    return port->node;
}

static enum l2tpha_role link_role(void *user)
{
    const struct l2tpha_node *node = node_at(user);
    return node->role.state;
}

static uint32_t link_rank(void *user)
{
    const struct l2tpha_node *node = node_at(user);
    return node->engine.config.rank;
}

static uint32_t link_level(void *user)
{
    return l2tpha_level(node_at(user));
}

static void link_meets(void *user, uint32_t level, bool ungated)
{
    struct port *port = user;

    port->level = level;
    port->options.gates = !ungated;
}

static uint64_t link_epoch(void *user)
{
    const struct l2tpha_node *node = node_at(user);
    return node->role.epoch;
}

static uint64_t link_last(void *user)
{
    return l2tpha_checkpoint_last(node_at(user));
}

/* The next epoch is newer than what anybody knows of. */
static void link_met(void *user, uint64_t epoch)
{
    struct l2tpha_node *node = node_at(user);

    if (epoch > node->met)
        node->met = epoch;
}

/* Stands for a link that has ended. */
static const struct port nobody;

/* The one of an earlier stream, which knows what came of it; or a new one. */
static int find_consumer(struct port *port, uint64_t now)
{
    struct l2tpha_node *node = port->node;
    struct cursor_info info;
    uint32_t id = cursor_find(node->engine.ledger, port->options.name);
    int error = L2TPHA_OK;

    if (id && (!cursor_get(node->engine.ledger, id, &info) || node->links[id - 1] != &nobody))
        return L2TPHA_ERR_EXISTS;
    if (id && info.gates != port->options.gates) {
        l2tpha_consumer_remove(node, id, now);
        id = 0;
    }
    if (id == 0)
        error = l2tpha_consumer_add(node, &port->options, now, &id);
    if (error)
        return error;
    node->links[id - 1] = port;
    node->levels[id - 1] = port->level;
    port->consumer = id;
    return L2TPHA_OK;
}

static int link_copy(void *user, uint64_t now)
{
    struct port *port = user;

    int error = port->consumer ? L2TPHA_OK : find_consumer(port, now);
    if (error)
        return error;
    return l2tpha_consumer_copy(port->node, port->consumer, now);
}

static int link_done(void *user, uint64_t position, int status, uint64_t now)
{
    const struct port *port = user;

    return node_consumer_done(port->node, port->consumer, position, status, now);
}

static int link_go_on(void *user, uint64_t copy, uint64_t last, uint64_t now)
{
    struct port *port = user;
    int error = port->consumer ? L2TPHA_ERR_STATE : find_consumer(port, now);

    return error ? error : l2tpha_consumer_resume(port->node, port->consumer, copy, last, now);
}

static uint64_t link_whole(void *user)
{
    const struct l2tpha_node *node = node_at(user);

    return node->engine.serving ? 0 : replica_copy(node->replica);
}

static uint32_t link_consumer(void *user)
{
    const struct port *port = user;

    return port->consumer;
}

static enum cursor_state state_of(const struct port *port)
{
    struct cursor_info info;

    return cursor_get(port->node->engine.ledger, port->consumer, &info) ? info.state : CURSOR_OUT;
}

static bool link_listens(void *user)
{
    return state_of(user) != CURSOR_OUT;
}

/* This standby, whatever others are in sync. */
static bool holds_all(const struct port *port)
{
    const struct ledger *ledger = port->node->engine.ledger;
    struct cursor_info info;

    return cursor_get(ledger, port->consumer, &info) && info.state == CURSOR_IN_SYNC &&
           info.whole == ledger_last(ledger);
}

/* Who gates holds all that has left once it has its copy; any other only what it has confirmed. */
static bool link_in_sync(void *user)
{
    const struct port *port = user;

    return state_of(port) == CURSOR_IN_SYNC && (port->options.gates || holds_all(port));
}

/* The epochs of a frame are checked; that of the checkpoint in it must be the same, or whoever is
 * meant to be fenced is not, and who is not is. */
static int link_apply(void *user, uint64_t epoch, const uint8_t *data, size_t len, uint64_t now,
                      uint64_t *number)
{
    const struct l2tpha_node *node = node_at(user);
    struct l2tpha_checkpoint_header header;
    struct l2tpha_reading reading;

    if (!node->engine.config.serializer->get_header(data, len, &header, &reading) &&
        header.epoch != epoch)
        return L2TPHA_ERR_LINK;
    return l2tpha_checkpoint_apply(node_at(user), data, len, now, number);
}

/* It stays, so that the next stream begins with what is known of it. */
static void link_leave(void *user, bool stop, uint64_t now)
{
    struct port *port = user;
    struct engine *engine = &port->node->engine;

    if (!port->consumer)
        return;
    int error = stop ? l2tpha_consumer_leave(port->node, port->consumer, now) : L2TPHA_OK;
    if (error)
        log_line(&engine->log, L2TPHA_LOG_RF, 0, 0, "stopping replication: %s",
                 l2tpha_strerror(error));
    if (!stop && engine->handed)
        port->node->heir = port->consumer;
    port->node->links[port->consumer - 1] = &nobody;
    port->node->levels[port->consumer - 1] = 0;
    port->consumer = 0;
}

#ifndef __OPTIMIZE_SIZE__
static size_t link_ahead(void *user, const struct l2tpha_bytes *checkpoints, size_t count)
{
    return node_look_ahead(node_at(user), checkpoints, count);
}
#else
#define link_ahead NULL
#endif

static int link_fence(void *user, uint64_t epoch, uint64_t now)
{
    return l2tpha_fence(node_at(user), epoch, now);
}

static uint64_t link_present(void *user, bool away, uint64_t until, uint64_t now)
{
    struct l2tpha_node *node = node_at(user);
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
    node_lose_sight(node_at(user), since, now);
}

static void link_heard(void *user, uint64_t now)
{
    node_see_again(node_at(user), now);
}

static void link_cut(void *user, uint64_t since, uint64_t now)
{
    node_cut_off(node_at(user), since, now);
}

static bool link_hand(void *user, uint64_t now)
{
    struct l2tpha_node *node = node_at(user);

    if (node_enter(node, now) || !node->engine.draining || !holds_all(user))
        return false;
    node->engine.handed = true;
    return true;
}

static void link_resume(void *user, uint64_t now)
{
    struct l2tpha_node *node = node_at(user);

    int error = l2tpha_switchover_cancel(node, now);
    if (error)
        log_line(&node->engine.log, L2TPHA_LOG_RF, 0, 0, "serving again: %s",
                 l2tpha_strerror(error));
}

static struct port *new_port(struct l2tpha_node *node, const struct l2tpha_link_options *options)
{
    bool given = options && options->size == sizeof(*options); /* else link_new() refuses them */
    const char *name = given && options->name ? options->name : "link";
    struct port *port = talloc_zero(node, struct port);

    if (!port)
        return NULL;
    port->node = node;
    port->options = (struct l2tpha_consumer_options){
        .size = sizeof(port->options),
        .name = talloc_strdup(port, name),
        .returns = true,
    };
    if (port->options.name)
        return port;
    talloc_free(port);
    return NULL;
}

/* All but whose they are. */
static const struct link_ops link_port_ops = {
    .ahead = link_ahead,
    .role = link_role,
    .rank = link_rank,
    .level = link_level,
    .meets = link_meets,
    .epoch = link_epoch,
    .last = link_last,
    .met = link_met,
    .copy = link_copy,
    .done = link_done,
    .consumer = link_consumer,
    .resume_copy = link_go_on,
    .whole = link_whole,
    .listens = link_listens,
    .in_sync = link_in_sync,
    .apply = link_apply,
    .leave = link_leave,
    .fence = link_fence,
    .present = link_present,
    .unheard = link_unheard,
    .heard = link_heard,
    .cut = link_cut,
    .hand = link_hand,
    .resume = link_resume,
};

int l2tpha_link_new(struct l2tpha_node *node, const struct l2tpha_link_options *options,
                    uint64_t now, struct l2tpha_link **link)
{
    if (!node || !link)
        return L2TPHA_ERR_INVALID;
    *link = NULL;
    struct link_ops ops = link_port_ops;
    ops.log = &node->engine.log;
    ops.digests = node_digests();
    const char *serializer = node->engine.config.serializer->name;
    size_t len = strlen(serializer);
    ops.serializer =
        (struct l2tpha_bytes){(const uint8_t *)serializer,
                              len < L2TPHA_SERIALIZER_NAME_MAX ? len : L2TPHA_SERIALIZER_NAME_MAX};
    ops.user = new_port(node, options);
    if (!ops.user)
        return L2TPHA_ERR_NOMEM;
    int error = link_new(node, &ops, options, now, link);
    if (error)
        talloc_free(ops.user);
    else
        (void)__extension__ talloc_steal(*link, ops.user); /* a macro of GNU C */
    return error;
}
