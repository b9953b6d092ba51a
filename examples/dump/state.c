/* SPDX-License-Identifier: MIT */
/* A node that is no daemon's does not take a daemon's tunnels, nor one of another range of ids. So
 * the node is made when the first tunnel, or the first range, has been seen; until then checkpoints
 * wait. */
#include "dump/state.h"

#include <l2tpha/checkpoint.h>
#include <l2tpha/node.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define HELD_MAX 4096 /* checkpoints that wait: then there is no tunnel to be seen, it seems */
#define OUTPUTS 16
#define NOW 1

struct held {
    struct held *next;
    struct item item;
    uint8_t data[];
};

static bool blame(struct state *state, const struct item *item, int error)
{
    char place[64];
    snprintf(state->why, sizeof(state->why), "%s: a standby refuses it: %s (%s)",
             checkpoint_place(item, place), l2tpha_strerror(error), l2tpha_error_name(error));
    return false;
}

struct state *state_new(void)
{
    struct state *state = talloc_zero(NULL, struct state);
    if (state == NULL)
        return NULL;
    state->queues = talloc_zero(state, struct queues);
    state->held_end = &state->held;
    state->draw = (struct draw){.serializer = l2tpha_serializer_proto(), .remakes = true};
    if (state->queues == NULL) {
        talloc_free(state);
        return NULL;
    }
    return state;
}

void state_free(struct state *state)
{
    if (state == NULL)
        return;
    draw_free(&state->draw);
    checkpoint_free(&state->checkpoint);
    talloc_free(state);
}

/* --- the node --- */

static int draw_random(void *user, uint8_t *dst, size_t len)
{
    (void)user;
    return getrandom(dst, len, 0) == (ssize_t)len ? L2TPHA_OK : L2TPHA_ERR_HOST;
}

static int make_node(struct state *state)
{
    struct l2tpha_host host = {.size = sizeof(host), .random = draw_random};
    struct l2tpha_config config;
    l2tpha_config_init(&config);
    config.name = "l2tpha-dump";
    config.standby = true;
    config.attach = state->attached;
    config.tunnel_id_first = state->id_first;
    config.tunnel_id_last = state->id_last;
    config.max_sessions = UINT32_MAX / 256;
    if (state->id_last > 0)
        config.max_tunnels = state->id_last - state->id_first + 1 - 512;
    return l2tpha_node_new(state, &config, &host, NOW, &state->node);
}

/* Whether it says what kind of node it is of. */
static bool learn(struct state *state)
{
    bool known = false;
    for (uint32_t i = 0; i < state->checkpoint.count; i++) {
        struct l2tpha_record record;
        checkpoint_record(&state->checkpoint, i, &record);
        if (record.kind == L2TPHA_RECORD_NODE) {
            state->id_first = record.of.node.tunnel_id_first;
            state->id_last = record.of.node.tunnel_id_last;
        } else if (record.kind == L2TPHA_RECORD_TUNNEL && record.of.tunnel.recovers == 0) {
            state->attached = (record.of.tunnel.flags & L2TPHA_TUNNEL_ATTACHED) != 0;
            known = true;
        }
    }
    return known;
}

/* --- checkpoints --- */

static bool hold(struct state *state, const struct item *item)
{
    struct held *held = talloc_size(state, sizeof(*held) + item->len);
    if (held == NULL)
        return blame(state, item, L2TPHA_ERR_NOMEM);
    *held = (struct held){.item = *item};
    memcpy(held->data, item->data, item->len);
    held->item.data = held->data;
    *state->held_end = held;
    state->held_end = &held->next;
    state->held_count++;
    return true;
}

/* A standby has a long list of events, which nobody wants. */
static void drain(struct state *state)
{
    struct l2tpha_output outputs[OUTPUTS];
    while (l2tpha_poll(state->node, outputs, OUTPUTS, NOW) > 0)
        ;
}

/* What is read is applied in proto, whatever it was written in. */
static bool apply(struct state *state)
{
    const struct item *item = state->checkpoint.item;
    struct l2tpha_bytes drawn = {item->data, item->len};
    int error = L2TPHA_OK;
    if (item->serializer != l2tpha_serializer_proto())
        error = draw_checkpoint(&state->draw, &state->checkpoint, &drawn);
    if (error == L2TPHA_OK)
        error = l2tpha_checkpoint_apply(state->node, drawn.data, drawn.len, NOW, NULL);
    drain(state);
    if (error != L2TPHA_OK)
        return blame(state, item, error);
    if (state->checkpoint.header.kind == L2TPHA_CHECKPOINT_BULK_BEGIN)
        state->generation = state->checkpoint.header.generation;
    return queues_note(state->queues, &state->checkpoint) || blame(state, item, L2TPHA_ERR_NOMEM);
}

static bool read_item(struct state *state, const struct item *item)
{
    struct filter all = {0};
    if (checkpoint_read(&state->checkpoint, item, &all))
        return true;
    snprintf(state->why, sizeof(state->why), "%s", state->checkpoint.why);
    return false;
}

static bool begin(struct state *state)
{
    int error = make_node(state);
    if (error != L2TPHA_OK) {
        snprintf(state->why, sizeof(state->why), "no standby: %s", l2tpha_strerror(error));
        return false;
    }
    while (state->held != NULL) {
        struct held *held = state->held;
        if (!read_item(state, &held->item) || !apply(state))
            return false;
        state->held = held->next;
        talloc_free(held);
    }
    return true;
}

bool state_take(struct state *state, const struct item *item)
{
    if (!read_item(state, item))
        return false;
    if (state->node != NULL)
        return apply(state);
    bool known = learn(state);
    if (!hold(state, item))
        return false;
    return (!known && state->held_count < HELD_MAX) || begin(state);
}

/* --- the end --- */

static int by_tunnel_id(const void *a, const void *b)
{
    uint32_t one = l2tpha_tunnel_id(*(struct l2tpha_tunnel *const *)a);
    uint32_t other = l2tpha_tunnel_id(*(struct l2tpha_tunnel *const *)b);
    return one < other ? -1 : one > other;
}

uint64_t state_session_key(const struct l2tpha_session *session)
{
    return (uint64_t)l2tpha_tunnel_id(l2tpha_session_tunnel(session)) << 32 |
           l2tpha_session_id(session);
}

static int by_session_id(const void *a, const void *b)
{
    uint64_t one = state_session_key(*(struct l2tpha_session *const *)a);
    uint64_t other = state_session_key(*(struct l2tpha_session *const *)b);
    return one < other ? -1 : one > other;
}

static bool list_all(struct state *state)
{
    struct l2tpha_tunnel *tunnel;
    struct l2tpha_session *session;
    uint32_t tunnel_place = 0, session_place = 0;
    while ((tunnel = l2tpha_tunnel_walk(state->node, &tunnel_place)) != NULL)
        state->tunnel_count++;
    while ((session = l2tpha_session_walk(state->node, &session_place)) != NULL)
        state->session_count++;
    state->tunnels = talloc_array(state, struct l2tpha_tunnel *, state->tunnel_count + 1);
    state->sessions = talloc_array(state, struct l2tpha_session *, state->session_count + 1);
    if (state->tunnels == NULL || state->sessions == NULL)
        return false;
    tunnel_place = session_place = 0;
    for (uint32_t i = 0; i < state->tunnel_count; i++)
        state->tunnels[i] = l2tpha_tunnel_walk(state->node, &tunnel_place);
    for (uint32_t i = 0; i < state->session_count; i++)
        state->sessions[i] = l2tpha_session_walk(state->node, &session_place);
    qsort(state->tunnels, state->tunnel_count, sizeof(state->tunnels[0]), by_tunnel_id);
    qsort(state->sessions, state->session_count, sizeof(state->sessions[0]), by_session_id);
    return true;
}

bool state_end(struct state *state)
{
    if (state->node == NULL && !begin(state))
        return false;
    state->info.size = sizeof(state->info);
    l2tpha_redundancy_get(state->node, &state->info);
    if (!list_all(state)) {
        snprintf(state->why, sizeof(state->why), "%s", l2tpha_strerror(L2TPHA_ERR_NOMEM));
        return false;
    }
    if (state->info.role == L2TPHA_ROLE_STANDBY_HOT)
        return true;
    snprintf(state->why, sizeof(state->why), "there is no whole copy in it: the standby is %s",
             l2tpha_role_name(state->info.role));
    return false;
}

/* --- records --- */

void state_tunnel(const struct l2tpha_tunnel *tunnel, struct l2tpha_record *record)
{
    record->kind = L2TPHA_RECORD_TUNNEL;
    record->of.tunnel.size = sizeof(record->of.tunnel);
    l2tpha_tunnel_get(tunnel, &record->of.tunnel);
}

/* What no SLI has said is no part of the record. */
void state_session(const struct l2tpha_session *session, struct l2tpha_record *record)
{
    record->kind = L2TPHA_RECORD_SESSION;
    record->of.session.size = sizeof(record->of.session);
    l2tpha_session_get(session, &record->of.session);
    if (!(record->of.session.flags & L2TPHA_SESSION_LINK_INFO))
        record->of.session.send_accm = record->of.session.receive_accm = 0;
}

bool state_messages(const struct state *state, const struct l2tpha_tunnel_record *tunnel,
                    state_record fn, void *user)
{
    struct l2tpha_record record = {.kind = L2TPHA_RECORD_MESSAGE};
    const struct queued *message = queues_first(state->queues, tunnel);
    bool good = true;
    for (; message != NULL && good; message = message->next) {
        record.of.message = (struct l2tpha_message_record){.tunnel_id = tunnel->local_id,
                                                           .ns = message->ns,
                                                           .bytes = {message->data, message->len}};
        good = fn(user, &record);
    }
    return good;
}

bool state_walk(const struct state *state, state_record fn, void *user)
{
    struct l2tpha_record record = {.kind = L2TPHA_RECORD_NODE, .of.node = state->queues->node};
    bool good = !state->queues->has_node || fn(user, &record);
    for (uint32_t i = 0; i < state->tunnel_count && good; i++) {
        state_tunnel(state->tunnels[i], &record);
        const struct l2tpha_tunnel_record tunnel = record.of.tunnel;
        good = fn(user, &record) && state_messages(state, &tunnel, fn, user);
    }
    for (uint32_t i = 0; i < state->session_count && good; i++) {
        state_session(state->sessions[i], &record);
        good = fn(user, &record);
    }
    return good;
}
