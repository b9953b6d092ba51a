/* SPDX-License-Identifier: MIT */
/* Messages whose turn has come, each a transaction of its own. */
#include "control/inorder.h"

#include "base/assert.h"
#include "control/inbox.h"
#include "control/machine.h"
#include "control/reorder.h"
#include "control/room.h"
#include "control/transaction.h"

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

void engine_process_kept(struct engine *engine, struct l2tpha_tunnel *tunnel)
{
    struct buffer *kept;

    if (machine_of(tunnel)->fetches && !tunnel_is_over(tunnel)) {
        inbox_note(engine, tunnel);
        return;
    }
    while (!tunnel->dying &&
           inorder_room(engine, tunnel, reorder_next_len(&tunnel->channel)) == L2TPHA_OK &&
           (kept = reorder_take(&tunnel->channel))) {
        engine_commit(engine);
        inorder_process(engine, tunnel, &tunnel->entry.record.path, kept->data, kept->len);
        buffer_put(engine->pool, kept);
    }
}
