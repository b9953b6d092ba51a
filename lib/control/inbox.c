/* SPDX-License-Identifier: MIT */
#include "control/inbox.h"

#include "base/assert.h"
#include "base/outbox.h"
#include "control/find.h"
#include "control/machine.h"
#include "control/reorder.h"
#include "control/room.h"
#include "control/transaction.h"

int inbox_new(TALLOC_CTX *parent, uint32_t max_tunnels, struct inbox *inbox)
{
    return outbox_new(parent, sizeof(uint32_t), max_tunnels, &inbox->tunnels);
}

void inbox_note(struct engine *engine, struct l2tpha_tunnel *tunnel)
{
    uint32_t *id;

    if (tunnel->in_inbox || tunnel->dying || tunnel == engine->inbox.tunnel ||
        reorder_next_len(&tunnel->channel) == 0)
        return;
    id = outbox_push(engine->inbox.tunnels, NULL);
    if (!id) {
        /* It is not acknowledged: the copy that comes notes it again. */
        engine->counters.limit_reached++;
        return;
    }
    *id = tunnel->entry.record.local_id;
    tunnel->in_inbox = true;
}

int inbox_keep(struct engine *engine, struct l2tpha_tunnel *tunnel, uint16_t ns,
               const uint8_t *data, size_t len)
{
    enum channel_verdict verdict = reorder_keep(engine, &tunnel->channel, ns, data, len);

    inbox_note(engine, tunnel);
    if (verdict == CHANNEL_DUPLICATE)
        return L2TPHA_ERR_DUPLICATE;
    return verdict == CHANNEL_KEPT ? L2TPHA_OK : L2TPHA_ERR_LIMIT;
}

static bool may_take(struct engine *engine, const struct l2tpha_tunnel *tunnel)
{
    size_t len = tunnel->dying ? 0 : reorder_next_len(&tunnel->channel);

    return len && !tunnel->channel.suspended && inorder_room(engine, tunnel, len) == L2TPHA_OK;
}

/* The first whose machine may be given a message. One without room for answers waits for what makes
 * room: an acknowledgement, with which it is looked at again. */
static struct l2tpha_tunnel *next_tunnel(struct engine *engine)
{
    struct outbox *line = engine->inbox.tunnels;
    uint32_t *id;

    while ((id = outbox_head(line))) {
        struct l2tpha_tunnel *tunnel = engine_tunnel_find(engine, *id);
        outbox_pop(line);
        if (!tunnel || !tunnel->in_inbox)
            continue; /* the id may be another one's by now */
        tunnel->in_inbox = false;
        if (may_take(engine, tunnel))
            return tunnel;
    }
    return NULL;
}

const struct buffer *inbox_take(struct engine *engine, struct l2tpha_tunnel *only,
                                struct l2tpha_tunnel **tunnel)
{
    struct inbox *inbox = &engine->inbox;

    ASSERT(&engine->log, !inbox->message && !inbox->open);
    if (only)
        *tunnel = may_take(engine, only) ? only : NULL;
    else
        *tunnel = next_tunnel(engine);
    if (!*tunnel)
        return NULL;
    inbox->tunnel = *tunnel;
    inbox->message = reorder_take(&(*tunnel)->channel);
    inbox->open = true;
    engine->counters.messages_in++;
    (*tunnel)->channel.ended_call = 0;
    return inbox->message;
}

void inbox_finish(struct engine *engine)
{
    struct inbox *inbox = &engine->inbox;
    struct l2tpha_tunnel *tunnel = inbox->tunnel;

    if (!inbox->open)
        return;
    if (inbox->message) {
        if (!tunnel->dying)
            channel_accept(engine, &tunnel->channel);
        buffer_put(engine->pool, inbox->message);
    }
    inbox->tunnel = NULL;
    inbox->message = NULL;
    inbox->open = false;
    if (tunnel)
        inbox_note(engine, tunnel);
    engine_commit(engine);
    engine_reap(engine);
}
