/* SPDX-License-Identifier: MIT */
/* What the files of the ledger share. The ledger has two parts. The log is one for all: the open
 * transaction and increment, those that have a number and bytes, and what may be sent once a number
 * is confirmed. A cursor is a consumer's place in it, which a copy brings there and confirmations
 * move on.
 *
 * ledger.c commits, gives out and takes confirmations. Below it are bulk.c, the copy for a cursor,
 * silence.c, how long one may confirm nothing, and ledger_bucket.c, a copy that is not right; below
 * these ledger_stop.c, the end of a cursor's stream, cursor.c, who there is and how far,
 * ledger_log.c, the increments that somebody still wants, ledger_gate.c, what may be sent,
 * ledger_dirty.c, what is marked, and ledger_write.c, which writes one checkpoint. */
#ifndef STATE_LEDGER_PRIVATE_H
#define STATE_LEDGER_PRIVATE_H

#include "base/outbox.h"
#include "base/patience.h"
#include "state/ledger.h"

/* Of a copy, on its way at one time. Bytes are what a path is filled with, however long it is; the
 * count bounds parts that have little in them. */
#define BULK_BYTES (4u << 20)
#define BULK_PARTS 128
#define LOG_BYTES ((size_t)16 << 20) /* of increments, */
#define LOG_SHARE 16                 /* ... and this part of the pool */

/* An increment that some cursor has not confirmed. Numbers in the log are consecutive. */
struct logged {
    uint64_t number;
    uint64_t made; /* when */
    struct buffer *blob;
};

/* Something of a cursor's stream that was handed out and is not confirmed. Positions are
 * consecutive. */
struct flight {
    uint64_t position;
    uint64_t number; /* increments up to it: holding this is holding them */
    uint64_t since;  /* when it was handed out, in own time */
    uint32_t part;   /* bytes of a copy's part; 0 = it is none */
    bool end;        /* of the copy */
};

/* What a tunnel may send once the number is confirmed. */
struct mark {
    uint64_t number;
    uint32_t tunnel_id;
    uint16_t ns;
    uint16_t nr;
    uint16_t acked;
};

struct gone {
    uint32_t tunnel_id;
    uint32_t session_id;
};

enum bulk_phase { BULK_TUNNELS, BULK_SESSIONS, BULK_WALKED };

/* The walk of a copy. */
struct bulk {
    enum bulk_phase phase;
    uint32_t place;
    uint64_t parts; /* so far, */
    uint64_t count; /* ... and records in them */
    uint64_t digest;
    uint32_t generation; /* names the copy */
    uint32_t waiting;    /* parts that are not confirmed */
    uint64_t bytes;      /* of them */
    bool differs;        /* CURSOR_ENDED: the copy that has ended is not right */
};

struct cursor {
    struct cursor *next;
    uint32_t id;
    struct cursor_options options; /* the name is its own */
    enum cursor_state state;
    const char *why;   /* CURSOR_OUT */
    bool kept;         /* ... and what it has not confirmed is in the log, for it may come back */
    bool resumes;      /* CURSOR_COPYING: without a copy */
    bool holds;        /* outputs wait for it in every state, for more than `whole` and `ungated` */
    int status;        /* error by which it has refused last; 0 = it is in sync since, or never */
    uint32_t refusals; /* so often, without being in sync in between */
    uint64_t refused_at;   /* ... the last time */
    uint64_t copy_at;      /* CURSOR_OUT: when its copy is due; L2TPHA_NEVER = none is asked for */
    uint64_t position;     /* of what was handed out last */
    uint64_t confirmed;    /* ... and is confirmed */
    uint64_t shipped;      /* newest number handed out */
    uint64_t acknowledged; /* newest number confirmed: it wants nothing older of the log */
    uint64_t whole;    /* ... up to which it is known to hold everything; 0 = it is being filled */
    uint64_t ungated;  /* up to here nothing has waited for it */
    uint64_t progress; /* when it has confirmed something last, in own time */
    struct patience patience;
    struct outbox *flights;
    struct buffer *word; /* its last one: that it is stale from here on */
    struct bulk bulk;
};

struct ledger {
    struct ledger_options options;
    enum ledger_mode mode;
    bool in_sync;
    bool writes;         /* a cursor is in the stream */
    bool must_commit;    /* the transaction has marked more than DIRTY_ACKED */
    bool increment_open; /* transactions have ended in it, and it is not written yet */
    bool lost;           /* a mark could not be kept: memory was out */
    bool late;           /* bounded commit: the oldest increment is older than the lag allowed */
    bool held;           /* ledger_hold() */
    uint32_t generation; /* of the newest copy; the first is a number nobody else has */
    uint64_t epoch;
    uint64_t last;           /* newest number made */
    uint64_t depends;        /* newest number that outputs depend on */
    uint64_t known;          /* newest number that all hold who are waited for */
    uint64_t inherited;      /* newest number of the previous active */
    uint64_t deferred_since; /* of deferred marks left behind by a commit; L2TPHA_NEVER = none */
    struct tunnel_entry *dirty_tunnels;
    struct session_entry **dirty_sessions; /* the one numbered n is at n - 1 */
    uint32_t dirty_count;
    uint32_t dirty_cap;
    uint32_t dirty_bytes; /* of records that are marked, about; more rather than less */
    bool dirty_node;
    struct gone *gone;
    uint32_t gone_count;
    uint32_t gone_cap;
    struct outbox *log;
    size_t log_bytes; /* in it */
    struct outbox *marks;
    struct buffer *shipping; /* handed out by the last poll, and in no log */
    uint8_t *scratch;        /* where checkpoints are written; made when first needed */
    size_t scratch_size;
    struct cursor *cursors;
    uint64_t positions[LEDGER_CURSORS]; /* of those that were there before, for no late word to be
                                           taken for another's */
    uint32_t parts;                     /* of copies, made since the host has come back */
    uint64_t parts_at;                  /* when the last one was made */
};

_Static_assert(L2TPHA_CHECKPOINT_MAX <= BUFFER_MAX, "a checkpoint lies in a buffer");

static inline bool ledger_is_ungated(const struct ledger *ledger)
{
    return ledger->options.commit != L2TPHA_COMMIT_GATED;
}

/* Ungated commit: who holds this number has the tunnel. A copy may stand behind number 0. */
static inline void ledger_note_known(struct tunnel_entry *entry, uint64_t number)
{
    if (entry->record.state >= L2TPHA_TUNNEL_ESTABLISHED && entry->ahead_from == 0)
        entry->ahead_from = number + 1;
}

static inline uint64_t ledger_after(uint64_t since, uint64_t wait)
{
    return since > L2TPHA_NEVER - wait ? L2TPHA_NEVER : since + wait;
}

#endif
