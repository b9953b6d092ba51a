/* SPDX-License-Identifier: MIT */
/* A node and its store. One line leads to it, a consumer of the node and a stream of the store; the
 * next line is filled beside it, when the stream has grown too long, or has failed. Whatever has
 * left is in the stream of the line, for outputs wait for it, whatever becomes of it: the next one
 * takes its place when it is in sync, and only then the line goes. So a stream that has failed
 * costs time, no truth. When the store takes nothing at all the line goes once what the store has
 * is marked as stale, and the node goes on without it; or it stays, and nothing new leaves. */
#include "store/storage_private.h"

#include <l2tpha/checkpoint.h>
#include <l2tpha/consumer.h>
#include <l2tpha/node.h>
#include <l2tpha/serializer.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MS UINT64_C(1000)
#define SECOND (1000 * MS)
#define SOON_US SECOND         /* the next try, while outputs wait */
#define LATER_US (10 * SECOND) /* ... and while they do not */
#define LINE_TEXT 160

static void say(const struct l2tpha_storage *storage, const char *format, ...)
{
    char text[LINE_TEXT];
    va_list args;

    if (!storage->options.log)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    storage->options.log(storage->options.user, text);
}

/* --- lines --- */

static bool is_used(const struct line *line)
{
    return line->consumer != 0;
}

static struct line *next_line(struct l2tpha_storage *storage)
{
    return storage->line == &storage->lines[0] ? &storage->lines[1] : &storage->lines[0];
}

static enum l2tpha_consumer_state state_of(const struct l2tpha_storage *storage,
                                           const struct line *line)
{
    struct l2tpha_consumer_info info = {.size = sizeof(info)};

    return l2tpha_consumer_get(storage->node, line->consumer, &info) ? L2TPHA_CONSUMER_OUT
                                                                     : info.state;
}

int storage_add_consumer(struct l2tpha_storage *storage, struct line *line, uint64_t now)
{
    char name[64];
    struct l2tpha_consumer_options options = {.size = sizeof(options),
                                              .name = name,
                                              .gates = true,
                                              .timeout_ms = storage->options.timeout_ms};

    snprintf(name, sizeof(name), "%s-%llu", storage->options.store->name,
             (unsigned long long)++storage->begun);
    return l2tpha_consumer_add(storage->node, &options, now, &line->consumer);
}

static void storage_end_stream(struct l2tpha_storage *storage, struct line *line, bool keep)
{
    const struct l2tpha_store *store = storage->options.store;

    if (line->has_stream)
        (void)store->drop(store->user, line->stream, keep);
    line->has_stream = false;
}

/* It is gone, and nobody waits for it any more. */
static void remove_line(struct l2tpha_storage *storage, struct line *line, bool keep, uint64_t now)
{
    storage_end_stream(storage, line, keep);
    if (is_used(line))
        (void)l2tpha_consumer_remove(storage->node, line->consumer, now);
    *line = (struct line){0};
}

/* The copy for it, on a stream of its own. */
static int fill_line(struct l2tpha_storage *storage, struct line *line, uint64_t now)
{
    const struct l2tpha_store *store = storage->options.store;
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};

    l2tpha_redundancy_get(storage->node, &info);
    line->level = l2tpha_level(storage->node);
    if (store->set_level_min)
        store->set_level_min(store->user, line->level);
    int error = store->begin(store->user, info.epoch, &line->stream);
    if (error)
        return error;
    line->has_stream = true;
    return l2tpha_consumer_copy(storage->node, line->consumer, now);
}

/* Another line, beside the one that is there, if one is. */
static void try_next(struct l2tpha_storage *storage, uint64_t now)
{
    struct line *next = next_line(storage);

    storage->try_at = L2TPHA_NEVER;
    storage->called = true;
    int error = storage_add_consumer(storage, next, now);
    if (!error)
        error = fill_line(storage, next, now);
    if (!error)
        return;
    remove_line(storage, next, false, now);
    storage_failed(storage, next, error, "it cannot be begun", now);
}

/* --- failures --- */

void storage_begin_waiting(struct l2tpha_storage *storage, const char *why, uint64_t now)
{
    storage->reason = why;
    if (!storage->since)
        storage->since = now;
}

/* What is there says that it may be behind, before anything leaves that it lacks. */
static void give_up(struct l2tpha_storage *storage)
{
    const struct l2tpha_store *store = storage->options.store;

    if (storage->options.holds_for_ever || storage->marking || !storage->line)
        return;
    storage->marking = store->mark_stale(store->user) == L2TPHA_OK;
}

void storage_failed(struct l2tpha_storage *storage, struct line *line, int status, const char *why,
                    uint64_t now)
{
    bool main = line == storage->line;

    storage->losses++;
    storage->called = true;
    storage->status = status;
    say(storage, "store: %s: %s (%s)", main ? "lost" : "not there", why, l2tpha_strerror(status));
    if (main) {
        line->lost = true;
        storage_end_stream(storage, line, true);
        (void)l2tpha_consumer_leave(storage->node, line->consumer, now);
        storage_begin_waiting(storage, why, now);
        if (!is_used(next_line(storage)))
            storage->try_at = now;
        return;
    }
    remove_line(storage, line, false, now);
    bool waited_for = storage->line && storage->line->lost;
    storage->try_at = now + (waited_for ? SOON_US : LATER_US);
    if (waited_for)
        give_up(storage);
}

/* Nothing waits for the store. */
static void go_on(struct l2tpha_storage *storage, uint64_t now)
{
    say(storage, "store: marked as stale, going on without it");
    remove_line(storage, storage->line, true, now);
    storage->line = NULL;
    storage->called = true;
}

/* --- progress --- */

static void take_place(struct l2tpha_storage *storage, struct line *next, uint64_t now)
{
    struct line *before = storage->line;

    (void)l2tpha_consumer_hold(storage->node, next->consumer, true, now);
    storage->called = true;
    storage->line = next;
    storage->copies++;
    if (before && before != next)
        remove_line(storage, before, false, now);
    if (storage->since)
        say(storage, "store: all is in it%s", storage->losses > 0 ? " again" : "");
    storage->since = 0;
    storage->try_at = L2TPHA_NEVER;
    storage->marking = false;
    storage->reason = "";
    storage->status = L2TPHA_OK;
}

static struct line *line_of(struct l2tpha_storage *storage, uint32_t stream)
{
    for (unsigned i = 0; i < LINES; i++)
        if (storage->lines[i].has_stream && storage->lines[i].stream == stream)
            return &storage->lines[i];
    return NULL;
}

static void take_progress(struct l2tpha_storage *storage, const struct l2tpha_store_event *event,
                          uint64_t now)
{
    struct line *line = line_of(storage, event->stream);

    if (!line || line->lost)
        return;
    if (event->position > line->confirmed) {
        line->confirmed = event->position;
        storage->called = true;
        (void)l2tpha_consumer_done(storage->node, line->consumer, event->position, 0, now);
    }
    if (event->status)
        storage_failed(storage, line, event->status, "it cannot be written", now);
}

/* Of a mark that is wanted no more nothing comes. */
static void take_mark(struct l2tpha_storage *storage, int status, uint64_t now)
{
    bool lost = storage->line && storage->line->lost;
    bool wanted = storage->marking && (lost || storage->retires);

    storage->marking = false;
    if (!wanted)
        return;
    if (status) /* else what the store was lost by stays to be told */
        storage->status = status;
    if (storage->retires && status == L2TPHA_ERR_FENCED)
        status = L2TPHA_OK; /* it is another writer's, who says what it is */
    else if (storage->retires && status)
        storage->try_at = now + SOON_US;
    else if (storage->retires)
        say(storage, "store: marked as stale, for this node serves no more");
    else if (!status)
        go_on(storage, now);
    storage->retires = storage->retires && status;
}

static void take_events(struct l2tpha_storage *storage, uint64_t now)
{
    const struct l2tpha_store *store = storage->options.store;
    struct l2tpha_store_event event;

    while (store->event(store->user, &event))
        if (event.kind == L2TPHA_STORE_PROGRESS)
            take_progress(storage, &event, now);
        else
            take_mark(storage, event.status, now);
}

/* The node has given it up, or it has come to where it serves. */
static void look_at(struct l2tpha_storage *storage, struct line *line, uint64_t now)
{
    if (!line->has_stream || line->lost)
        return;
    enum l2tpha_consumer_state state = state_of(storage, line);
    if (line->status)
        storage_failed(storage, line, line->status, "it takes nothing more", now);
    else if (state == L2TPHA_CONSUMER_OUT)
        storage_failed(storage, line, L2TPHA_ERR_TIMEOUT, "it is late", now);
    else if (state == L2TPHA_CONSUMER_IN_SYNC && !line->serves) {
        line->serves = true;
        line->copy_bytes = line->bytes;
        take_place(storage, line, now);
    }
}

/* Too much follows its copy, or it says that older releases could go on from it, and they could
 * not. */
static bool is_outdated(const struct l2tpha_storage *storage, const struct line *line)
{
    uint64_t tail = line->bytes - line->copy_bytes;
    bool is_long = tail > storage->options.tail_bytes && tail > 2 * line->copy_bytes;

    return line->serves && !line->lost && (is_long || line->level != l2tpha_level(storage->node));
}

static bool is_due(const struct l2tpha_storage *storage, uint64_t now)
{
    if (storage->try_at != L2TPHA_NEVER)
        return now >= storage->try_at;
    return storage->line && is_outdated(storage, storage->line);
}

/* --- without a node --- */

void l2tpha_storage_end(struct l2tpha_storage *storage)
{
    for (unsigned i = 0; i < LINES; i++) {
        struct line *line = &storage->lines[i];
        storage_end_stream(storage, line, true);
        *line = (struct line){0};
    }
    storage->node = NULL;
    storage->line = NULL;
    storage->try_at = L2TPHA_NEVER;
    storage->marking = false;
    storage->since = 0;
    storage->reason = "";
}

void l2tpha_storage_retire(struct l2tpha_storage *storage)
{
    l2tpha_storage_end(storage);
    storage->retires = true;
    storage->try_at = 0;
}

/* What is there says that it is behind, however long that takes. */
static void retire(struct l2tpha_storage *storage, uint64_t now)
{
    const struct l2tpha_store *store = storage->options.store;

    if (!storage->retires || storage->marking || now < storage->try_at)
        return;
    storage->marking = store->mark_stale(store->user) == L2TPHA_OK;
    storage->try_at = storage->marking ? L2TPHA_NEVER : now + SOON_US;
}

/* --- turns --- */

static bool serves(struct l2tpha_storage *storage)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};

    if (!storage->node)
        return false;
    l2tpha_redundancy_get(storage->node, &info);
    if (info.role == L2TPHA_ROLE_FENCED)
        l2tpha_storage_retire(storage);
    return info.role == L2TPHA_ROLE_ACTIVE_SOLO || info.role == L2TPHA_ROLE_ACTIVE_BULK ||
           info.role == L2TPHA_ROLE_ACTIVE;
}

/* Another writer has the store, and whoever that is goes on from it: this node serves no more, and
 * says nothing of what is there. */
static void step_aside(struct l2tpha_storage *storage, uint64_t now)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};

    say(storage, "store: another writer has it: this node serves no more");
    l2tpha_redundancy_get(storage->node, &info);
    (void)l2tpha_fence(storage->node, l2tpha_epoch_next(info.epoch, L2TPHA_RANK_NONE), now);
    storage->called = true;
}

static void serve(struct l2tpha_storage *storage, uint64_t now)
{
    for (unsigned i = 0; i < LINES; i++)
        look_at(storage, &storage->lines[i], now);
    if (storage->status == L2TPHA_ERR_FENCED) {
        step_aside(storage, now);
        return;
    }
    if (!is_used(next_line(storage)) && is_due(storage, now))
        try_next(storage, now);
}

/* The store is served, and its descriptor is read, whatever the node is. */
bool l2tpha_storage_service(struct l2tpha_storage *storage, uint64_t now)
{
    const struct l2tpha_store *store = storage->options.store;

    storage->called = false;
    bool active = serves(storage);
    take_events(storage, now);
    if (active)
        serve(storage, now);
    retire(storage, now);
    (void)store->commit(store->user); /* what fails is an event */
    return storage->called;
}

uint64_t l2tpha_storage_deadline(const struct l2tpha_storage *storage)
{
    return storage->node || storage->retires ? storage->try_at : L2TPHA_NEVER;
}

/* --- outputs --- */

static bool is_for(const struct line *line, const struct l2tpha_output *output)
{
    return is_used(line) && line->consumer == output->consumer;
}

/* Nothing is asked of the node from here: what fails is seen to in the next turn. */
static void append(struct l2tpha_storage *storage, struct line *line,
                   const struct l2tpha_output *output)
{
    const struct l2tpha_store *store = storage->options.store;
    struct l2tpha_checkpoint_header header;
    struct l2tpha_reading reading;
    const struct l2tpha_serializer *serializer = l2tpha_node_config(storage->node)->serializer;
    int error = serializer->get_header(output->data, output->len, &header, &reading);

    if (!error && header.kind == L2TPHA_CHECKPOINT_ABANDON)
        return; /* what waits for it leaves only when that is known otherwise */
    if (!error)
        error = store->append(store->user, line->stream, output->position, output->data,
                              output->len, header.kind == L2TPHA_CHECKPOINT_BULK_END);
    if (error) {
        line->status = error;
        return;
    }
    line->bytes += output->len;
    storage->items++;
    storage->bytes += output->len;
}

bool l2tpha_storage_output(struct l2tpha_storage *storage, const struct l2tpha_output *output)
{
    for (unsigned i = 0; i < LINES; i++) {
        struct line *line = &storage->lines[i];
        if (!is_for(line, output))
            continue;
        if (line->has_stream && !line->lost && !line->status)
            append(storage, line, output);
        return true;
    }
    return false;
}
