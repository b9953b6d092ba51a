/* SPDX-License-Identifier: MIT */
/* The state of a Redis store, shared by its files. */
#ifndef REDIS_PRIVATE_H
#define REDIS_PRIVATE_H

#include "net.h"
#include "reply.h"
#include "server/reading.h"
#include "server/stream.h"

#include <l2tpha/redis.h>

#define BATCH_ITEM_MAX (8u << 20)
#define ASKS 64
#define ID_TEXT 44 /* two numbers of 64 bits */
#define LOG_TEXT 17
#define PROCESS_TEXT 33
#define OWNER_TEXT (PROCESS_TEXT + 8)
#define EPOCH_TEXT 17
#define RUN_TEXT 48
#define WHY_TEXT 160

struct redis_store;

/* What of a stream is in the server, whether it is confirmed or not. */
struct answered {
    uint64_t position;
    bool whole;
};

/* What was asked, and who takes the answer. An error ends the connection. */
struct ask {
    int (*take)(struct redis_store *store, const struct ask *ask, const struct reply *reply);
    uint64_t log;      /* of a batch: whose, */
    uint64_t position; /* ... and what is there then */
    bool whole;
};

struct redis_store {
    struct l2tpha_store store;
    struct net net;
    struct replies replies;
    /* options */
    char *user, *password;
    uint32_t replicas_wanted;
    bool alone, exact;
    uint64_t timeout_us;
    /* the connection */
    enum { LINK_DOWN, LINK_GREETING, LINK_READY } link;
    int lost; /* why it has ended */
    uint8_t *out;
    size_t out_len, out_sent, out_room;
    struct ask asks[ASKS];
    uint32_t first_ask, ask_count;
    uint64_t due;      /* for all that was asked */
    uint64_t probe_at; /* whether the store is ours still */
    /* the server */
    char run[RUN_TEXT];
    char fsync[16];
    bool appends, has_replicas, has_waitaof;
    /* whose the store is */
    char head_key[96], log_key[96]; /* the latter: without the log's name */
    char process[PROCESS_TEXT], owner[OWNER_TEXT];
    uint32_t turn;        /* one more with each acquisition */
    uint32_t wait_for;    /* replicas */
    char found[LOG_TEXT]; /* log of the copy that was there; "" = none */
    bool found_exact;
    uint32_t found_level, found_level_min;
    /* what is there */
    uint64_t copy; /* log of the newest copy that is known to be whole; 0 = none */
    char last[ID_TEXT];
    /* what is asked for */
    struct streams streams;
    struct answered answered[STREAMS];
    bool in_job;
    struct reading *reading; /* while it is */
    char read_last[ID_TEXT]; /* entry that was read last */
    bool failed;             /* the note says how, until all is in the server again */
    char note[WHY_TEXT];
};

/* The net is the store's from now on, whatever is returned. */
int redis_store_new(TALLOC_CTX *parent, const struct net *net, const char *group,
                    const struct l2tpha_redis_options *options, struct l2tpha_store **store);

#endif
