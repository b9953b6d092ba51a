/* SPDX-License-Identifier: MIT */
/* Where lines and blocks are written to, without ever waiting: a pipe that nobody reads, a stopped
 * terminal, a full disk or a closed descriptor must not hold the loop. What is not taken at once is
 * kept up to a limit and written when there is room; what is beyond that is lost and counted. */
#ifndef EXAMPLES_SINK_H
#define EXAMPLES_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <talloc.h>
#include <tevent.h>

struct sink;

/* Write to a descriptor that others may share, such as stderr: their view of it does not change. It
 * is not closed. limit: bytes that are kept. */
struct sink *sink_share(TALLOC_CTX *parent, int fd, size_t limit);

/* Write to a file of one's own, made anew. NULL with errno set; a pipe that nobody reads is ENXIO.
 * Freeing it writes what can be written, and closes it. */
struct sink *sink_create(TALLOC_CTX *parent, const char *path, size_t limit);

/* The same, behind what the file has and others write to it. From sink_begin() on what is half
 * written is taken back. */
struct sink *sink_add(TALLOC_CTX *parent, const char *path, size_t limit);
void sink_begin(struct sink *sink);

/* Write to a datagram socket at this path, each put as one datagram: nothing is kept. Whoever
 * listens there may be started again. NULL with errno set. */
struct sink *sink_datagrams(TALLOC_CTX *parent, const char *path);

/* Write what is kept as soon as there is room, and then say so; until it is told so, only
 * sink_put() and sink_flush() try. NULL: no longer, the loop ends. */
void sink_watch(struct sink *sink, struct tevent_context *ev, void (*emptied)(void *user),
                void *user);

/* All of it, now or later, or nothing: false, and counted. */
bool sink_put(struct sink *sink, const void *data, size_t len);

/* The same, but kept until sink_flush() as long as there is room. */
bool sink_keep(struct sink *sink, const void *data, size_t len);

/* Write what is kept. False if something stays. */
bool sink_flush(struct sink *sink);

/* The same for so long at most: for the end of a program. */
void sink_finish(struct sink *sink, unsigned wait_ms);

uint64_t sink_lost(const struct sink *sink); /* puts that came to nothing */
size_t sink_kept(const struct sink *sink);   /* bytes that wait */

/* errno of the last write that failed for another reason than want of room; 0 since one succeeded.
 * A file of one's own ends with a whole put then. */
int sink_error(const struct sink *sink);

#endif
