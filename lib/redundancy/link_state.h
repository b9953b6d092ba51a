/* SPDX-License-Identifier: MIT */
/* Inside of the link: what its files share. link.c has its life; link_input.c checks what comes in,
 * and calls link_switchover.c, how one node hands over to the other. Both stand on link_presence.c,
 * who is there and for how long nobody was, and that on link_end.c, how a link ends, link_digest.c,
 * whether the standby's copy is still right, link_copy.c, when a copy begins, and link_output.c,
 * which says things. */
#ifndef REDUNDANCY_LINK_STATE_H
#define REDUNDANCY_LINK_STATE_H

#include "base/patience.h"
#include "redundancy/link.h"
#include "redundancy/link_frame.h"
#include "redundancy/role.h"

#define HEARTBEAT_MIN_MS 10 /* no peer makes us speak more often */
/* An epoch counts only as far ahead as nodes that take turns may come while one of them is away:
 * a stranger's number, or a corrupt one, must fence nobody. */
#define EPOCHS_AHEAD_MAX (UINT64_C(4096) * (ROLE_RANK_MAX + 1))

enum digest_state {
    DIGEST_NONE,    /* the next one is due some time */
    DIGEST_ASKED,   /* a verdict is awaited */
    DIGEST_DIFFERS, /* the standby has something else, and is to be sent what is right, */
    DIGEST_REPAIRED /* ... and was; a verdict is awaited */
};

/* Active: the digests that go to the standby. */
struct link_digests {
    enum digest_state state;
    bool compares;             /* the standby does */
    bool late;                 /* one was due, and could not be made */
    struct link_bucket bucket; /* the one that it is about; NONE: where the next begins */
    uint64_t due;              /* of the next, or of the repair */
    uint64_t pause;            /* from this one to the next */
    uint64_t misses[2];        /* when buckets differed, the last two; 0 = none did */
    uint64_t copied;           /* when a copy was begun for that reason; 0 = none was */
    uint64_t since;            /* when this round began, */
    uint64_t round;            /* ... and when the last one ended; 0 = none has */
};

struct l2tpha_link {
    struct link_ops ops;
    struct l2tpha_link_options options;
    struct l2tpha_link_info info; /* what is known of the peer and the stream; the rest: link.c */
    struct byte_queue out;
    struct frame_reader in;
    enum frame_side side; /* ours when the stream opened */
    enum frame_side peer_side;
    bool up;
    bool serving;   /* a copy was begun and the node has not been told of an end */
    bool offered;   /* active: the standby was asked to take over, and the offer may be withdrawn */
    bool handed;    /* active: the standby was told to take over, and has not refused */
    bool announced; /* standby: the peer was told that we are about to serve */
    bool stepped_down; /* standby: the active has answered that it sends nothing any more */
    bool slept;        /* this end was away before the hellos */
    bool waiting;      /* standby: ... and its answer is awaited */
    bool unanswered;   /* standby: ... and it has not answered for answer_ms */
    bool ended;        /* the node was told that the stream is over */
    int declined;  /* why the other end would not take over, or step down; 0 = it has not said so */
    bool unheard;  /* standby: the node was told that the active is not heard */
    bool lost;     /* standby: a gap was told and no checkpoint has fitted since */
    bool promoted; /* standby: the peer was told that we are active now */
    bool switchover;
    bool ack_due;
    int error;          /* why the link has ended; 0 while it lives */
    uint64_t base;      /* active: position of the last checkpoint before this stream */
    uint64_t sent;      /* active: checkpoints queued */
    uint64_t acked;     /* active: ... and confirmed */
    uint64_t came;      /* standby: checkpoints that came, */
    uint64_t applied;   /* ... up to the last one that was applied */
    uint64_t peer_copy; /* that info.peer_last was made with */
    uint64_t sampled; /* active: checkpoint whose way there and back is being measured; 0 = none */
    uint64_t sampled_at; /* ... since then */
    uint32_t flaps;      /* active: copies in a row after which the standby was too slow */
    uint64_t heartbeat_us;
    uint64_t silence_us;
    uint64_t probe;    /* number of the PROBE whose ECHO is awaited; 0 = none */
    uint64_t asked;    /* when the last one was sent */
    uint64_t probes;   /* so many */
    uint64_t absences; /* of the node's, those that a PROBE was sent for */
    struct link_digests digests;
    uint64_t next;   /* epoch offered, or accepted */
    uint64_t opened; /* when it was made */
    uint64_t driven; /* when the host has called last */
    /* Own time: base/patience.h. */
    struct patience silence, answer; /* of the peer, and to an announcement */
    uint64_t heard;                  /* when bytes came last */
    uint64_t asked_at;               /* standby: when it has announced */
    uint64_t spoke;                  /* when a frame was queued last */
    uint64_t copied;                 /* active: when the last copy began */
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

static inline bool is_in_sync(const struct l2tpha_link *link)
{
    return link->ops.in_sync(link->ops.user);
}

static inline uint64_t last_of(const struct l2tpha_link *link)
{
    return link->ops.last(link->ops.user);
}

/* Releases below it cannot go on from what this node has. */
static inline uint32_t link_level_min(const struct l2tpha_link *link)
{
    uint32_t level = link->ops.level(link->ops.user);

    return level > L2TPHA_LEVEL_MIN ? level : L2TPHA_LEVEL_MIN;
}

/* When bytes of the peer came last: time in which this end was away does not count. */
static inline uint64_t link_last_heard(const struct l2tpha_link *link)
{
    return link->heard + link->silence.absent;
}

static inline uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

#endif
