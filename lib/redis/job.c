/* SPDX-License-Identifier: MIT */
#include "job.h"
#include "greet.h"
#include "script.h"
#include "talk.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JOB_OCTETS (4u << 20) /* of each stream */
#define JOB_BATCHES 16        /* ... likewise; one batch may be larger than the former */
#define PROBE_US UINT64_C(1000000)

_Static_assert(STREAMS *JOB_BATCHES + 4 <= ASKS, "a job has room");

static void begin_script(struct redis_store *store, struct words *words, const char *script,
                         const char *keys)
{
    *words = (struct words){0};
    words_add(words, "EVAL");
    words_add(words, script);
    words_add(words, keys);
    words_add(words, store->head_key);
}

static void put_log(uint64_t log, char text[LOG_TEXT])
{
    snprintf(text, LOG_TEXT, "%016" PRIx64, log);
}

static void put_id(uint64_t epoch, uint64_t position, char text[ID_TEXT])
{
    snprintf(text, ID_TEXT, "%" PRIu64 "-%" PRIu64, epoch, position);
}

/* --- answers --- */

static int not_ours(struct redis_store *store)
{
    store->streams.fenced = true;
    snprintf(store->note, sizeof(store->note), "another process has the store");
    return L2TPHA_OK;
}

/* A script's. *status: what becomes of what it was for. */
static int take_script(struct redis_store *store, const struct reply *reply, int *status)
{
    if (reply_is(reply, "OK"))
        return L2TPHA_OK;
    if (reply_is(reply, "FENCED"))
        return not_ours(store);
    if (reply_is(reply, "GONE") || reply_is(reply, "GAP")) {
        snprintf(store->note, sizeof(store->note), "the server has lost what was in it");
        return L2TPHA_ERR_GAP;
    }
    int error = talk_error(store, reply);
    if (!*status)
        *status = error;
    return error == L2TPHA_ERR_ROLE || error == L2TPHA_ERR_RECORD ? error : L2TPHA_OK;
}

static struct stream *stream_with(struct redis_store *store, uint64_t log)
{
    for (uint32_t i = 0; i < STREAMS; i++)
        if (store->streams.list[i].state == STREAM_READY && store->streams.list[i].log == log)
            return &store->streams.list[i];
    return NULL;
}

static int take_append(struct redis_store *store, const struct ask *ask, const struct reply *reply)
{
    struct stream *stream = stream_with(store, ask->log);
    int status = L2TPHA_OK;
    int error = take_script(store, reply, &status);

    if (!stream || error)
        return error;
    if (!stream->status)
        stream->status = status;
    if (status)
        return L2TPHA_OK;
    struct answered *answered = &store->answered[stream - store->streams.list];
    answered->position = ask->position;
    answered->whole |= ask->whole;
    return L2TPHA_OK;
}

static int take_mark(struct redis_store *store, const struct ask *ask, const struct reply *reply)
{
    (void)ask;
    return take_script(store, reply, &store->streams.mark_status);
}

static int take_sweep(struct redis_store *store, const struct ask *ask, const struct reply *reply)
{
    int status = L2TPHA_OK;

    (void)ask;
    return take_script(store, reply, &status);
}

/* WAIT answers with a number, WAITAOF with two: this server, and replicas. A server that nobody
 * follows may be the master no more: the next connection finds whoever is. */
static int take_wait(struct redis_store *store, const struct ask *ask, const struct reply *reply)
{
    const struct reply *here = reply_item(reply, 0), *there = reply_item(reply, 1);
    const struct reply *count = here ? there : reply;

    (void)ask;
    if (!count || count->type != REDIS_REPLY_INTEGER)
        return talk_error(store, reply);
    if (count->integer >= store->wait_for && (!here || here->integer == 1))
        return L2TPHA_OK;
    snprintf(store->note, sizeof(store->note), "%lld of %u replicas have it%s", count->integer,
             store->wait_for, here && here->integer != 1 ? ", and not its own disk" : "");
    return L2TPHA_ERR_NOT_IN_SYNC;
}

static int take_owner(struct redis_store *store, const struct ask *ask, const struct reply *reply)
{
    (void)ask;
    if (reply->type == REDIS_REPLY_NIL) {
        snprintf(store->note, sizeof(store->note), "the server has lost what was in it");
        return L2TPHA_ERR_GAP;
    }
    if (reply->type != REDIS_REPLY_STRING)
        return talk_error(store, reply);
    return reply_is(reply, store->owner) ? L2TPHA_OK : not_ours(store);
}

/* What a crash of the server may cost is for whoever looks at the node. */
static void describe(struct redis_store *store)
{
    const char *cost = !store->appends                         ? "all since its last snapshot"
                       : strcmp(store->fsync, "always") == 0   ? "nothing"
                       : strcmp(store->fsync, "everysec") == 0 ? "about a second"
                                                               : "what its system has not written";

    snprintf(store->note, sizeof(store->note),
             "appendonly %s, appendfsync %s: a crash of the server may cost %s; replicas %u",
             store->appends ? "yes" : "no", store->fsync, cost, store->wait_for);
}

int job_refuse_level(struct redis_store *store, uint32_t level_min)
{
    snprintf(store->note, sizeof(store->note), LEVEL_WHY, level_min, L2TPHA_LEVEL);
    return L2TPHA_ERR_LEVEL;
}

static int take_acquire(struct redis_store *store, const struct ask *ask, const struct reply *reply)
{
    const char *text = reply_text(reply_item(reply, 0));
    const char *copy = reply_text(reply_item(reply, 1));

    (void)ask;
    if (strcmp(text, "FENCED") == 0)
        return not_ours(store);
    if (strcmp(text, "FORMAT") == 0) {
        snprintf(store->note, sizeof(store->note), "another release has written it");
        return L2TPHA_ERR_RECORD_VERSION;
    }
    if (strcmp(text, "LEVEL") == 0)
        return job_refuse_level(store, (uint32_t)strtoul(copy, NULL, 10));
    if (strcmp(text, "OK") != 0 || strlen(copy) >= LOG_TEXT)
        return talk_error(store, reply);
    strcpy(store->found, copy);
    store->found_exact = reply_is(reply_item(reply, 2), "1");
    store->wait_for = (uint32_t)strtoul(reply_text(reply_item(reply, 3)), NULL, 10);
    store->found_level = (uint32_t)strtoul(reply_text(reply_item(reply, 5)), NULL, 10);
    store->found_level_min = (uint32_t)strtoul(reply_text(reply_item(reply, 6)), NULL, 10);
    store->streams.acquire = ACQUIRE_NONE;
    store->streams.owns = store->streams.sweeps = true;
    if (!store->failed)
        describe(store);
    return L2TPHA_OK;
}

/* --- what is asked --- */

int job_ask_acquire(struct redis_store *store)
{
    static const char *const how[] = {
        [ACQUIRE_TAKE] = "take", [ACQUIRE_SERVE] = "serve", [ACQUIRE_AGAIN] = "again"};
    char number[9], epoch[EPOCH_TEXT], replicas[12] = "", level[12],
                                       log[sizeof(store->log_key) + LOG_TEXT];
    struct words words;

    snprintf(number, sizeof(number), "%08" PRIx32, ++store->turn);
    snprintf(store->owner, sizeof(store->owner), "%s%s", store->process, number);
    snprintf(epoch, sizeof(epoch), "%016" PRIx64, store->streams.epoch);
    snprintf(log, sizeof(log), "%s%016" PRIx64, store->log_key, store->copy);
    snprintf(level, sizeof(level), "%d", L2TPHA_LEVEL);
    if (store->alone || store->replicas_wanted > 0)
        snprintf(replicas, sizeof(replicas), "%" PRIu32, store->replicas_wanted);
    begin_script(store, &words, script_acquire, "2");
    words_add(&words, log);
    words_add(&words, store->process);
    words_add(&words, number);
    words_add(&words, how[store->streams.acquire]);
    words_add(&words, epoch);
    words_add(&words, store->run);
    words_add(&words, replicas);
    words_add(&words, store->has_replicas ? "1" : "0");
    words_add(&words, store->last);
    words_add(&words, store->exact ? "1" : "0");
    words_add(&words, level);
    return talk_ask(store, &(struct ask){.take = take_acquire}, &words);
}

int job_ask_wait(struct redis_store *store)
{
    char replicas[12], ms[24];
    bool disk = store->exact && store->has_waitaof && strcmp(store->fsync, "always") != 0;
    struct words words = {0};

    if (store->wait_for == 0 && !disk)
        return L2TPHA_OK;
    snprintf(replicas, sizeof(replicas), "%" PRIu32, store->wait_for);
    snprintf(ms, sizeof(ms), "%" PRIu64, store->timeout_us * 2 / 3000);
    words_add(&words, disk ? "WAITAOF" : "WAIT");
    if (disk)
        words_add(&words, "1");
    words_add(&words, replicas);
    words_add(&words, ms);
    return talk_ask(store, &(struct ask){.take = take_wait}, &words);
}

static int ask_batch(struct redis_store *store, struct stream *stream, struct batch *batch)
{
    char log[LOG_TEXT], key[sizeof(store->log_key) + LOG_TEXT], number[24], id[ID_TEXT];
    char level[12], level_min[12];
    struct words words;

    batch_close(batch, &(struct batch_head){.whole = batch->whole,
                                            .log = stream->log,
                                            .epoch = stream->epoch,
                                            .number = stream->batches});
    put_log(stream->log, log);
    put_id(stream->epoch, batch->position, id);
    snprintf(key, sizeof(key), "%s%s", store->log_key, log);
    snprintf(number, sizeof(number), "%" PRIu64, stream->batches);
    snprintf(level, sizeof(level), "%d", L2TPHA_LEVEL);
    snprintf(level_min, sizeof(level_min), "%" PRIu32, stream->level_min);
    begin_script(store, &words, script_append, "2");
    words_add(&words, key);
    words_add(&words, store->owner);
    words_add(&words, log);
    words_add(&words, number);
    words_add(&words, id);
    words_add_octets(&words, batch->data, batch->len);
    words_add(&words, batch->whole ? "1" : "0");
    words_add(&words, level);
    words_add(&words, level_min);
    return talk_ask(store,
                    &(struct ask){.take = take_append,
                                  .log = stream->log,
                                  .position = batch->position,
                                  .whole = batch->whole},
                    &words);
}

static int ask_batches(struct redis_store *store, struct stream *stream)
{
    struct batch *batch;
    size_t octets = 0;
    int error = L2TPHA_OK;

    for (uint32_t i = 0; i < JOB_BATCHES && octets < JOB_OCTETS && !error; i++) {
        batch = backlog_take(&stream->backlog);
        if (!batch)
            break;
        error = ask_batch(store, stream, batch);
        stream->batches++;
        octets += batch->len;
        talloc_free(batch);
    }
    return error;
}

static int ask_mark(struct redis_store *store)
{
    struct words words;

    store->streams.mark_asked = false;
    store->streams.marking = true;
    store->streams.mark_status = L2TPHA_OK;
    begin_script(store, &words, script_mark, "1");
    words_add(&words, store->owner);
    return talk_ask(store, &(struct ask){.take = take_mark}, &words);
}

static int ask_sweep(struct redis_store *store)
{
    char logs[STREAMS][LOG_TEXT];
    struct words words;

    store->streams.sweeps = false;
    begin_script(store, &words, script_sweep, "1");
    words_add(&words, store->owner);
    words_add(&words, store->log_key);
    for (uint32_t i = 0; i < STREAMS; i++) {
        if (store->streams.list[i].state == STREAM_NONE)
            continue;
        put_log(store->streams.list[i].log, logs[i]);
        words_add(&words, logs[i]);
    }
    return talk_ask(store, &(struct ask){.take = take_sweep}, &words);
}

/* What replicas have to have is known when the store is ours. */
static int plan(struct redis_store *store)
{
    int error = L2TPHA_OK;

    if (store->streams.acquire != ACQUIRE_NONE)
        return job_ask_acquire(store);
    if (store->streams.mark_asked) { /* what is whole behind it is exact */
        error = ask_mark(store);
        if (error || !store->exact) /* another run of the server is stale anyway */
            return error;
    }
    for (uint32_t i = 0; i < STREAMS && !error; i++)
        if (store->streams.list[i].state == STREAM_READY)
            error = ask_batches(store, &store->streams.list[i]);
    if (!error && store->streams.sweeps)
        error = ask_sweep(store);
    if (!error && store->ask_count > 0)
        error = job_ask_wait(store);
    return error;
}

static bool wants_server(const struct redis_store *store)
{
    return store->streams.mark_asked || (store->streams.sweeps && store->streams.owns) ||
           streams_are_used(&store->streams);
}

int job_commit(void *user)
{
    struct redis_store *store = user;

    if (store->link != LINK_READY || store->ask_count > 0 || store->streams.fenced ||
        !wants_server(store))
        return L2TPHA_OK;
    int error = plan(store);
    store->in_job = store->ask_count > 0;
    if (error)
        talk_lose(store, error, NULL);
    talk_turn(store);
    return L2TPHA_OK; /* what fails is an event */
}

/* What another one has left is stale by the acquisition itself. */
int job_mark_stale(void *user)
{
    struct redis_store *store = user;
    int error = L2TPHA_OK;

    if (streams_mark(&store->streams) && store->link == LINK_DOWN)
        error = greet(store);
    if (error) {
        store->streams.mark_asked = false;
        streams_marked(&store->streams, error);
    }
    return L2TPHA_OK;
}

/* --- what has come of it --- */

static void harvest_stream(struct redis_store *store, struct stream *stream)
{
    const struct answered *answered = &store->answered[stream - store->streams.list];
    int status = store->streams.fenced ? L2TPHA_ERR_FENCED : stream->status;

    if (status)
        stream_break(stream, status);
    if (status || answered->position <= stream->durable)
        return;
    stream->durable = answered->position;
    stream->news = true;
    if (answered->whole && !stream->whole) {
        stream->whole = store->streams.sweeps = true;
        store->copy = stream->log;
        store->failed = false;
        describe(store);
    }
    if (store->copy == stream->log)
        put_id(stream->epoch, stream->durable, store->last);
}

static void harvest(struct redis_store *store)
{
    store->in_job = false;
    store->probe_at = store->net.now(store->net.user) + PROBE_US;
    for (uint32_t i = 0; i < STREAMS; i++)
        if (store->streams.list[i].state == STREAM_READY)
            harvest_stream(store, &store->streams.list[i]);
    if (!store->streams.marking && !(store->streams.fenced && store->streams.mark_asked))
        return;
    store->streams.mark_asked = false;
    streams_marked(&store->streams,
                   store->streams.fenced ? L2TPHA_ERR_FENCED : store->streams.mark_status);
}

/* An idle writer learns of another one, and of a server that is gone, or has no followers. */
static void probe(struct redis_store *store)
{
    struct words words = {0};

    if (store->link != LINK_READY || store->ask_count > 0 ||
        store->streams.acquire != ACQUIRE_NONE || store->streams.fenced || !wants_server(store) ||
        store->net.now(store->net.user) < store->probe_at)
        return;
    words_add(&words, "HGET");
    words_add(&words, store->head_key);
    words_add(&words, "owner");
    int error = talk_ask(store, &(struct ask){.take = take_owner}, &words);
    if (!error)
        error = job_ask_wait(store);
    store->in_job = !error;
    if (error)
        talk_lose(store, error, NULL);
    talk_turn(store);
}

bool job_event(void *user, struct l2tpha_store_event *event)
{
    struct redis_store *store = user;

    talk_turn(store);
    if (store->link == LINK_READY && store->in_job && store->ask_count == 0)
        harvest(store);
    probe(store);
    return streams_event(&store->streams, event);
}
