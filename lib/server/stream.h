/* SPDX-License-Identifier: MIT */
/* Streams of a store in a server, under which epoch they are written, and whether the store is this
 * process's: each stream is a log of the server's, and is filled by batches. */
#ifndef SERVER_STREAM_H
#define SERVER_STREAM_H

#include "backlog.h"

#include <l2tpha/store.h>

#define STREAMS 2
/* Why a store is not opened: its level_min, and this release's level. */
#define LEVEL_WHY "a release that needs level %u has written it: this one has %d"

/* A log of the server's, and what waits to be written to it. */
struct stream {
    enum { STREAM_NONE, STREAM_READY, STREAM_BROKEN } state;
    uint64_t log; /* its name */
    uint64_t epoch;
    uint32_t level_min;
    uint64_t batches; /* that are in it, or are asked for */
    uint64_t durable; /* position: confirmed */
    struct backlog backlog;
    bool whole;
    int status;
    bool news; /* not told yet */
};

/* How the store becomes this process's. */
enum acquire {
    ACQUIRE_NONE,
    ACQUIRE_TAKE,  /* it is read: whoever wrote it before is refused */
    ACQUIRE_SERVE, /* it is written under an epoch that is newer than what was there */
    ACQUIRE_AGAIN  /* it is this process's still, or nothing comes of it */
};

struct streams {
    struct stream list[STREAMS];
    enum acquire acquire; /* to be asked for before anything is written */
    uint64_t epoch;
    uint32_t level_min; /* of new ones; 0 = it was not said */
    bool owns, fenced;
    bool sweeps; /* logs may be there that nobody wants */
    bool mark_asked, marking, mark_news;
    int mark_status;
};

/* prepare: draw the log's name, and see that the server is spoken to. LIMIT, FENCED, or prepare's
 * error. */
int streams_begin(struct streams *streams, uint64_t epoch,
                  int (*prepare)(void *user, uint64_t *log), void *user, uint32_t *id);
/* most: octets of one checkpoint. INVALID, LIMIT, NOMEM, or what the stream has ended with. */
int streams_append(TALLOC_CTX *parent, struct streams *streams, uint32_t id, uint64_t position,
                   const uint8_t *data, size_t len, size_t most, bool whole);
/* Which logs stay is seen by the server: the newest whole copy, and what is written still. */
int streams_drop(struct streams *streams, uint32_t id);
/* It is written no more, by this status; likewise all of them. */
void stream_break(struct stream *stream, int status);
void streams_break(struct streams *streams, int status);
/* Whether one is written. */
bool streams_are_used(const struct streams *streams);
/* A mark of what is there is asked for. False: none is to be made, which is told. */
bool streams_mark(struct streams *streams);
void streams_marked(struct streams *streams, int status);
bool streams_have_news(const struct streams *streams);
/* The next of them. */
bool streams_event(struct streams *streams, struct l2tpha_store_event *event);

#endif
