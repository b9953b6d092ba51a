/* SPDX-License-Identifier: MIT */
/* Messages whose turn has come, each a transaction of its own. */
#include "control/inorder.h"

#include "base/assert.h"
#include "control/machine.h"
#include "control/reorder.h"
#include "control/transaction.h"

/* Answers that one received message may need, with one left for the StopCCN that ends it all. */
#define ROOM_FOR_ANSWERS 2

int inorder_process(struct engine *engine, struct l2tpha_tunnel *tunnel,
                    const struct l2tpha_path *path, const uint8_t *data, size_t len)
{
    ASSERT(&engine->log, !tunnel->dying && !tunnel->channel.suspended);
    engine->counters.messages_in++;
    tunnel->channel.ended_call = 0;
    int error = machine_of(tunnel)->process(tunnel, path, data, len);
    if (!tunnel->dying)
        channel_accept(engine, &tunnel->channel);
    return error;
}

/* RFC 2661 5.8: what is not taken is not acknowledged, so the peer sends it again. That is better
 * than to take a message and to be unable to answer it, not even that it has failed, or to tell the
 * host of it. The one answer that may be long is an FSR, which is no longer than its FSQ. */
int inorder_room(struct engine *engine, const struct l2tpha_tunnel *tunnel, size_t len)
{
    size_t answer = len > ENGINE_ANSWER ? len : ENGINE_ANSWER;

    if (!channel_has_room(engine, &tunnel->channel, ROOM_FOR_ANSWERS) ||
        tunnel->event_bytes > buffer_pool_share(engine->pool))
        return L2TPHA_ERR_QUEUE_FULL;
    int error = buffer_reserve(engine->pool, answer);
    if (!error && buffer_pool_room(engine->pool) < 2 * answer) /* an event has a copy */
        error = L2TPHA_ERR_LIMIT;
    return error;
}

void engine_process_kept(struct engine *engine, struct l2tpha_tunnel *tunnel)
{
    struct buffer *kept;

    while (!tunnel->dying &&
           inorder_room(engine, tunnel, reorder_next_len(&tunnel->channel)) == L2TPHA_OK &&
           (kept = reorder_take(&tunnel->channel))) {
        engine_commit(engine);
        inorder_process(engine, tunnel, &tunnel->entry.record.path, kept->data, kept->len);
        buffer_put(engine->pool, kept);
    }
}
