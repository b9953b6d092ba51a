/* SPDX-License-Identifier: MIT */
/* RFC 4951 3.2.2: the channel is reset, and what still holds is said again. */
#include "control/reset.h"

#include "base/assert.h"
#include "control/machine.h"
#include "control/session_id.h"
#include "state/record.h"

#include <string.h>

/* What an SLI or a WEN tells of a call that stays. A CDN is not repeated: the peer may not have the
 * call, and some end the tunnel over that; it is found by FSQ. */
static bool still_holds(const struct l2tpha_tunnel *tunnel, const struct buffer *message)
{
    const struct wire_format *wire = record_wire(&tunnel->entry.record);
    uint16_t type = wire_type(wire, message->data, message->len);

    return (type == L2TPHA_MESSAGE_SLI || type == L2TPHA_MESSAGE_WEN) &&
           table_session_find_remote(tunnel->engine->table, &tunnel->entry,
                                     wire_session(wire, message->data));
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

static void reset_channel(struct l2tpha_tunnel *tunnel, uint16_t ns, uint16_t nr)
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

static void session_reset(struct l2tpha_session *session, bool data_channel)
{
    const struct machine_input end = {.status = L2TPHA_ERR_NOT_IN_SYNC,
                                      .reason = "not established when the tunnel was recovered",
                                      .with_tunnel = true};
    struct session_entry *entry = &session->entry;

    if (!session_outlives_reset(entry)) {
        session_machine(session)->clear_session(session, &end);
        return;
    }
    session->connecting = false; /* what would have told the peer is flushed, or was told */
    if (data_channel && session_is_numbered(entry))
        entry->sent_ns = entry->data_ns = session->lease_end = 0;
}

/* The standby does the same by the count, replica.c. */
static void reset_sessions(struct l2tpha_tunnel *tunnel, bool data_channel)
{
    struct l2tpha_tunnel_record *record = &tunnel->entry.record;

    record->resets = record_next_resets(record->resets, data_channel);
    tunnel_mark(tunnel, DIRTY_FULL);
    for (struct session_entry *entry = tunnel->entry.sessions, *next; entry; entry = next) {
        next = entry->next;
        session_reset(session_of(entry), data_channel);
    }
}

int tunnel_reset(struct l2tpha_tunnel *tunnel, uint16_t ns, uint16_t nr,
                 const struct l2tpha_path *path, bool data_channel)
{
    ASSERT(&tunnel->engine->log, tunnel->entry.record.state == L2TPHA_TUNNEL_ESTABLISHED);
    ASSERT(&tunnel->engine->log, !tunnel_is_recovery(tunnel));
    int error = table_tunnel_set_remote(tunnel->engine->table, &tunnel->entry, path,
                                        tunnel->entry.record.remote_id);
    if (error)
        return error;
    session_ids_reset(tunnel, ns);
    reset_sessions(tunnel, data_channel);
    reset_channel(tunnel, ns, nr);
    tunnel_set_commit(tunnel);
    tunnel_answered(tunnel);
    return L2TPHA_OK;
}
