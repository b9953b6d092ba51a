/* SPDX-License-Identifier: MIT */
/* What one node says to the other about who is to serve. */
#include "links_private.h"
#include "pair.h"
#include "stream.h"

#include <fcntl.h>

int links_hand_over(struct links *links)
{
    struct stream *stream = links_current(links);
    int error = stream != NULL ? l2tpha_link_hand_over(stream->link, l2tpha_pair_now())
                               : L2TPHA_ERR_NOT_IN_SYNC;
    if (error == L2TPHA_OK)
        stream->heir = true;
    links_flush(links);
    return error;
}

int links_withdraw(struct links *links)
{
    struct l2tpha_link *link = links_current_link(links);
    return link != NULL ? l2tpha_link_withdraw(link, l2tpha_pair_now()) : L2TPHA_ERR_STATE;
}

void links_hand_to_none(struct links *links)
{
    for (struct stream *stream = links->streams; stream != NULL; stream = stream->next)
        stream->heir = false;
}

static struct stream *find_heir(const struct links *links)
{
    struct stream *stream = links->streams;
    while (stream != NULL && !stream->heir)
        stream = stream->next;
    return stream;
}

void links_end_heir(struct links *links)
{
    struct stream *stream = find_heir(links);
    if (stream != NULL)
        stream_end(stream, BYE_ALONE);
}

void links_end_heir_process(struct links *links)
{
    struct stream *stream = find_heir(links);
    if (stream != NULL)
        stream_end_process(stream);
}

pid_t links_heir_process(const struct links *links)
{
    const struct stream *stream = find_heir(links);
    return stream != NULL ? stream->pid : 0;
}

int links_active_process(const struct links *links)
{
    const struct stream *stream = links_current(links);
    return stream != NULL && stream->process >= 0 ? fcntl(stream->process, F_DUPFD_CLOEXEC, 0) : -1;
}

int links_decline(struct links *links, int why)
{
    struct l2tpha_link *link = links_current_link(links);
    int error = link != NULL ? l2tpha_link_decline(link, why, l2tpha_pair_now()) : L2TPHA_ERR_STATE;
    links_flush(links);
    return error;
}

int links_announce(struct links *links, uint64_t epoch, bool force)
{
    struct l2tpha_link *link = links_current_link(links);
    int error = link != NULL ? l2tpha_link_announce(link, epoch, force, l2tpha_pair_now())
                             : L2TPHA_ERR_STATE;
    links_flush(links);
    return error;
}
