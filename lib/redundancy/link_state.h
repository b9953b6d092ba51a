/* SPDX-License-Identifier: MIT */
/* Inside of the link: what its files share. link.c has its life, link_presence.c who is there and
 * for how long nobody was, link_switchover.c how a reign is handed over, link_input.c judges what
 * comes in, link_output.c says things. */
#ifndef REDUNDANCY_LINK_STATE_H
#define REDUNDANCY_LINK_STATE_H

#include "base/patience.h"
#include "redundancy/link.h"
#include "redundancy/link_frame.h"
#include "redundancy/role.h"

#define HEARTBEAT_MIN_MS 10 /* no peer makes us speak more often */
/* An epoch counts only as far ahead as nodes that take turns may come while one of them is away:
 * a stranger's number, or a corrupt one, must end no reign. */
#define EPOCHS_AHEAD_MAX (UINT64_C(4096) * (ROLE_RANK_MAX + 1))

struct l2tpha_link {
    struct link_ops ops;
    struct l2tpha_link_options options;
    struct byte_queue out;
    struct frame_reader in;
    enum frame_side side; /* ours when the stream opened */
    enum frame_side peer_side;
    bool up;
    bool serving;    /* a copy was begun and the node has not been told of an end */
    bool offered;    /* active: the standby was asked to take over, and may still be taken back */
    bool handed;     /* active: the standby was told to take over, and has not refused */
    bool announced;  /* standby: the peer was told that we are about to serve */
    bool yielded;    /* standby: the active has answered that it sends nothing any more */
    bool slept;      /* this end was away before the hellos */
    bool waiting;    /* standby: ... and its answer is awaited */
    bool unanswered; /* standby: ... and it has not answered for answer_ms */
    bool ended;      /* the node was told that the stream is over */
    int declined;    /* why the other end would not take over, or yield; 0 = it has not said so */
    bool unheard;    /* standby: the node was told that the active is not heard */
    bool lost;       /* standby: a gap was told and no checkpoint has fitted since */
    bool promoted;   /* standby: the peer was told that we are active now */
    bool switchover;
    bool fingerprint_differs;
    bool ack_due;
    int error; /* why the link has ended; 0 while it lives */
    uint32_t version;
    uint64_t peer_epoch;
    uint64_t sent;    /* active: newest checkpoint queued */
    uint64_t acked;   /* active: newest one confirmed */
    uint64_t applied; /* standby: newest one applied from this stream */
    bool met;
    uint64_t peer_last;
    uint64_t peer_fingerprint;
    uint64_t sampled; /* active: checkpoint whose way there and back is being measured; 0 = none */
    uint64_t sampled_at; /* ... since then */
    uint64_t round_trip; /* ... and the last one's */
    uint32_t flaps;      /* active: copies in a row after which the standby was too slow */
    uint64_t frames_in;
    uint64_t frames_out;
    uint64_t heartbeat_us;
    uint64_t silence_us;
    uint64_t probe;    /* number of the PROBE whose ECHO is awaited; 0 = none */
    uint64_t asked;    /* when the last one was sent */
    uint64_t probes;   /* so many */
    uint64_t absences; /* of the node's, those that a PROBE was sent for */
    uint64_t next;     /* epoch offered, or accepted */
    uint32_t peer_rank;
    uint64_t opened; /* when it was made */
    uint64_t driven; /* when the host has called last */
    /* Own time: base/patience.h. */
    struct patience silence, answer; /* of the peer, and to an announcement */
    uint64_t heard;                  /* when bytes came last */
    uint64_t told;                   /* standby: when it has announced */
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

static inline uint64_t last_of(const struct l2tpha_link *link)
{
    return link->ops.last(link->ops.user);
}

/* --- link.c --- */
/* The first error ends the link and stays; returns the one that did. */
int link_fail(struct l2tpha_link *link, int error, uint64_t now);
/* Each entry begins with it: the link's error, or the one that a change of our own role makes of
 * it, since an active that serves no more has nothing to say here. */
int link_check(struct l2tpha_link *link, uint64_t now);

/* --- link_presence.c --- */
/* The node is told that somebody drives it; how often nobody did. */
uint64_t link_present(const struct l2tpha_link *link, bool away, uint64_t now);
/* At the beginning of each entry: was the host away? Then no silence of the peer's counts. */
void link_wake(struct l2tpha_link *link, uint64_t now);
/* What the node knows of the peer counts no more until the peer has answered a PROBE. */
void link_doubts(struct l2tpha_link *link, uint64_t now);
/* The hellos are said. */
int link_meets(struct l2tpha_link *link, uint64_t now);
/* Bytes of the peer have come; before and after they are judged. */
void link_hears(struct l2tpha_link *link, uint64_t now);
/* When that was: time in which this end was away does not count. */
uint64_t link_last_heard(const struct l2tpha_link *link);
void link_has_heard(struct l2tpha_link *link, uint64_t now);
int link_take_probe(struct l2tpha_link *link, const struct link_frame *frame, uint64_t now);
int link_take_echo(struct l2tpha_link *link, const struct link_frame *frame, uint64_t now);
/* When link_judge_silence() has something to do. */
uint64_t link_silence_due(const struct l2tpha_link *link);
/* The active was told something, and its answer is awaited. */
void link_awaits(struct l2tpha_link *link, uint64_t now);
/* When to look whether it is missing. */
uint64_t link_answer_due(const struct l2tpha_link *link);
/* Whether it came in time. */
void link_judge_answer(struct l2tpha_link *link, uint64_t now);
/* L2TPHA_ERR_TIMEOUT: the peer is gone. */
int link_judge_silence(struct l2tpha_link *link, uint64_t now);

/* --- link_switchover.c --- */
int link_take_offer(struct l2tpha_link *link, const struct link_frame *frame, uint64_t now);
int link_take_accept(struct l2tpha_link *link, const struct link_frame *frame, uint64_t now);
int link_take_go(struct l2tpha_link *link, const struct link_frame *frame, uint64_t now);
int link_take_decline(struct l2tpha_link *link, const struct link_frame *frame, uint64_t now);
int link_take_announce(struct l2tpha_link *link, const struct link_frame *frame, uint64_t now);

/* --- link_input.c --- */
/* A newer epoch serves: this node stops, and says so. */
int link_fenced(struct l2tpha_link *link, uint64_t epoch, uint64_t now);
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
