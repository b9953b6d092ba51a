/* SPDX-License-Identifier: MIT */
/* One stream to another node: descriptors, the farewells, the link over it. What is read is
 * told to role.h; who talks to whom is for ha.c. */
#ifndef PAIR_STREAM_H
#define PAIR_STREAM_H

#include "links.h"

#include "farewell.h"
#include "passed.h"
#include "sealed.h"
#include "watch.h"

struct stream;

/* What a stream tells. */
struct stream_events {
    void (*connected)(struct links *links, const struct stream *stream);
    void (*refused)(struct links *links, const struct stream *stream, int error); /* errno */
    /* It ends without a hello, since the two do not go together or a stranger has called: an error
     * of the library, or errno as refusals_take_stream() has it. */
    void (*unwelcome)(struct links *links, const struct stream *stream, int error);
    void (*gone)(struct links *links, struct stream *stream);  /* it has ended */
    void (*heard)(struct links *links, struct stream *stream); /* it has said something */
};

struct stream {
    const struct stream_events *events;
    struct stream *next;
    struct links *links;
    struct l2tpha_pair *pair;
    int fd;
    struct watch watch;
    struct l2tpha_seal *seal; /* around the link, which begins when it is open; NULL = none */
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
    unsigned other;  /* which of them is at the other end, or OTHERS_NONE */
    char name[ENDPOINT_TEXT_MAX]; /* over tcp: where that is; "" = nowhere known */
    bool far;                     /* ... which is far from here */
    bool heir;                    /* active: this standby is asked to serve, or told to */
    uint32_t consumer;
    bool unread;       /* there was more than is read in one turn */
    bool waited_for;   /* active: outputs wait for the standby, and it was told so */
    bool told_differs; /* configurations */
    bool fenced;       /* standby: the process of the active was ended */
    bool hung_told;    /* standby: --on-hung was run in this silence */
    bool ended;        /* to be freed at the end of the turn */
    uint64_t opened;
    struct farewell_line farewell; /* over unix */
    int process;                   /* pidfd of the other end, over unix; -1 = none */
    pid_t pid;                     /* its number; 0 = not known */
    struct watch farewell_watch;   /* standby */
    /* over unix: descriptors under tags, from the active to the standby */
    int channel; /* -1 = none has been passed so far */
    struct watch channel_watch;
    struct passed_queue to_pass; /* tags that the standby is to be told of */
    uint64_t pass_at;            /* when to try again; L2TPHA_NEVER = not waiting */
    uint64_t pass_wait;          /* how long to wait the next time */
};

struct stream *stream_new(const struct stream_events *events, struct links *links,
                          struct l2tpha_pair *pair, int fd, bool local);
/* Ended, and nobody looks at it any more. */
void stream_free(struct stream *stream);
/* Which of the others is at the other end. */
void stream_name(struct stream *stream, unsigned other);
/* Active: which of the node's consumers the standby is; 0 = none so far. */
uint32_t stream_consumer(struct stream *stream);
/* What is waited for. */
void stream_watch(struct stream *stream, uint32_t events);
/* Active: what is given under this tag has changed. */
void stream_pass(struct stream *stream, uint32_t tag);
/* Close it; a living active says why. */
void stream_end(struct stream *stream, char bye);
/* NULL, or why not. */
const char *stream_serve(struct stream *stream);
void stream_finish_connecting(struct stream *stream);
void stream_flush(struct stream *stream);
void stream_read(struct stream *stream);
/* Active: whether outputs wait for the standby, as the farewells are to say it. */
void stream_tell_sync(struct stream *stream);
/* Active: this standby has confirmed a whole copy. */
bool stream_is_in_sync(const struct stream *stream);
/* Standby: the last farewell, 0 = none. */
char stream_last_bye(struct stream *stream);
struct l2tpha_link_info stream_info(const struct stream *stream);
/* Outputs wait for the standby, once it is in sync. */
bool stream_is_waited_for(const struct stream *stream);
/* The link cannot go on. */
void stream_failed(struct stream *stream, int error);
/* End the process of an active that hangs, or of a successor. */
void stream_end_process(struct stream *stream);

#endif
