/* SPDX-License-Identifier: MIT */
/* Events on their way to the host. They wait in the outbox until the checkpoint of their
 * transaction is confirmed, so all that they say is copied. */
#include "engine/session.h"

#include <string.h>

static void *user_of(const struct l2tpha_tunnel *tunnel, const struct l2tpha_session *session)
{
    if (session)
        return session->user;
    return tunnel ? tunnel->user : NULL;
}

struct event_item *engine_event(struct engine *engine, uint8_t kind, struct l2tpha_tunnel *tunnel,
                                struct l2tpha_session *session)
{
    struct event_item *event = outbox_push(engine->events, NULL);

    if (!event) {
        engine->counters.events_lost++;
        log_line(&engine->log, L2TPHA_LOG_ERROR, tunnel ? tunnel->entry.record.local_id : 0,
                 session ? session->entry.local_id : 0, "event lost: no poll, or no memory");
        return NULL;
    }
    engine->open_events++;
    event->kind = kind;
    event->user = user_of(tunnel, session);
    event->session_id = session ? session->entry.local_id : 0;
    if (tunnel) {
        event->tunnel = tunnel;
        event->tunnel_id = tunnel->entry.record.local_id;
        tunnel->events++;
    }
    return event;
}

/* The message being processed as one datagram: its header, then its AVPs as deciphered. */
void event_attach_message(struct engine *engine, struct event_item *event)
{
    const struct l2tpha_message *message = &engine->message;
    struct l2tpha_header header = message->header;
    size_t len;

    if (!event || event->message)
        return;
    struct buffer *copy = buffer_get(engine->pool, L2TPHA_CONTROL_HEADER + message->body_len, NULL);
    if (!copy) {
        engine->counters.limit_reached++;
        return;
    }
    header.length = (uint16_t)(L2TPHA_CONTROL_HEADER + message->body_len);
    if (l2tpha_header_encode(&header, copy->data, L2TPHA_CONTROL_HEADER, &len)) {
        buffer_put(engine->pool, copy);
        return;
    }
    memcpy(copy->data + len, message->body, message->body_len);
    copy->len = (uint32_t)(len + message->body_len);
    event->message = copy;
    if (event->tunnel)
        event->tunnel->event_bytes += copy->cap;
}

void event_set_text(struct event_item *event, const uint8_t *text, size_t len)
{
    if (event)
        l2tpha_text_escape(text, len, event->text, sizeof(event->text));
}

const char *reason_text(struct l2tpha_bytes words, const char *reason, char *dst, size_t size)
{
    if (!words.len && reason)
        words = (struct l2tpha_bytes){(const uint8_t *)reason, strlen(reason)};
    l2tpha_text_escape(words.data, words.len, dst, size);
    return dst;
}

void engine_event_polled(struct engine *engine, const struct event_item *event)
{
    struct l2tpha_tunnel *tunnel = event->tunnel;

    if (tunnel && event->message)
        tunnel->event_bytes -= event->message->cap;
    if (tunnel && --tunnel->events == 0 && tunnel->dying) {
        tunnel->dead_next = engine->dead;
        engine->dead = tunnel;
    }
}
