/* SPDX-License-Identifier: MIT */
/* The replication link of l2tpha/link.h against whoever has the checkpoints. The node is to the
 * right of this layer, so the link knows it by these questions and orders only. */
#ifndef REDUNDANCY_LINK_H
#define REDUNDANCY_LINK_H

#include "base/log.h"

#include <l2tpha/link.h>
#include <l2tpha/serializer.h>

/* A bucket of records, from one place in their order to another, and their digest as of the
 * increment of this number. */
struct link_bucket {
    uint64_t number, first, last, digest;
};

/* What digests need of the node; user as below. */
struct digest_ops {
    /* Active: the bucket that begins at ->first, if nothing but what had this position stands
     * before it in the stream. *pause = until the next one is due, us; and as long in vain.
     * L2TPHA_ERR_STATE: not at this moment. */
    int (*next)(void *user, uint64_t position, struct link_bucket *bucket, uint64_t *pause);
    /* Active: likewise what is in it, for a standby that has something else there. *data is the
     * node's until its next call. L2TPHA_ERR_STATE, with *pause 0: it has no need of that any more;
     * any other error: it cannot be had. */
    int (*repair)(void *user, uint64_t position, struct link_bucket *bucket,
                  struct l2tpha_bytes *data, uint64_t *pause);
    /* Active: the standby has something else in it. False: it is not in sync anyway. */
    bool (*differs)(void *user, const struct link_bucket *bucket, uint64_t now);
    /* Active: the bucket was compared, and is alike; after a repair, if one was under way. */
    void (*alike)(void *user, const struct link_bucket *bucket, uint64_t now);
    /* Standby: whether they are alike, once what is in the bucket has been replaced by data, if
     * there is any. L2TPHA_ERR_DIGEST: they are not; any other error: that cannot be said. */
    int (*compare)(void *user, const struct link_bucket *bucket, struct l2tpha_bytes data,
                   uint64_t now);
};

/* Copied by link_new(). None of them may call the link. */
struct link_ops {
    void *user;
    const struct log *log;          /* says and counts what does not hold; NULL = nobody does */
    struct l2tpha_bytes serializer; /* name of the one that makes the checkpoints, borrowed */
    /* Standby: these checkpoints will be applied next. Returns how many of them are enough, one at
     * least. NULL = nobody wants to know. */
    size_t (*ahead)(void *user, const struct l2tpha_bytes *checkpoints, size_t count);
    const struct digest_ops *digests; /* NULL = none are made, or compared */
    enum l2tpha_role (*role)(void *user);
    uint32_t (*rank)(void *user);  /* of its epochs, or L2TPHA_RANK_NONE */
    uint32_t (*level)(void *user); /* in force, at least 1 */
    /* Of what release the other node is, and whether no output waits for the standby. */
    void (*meets)(void *user, uint32_t level, bool ungated);
    uint64_t (*epoch)(void *user);           /* own, or on a standby the active's; 0 = none known */
    uint64_t (*last)(void *user);            /* newest checkpoint made or applied */
    void (*met)(void *user, uint64_t epoch); /* the other node knows of it */
    /* As the l2tpha_consumer_, l2tpha_checkpoint_ and l2tpha_fence() calls of the same name, of
     * this link's consumer. */
    int (*copy)(void *user, uint64_t now);
    int (*done)(void *user, uint64_t position, int status, uint64_t now);
    uint32_t (*consumer)(void *user); /* 0 = none */
    /* Active: the standby has this copy, and all up to `last`: it may go on without a new one. */
    int (*resume_copy)(void *user, uint64_t copy, uint64_t last, uint64_t now);
    uint64_t (*whole)(void *user); /* standby: name of the copy that it has, 0 = none whole */
    bool (*listens)(void *user);   /* it gets checkpoints, or is about to */
    bool (*in_sync)(void *user);
    /* ... of this epoch, as its frame says; L2TPHA_ERR_LINK: it says another one itself. */
    int (*apply)(void *user, uint64_t epoch, const uint8_t *data, size_t len, uint64_t now,
                 uint64_t *number);
    /* Active: the stream is over; stop: so nothing waits for the consumer any more. */
    void (*leave)(void *user, bool stop, uint64_t now);
    int (*fence)(void *user, uint64_t epoch, uint64_t now);
    /* This node is being driven, and will be again by then (L2TPHA_NEVER: the link is over); away:
     * it was not. Returns how often it was away, as far as anybody knows. */
    uint64_t (*present)(void *user, bool away, uint64_t until, uint64_t now);
    /* Standby: nothing was heard of the active since then. */
    void (*unheard)(void *user, uint64_t since, uint64_t now);
    /* Either: it has been heard, and all that it had said before. */
    void (*heard)(void *user, uint64_t now);
    /* Standby: the stream is over; the active was heard last then. */
    void (*cut)(void *user, uint64_t since, uint64_t now);
    /* Active: the standby is about to be told to serve. True: nothing leaves this node any more, by
     * no timer either, until resume; false: it serves, or is no more in sync. */
    bool (*hand)(void *user, uint64_t now);
    /* Active: the standby will not take over after all. */
    void (*resume)(void *user, uint64_t now);
};

/* options NULL = all defaults. Freeing the parent ends the link without a call of ops.
 * L2TPHA_ERR_INVALID = a missing op, or options that contradict one another; L2TPHA_ERR_ROLE =
 * fenced; L2TPHA_ERR_NOMEM. */
int link_new(TALLOC_CTX *parent, const struct link_ops *ops,
             const struct l2tpha_link_options *options, uint64_t now, struct l2tpha_link **link);

#endif
