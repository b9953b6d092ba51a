/* SPDX-License-Identifier: MIT */
/* One stream to another node: descriptors, the farewell pipe, the link over it. What is read is
 * told to role.h; who talks to whom is for ha.c. */
#ifndef EXAMPLES_HA_STREAM_H
#define EXAMPLES_HA_STREAM_H

#include "links.h"

#include <tevent.h>

struct ha_stream {
    struct ha_stream *next;
    struct ha *ha;
    struct app *app;
    int fd;
    struct tevent_fd *fde;
    struct l2tpha_link *link;
    bool local;      /* over unix */
    bool serving;    /* we are the active of the two */
    bool outgoing;   /* we have connected */
    bool connecting; /* tcp: not yet connected */
    bool passing;    /* descriptors are still awaited */
    bool deaf;       /* the other end does not read any more; what it wrote still counts */
    bool promoted;   /* standby: we serve now, and the other is to know */
    bool taken;      /* another stream counts: who serves in an older epoch is told, and promoted */
    bool up;         /* hellos have been exchanged, once */
    bool replicated; /* active: the standby has had something to hold */
    bool alone;      /* active: the standby was told that we go on alone */
    bool told_differs; /* configurations */
    bool fenced;       /* standby: the process of the active was ended */
    bool hung_told;    /* standby: --on-hung was run in this silence */
    bool ended;        /* to be freed at the end of the turn */
    uint64_t opened;
    int farewell; /* a pipe: active writes, standby reads; -1 = none */
    int process;  /* pidfd of the active, over unix; -1 = none */
};

/* Farewells: the last byte counts. */
#define BYE_NONE 0
#define BYE_SOLO 's'
#define BYE_SYNC 'i'
#define BYE_ALONE 'A'
#define BYE_LEFT 'L'

struct ha_stream *ha_stream_new(struct ha *ha, struct app *app, int fd, bool local);
/* Close it; a living active says why. */
void ha_stream_end(struct ha_stream *stream, char bye);
/* NULL, or why not. */
const char *ha_stream_serve(struct ha_stream *stream);
void ha_stream_finish_connecting(struct ha_stream *stream);
void ha_stream_flush(struct ha_stream *stream);
void ha_stream_read(struct ha_stream *stream);
/* Active: whether the standby is in sync, as the pipe is to say it. */
void ha_stream_tell_sync(struct ha_stream *stream);
/* Standby: the last byte of the pipe, 0 = none. */
char ha_stream_last_bye(struct ha_stream *stream);
struct l2tpha_link_info ha_stream_info(const struct ha_stream *stream);
/* The link cannot go on. */
void ha_stream_failed(struct ha_stream *stream, int error);
/* Standby: end the process of an active that hangs. */
void ha_stream_end_process(struct ha_stream *stream);

/* --- ha.c --- */
/* A connection was made, or was not; a stream has ended; it has said something. */
void ha_stream_connected(struct ha *ha);
void ha_stream_refused(struct ha *ha, int error);
/* The two do not go together, or a stranger has called: an error of the library. */
void ha_stream_unwelcome(struct ha *ha, int error);
void ha_stream_gone(struct ha *ha, struct ha_stream *stream);
void ha_stream_heard(struct ha *ha, struct ha_stream *stream);

#endif
