/* SPDX-License-Identifier: MIT */
/* Jobs: all that waits for the disk, and what has come of it. */
#include "store/file_private.h"

#define AHEAD (256u << 10) /* zeros written before they are needed */

static void put(struct file_store *store, uint8_t owner, struct job_step step)
{
    step.owner = owner;
    (void)job_add(&store->job, step); /* there is room: what is there is limited */
}

/* The header is on the disk before anything behind it: a segment without one was never begun. */
static void plan_new(struct file_store *store, uint8_t owner, struct stream *stream)
{
    put(store, owner,
        (struct job_step){.kind = JOB_MAKE, .number = stream->number, .file = &stream->file});
    put(store, owner,
        (struct job_step){.kind = JOB_WRITE,
                          .file = &stream->file,
                          .data = stream->header,
                          .len = SEGMENT_HEADER});
    put(store, owner, (struct job_step){.kind = JOB_SYNC, .file = &stream->file});
    put(store, owner, (struct job_step){.kind = JOB_SYNC_DIRECTORY});
    stream->in_job = true;
}

static void plan_items(struct file_store *store, uint8_t owner, struct stream *stream)
{
    struct batch empty = stream->writing, *batch = &stream->writing;

    stream->writing = stream->waiting;
    empty.len = 0;
    empty.position = 0;
    empty.whole = false;
    stream->waiting = empty;
    uint64_t end = stream->at + batch->len;
    if (end > stream->zeroed) {
        uint64_t zeroed = end + AHEAD;
        put(store, owner,
            (struct job_step){.kind = JOB_ZERO, .file = &stream->file, .at = end, .len = AHEAD});
        stream->zeroed = zeroed;
    }
    put(store, owner,
        (struct job_step){.kind = JOB_WRITE,
                          .file = &stream->file,
                          .at = stream->at,
                          .data = batch->data,
                          .len = batch->len});
    put(store, owner, (struct job_step){.kind = JOB_SYNC, .file = &stream->file});
    stream->in_job = true;
}

static void plan_streams(struct file_store *store)
{
    for (uint8_t i = 0; i < STREAMS; i++) {
        struct stream *stream = &store->streams[i];
        if (stream->state == STREAM_NEW)
            plan_new(store, i, stream);
        else if (stream->state == STREAM_READY && stream->waiting.len > 0)
            plan_items(store, i, stream);
    }
}

/* What could not be removed is tried again beside something else. */
static void plan_removals(struct file_store *store)
{
    store->going = store->house_failed && store->job.count == 0 ? 0 : store->gone.count;
    for (uint32_t i = 0; i < store->going; i++)
        put(store, HOUSE, (struct job_step){.kind = JOB_REMOVE, .number = store->gone.list[i]});
    if (store->going > 0)
        put(store, HOUSE, (struct job_step){.kind = JOB_SYNC_DIRECTORY});
}

static void plan_mark(struct file_store *store, uint64_t number)
{
    int *file = &store->mark_file;

    put(store, MARKS, (struct job_step){.kind = JOB_OPEN, .number = number, .file = file});
    put(store, MARKS,
        (struct job_step){.kind = JOB_WRITE,
                          .file = file,
                          .at = SEGMENT_MARK_AT,
                          .data = store->mark,
                          .len = SEGMENT_SECTOR});
    put(store, MARKS, (struct job_step){.kind = JOB_SYNC, .file = file});
    put(store, MARKS, (struct job_step){.kind = JOB_CLOSE, .file = file});
}

/* In the place of zeros: no space is needed. */
static void plan_marks(struct file_store *store)
{
    if (!store->mark_asked)
        return;
    store->mark_asked = false;
    store->marking = true;
    for (uint32_t i = 0; i < store->kept.count && i < JOB_STEPS / 8; i++)
        plan_mark(store, store->kept.list[i]);
    for (uint32_t i = 0; i < STREAMS; i++)
        if (store->streams[i].state != STREAM_NONE && store->streams[i].whole)
            plan_mark(store, store->streams[i].number);
}

int file_commit(void *user)
{
    struct file_store *store = user;

    if (store->busy)
        return L2TPHA_OK;
    job_clear(&store->job);
    plan_streams(store);
    plan_marks(store);
    plan_removals(store);
    if (store->job.count > 0) {
        store->busy = true;
        store->worker.start(store->worker.user, &store->job);
    } else if (store->marking) { /* nothing is there that could be read */
        store->marking = false;
        store->mark_news = true;
        store->mark_status = L2TPHA_OK;
    }
    return L2TPHA_OK;
}

/* --- what has come of it --- */

/* Nothing older is wanted; a mark that was asked for meant that, unless this stream was ended
 * before.
 */
static void became_whole(struct file_store *store, const struct stream *stream)
{
    for (uint32_t i = 0; i < store->kept.count; i++)
        numbers_add(&store->gone, store->kept.list[i]);
    store->kept.count = 0;
    store->mark_asked = store->mark_asked && stream->dropped;
}

static void harvest_stream(struct file_store *store, struct stream *stream, int status)
{
    struct batch *batch = &stream->writing;

    stream->in_job = false;
    if (status) { /* final: what the system has dropped does not come back */
        stream->state = STREAM_BROKEN;
        stream->status = status;
        stream->news = true;
    } else if (stream->state == STREAM_NEW) {
        stream->state = STREAM_READY;
    } else {
        bool whole = batch->whole && !stream->whole;
        stream->at += batch->len;
        stream->durable = batch->position;
        stream->whole |= batch->whole;
        stream->news = true;
        if (whole)
            became_whole(store, stream);
    }
    if (stream->dropped)
        file_stream_let_go(store, stream);
}

static void harvest(struct file_store *store)
{
    store->busy = false;
    for (uint32_t i = 0; i < STREAMS; i++)
        if (store->streams[i].in_job)
            harvest_stream(store, &store->streams[i], store->job.status[i]);
    store->house_failed = store->job.status[HOUSE] != L2TPHA_OK;
    if (!store->house_failed)
        numbers_cut(&store->gone, store->going);
    store->going = 0;
    if (store->marking) {
        store->marking = false;
        store->mark_news = true;
        store->mark_status = store->job.status[MARKS];
    }
}

static bool tell_stream(struct file_store *store, uint32_t id, struct l2tpha_store_event *event)
{
    struct stream *stream = &store->streams[id];

    if (stream->state == STREAM_NONE || stream->dropped || !stream->news)
        return false;
    stream->news = false;
    *event = (struct l2tpha_store_event){.kind = L2TPHA_STORE_PROGRESS,
                                         .stream = id,
                                         .position = stream->durable,
                                         .whole = stream->whole,
                                         .status = stream->status};
    return true;
}

bool file_event(void *user, struct l2tpha_store_event *event)
{
    struct file_store *store = user;

    if (store->busy && store->worker.finished(store->worker.user))
        harvest(store);
    for (uint32_t i = 0; i < STREAMS; i++)
        if (tell_stream(store, i, event))
            return true;
    if (!store->mark_news)
        return false;
    store->mark_news = false;
    *event = (struct l2tpha_store_event){.kind = L2TPHA_STORE_MARKED, .status = store->mark_status};
    return true;
}
