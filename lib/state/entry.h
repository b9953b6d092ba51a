/* SPDX-License-Identifier: MIT */
/* The entries of the table. One is the front part of the engine's own object, so that turning a
 * replica into a live tunnel copies nothing. */
#ifndef STATE_ENTRY_H
#define STATE_ENTRY_H

#include "base/buffer.h"
#include "base/idtable.h"
#include "base/octets.h"
#include "base/slab.h"

#include <l2tpha/record.h>

struct session_entry;

/* Where the bytes of objects are limited: a release to be tried with has fields of its own. */
#ifdef L2TPHA_NEXT
#define SIZES_COUNT false
#else
#define SIZES_COUNT (sizeof(void *) == 8)
#endif

/* What has changed since the last commit; bits of dirty. */
enum dirty {
    DIRTY_FULL = 1,     /* the whole record */
    DIRTY_SEQUENCE = 2, /* ns, nr and the messages added */
    DIRTY_ACKED = 4     /* only acked has moved: may wait, a lagging standby resends */
};

/* What each message touches stands together, here and at the front of the record. */
struct tunnel_entry {
    struct buffer *queue_head; /* messages [record.acked, record.ns), oldest first, */
    struct buffer *queue_tail; /* doubly linked by next and prev */
    uint32_t queue_count;
    uint32_t place;                 /* in the table */
    struct session_entry *sessions; /* newest first */
    struct idtable session_ids;     /* of both ends; table_session.c */
    uint32_t session_count;
    uint16_t ns_safe;         /* messages below it are with the standby: may be sent */
    uint16_t nr_safe;         /* what an acknowledgement may say */
    uint16_t ns_committed;    /* messages below it are in some checkpoint */
    uint16_t acked_safe;      /* ungated commit: record.acked as the standby has confirmed it */
    uint16_t acked_committed; /* ... as it is in the newest checkpoint about it */
    uint8_t dirty;            /* enum dirty bits */
    bool gone : 1;            /* ledger_gone_tunnel(): its owner keeps it, for no standby to have */
    bool indexed : 1;         /* found by the peer's address and id */
    bool is_lagging : 1;      /* counted: the record that was loaded has the flag LAGGING, */
    bool is_recovery : 1;     /* ... and is a recovery tunnel's */
    bool is_ha : 1;           /* counted: table_note_method() */
    uint64_t born;            /* 1 + first number that may be about it; 0 = not committed yet */
    struct tunnel_entry
        *dirty_next; /* the ledger's list; until a takeover has come to the entry, */
    struct tunnel_entry **dirty_back; /* the table's of those pending. NULL = on neither */
    union {
        uint64_t moved;     /* ungated commit: newest number that it depends on */
        uint32_t refreshed; /* standby: no more of its sessions than these have its generation */
    };
    uint64_t ahead_from; /* ... 1 + the one that has it established, by the numbers that it has now:
                            once confirmed its outputs need not wait; 0 = none yet */
    struct l2tpha_tunnel_record record; /* byte strings are owned, see table_tunnel_set_bytes */
    uint32_t recovered_by; /* standby: recovery tunnel that was for it last; it may be gone since,
                              or its id another's */
    uint32_t older_duplicate; /* place of the next one with the same address and id of the peer, the
                            one that got them before; SLAB_NONE = none */
    uint32_t generation;      /* copy that has refreshed it */
};

/* 80 bytes for a session that is just there; what few have is in extra. */
struct session_entry {
    struct tunnel_entry *tunnel;
    struct session_extra *extra; /* NULL = all in it is empty or 0 */
    uint32_t local_id;
    uint32_t remote_id;
    uint32_t serial;
    uint32_t tx_speed;
    uint32_t rx_speed;
    uint16_t data_ns;
    uint16_t data_nr;
    uint8_t framing; /* two bits defined; kept to eight */
    uint8_t bearer;
    uint8_t state;
    uint8_t side : 4;
    uint8_t call : 4;
    uint8_t flags;
    uint8_t late_count; /* the engine's, where there is room: late data frames in a row */
    uint16_t sent_ns; /* the engine's, where there is room: next data Ns; data_ns is ahead of it */
    uint32_t generation;
    uint32_t dirty;              /* its number on the ledger's list; 0 = not on it */
    uint32_t place;              /* in the table */
    uint32_t since;              /* when its state has changed here, seconds; not replicated */
    struct session_entry *next;  /* of the tunnel */
    struct session_entry **back; /* NULL = detached */
#ifdef L2TPHA_NEXT
    uint32_t next_mark;
#endif
};

_Static_assert(!SIZES_COUNT || sizeof(struct session_entry) <= 80, "a session's bytes");

/* What a reset of the control channel leaves: a call that is up, and one of which the peer has not
 * heard (RFC 4951 3.3, Step I). */
static inline bool session_outlives_reset(const struct session_entry *entry)
{
    return entry->state == L2TPHA_SESSION_ESTABLISHED || entry->state == L2TPHA_SESSION_WAIT_TUNNEL;
}

/* A reset may have its data numbers begin at 0 again (3.2.3). */
static inline bool session_is_numbered(const struct session_entry *entry)
{
    return entry->state == L2TPHA_SESSION_ESTABLISHED && entry->flags & L2TPHA_SESSION_SEQUENCING;
}

struct session_extra {
    struct l2tpha_bytes request;
    struct l2tpha_bytes connect;
    struct l2tpha_bytes app_state;
    struct l2tpha_bytes unknown;
    uint32_t send_accm;
    uint32_t receive_accm;
    uint32_t place; /* in the table */
};

/* The node itself. */
struct node_entry {
    struct l2tpha_node_record record;
    uint32_t generation;
};

/* Whether it has given out anything yet, in this epoch or an earlier one. */
static inline bool node_is_set(const struct node_entry *entry)
{
    return get_u64(entry->record.tunnel_key) != 0;
}

#endif
