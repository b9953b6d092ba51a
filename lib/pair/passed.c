/* SPDX-License-Identifier: MIT */
#include "passed.h"
#include "socket.h"

#include <l2tpha/pair.h>

#include <errno.h>
#include <string.h>
#include <talloc.h>
#include <unistd.h>

#define PLACES_MIN 16
#define QUEUE_MAX ((size_t)4 * L2TPHA_PAIR_PASSED_MAX)

/* ---- by tag: open addressing, and what follows a gap moves up ---- */

static size_t home(const struct passed *passed, uint32_t tag)
{
    return (size_t)((tag * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (passed->places - 1);
}

static struct passed_entry *place(const struct passed *passed, uint32_t tag)
{
    size_t at = home(passed, tag);
    while (passed->entries[at].used && passed->entries[at].tag != tag)
        at = (at + 1) & (passed->places - 1);
    return &passed->entries[at];
}

static int grow(struct passed *passed)
{
    struct passed bigger = {.places = passed->places > 0 ? 2 * passed->places : PLACES_MIN,
                            .count = passed->count};
    bigger.entries = talloc_zero_array(NULL, struct passed_entry, (unsigned)bigger.places);
    if (bigger.entries == NULL)
        return L2TPHA_ERR_NOMEM;
    for (size_t i = 0; i < passed->places; i++)
        if (passed->entries[i].used)
            *place(&bigger, passed->entries[i].tag) = passed->entries[i];
    talloc_free(passed->entries);
    *passed = bigger;
    return L2TPHA_OK;
}

int passed_find(const struct passed *passed, uint32_t tag)
{
    if (passed->count == 0)
        return -1;
    const struct passed_entry *entry = place(passed, tag);
    return entry->used ? entry->fd : -1;
}

int passed_put(struct passed *passed, uint32_t tag, int fd)
{
    int error = 2 * (passed->count + 1) > passed->places ? grow(passed) : L2TPHA_OK;
    if (error != L2TPHA_OK)
        return error;
    struct passed_entry *entry = place(passed, tag);
    if (!entry->used && passed->count == L2TPHA_PAIR_PASSED_MAX)
        return L2TPHA_ERR_LIMIT;
    passed->count += !entry->used;
    *entry = (struct passed_entry){.tag = tag, .fd = fd, .used = true};
    return L2TPHA_OK;
}

int passed_take(struct passed *passed, uint32_t tag)
{
    if (passed->count == 0)
        return -1;
    struct passed_entry *entry = place(passed, tag);
    if (!entry->used)
        return -1;
    int fd = entry->fd;
    size_t mask = passed->places - 1, gap = (size_t)(entry - passed->entries);
    for (size_t at = (gap + 1) & mask; passed->entries[at].used; at = (at + 1) & mask) {
        size_t way = (at - home(passed, passed->entries[at].tag)) & mask;
        if (way < ((at - gap) & mask))
            continue;
        passed->entries[gap] = passed->entries[at];
        gap = at;
    }
    passed->entries[gap] = (struct passed_entry){0};
    passed->count--;
    return fd;
}

void passed_clear(struct passed *passed, bool owned)
{
    for (size_t i = 0; i < passed->places && owned; i++)
        if (passed->entries[i].used)
            close(passed->entries[i].fd);
    talloc_free(passed->entries);
    *passed = (struct passed){0};
}

/* ---- what one standby is yet to be told ---- */

int passed_queue_put(struct passed_queue *queue, uint32_t tag)
{
    if (queue->count == queue->room && queue->first > 0 && 2 * queue->first >= queue->room) {
        memmove(queue->tags, queue->tags + queue->first,
                (queue->count - queue->first) * sizeof(*queue->tags));
        queue->count -= queue->first;
        queue->first = 0;
    }
    if (queue->count == queue->room) {
        size_t room = queue->room > 0 ? 2 * queue->room : PLACES_MIN;
        if (room > QUEUE_MAX)
            return L2TPHA_ERR_LIMIT;
        uint32_t *tags = talloc_realloc(NULL, queue->tags, uint32_t, (unsigned)room);
        if (tags == NULL)
            return L2TPHA_ERR_NOMEM;
        queue->tags = tags;
        queue->room = room;
    }
    queue->tags[queue->count++] = tag;
    return L2TPHA_OK;
}

int passed_queue_all(struct passed_queue *queue, const struct passed *passed)
{
    int error = L2TPHA_OK;
    for (size_t i = 0; i < passed->places && error == L2TPHA_OK; i++)
        if (passed->entries[i].used)
            error = passed_queue_put(queue, passed->entries[i].tag);
    return error;
}

void passed_queue_clear(struct passed_queue *queue)
{
    talloc_free(queue->tags);
    *queue = (struct passed_queue){0};
}

/* ---- through a socket ---- */

bool passed_send(int channel, uint32_t tag, int fd)
{
    return socket_send(channel, &tag, sizeof(tag), fd);
}

int passed_receive(int channel, uint32_t *tag, int *fd, bool *lost)
{
    ssize_t got = socket_receive(channel, tag, sizeof(*tag), fd, lost);
    if (got <= 0)
        return (int)got;
    if (got == (ssize_t)sizeof(*tag))
        return 1;
    if (*fd >= 0)
        close(*fd);
    errno = EPROTO;
    return -1;
}
