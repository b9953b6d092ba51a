/* SPDX-License-Identifier: MIT */
/* The state of a store in etcd, shared by its files. */
#ifndef ETCD_STORE_PRIVATE_H
#define ETCD_STORE_PRIVATE_H

#include "head.h"
#include "http.h"
#include "piece.h"
#include "server/alarm.h"
#include "server/reading.h"
#include "server/stream.h"

#define ITEM_MAX ((1u << 20) + 4096) /* octets; etcd takes requests of 1.5 MiB */
#define STORE_ANSWER_MAX (8u << 20)
#define SECOND UINT64_C(1000000)
#define WHY_TEXT 160

struct etcd_store;

/* The system's, or a test's. */
struct clock {
    void *user;
    uint64_t (*now)(void *user);                         /* microseconds */
    void (*wait)(void *user, const struct alarm *alarm); /* until that is readable */
};

/* What is asked of one member after the other, until one answers or time is over. */
struct ask {
    bool under_way;
    const char *path;
    char *body;
    /* RECORD: the answer makes no sense; another member is asked. Another error is final. */
    int (*take)(struct etcd_store *store, const json_t *answer, const struct header *header);
    void (*fail)(struct etcd_store *store, int status);
    uint32_t member, tries;
    uint64_t again_at; /* 0 = a request is under way */
    bool maybe;        /* a try may have come to pass */
    bool too_long;     /* the answer was */
    bool nonsense;     /* an answer was: that is told, whatever comes later */
};

/* How a store is at one instant. */
struct state {
    bool there;
    struct head head;
    uint64_t revision; /* of the head */
    uint64_t fence;    /* revision of the owner's; 0 = there is none */
    bool exact;        /* all that was served is in the copy */
    bool complete;     /* what is known to be confirmed is there */
};

/* A batch that is being written. */
struct writing {
    struct batch *batch; /* NULL = none is */
    struct stream *to;   /* NULL = it is nobody's any more */
    uint64_t log;
    bool first; /* of its log */
};

struct etcd_store {
    struct l2tpha_store store;
    struct place place;
    struct http *http;
    struct alarm *alarm;
    struct clock clock;
    uint64_t timeout_us;
    uint64_t now;
    /* what is under way */
    struct ask ask;
    uint64_t until;   /* it has failed then */
    uint32_t member;  /* that is asked first */
    uint64_t cluster; /* whose answer was the first; 0 = none yet */
    /* whose the store is */
    char process[PROCESS_DIGITS + 1];
    struct head head; /* as this process has put it, or is about to */
    uint64_t fence;   /* revision of its key */
    uint32_t turn;    /* one more with each acquisition */
    bool found_exact;
    struct state seen; /* by an acquisition, or a mark */
    /* what is there */
    uint64_t copy, last; /* the newest log that is known to be whole, and a position in it */
    /* what is asked for */
    struct streams streams;
    uint64_t revisions[STREAMS]; /* of the last batch's key, of each */
    uint32_t turn_of;            /* stream */
    struct writing writing;
    uint64_t probe_at;       /* whether the store is ours still */
    uint64_t sweep_at;       /* logs that nobody wants may go then */
    uint64_t swept;          /* one that goes; 0 = none */
    uint64_t history_us;     /* 0 = the cluster's history is left alone */
    uint64_t compact;        /* up to this revision, 0 = nothing has gone, */
    uint64_t compact_at;     /* ... then, when it is old enough */
    uint64_t gone;           /* revision at which something has gone last */
    struct reading *reading; /* while it is */
    uint64_t read_last;      /* position of the batch that was read last, */
    uint64_t read_items;     /* ... and items before it */
    uint32_t page;           /* batches asked for at once */
    int error;               /* of what was waited for */
    bool failed;             /* the note says how, until all is in the cluster again */
    char note[WHY_TEXT];
};

int etcd_store_new(TALLOC_CTX *parent, const char *place,
                   const struct l2tpha_etcd_store_options *options, const struct clock *clock,
                   struct etcd_store **store);

#endif
