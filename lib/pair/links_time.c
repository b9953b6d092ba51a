/* SPDX-License-Identifier: MIT */
/* What the links do as time goes by. */
#include "host.h"
#include "info.h"
#include "links_private.h"
#include "pair.h"
#include "stream.h"

#include <errno.h>

#define CONNECT_US 1000000   /* tcp: a path that was cut is tried anew, not waited for */
#define HANDSHAKE_US 2000000 /* who has not said hello by then leaves its place */
#define OLD_US 60000000      /* tcp: a superseded active that reads nothing */

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t place_until(const struct stream *stream)
{
    if (stream->promoted && !stream->taken)
        return stream->local ? L2TPHA_NEVER : stream->opened + OLD_US;
    if (stream->up)
        return L2TPHA_NEVER;
    return stream->opened + (stream->connecting ? CONNECT_US : HANDSHAKE_US);
}

/* When an active that hangs is to be ended. */
static uint64_t fence_at(const struct links *links, const struct stream *stream)
{
    uint32_t ms = links->pair->options.fence_hung_ms;
    struct l2tpha_link_info info = stream_info(stream);
    if (ms == 0 || !stream->local || stream->serving || !stream->up || stream->promoted ||
        stream->fenced)
        return L2TPHA_NEVER;
    return info.heard + ms * UINT64_C(1000);
}

/* Handed over, and over unix: the end of the stream tells, and silence does not. */
static bool waits_for_the_end(const struct links *links, const struct stream *stream)
{
    return stream->local && stream->serving && has_handed(links->pair);
}

static uint64_t stream_due(const struct links *links, const struct stream *stream)
{
    uint64_t due = earlier(stream->pass_at, earlier(place_until(stream), fence_at(links, stream)));
    if (stream->link != NULL && !waits_for_the_end(links, stream))
        due = earlier(due, l2tpha_link_deadline(stream->link));
    return due;
}

uint64_t links_deadline(const struct links *links)
{
    uint64_t due = earlier(links->retry_at, listener_deadline(&links->listener));
    if (links->pair->paused)
        return links->ended != NULL ? 0 : L2TPHA_NEVER;
    for (const struct stream *stream = links->streams; stream != NULL; stream = stream->next)
        due = earlier(due, stream_due(links, stream));
    return links->ended != NULL ? 0 : due;
}

/* The state itself is the node's role; what others can do about it begins here. */
static void check_hung(struct links *links, struct stream *stream, uint64_t now)
{
    struct l2tpha_link_info info = stream_info(stream);
    if (stream->serving || !stream->up || stream->promoted)
        return;
    if (!info.unheard)
        stream->hung_told = false;
    else if (!stream->hung_told) {
        stream->hung_told = true;
        tell_event(links->pair, L2TPHA_PAIR_HUNG);
    }
    if (now >= fence_at(links, stream)) {
        stream->fenced = true;
        stream_end_process(stream);
    }
}

static void expire_stream(struct links *links, struct stream *stream, uint64_t now)
{
    if (place_until(stream) <= now) {
        if (stream->connecting)
            links_note_refusal(links, stream->other, ETIMEDOUT);
        else if (!stream->up && (!stream->local || stream->outgoing))
            stream->events->unwelcome(links, stream, ETIMEDOUT);
        stream_end(stream, BYE_ALONE);
        return;
    }
    if (stream->pass_at <= now) {
        stream->pass_at = L2TPHA_NEVER;
        stream_flush(stream);
    }
    if (stream->ended || stream->link == NULL || waits_for_the_end(links, stream))
        return;
    int error = l2tpha_link_expire(stream->link, now);
    if (error == L2TPHA_ERR_FENCED && stream->serving)
        links->pair->events->superseded(links->pair);
    else if (error != L2TPHA_OK)
        stream_failed(stream, error);
    else
        check_hung(links, stream, now);
}

void links_expire(struct links *links, uint64_t now)
{
    struct stream *next;
    links_free_ended(links);
    if (links->pair->paused)
        return;
    if (listener_deadline(&links->listener) <= now)
        listener_expire(&links->listener, &links->pair->listen, now);
    if (links->retry_at <= now)
        links_try_connect(links);
    for (struct stream *stream = links->streams; stream != NULL; stream = next) {
        next = stream->next;
        if (stream_due(links, stream) <= now)
            expire_stream(links, stream, now);
    }
}
