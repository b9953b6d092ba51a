/* SPDX-License-Identifier: MIT */
/* Inside of the link: what its files share. link.c has its life and time, link_input.c judges what
 * comes in, link_output.c says things. */
#ifndef REDUNDANCY_LINK_STATE_H
#define REDUNDANCY_LINK_STATE_H

#include "redundancy/link.h"
#include "redundancy/link_frame.h"
#include "redundancy/role.h"

#define HEARTBEAT_MIN_MS 10 /* no peer makes us speak more often */

struct l2tpha_link {
    struct link_ops ops;
    struct l2tpha_link_options options;
    struct byte_queue out;
    struct frame_reader in;
    enum frame_side side; /* ours when the stream opened */
    enum frame_side peer_side;
    bool up;
    bool serving;  /* a copy was begun and the node has not been told of an end */
    bool handed;   /* active: the standby was told to take over, and has not refused */
    bool lost;     /* standby: a gap was told and no checkpoint has fitted since */
    bool promoted; /* standby: the peer was told that we are active now */
    bool switchover;
    bool fingerprint_differs;
    bool ack_due;
    int error; /* why the link has ended; 0 while it lives */
    uint32_t version;
    uint64_t peer_epoch;
    uint64_t sent;    /* active: newest checkpoint queued */
    uint64_t acked;   /* active: newest one confirmed */
    uint64_t applied; /* standby: newest one applied from this stream */
    uint64_t frames_in;
    uint64_t frames_out;
    uint64_t heartbeat_us;
    uint64_t silence_us;
    uint64_t heard;   /* when bytes came last */
    uint64_t spoke;   /* when a frame was queued last */
    uint64_t copied;  /* active: when the last copy began */
    uint64_t copy_at; /* active: when the next copy may begin; L2TPHA_NEVER = none is wanted */
};

static inline enum l2tpha_role role_of(const struct l2tpha_link *link)
{
    return link->ops.role(link->ops.user);
}

static inline uint64_t epoch_of(const struct l2tpha_link *link)
{
    return link->ops.epoch(link->ops.user);
}

static inline uint64_t last_of(const struct l2tpha_link *link)
{
    return link->ops.last(link->ops.user);
}

/* --- link.c --- */
/* The first error ends the link and stays; returns the one that did. */
int link_fail(struct l2tpha_link *link, int error, uint64_t now);
/* The link's error, or the one that a change of our own role makes of it: an active that serves no
 * more has nothing to say here. */
int link_check(struct l2tpha_link *link, uint64_t now);

/* --- link_input.c --- */
/* Begin a copy for the standby. The next one that follows a failure waits, lest a copy that cannot
 * succeed begins again and again. */
int link_copy(struct l2tpha_link *link, uint64_t now);

/* --- link_output.c: 0, L2TPHA_ERR_QUEUE_FULL or L2TPHA_ERR_NOMEM --- */
int link_put(struct l2tpha_link *link, enum frame_type type, size_t len, uint64_t now,
             struct writer *out);
int link_put_number(struct l2tpha_link *link, enum frame_type type, uint64_t number, uint64_t now);
int link_put_hello(struct l2tpha_link *link, uint64_t now);
int link_put_refuse(struct l2tpha_link *link, int why, uint64_t now);
/* One for all that was applied since the last one, if anything was. */
int link_put_ack(struct l2tpha_link *link, uint64_t now);

#endif
