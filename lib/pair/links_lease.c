/* SPDX-License-Identifier: MIT */
/* What the links have to do with a lease: standbys that an authority knows, and streams that are
 * not read while it is not known who serves. */
#include "info.h"
#include "leasing.h"
#include "links_private.h"
#include "pair.h"
#include "stream.h"

#include <l2tpha/consumer.h>

#include <stddef.h>

static bool is_standby_here(const struct stream *stream)
{
    return stream->serving && stream->up && !stream->promoted && !stream->ended;
}

static bool another_has(const struct links *links, const struct stream *stream, uint32_t rank)
{
    for (const struct stream *other = links->streams; other != NULL; other = other->next)
        if (other != stream && is_standby_here(other) && stream_info(other).peer_rank == rank)
            return true;
    return false;
}

/* A node has come with another rank, or from another address, than it had: what it was is taken out
 * of the claim, and it begins anew. A consumer is removed when it has no stream. */
static void refuse(struct links *links, struct stream *stream, uint32_t rank, int error)
{
    if (error == L2TPHA_ERR_EXISTS && !another_has(links, stream, rank)) {
        leasing_drop(links->pair, rank);
        (void)leasing_drop_consumer(links->pair, stream->consumer);
    }
    stream->events->unwelcome(links, stream, error);
    stream_end(stream, BYE_ALONE);
}

/* Before anything is given out for a standby, so one that cannot be named is never in sync. */
void links_name_standbys(struct links *links)
{
    struct stream *next;
    if (!leasing_is_used(links->pair) || is_standby(links->pair))
        return;
    for (struct stream *stream = links->streams; stream != NULL; stream = next) {
        next = stream->next;
        if (!is_standby_here(stream) || !stream_is_waited_for(stream) ||
            stream_consumer(stream) == 0)
            continue;
        uint32_t rank = stream_info(stream).peer_rank;
        int error = leasing_add(links->pair, rank, stream->consumer);
        if (error != L2TPHA_OK)
            refuse(links, stream, rank, error);
    }
}

bool links_standby_is_known(const struct links *links)
{
    const struct stream *stream = links_current(links);
    return stream != NULL && leasing_protects(links->pair, stream_info(stream).peer_rank);
}

void links_pause(struct links *links, bool pause)
{
    struct stream *next;
    if (links->pair->paused == pause)
        return;
    links->pair->paused = pause;
    for (struct stream *stream = links->streams; stream != NULL; stream = next) {
        next = stream->next;
        stream_watch(stream, stream->connecting ? EPOLLIN | EPOLLOUT : EPOLLIN);
        stream_flush(stream);
    }
}

void links_begin_anew(struct links *links)
{
    struct l2tpha_consumer_info info = {.size = offsetof(struct l2tpha_consumer_info, lag)};
    struct stream *next;
    for (struct stream *stream = links->streams; stream != NULL; stream = next) {
        next = stream->next;
        if (is_standby_here(stream) && stream_consumer(stream) != 0 &&
            l2tpha_consumer_get(links->pair->node, stream->consumer, &info) == L2TPHA_OK &&
            info.state == L2TPHA_CONSUMER_OUT)
            stream_end(stream, BYE_ALONE);
    }
}
