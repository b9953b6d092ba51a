/* SPDX-License-Identifier: MIT */
#include "attached/own.h"

#include <stdlib.h>
#include <string.h>

#define SCRATCH 2048
#define MS 1000
#define DAWDLE (30 * MS)

/* --- lists --- */

static void *allocate(const struct daemon *daemon, size_t size)
{
    return daemon->hooks.alloc ? daemon->hooks.alloc(size) : calloc(1, size);
}

/* Where there are very many tunnels a list alone is too slow. */
static size_t chain_of(const struct l2tpha_tunnel *handle)
{
    return ((uintptr_t)handle >> 4) * 2654435761u >> 8 & (DAEMON_CHAINS - 1);
}

struct own_tunnel *daemon_tunnel(const struct daemon *daemon, const struct l2tpha_tunnel *handle)
{
    struct own_tunnel *own = daemon->chains[chain_of(handle)];

    while (own && own->handle != handle)
        own = own->next_of_chain;
    return own;
}

static uint64_t too_long(const struct daemon *daemon, uint64_t since)
{
    return daemon->setup_ms ? since + (uint64_t)daemon->setup_ms * MS : L2TPHA_NEVER;
}

/* Something is half set up since then. */
static void look_later(struct daemon *daemon, uint64_t since)
{
    if (too_long(daemon, since) < daemon->look_at)
        daemon->look_at = too_long(daemon, since);
}

struct own_tunnel *own_tunnel_add(struct daemon *daemon, struct l2tpha_tunnel *handle,
                                  const struct l2tpha_path *path, uint64_t now)
{
    struct own_tunnel *own = allocate(daemon, sizeof(*own));

    *own = (struct own_tunnel){
        .next = daemon->tunnels, .daemon = daemon, .handle = handle, .path = *path, .since = now};
    own->id = (uint16_t)l2tpha_tunnel_id(handle);
    own->place = &daemon->tunnels;
    if (own->next)
        own->next->place = &own->next;
    daemon->tunnels = own;
    own->next_of_chain = daemon->chains[chain_of(handle)];
    daemon->chains[chain_of(handle)] = own;
    look_later(daemon, now);
    return own;
}

struct own_call *daemon_call_by(const struct own_tunnel *own, uint32_t id)
{
    struct own_call *call = own->calls;

    while (call && call->id != id)
        call = call->next;
    return call;
}

struct own_call *own_call_add(struct own_tunnel *own, uint16_t id, uint16_t peers_id, uint64_t now)
{
    struct own_call *call = allocate(own->daemon, sizeof(*call));

    *call = (struct own_call){.next = own->calls, .id = id, .peers_id = peers_id, .since = now};
    own->calls = call;
    look_later(own->daemon, now);
    return call;
}

void own_call_drop(struct own_tunnel *own, struct own_call *call)
{
    struct own_call **at = &own->calls;

    while (*at != call)
        at = &(*at)->next;
    *at = call->next;
    free(call);
}

void own_tunnel_drop(struct own_tunnel *own)
{
    struct own_tunnel **at = &own->daemon->chains[chain_of(own->handle)];

    while (own->calls)
        own_call_drop(own, own->calls);
    while (*at != own)
        at = &(*at)->next_of_chain;
    *at = own->next_of_chain;
    *own->place = own->next;
    if (own->next)
        own->next->place = own->place;
    free(own);
}

void daemon_forget(struct daemon *daemon)
{
    while (daemon->tunnels)
        own_tunnel_drop(daemon->tunnels);
}

/* --- what comes --- */

static bool open_message(const struct daemon *daemon, const uint8_t *data, size_t len,
                         uint8_t *scratch, struct l2tpha_message *message)
{
    const char *secret = daemon->secret;
    const struct l2tpha_hiding hiding = {.crypto = daemon->crypto,
                                         .secret = (const uint8_t *)secret,
                                         .secret_len = secret ? strlen(secret) : 0};

    return l2tpha_message_open(data, len, secret ? &hiding : NULL, scratch, SCRATCH, message,
                               NULL) == L2TPHA_OK;
}

/* Of whatever tunnel but one, whose room is for answers: what is said belongs to the message's
 * transaction. */
static void say_hellos(struct daemon *daemon, const struct own_tunnel *but, uint64_t now)
{
    for (struct own_tunnel *own = daemon->tunnels; own; own = own->next)
        if (own->up && own != but)
            own_say_hello(own, now);
}

static void handle(struct daemon *daemon, const struct l2tpha_inbound *in, uint64_t now)
{
    struct own_tunnel *own = daemon_tunnel(daemon, in->tunnel);
    struct l2tpha_message message;
    uint8_t scratch[SCRATCH];

    daemon->handled++;
    daemon->within = true;
    own_step(daemon, "with a message handed out", now);
    if (own_chance(daemon, daemon->habits.hellos))
        say_hellos(daemon, own, now);
    if (own && open_message(daemon, in->data, in->len, scratch, &message))
        own_message(daemon, own, &message, now);
    if (own_chance(daemon, daemon->habits.hellos))
        say_hellos(daemon, NULL, now);
    own_step(daemon, "after a message, before the next", now);
    daemon->within = false;
}

static bool fetch(struct daemon *daemon, struct l2tpha_tunnel *only, uint64_t now)
{
    struct l2tpha_inbound in = {.size = sizeof(in)};

    if (daemon->dead || l2tpha_attach_receive(daemon->node, only, &in, now) <= 0)
        return false;
    own_see_to_lost_events(daemon);
    handle(daemon, &in, now);
    return true;
}

/* Of any tunnel that has one; a tunnel may go with its message. */
static bool fetch_by_tunnel(struct daemon *daemon, uint64_t now)
{
    for (const struct own_tunnel *own = daemon->tunnels; own; own = own->next)
        if (fetch(daemon, own->handle, now))
            return true;
    return false;
}

void daemon_work(struct daemon *daemon, uint64_t now)
{
    daemon->fetch_at = 0;
    while (daemon->habits.by_tunnel && fetch_by_tunnel(daemon, now))
        ;
    while (fetch(daemon, daemon->only, now))
        ;
}

int daemon_hear(struct daemon *daemon, const struct l2tpha_path *path, const uint8_t *data,
                size_t len, uint64_t now)
{
    struct l2tpha_message message;
    uint8_t scratch[SCRATCH];

    int error = l2tpha_feed(daemon->node, path, data, len, now);
    own_see_to_lost_events(daemon);
    own_step(daemon, "after a datagram was fed", now);
    if (error == L2TPHA_ERR_NOT_OURS && !daemon->dead &&
        open_message(daemon, data, len, scratch, &message) && message.type == L2TPHA_MESSAGE_SCCRQ)
        own_asked(daemon, &message, path, now);
    if (own_chance(daemon, daemon->habits.dawdles))
        daemon->fetch_at = now + DAWDLE;
    else if (!daemon->is_slow)
        daemon_work(daemon, now);
    return error;
}

void daemon_hear_data(struct daemon *daemon, const uint8_t *data, size_t len, uint64_t now)
{
    struct l2tpha_header header;

    if (daemon->dead || l2tpha_header_decode(data, len, &header) || header.control)
        return;
    struct l2tpha_session *session =
        l2tpha_session_find(daemon->node, header.tunnel_id, header.session_id);
    if (session)
        l2tpha_session_heard(session, now);
    for (struct own_tunnel *own = daemon->tunnels; own; own = own->next)
        if (own->id == header.tunnel_id && !daemon_call_by(own, header.session_id))
            l2tpha_attach_orphan(own->handle, header.session_id, now);
}

/* --- events --- */

void daemon_told(struct daemon *daemon, const struct l2tpha_event *event)
{
    struct own_tunnel *own = daemon_tunnel(daemon, event->tunnel);
    struct own_call *call =
        own && event->session_id ? daemon_call_by(own, event->session_id) : NULL;

    switch (event->kind) {
    case L2TPHA_EVENT_TUNNEL_UP:
        if (own)
            own->confirmed = true;
        break;
    case L2TPHA_EVENT_SESSION_UP:
        if (call)
            call->confirmed = true;
        break;
    case L2TPHA_EVENT_SESSION_DOWN:
        daemon->told_down += call != NULL;
        if (call)
            own_call_drop(own, call);
        break;
    case L2TPHA_EVENT_TUNNEL_DOWN:
    case L2TPHA_EVENT_TUNNEL_GONE:
        daemon->told_down += own != NULL;
        if (own)
            own_tunnel_drop(own);
        break;
    default:
        break;
    }
}

/* --- after a takeover --- */

static void count_id(struct daemon *daemon, uint32_t id)
{
    if (id > daemon->next_id)
        daemon->next_id = (uint16_t)id;
}

static void restore_calls(struct daemon *daemon, struct own_tunnel *own, uint64_t now)
{
    struct l2tpha_session_record record = {.size = sizeof(record)};
    struct l2tpha_session *session = NULL;

    while ((session = l2tpha_session_next(own->handle, session))) {
        l2tpha_session_get(session, &record);
        struct own_call *call =
            own_call_add(own, (uint16_t)record.local_id, (uint16_t)record.remote_id, now);
        call->asks = record.flags & L2TPHA_SESSION_LOCAL_CALL;
        call->outgoing = record.call == L2TPHA_CALL_OUTGOING;
        call->up = record.state == L2TPHA_SESSION_ESTABLISHED;
        call->rings = record.state == L2TPHA_SESSION_WAIT_CS_ANSWER;
        call->serial = record.serial;
        own_recall_call(call, &record.app_state);
        daemon->owes |= call->rings;
        count_id(daemon, record.local_id);
    }
}

/* Of the epoch, whose low octet is the node's rank where nodes have ranks. */
static uint16_t first_id(uint64_t epoch)
{
    return (uint16_t)(((epoch & 0xff) + (epoch >> 8) * 16) * DAEMON_ID_LEAP);
}

void daemon_restore(struct daemon *daemon, uint64_t now)
{
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};
    struct l2tpha_tunnel *handle = NULL;
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};

    l2tpha_redundancy_get(daemon->node, &info);
    while ((handle = l2tpha_tunnel_next(daemon->node, handle))) {
        l2tpha_tunnel_get(handle, &record);
        if (record.recovers || record.state > L2TPHA_TUNNEL_ESTABLISHED || record.result)
            continue;
        struct own_tunnel *own = own_tunnel_add(daemon, handle, &record.path, now);
        own->peers_id = (uint16_t)record.remote_id;
        own->up = record.state == L2TPHA_TUNNEL_ESTABLISHED;
        own_recall(own, &record.app_state);
        /* What the previous active has given out since is not in the record where that is lagging.
         */
        own->last_call = first_id(info.epoch);
        count_id(daemon, record.local_id);
        restore_calls(daemon, own, now);
    }
}

/* --- its timers --- */

uint64_t daemon_deadline(const struct daemon *daemon)
{
    return daemon->fetch_at && daemon->fetch_at < daemon->look_at ? daemon->fetch_at
                                                                  : daemon->look_at;
}

static void expire_calls(struct own_tunnel *own, uint64_t now)
{
    struct own_call *next;

    for (struct own_call *call = own->calls; call && !own->daemon->dead; call = next) {
        next = call->next;
        if (call->up)
            continue;
        if (too_long(own->daemon, call->since) > now) {
            look_later(own->daemon, call->since);
            continue;
        }
        call->since = now; /* once more, if there is no room now */
        look_later(own->daemon, now);
        daemon_hang_up(own->daemon, own, call, now);
    }
}

static void expire_tunnel(struct own_tunnel *own, uint64_t now)
{
    struct daemon *daemon = own->daemon;

    expire_calls(own, now);
    if (daemon->dead || own->up)
        return;
    if (too_long(daemon, own->since) > now) {
        look_later(daemon, own->since);
        return;
    }
    own->since = now;
    look_later(daemon, now);
    daemon_close(daemon, own, now);
}

void daemon_expire(struct daemon *daemon, uint64_t now)
{
    struct own_tunnel *next;

    own_see_to_lost_events(daemon);
    if (daemon->fetch_at && daemon->fetch_at <= now)
        daemon_work(daemon, now);
    if (daemon->look_at > now)
        return;
    daemon->look_at = L2TPHA_NEVER;
    for (struct own_tunnel *own = daemon->tunnels; own && !daemon->dead; own = next) {
        next = own->next;
        expire_tunnel(own, now);
    }
}
