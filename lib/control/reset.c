/* SPDX-License-Identifier: MIT */
/* RFC 4951 3.2.2: the channel is reset, and what still holds is said again. */
#include "control/reset.h"

#include <string.h>

#define SESSION_ID 6 /* its place in a control header */

/* What an SLI or a WEN tells of a call that stays. A CDN is not repeated: the peer may not have the
 * call, and some end the tunnel over that; it is found by FSQ. */
static bool still_holds(const struct l2tpha_tunnel *tunnel, const struct buffer *message)
{
    uint16_t type = channel_message_type(message);

    return (type == L2TPHA_MESSAGE_SLI || type == L2TPHA_MESSAGE_WEN) &&
           table_session_find_remote(tunnel->engine->table, &tunnel->entry,
                                     get_u16(message->data + SESSION_ID));
}

/* Copies of them, oldest first. One for which there is no memory is lost like the others. */
static struct buffer *copy_what_holds(const struct l2tpha_tunnel *tunnel)
{
    struct buffer *first = NULL, **end = &first;

    for (const struct buffer *message = tunnel->entry.queue_head; message;
         message = message->next) {
        struct buffer *copy = still_holds(tunnel, message)
                                  ? buffer_get(tunnel->engine->pool, message->len, NULL)
                                  : NULL;
        if (!copy)
            continue;
        memcpy(copy->data, message->data, message->len);
        copy->len = message->len;
        *end = copy;
        end = &copy->next;
    }
    return first;
}

void tunnel_reset(struct l2tpha_tunnel *tunnel, uint16_t ns, uint16_t nr)
{
    struct engine *engine = tunnel->engine;
    struct buffer *message = copy_what_holds(tunnel), *next;

    channel_reset(engine, &tunnel->channel, ns, nr);
    for (; message; message = next) {
        next = message->next;
        if (channel_send(engine, &tunnel->channel, message->data, message->len))
            log_line(&engine->log, L2TPHA_LOG_ERROR, tunnel->entry.record.local_id, 0,
                     "a message is lost with the reset");
        buffer_put(engine->pool, message);
    }
}
