/* SPDX-License-Identifier: MIT */
/* Events on their way to the host. They wait in the outbox until the checkpoint of their
 * transaction is confirmed, so all that they say is copied. */
#include "control/event.h"

#include "base/assert.h"
#include "base/fsm.h"
#include "control/session.h"

#include <string.h>

struct event_item *engine_event(struct engine *engine, uint8_t kind, struct l2tpha_tunnel *tunnel,
                                struct l2tpha_session *session)
{
    struct event_item *event = outbox_push(engine->events, NULL);

    ASSERT(&engine->log, !session || !session_is_gone(session));
    if (!event) {
        engine->counters.events_lost++;
        log_line(&engine->log, L2TPHA_LOG_ERROR, tunnel ? tunnel->entry.record.local_id : 0,
                 session ? session->entry.local_id : 0, "event lost: no poll, or no memory");
        return NULL;
    }
    ASSERT(&engine->log, !tunnel || (tunnel->engine == engine && !tunnel->dying));
    ASSERT(&engine->log,
           !session || (!session_is_gone(session) && session_tunnel(session) == tunnel));
    engine->open_events++;
    engine->events_made++;
    event->kind = kind;
    if (session) {
        event->session = session;
        event->session_id = session->entry.local_id;
        session->named = true;
    }
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
    const struct wire_format *wire = wire_of_message(message);
    struct l2tpha_header header = message->header;
    size_t len;

    if (!event || event->message)
        return;
    struct buffer *copy = buffer_get(engine->pool, wire->header_len + message->body_len, NULL);
    if (!copy) {
        engine->counters.limit_reached++;
        return;
    }
    header.length = (uint16_t)(wire->header_len + message->body_len);
    if (wire->encode(&header, copy->data, wire->header_len, &len)) {
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

/* --- the end of what events name --- */

static void line_put(struct session_line *line, struct l2tpha_session *session)
{
    session->gone_next = NULL;
    if (line->tail)
        line->tail->gone_next = session;
    else
        line->head = session;
    line->tail = session;
}

static struct l2tpha_session *line_take(struct session_line *line)
{
    struct l2tpha_session *session = line->head;

    line->head = session->gone_next;
    if (!line->head)
        line->tail = NULL;
    return session;
}

static void reap(struct engine *engine, struct l2tpha_session *session)
{
    ASSERT(&engine->log, session_is_gone(session) && !fsm_is_running(session));
    table_session_free(engine->table, &session->entry);
}

void engine_event_done(struct engine *engine, struct event_item *event)
{
    struct l2tpha_tunnel *tunnel = event->tunnel;

    ASSERT(&engine->log, !tunnel || tunnel->events > 0);
    ASSERT(&engine->log, engine->events_done < engine->events_made);
    ASSERT(&engine->log, !tunnel || !event->message || tunnel->event_bytes >= event->message->cap);
    if (tunnel && event->message)
        tunnel->event_bytes -= event->message->cap;
    buffer_put(engine->pool, event->message);
    event->message = NULL;
    engine->events_done++;
    if (tunnel && --tunnel->events == 0 && tunnel->dying) {
        tunnel->dead_next = engine->dead;
        engine->dead = tunnel;
    }
}

/* Events are done with in the order in which they were made, so those about it are among the ones
 * made by now. */
void engine_bury(struct engine *engine, struct l2tpha_session *session)
{
    ASSERT(&engine->log, session_is_gone(session));
    session->gone_at = session->named ? engine->events_made : 0;
    line_put(&engine->gone, session);
}

void engine_bury_part(struct engine *engine, void *part)
{
    (void)talloc_move(engine->gone_parts, &part);
    engine->parts_gone = true;
}

void engine_reap_parts(struct engine *engine)
{
    if (engine->parts_gone)
        talloc_free_children(engine->gone_parts);
    engine->parts_gone = false;
    while (engine->gone.head) {
        struct l2tpha_session *session = line_take(&engine->gone);
        if (session->gone_at > engine->events_done)
            line_put(&engine->buried, session);
        else
            reap(engine, session);
    }
    while (engine->buried.head && engine->buried.head->gone_at <= engine->events_done)
        reap(engine, line_take(&engine->buried));
}

void engine_rename(struct engine *engine, const struct l2tpha_tunnel *tunnel,
                   const struct l2tpha_session *session, void *user)
{
    for (uint32_t i = 0; i < engine->polled_count; i++) {
        struct polled_event *polled = &engine->polled[i];
        if (polled->item.tunnel == tunnel && polled->item.session == session)
            polled->event.user = user;
    }
}
