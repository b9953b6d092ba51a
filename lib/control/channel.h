/* SPDX-License-Identifier: MIT */
/* The reliable channel of one tunnel, RFC 2661 5.8 and appendix A. It works on the replicated queue
 * and numbers of the tunnel's entry and adds what need not survive: the congestion window, the
 * reordering slots, the timers.
 *
 * Two marks from the ledger gate it: a message leaves only below entry.ns_safe, an acknowledgement
 * says entry.nr_safe, and it is stamped when the datagram leaves. */
#ifndef CONTROL_CHANNEL_H
#define CONTROL_CHANNEL_H

#include "control/context.h"
#include "state/record.h"

#define CHANNEL_QUEUE_MIN 4 /* two of our own, an answer, and the StopCCN that ends it all */

/* What a channel tells of the record that it works on, to whoever replicates that. */
struct channel_port {
    /* So much of it has changed: DIRTY_*. */
    void (*changed)(struct engine *engine, struct tunnel_entry *entry, uint8_t dirty);
    /* Its numbers have been set anew, its queue is empty. */
    void (*restarted)(struct engine *engine, struct tunnel_entry *entry);
    /* Whether nothing of it may leave, acknowledgements included. */
    bool (*holds)(const struct engine *engine, const struct tunnel_entry *entry);
};

struct channel {
    struct tunnel_entry *entry;
    struct channel *ready_next; /* ready.c */
    struct channel *ready_prev;
    struct buffer *ahead;  /* reorder.c: slots by Ns; NULL while none is used */
    struct buffer *cursor; /* next queued message to transmit; NULL = all transmitted */
    uint64_t since;        /* start of the control channel timeout; L2TPHA_NEVER = none runs */
    uint32_t queue_bytes;  /* of the queue in a checkpoint */
    uint32_t ahead_bytes;  /* of the pool, slots included */
    uint32_t interval_ms;  /* current retransmission interval */
    uint32_t tries;        /* retransmissions of the oldest message so far; 0 = none since the last
                            * acknowledgement of something new */
    uint16_t ahead_count;  /* messages in the slots: the next one, and fewer than the window has */
    uint16_t window;       /* congestion window, messages (CWND), WINDOW_MAX at most */
    uint16_t window_part;  /* acks counted towards the next step in congestion avoidance */
    uint16_t threshold;    /* SSTHRESH; the peer's window bounds it */
    uint16_t cursor_ns;    /* Ns of the cursor's message (= entry.ns when there is none) */
    uint16_t sent_ns;      /* one past the highest Ns ever transmitted: what may be acked */
    uint16_t told_nr;      /* last Nr told to the peer; short of entry.nr = an ack is wanted */
    bool ready : 1;        /* in engine.ready */
    bool stopped : 1;      /* for good: it joins no line */
    bool unproven : 1;     /* half_open.c: its address may be forged, credit bounds what is sent */
    bool unresponsive : 1; /* retransmissions are used up and the peer's Recovery Time is not */
    bool suspended : 1;    /* nothing leaves, nothing is taken, no timer runs */
    bool lagging : 1;      /* resync.c: the numbers of a lagging record are being resynchronised */
    bool held : 1;         /* ... and the queue waits until the peer has been asked */
    bool careful : 1;      /* one message at a time, each once the one before is acknowledged */
    bool probe_due : 1;    /* the probe wants to leave */
    bool inherits : 1;  /* acknowledgements up to the ceiling are believed, though not sent here */
    bool ack_now : 1;   /* tell it as soon as nr_safe is past told_nr, without company */
    bool ack_again : 1; /* a duplicate or a message ahead asks for nr_safe, new or not */
    bool heard : 1;     /* what came last of the peer, data or not, came after `since` */
    bool peer_said : 1; /* its Nr, after it was sent a copy and acknowledging nothing: peer_nr */
    enum {
        NUDGE_NONE,
        NUDGE_DUE, /* the timer is set for a repetition before its time */
        NUDGE_DONE /* there was one: no other until an answer, or the next regular one */
    } nudge : 2;
    uint32_t credit;   /* half_open.c: bytes */
    uint32_t begun_ms; /* ... and when the peer asked for it */
    uint16_t peer_nr;
    uint16_t probe_ns;
    uint16_t ceiling;
    uint16_t ended_call; /* the peer's id of the call that the message taken last, a CDN, has ended;
                            0 = none */
    struct buffer *probe; /* a HELLO beside the queue; NULL = none yet */
    struct timer retransmit;
    struct timer ack;
};

static inline const struct wire_format *channel_wire(const struct channel *channel)
{
    return record_wire(&channel->entry->record);
}

#define CHANNEL_RECORD_BYTES 24 /* what a record has besides its message */

/* Of a message in a checkpoint. */
static inline uint32_t channel_bytes_of(const struct buffer *message)
{
    return message->len + CHANNEL_RECORD_BYTES;
}

enum channel_verdict {
    CHANNEL_IN_ORDER,  /* process it, then channel_accept() */
    CHANNEL_ACK_ONLY,  /* a ZLB */
    CHANNEL_KEPT,      /* ahead of its turn, kept */
    CHANNEL_DUPLICATE, /* acknowledged again, not to be processed */
    CHANNEL_BEYOND     /* outside the window, or not to be kept: dropped */
};

/* A tunnel that starts (ns = nr = 0) or that has been restored: everything in the queue is to be
 * transmitted, and may have been before. */
void channel_start(struct engine *engine, struct channel *channel, struct tunnel_entry *entry);
/* Nothing leaves any more, what comes is the caller's to drop; or go on where it was. The peer may
 * have answered in vain meanwhile, so the oldest message is sent again; but the time that it has
 * waited counts on, and so do its retransmissions, this one included. */
void channel_suspend(struct engine *engine, struct channel *channel, bool suspended);
/* RFC 4951 3.2.2: flush both windows and go on with these numbers, slow start included. */
void channel_reset(struct engine *engine, struct channel *channel, uint16_t ns, uint16_t nr);
/* The peer's messages below nr are known to be acknowledged, or given up: it goes on there. */
void channel_jump(struct engine *engine, struct channel *channel, uint16_t nr);
/* Disarm timers, free the reordering slots, leave the ready list. Nothing is sent any more. */
void channel_stop(struct engine *engine, struct channel *channel);
/* Whether so many messages more fit the queue limit: max_queue, 32767 since the numbers of the
 * queue must stay comparable, the bytes that one checkpoint has room for, and for more than one
 * message the tunnel's share of the pool. */
bool channel_has_room(const struct engine *engine, const struct channel *channel,
                      uint32_t messages);
/* ... so many of so many bytes together, with room for one more behind them. */
bool channel_has_room_for(const struct engine *engine, const struct channel *channel,
                          uint32_t messages, uint32_t bytes);
/* Whether there is room for what we say unasked. Half of the queue is left for answers: were both
 * ends full, neither could take what the other has sent, and so nothing would be acknowledged. */
bool channel_has_own_room(const struct engine *engine, const struct channel *channel);
/* Give a built message its Ns and queue it. The datagram is copied. L2TPHA_ERR_QUEUE_FULL, _LIMIT,
 * _NOMEM: nothing has changed. */
int channel_send(struct engine *engine, struct channel *channel, const uint8_t *data, size_t len);

/* Header of a received control message: Nr first, then Ns. The datagram is kept (copied) when it is
 * ahead of its turn. Counts ZLBs, duplicates and the like; the messages processed are the
 * caller's. */
enum channel_verdict channel_receive(struct engine *engine, struct channel *channel,
                                     const struct l2tpha_header *header, const uint8_t *data,
                                     size_t len);

/* Tell the peer once more what has been processed. */
void channel_acknowledge_again(struct engine *engine, struct channel *channel);
/* The peer asks for what it was told already: the oldest message leaves once more, if there is one
 * that it has not acknowledged, and what has been processed is told again in any case. */
void channel_say_again(struct engine *engine, struct channel *channel);
/* The message in order has been processed: Nr moves on and wants to be acknowledged. */
void channel_accept(struct engine *engine, struct channel *channel);
/* The next datagram that may leave now; false = none. An acknowledgement alone is written to
 * output->ack. */
bool channel_next(struct engine *engine, struct channel *channel, struct l2tpha_output *output);
/* The retransmission timer is due. 0, or L2TPHA_ERR_TIMEOUT: the peer is given up. */
int channel_retransmit_timer(struct engine *engine, struct channel *channel);
/* The peer has not heard what is out, it seems: send it once more soon, if no answer comes. */
void channel_nudge(struct engine *engine, struct channel *channel);
/* Send the oldest message once more, and wait for longer. */
void channel_repeat(struct engine *engine, struct channel *channel);
/* The delayed acknowledgement is due. */
void channel_ack_timer(struct engine *engine, struct channel *channel);
/* Nothing of ours is unacknowledged. */
bool channel_idle(const struct channel *channel);
/* All messages of ours have left at least once. */
bool channel_has_said_all(const struct channel *channel);
/* A full retransmission cycle with this configuration, at least 31 s (RFC 2661 5.7). */
uint64_t channel_cycle_us(const struct engine *engine);

#endif
