/* SPDX-License-Identifier: MIT */
/* The lists of a naive daemon, and the one interface at which the library sees it. */
#include "naive/daemon.h"

#include "dispatch/session_state.h"
#include "node/node.h"

/* Each belongs to one node, and goes with it. */
static struct naive {
    struct naive *next;
    const struct engine *engine;
    struct naive_tunnel *tunnels;
} * daemons;

static struct naive *daemon_of(const struct engine *engine)
{
    struct naive *at = daemons;

    while (at && at->engine != engine)
        at = at->next;
    return at;
}

static int leave(struct naive *naive)
{
    struct naive **place = &daemons;

    while (*place != naive)
        place = &(*place)->next;
    *place = naive->next;
    return 0;
}

/* --- tunnels --- */

static struct naive_tunnel **place_of(const struct l2tpha_tunnel *tunnel)
{
    struct naive_tunnel **place = &daemon_of(tunnel_engine(tunnel))->tunnels;

    while (*place && (*place)->id != tunnel->entry.record.local_id)
        place = &(*place)->next;
    return place;
}

struct naive_tunnel *naive_tunnel_of(const struct l2tpha_tunnel *tunnel)
{
    return *place_of(tunnel);
}

struct naive_tunnel *naive_tunnel_add(const struct l2tpha_tunnel *tunnel)
{
    struct naive *naive = daemon_of(tunnel->engine);
    struct naive_tunnel *own = talloc_zero(naive, struct naive_tunnel);

    own->id = tunnel->entry.record.local_id;
    own->next = naive->tunnels;
    naive->tunnels = own;
    return own;
}

void naive_tunnel_forget(const struct l2tpha_tunnel *tunnel)
{
    struct naive_tunnel **place = place_of(tunnel), *own = *place;

    if (!own)
        return;
    *place = own->next;
    talloc_free(own);
}

/* --- calls --- */

struct naive_call *naive_call_of(const struct l2tpha_session *session)
{
    const struct naive_tunnel *own = naive_tunnel_of(session_tunnel(session));
    struct naive_call *call = own ? own->calls : NULL;

    while (call && call->id != session->entry.local_id)
        call = call->next;
    return call;
}

struct naive_call *naive_call_add(const struct l2tpha_session *session)
{
    struct naive_tunnel *own = naive_tunnel_of(session_tunnel(session));
    struct naive_call **place = &own->calls;
    struct naive_call *call = talloc_zero(own, struct naive_call);

    while (*place)
        place = &(*place)->next;
    *place = call;
    call->id = session->entry.local_id;
    return call;
}

void naive_call_forget(const struct l2tpha_tunnel *tunnel, uint32_t id)
{
    struct naive_tunnel *own = naive_tunnel_of(tunnel);
    struct naive_call **place = own ? &own->calls : NULL;

    while (place && *place && (*place)->id != id)
        place = &(*place)->next;
    if (!place || !*place)
        return;
    struct naive_call *call = *place;
    *place = call->next;
    talloc_free(call);
}

void naive_calls_forget(struct naive_tunnel *own)
{
    while (own && own->calls) {
        struct naive_call *call = own->calls;
        own->calls = call->next;
        talloc_free(call);
    }
}

/* --- what records say --- */

static int tunnel_state_of(uint8_t state)
{
    switch (state) {
    case L2TPHA_TUNNEL_WAIT_CTL_REPLY:
        return TUNNEL_ASKS;
    case L2TPHA_TUNNEL_WAIT_CTL_CONN:
        return TUNNEL_ANSWERS;
    case L2TPHA_TUNNEL_ESTABLISHED:
        return TUNNEL_RUNS;
    default:
        return TUNNEL_CLOSES;
    }
}

static int call_state_of(uint8_t state)
{
    switch (state) {
    case L2TPHA_SESSION_WAIT_TUNNEL:
        return CALL_WAITS;
    case L2TPHA_SESSION_WAIT_REPLY:
        return CALL_ASKS;
    case L2TPHA_SESSION_WAIT_CONNECT:
        return CALL_RINGS;
    case L2TPHA_SESSION_WAIT_CS_ANSWER:
        return CALL_IS_PLACED;
    default:
        return CALL_TALKS;
    }
}

void naive_restore(struct l2tpha_tunnel *tunnel)
{
    struct naive_tunnel *own = naive_tunnel_add(tunnel);
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};
    struct l2tpha_session *session = NULL;

    l2tpha_tunnel_get(tunnel, &record);
    own->state = tunnel_state_of(record.state);
    while ((session = l2tpha_session_next(tunnel, session))) {
        struct l2tpha_session_record said = {.size = sizeof(said)};
        struct naive_call *call = naive_call_add(session);
        l2tpha_session_get(session, &said);
        call->peers_id = said.remote_id;
        call->lac = said.side == L2TPHA_LAC;
        call->outgoing = said.call == L2TPHA_CALL_OUTGOING;
        call->state = call_state_of(said.state);
    }
}

static bool call_differs(const struct l2tpha_session *session)
{
    const struct naive_call *call = naive_call_of(session);
    struct l2tpha_session_record said = {.size = sizeof(said)};

    l2tpha_session_get(session, &said);
    return !call || (int)call->state != call_state_of(said.state) ||
           call->peers_id != said.remote_id || call->lac != (said.side == L2TPHA_LAC) ||
           call->outgoing != (said.call == L2TPHA_CALL_OUTGOING);
}

static const char *tunnel_differs(const struct l2tpha_tunnel *tunnel)
{
    const struct naive_tunnel *own = naive_tunnel_of(tunnel);
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};
    const struct l2tpha_session *session = NULL;
    uint32_t calls = 0;

    l2tpha_tunnel_get(tunnel, &record);
    if (!own)
        return "a tunnel of the node is not the daemon's";
    if ((int)own->state != tunnel_state_of(record.state))
        return "a tunnel's state is another one";
    for (const struct naive_call *call = own->calls; call; call = call->next)
        calls++;
    if (calls != l2tpha_tunnel_sessions(tunnel))
        return "the calls of a tunnel are not as many";
    while ((session = l2tpha_session_next(tunnel, session)))
        if (call_differs(session))
            return "a call is not the daemon's, or another one";
    return NULL;
}

const char *naive_differs(const struct l2tpha_node *node)
{
    const struct naive *naive = daemon_of(&node->engine);
    const struct l2tpha_tunnel *tunnel = NULL;
    const char *why = NULL;
    uint32_t count = 0;

    if (!naive)
        return NULL;
    while (!why && (tunnel = l2tpha_tunnel_next(node, tunnel)))
        if (tunnel->engine && !tunnel_is_recovery(tunnel)) { /* else nobody has made it live yet */
            why = tunnel_differs(tunnel);
            count++;
        }
    for (const struct naive_tunnel *own = naive->tunnels; own; own = own->next)
        count--;
    return why || count == 0 ? why : "the daemon's tunnels are not as many";
}

/* --- the interface --- */

static void restored(struct l2tpha_tunnel *tunnel)
{
    const struct machine_input quiet = {.quiet = true, .reason = "its tunnel is closing"};

    if (tunnel_is_over(tunnel))
        session_end_all(tunnel, &quiet);
    naive_restore(tunnel);
}

static void delivered(struct l2tpha_tunnel *tunnel)
{
    const struct machine_input none = {0};

    naive_tunnel_clear(tunnel, &none);
}

static const struct machine_ops naive_machine = {
    .request = naive_tunnel_asked,
    .process = naive_tunnel_message,
    .open = naive_tunnel_ask,
    .restored = restored,
    .established = naive_calls_place,
    .delivered = delivered,
    .stop = naive_tunnel_stop,
    .clear = naive_tunnel_clear,
    .stop_session = naive_call_stop,
    .clear_session = naive_call_clear,
    .start = naive_calls_place,
    .overdue = naive_tunnel_due,
    .session_overdue = naive_call_due,
};

void naive_install(struct l2tpha_node *node)
{
    struct naive *naive = talloc_zero(node, struct naive);

    naive->engine = &node->engine;
    naive->next = daemons;
    daemons = naive;
    talloc_set_destructor(naive, leave);
    engine_set_machine(&node->engine, &naive_machine);
}

bool naive_runs(const struct engine *engine)
{
    return daemon_of(engine) != NULL;
}
