/* SPDX-License-Identifier: MIT */
/* What the daemon attaches to its records, and whether it has what they have. */
#include "attached/own.h"

#include "control/session.h"
#include "dispatch/disconnect.h"

#include <string.h>

#define WORD 4
#define TUNNEL_HEAD 3 /* id of the last call, whether a challenge follows */

/* --- a tunnel --- */

void own_keep(struct own_tunnel *own, uint64_t now)
{
    uint8_t state[TUNNEL_HEAD + DAEMON_CHALLENGE] = {(uint8_t)(own->last_call >> 8),
                                                     (uint8_t)own->last_call, own->challenged};
    size_t len = TUNNEL_HEAD + (own->challenged ? DAEMON_CHALLENGE : 0);

    if (own->daemon->dead || !own->daemon->counts)
        return;
    memcpy(state + TUNNEL_HEAD, own->challenge, DAEMON_CHALLENGE);
    own_calls(own->daemon);
    own_called(own->daemon, l2tpha_tunnel_set_app_state(own->handle, state, len, now));
    own_step(own->daemon, "after it has kept something with a tunnel", now);
}

void own_recall(struct own_tunnel *own, const struct l2tpha_bytes *state)
{
    if (state->len < TUNNEL_HEAD)
        return;
    own->last_call = (uint16_t)(state->data[0] << 8 | state->data[1]);
    own->challenged = state->data[2] && state->len == TUNNEL_HEAD + DAEMON_CHALLENGE;
    if (own->challenged)
        memcpy(own->challenge, state->data + TUNNEL_HEAD, DAEMON_CHALLENGE);
}

/* --- a call: the length of the note, the note, the numbers --- */

static void put_word(uint8_t *dst, uint32_t word)
{
    for (unsigned i = 0; i < WORD; i++)
        dst[i] = (uint8_t)(word >> (24 - 8 * i));
}

static uint32_t word_at(const uint8_t *src)
{
    return (uint32_t)src[0] << 24 | (uint32_t)src[1] << 16 | (uint32_t)src[2] << 8 | src[3];
}

int own_keep_call(struct own_tunnel *own, const struct own_call *call, uint64_t now)
{
    uint8_t state[1 + DAEMON_NOTE + WORD * DAEMON_NUMBERS] = {call->note_len};
    struct l2tpha_session *session =
        own->daemon->dead ? NULL : l2tpha_session_find(own->daemon->node, own->id, call->id);
    size_t len = 1;

    if (!session)
        return L2TPHA_OK;
    memcpy(state + len, call->note, call->note_len);
    len += call->note_len;
    for (unsigned i = 0; i < call->heard_count; i++, len += WORD)
        put_word(state + len, call->heard[i]);
    own_calls(own->daemon);
    int error = own_called(own->daemon, l2tpha_session_set_app_state(session, state, len, now));
    own_step(own->daemon, "after it has kept something with a call", now);
    return error;
}

void own_recall_call(struct own_call *call, const struct l2tpha_bytes *state)
{
    if (!state->len || state->data[0] > DAEMON_NOTE || state->len < 1u + state->data[0])
        return;
    call->note_len = state->data[0];
    memcpy(call->note, state->data + 1, call->note_len);
    for (size_t at = 1u + call->note_len;
         at + WORD <= state->len && call->heard_count < DAEMON_NUMBERS; at += WORD)
        call->heard[call->heard_count++] = word_at(state->data + at);
}

unsigned daemon_has_heard(const struct l2tpha_session *session, uint32_t number)
{
    struct l2tpha_session_record record = {.size = sizeof(record)};
    struct own_call call = {0};
    unsigned times = 0;

    l2tpha_session_get(session, &record);
    own_recall_call(&call, &record.app_state);
    for (unsigned i = 0; i < call.heard_count; i++)
        times += call.heard[i] == number;
    return times;
}

/* --- the daemon and the records --- */

static bool is_there(const struct own_tunnel *own)
{
    const struct l2tpha_tunnel *tunnel = l2tpha_tunnel_find(own->daemon->node, own->id);
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};

    if (tunnel != own->handle)
        return false;
    l2tpha_tunnel_get(tunnel, &record);
    return record.state <= L2TPHA_TUNNEL_ESTABLISHED;
}

static void drop_lost_calls(struct own_tunnel *own)
{
    struct own_call *next;

    for (struct own_call *call = own->calls; call; call = next) {
        next = call->next;
        if (!l2tpha_session_find(own->daemon->node, own->id, call->id))
            own_call_drop(own, call);
    }
}

void own_see_to_lost_events(struct daemon *daemon)
{
    uint64_t lost = l2tpha_counters(daemon->node)->events_lost;
    struct own_tunnel *next;

    if (lost == daemon->events_lost)
        return;
    daemon->events_lost = lost;
    for (struct own_tunnel *own = daemon->tunnels; own; own = next) {
        next = own->next;
        if (is_there(own))
            drop_lost_calls(own);
        else
            own_tunnel_drop(own);
    }
}

static const char *call_differs(const struct own_tunnel *own, const struct l2tpha_session *session)
{
    struct l2tpha_session_record record = {.size = sizeof(record)};

    if (session->dismissed)
        return NULL; /* its end is told, or will be */
    l2tpha_session_get(session, &record);
    const struct own_call *call = daemon_call_by(own, record.local_id);
    if (!call)
        return "the daemon lacks a call";
    if (call->up != (record.state == L2TPHA_SESSION_ESTABLISHED))
        return "a call is in another state at the daemon";
    return call->peers_id == record.remote_id ? NULL : "a call has another peer at the daemon";
}

static const char *tunnel_differs(const struct daemon *daemon, const struct l2tpha_tunnel *tunnel)
{
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};
    struct l2tpha_session *session = NULL;
    const char *why = NULL;

    l2tpha_tunnel_get(tunnel, &record);
    if (record.recovers || record.state > L2TPHA_TUNNEL_ESTABLISHED || record.result)
        return NULL;
    const struct own_tunnel *own = daemon_tunnel(daemon, tunnel);
    if (!own) /* it has ended for the daemon; the word for the peer may be still to come */
        return tunnel_is_to_stop(tunnel) ? NULL : "the daemon lacks a tunnel";
    if (own->up != (record.state == L2TPHA_TUNNEL_ESTABLISHED))
        return "a tunnel is in another state at the daemon";
    while (!why && (session = l2tpha_session_next(tunnel, session)))
        why = call_differs(own, session);
    return why;
}

static const char *too_much(const struct daemon *daemon)
{
    for (const struct own_tunnel *own = daemon->tunnels; own; own = own->next) {
        if (l2tpha_tunnel_find(daemon->node, own->id) != own->handle)
            return "the daemon has a tunnel that is gone";
        for (const struct own_call *call = own->calls; call; call = call->next)
            if (!l2tpha_session_find(daemon->node, own->id, call->id))
                return "the daemon has a call that is gone";
    }
    return NULL;
}

const char *daemon_differs(const struct daemon *daemon, bool at_rest)
{
    struct l2tpha_tunnel *tunnel = NULL;
    const char *why = NULL;

    if (daemon->polled_within)
        return "something left with half a transaction";
    while (!why && (tunnel = l2tpha_tunnel_next(daemon->node, tunnel)))
        why = tunnel_differs(daemon, tunnel);
    return !why && at_rest ? too_much(daemon) : why;
}
