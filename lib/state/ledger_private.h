/* SPDX-License-Identifier: MIT */
/* What the files of the ledger share. ledger.c commits, ships and takes confirmations. Below it are
 * bulk.c, the copy for a new standby, and silence.c, how long it may confirm nothing; below these
 * ledger_stop.c, the end of the stream, ledger_gate.c, what may be sent, ledger_dirty.c, what is
 * marked, and ledger_write.c, which writes one checkpoint. */
#ifndef STATE_LEDGER_PRIVATE_H
#define STATE_LEDGER_PRIVATE_H

#include "base/outbox.h"
#include "base/patience.h"
#include "state/ledger.h"

/* Of a copy, on its way at one time. Bytes are what a path is filled with, however long it is; the
 * count bounds parts that have little in them. */
#define BULK_BYTES (4u << 20)
#define BULK_PARTS 128

/* A checkpoint that is not confirmed. Numbers in the ring are consecutive. */
struct flight {
    uint64_t number;
    uint64_t since; /* when it was handed out; until then, when it was made; in own time */
    uint64_t made;
    struct buffer *blob; /* NULL once handed out */
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

enum bulk_phase { BULK_NONE, BULK_TUNNELS, BULK_SESSIONS, BULK_WALKED, BULK_ENDED };

struct bulk_part {
    uint64_t number;
    uint64_t bytes;
};

struct bulk {
    enum bulk_phase phase;
    uint32_t place; /* of the walk */
    uint64_t count; /* records in the parts so far */
    uint64_t digest;
    uint64_t end;                       /* number of the BULK_END */
    struct bulk_part parts[BULK_PARTS]; /* not confirmed, oldest first */
    uint32_t waiting;                   /* how many */
    uint64_t bytes;                     /* of them */
    uint32_t turn;                      /* parts made since the host has come back */
    uint64_t turn_at;                   /* when the last one was made */
};

struct ledger {
    struct ledger_options options;
    enum ledger_mode mode;
    bool in_sync;
    bool must_commit; /* more than DIRTY_ACKED is marked */
    bool lost;        /* a mark could not be kept: memory was out */
    bool late;        /* bounded commit: the oldest checkpoint is older than the lag allowed */
    bool held;        /* ledger_hold() */
    bool wanted;      /* ... and a copy is asked for */
    uint32_t generation;
    uint64_t epoch;
    uint64_t last;         /* newest number made */
    uint64_t depends;      /* newest number that outputs depend on */
    uint64_t acknowledged; /* newest number confirmed by a standby */
    uint64_t ungated;      /* up to here outputs did not wait */
    uint64_t shipped;      /* newest number handed out */
    struct patience patience;
    uint64_t inherited;      /* newest number of the previous active */
    uint64_t progress;       /* when a standby has confirmed something last, in own time */
    uint64_t deferred_since; /* of deferred marks left behind by a commit; L2TPHA_NEVER = none */
    struct tunnel_entry *dirty_tunnels;
    struct session_entry **dirty_sessions; /* the one numbered n is at n - 1 */
    uint32_t dirty_count;
    uint32_t dirty_cap;
    bool dirty_node;
    struct gone *gone;
    uint32_t gone_count;
    uint32_t gone_cap;
    struct outbox *flights;
    struct outbox *marks;
    struct buffer *shipping; /* handed out by the last poll */
    uint8_t *scratch;        /* where checkpoints are written; made when first needed */
    size_t scratch_size;
    struct bulk bulk;
};

_Static_assert(L2TPHA_CHECKPOINT_MAX <= BUFFER_MAX, "a checkpoint lies in a buffer");

static inline bool ledger_is_ungated(const struct ledger *ledger)
{
    return ledger->options.commit != L2TPHA_COMMIT_GATED;
}

/* Ungated commit: a tunnel is in this checkpoint, 0 = in none. */
static inline void ledger_note_known(struct tunnel_entry *entry, uint64_t number)
{
    if (entry->record.state >= L2TPHA_TUNNEL_ESTABLISHED && entry->ahead_from == 0)
        entry->ahead_from = number;
}

static inline uint64_t ledger_after(uint64_t since, uint64_t wait)
{
    return since > L2TPHA_NEVER - wait ? L2TPHA_NEVER : since + wait;
}

#endif
