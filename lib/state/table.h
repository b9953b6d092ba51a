/* SPDX-License-Identifier: MIT */
/* The replicated truth: every tunnel and session, the same on active and standby. An entry is the
 * front part of the engine's own object, so that turning a replica into a live tunnel copies
 * nothing: the table allocates objects of the size it is told and knows only their front. */
#ifndef STATE_TABLE_H
#define STATE_TABLE_H

#include "base/buffer.h"
#include "base/idtable.h"
#include "base/octets.h"
#include "base/slab.h"

#include <l2tpha/record.h>

struct session_entry;

/* What has changed since the last seal; bits of dirty. */
enum dirty {
    DIRTY_FULL = 1,     /* the whole record */
    DIRTY_SEQUENCE = 2, /* ns, nr and the messages added */
    DIRTY_ACKED = 4     /* only acked has moved: may wait, a standby that lags resends */
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
    uint32_t generation;   /* bulk copy that has carried it / that has refreshed it */
    uint16_t ns_safe;      /* messages below it are with the standby: may be sent */
    uint16_t nr_safe;      /* what an acknowledgement may say */
    uint16_t ns_sealed;    /* messages below it are in some checkpoint */
    uint16_t acked_safe;   /* lazy commit: record.acked as the standby has confirmed it */
    uint16_t acked_sealed; /* ... as it is in the newest checkpoint about it */
    uint8_t dirty;         /* enum dirty bits */
    bool gone : 1;         /* ledger_gone_tunnel(): its owner keeps it, for no standby to have */
    bool indexed : 1;      /* found by the peer's address and id */
    bool is_lazy : 1;      /* counted: the record that was loaded has the flag LAZY, */
    bool is_recovery : 1;  /* ... and is a recovery tunnel's */
    bool is_ha : 1;        /* counted: table_note_method() */
    uint32_t recovered_by; /* standby: recovery tunnel that was for it last; it may be gone since,
                              or its id another's */
    uint32_t older_twin;   /* place of the next one with the same address and id of the peer, the
                              one that got them before; SLAB_NONE = none */
    uint64_t born;         /* first number that may be about it, 0 = not sealed yet */
    struct tunnel_entry
        *dirty_next; /* the ledger's list; until a takeover has come to the entry, */
    struct tunnel_entry **dirty_back;   /* the table's of those unsettled. NULL = on neither */
    struct l2tpha_tunnel_record record; /* byte strings are owned, see table_tunnel_set_bytes */
    union {
        uint64_t moved;     /* lazy commit: newest number that it depends on */
        uint32_t refreshed; /* standby: no more of its sessions than these have its generation */
    };
    uint64_t ahead_from; /* ... the one that has it established, by the numbers that it has now;
                            once confirmed it runs ahead; 0 = none yet */
};

/* Generations of copies that came in have this bit, those of copies sent have not: an entry that
 * was received and then promoted is never taken for one that the new reign has carried. */
#define GENERATION_RECEIVED UINT32_C(0x80000000)

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
};

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

/* Whether it has given out anything yet, in this reign or an earlier one. */
static inline bool node_is_set(const struct node_entry *entry)
{
    return get_u64(entry->record.tunnel_key) != 0;
}

struct table_options {
    size_t tunnel_size; /* of the engine's object, whose front is the entry */
    size_t session_size;
    uint32_t max_tunnels;
    uint32_t max_sessions;
    uint64_t seed; /* of the id tables */
    void *user;    /* table_user() */
};

struct table;

int table_new(TALLOC_CTX *parent, const struct table_options *options, struct buffer_pool *pool,
              struct table **table);
struct node_entry *table_node(const struct table *table);
/* Whose the table is that an entry stands in. */
void *table_user(const struct tunnel_entry *entry);
/* From a record, its string copied. All or nothing. */
int table_node_load(struct table *table, const struct l2tpha_node_record *record);

/* --- tunnels --- */
/* A zeroed object with this local id; NULL with *error = L2TPHA_ERR_EXISTS, _LIMIT or _NOMEM. */
struct tunnel_entry *table_tunnel_add(struct table *table, uint32_t local_id, int *error);
/* With its sessions, messages and strings. */
void table_tunnel_remove(struct table *table, struct tunnel_entry *entry);
struct tunnel_entry *table_tunnel_find(const struct table *table, uint32_t local_id);
/* The first one with a place >= *place, which moves past it. NULL at the end. */
struct tunnel_entry *table_tunnel_next(const struct table *table, uint32_t *place);
uint32_t table_tunnel_count(const struct table *table);
/* Of those loaded from records: how many have the flag LAZY, and how many are recovery tunnels. */
uint32_t table_lazy_count(const struct table *table);
uint32_t table_recovery_count(const struct table *table);
/* Its effective method may have changed. */
void table_note_method(struct table *table, struct tunnel_entry *entry);
/* Tunnels with a failover method, recovery tunnels apart, and the sessions of these. */
uint32_t table_ha_tunnels(const struct table *table);
uint32_t table_ha_sessions(const struct table *table);
/* Of those loaded from records, one that is no ordinary established tunnel; NULL = there is none.
 * A takeover looks at these first. */
struct tunnel_entry *table_first_unsettled(const struct table *table);
/* It is looked at: it is not among them any more. Harmless when it was not. */
void table_tunnel_unlist(struct tunnel_entry *entry);
/* Copy bytes into one of an entry's own strings; len 0 empties it. */
int table_tunnel_set_bytes(struct table *table, struct l2tpha_bytes *field, const uint8_t *data,
                           size_t len);
/* Set path and remote id and index them, so that a repeated SCCRQ finds its tunnel. Several tunnels
 * may have the same ones: a peer that begins anew uses its id again. */
int table_tunnel_set_remote(struct table *table, struct tunnel_entry *entry,
                            const struct l2tpha_path *path, uint32_t remote_id);
bool address_is(const struct l2tpha_address *a, const struct l2tpha_address *b);
/* By the peer's address and its id for the tunnel: the one that got them last, and then, given the
 * previous one, the others. NULL = none, or no more. */
struct tunnel_entry *table_tunnel_find_remote(const struct table *table,
                                              const struct l2tpha_address *address,
                                              uint32_t remote_id);
struct tunnel_entry *table_tunnel_next_twin(const struct table *table,
                                            const struct tunnel_entry *entry);
/* Everything from a record, strings copied, queue untouched. All or nothing. */
int table_tunnel_load(struct table *table, struct tunnel_entry *entry,
                      const struct l2tpha_tunnel_record *record);
/* Append a message; its Ns is record.ns, which moves on. The buffer is the table's from now on. */
void table_queue_append(struct tunnel_entry *entry, struct buffer *message);
/* Drop messages below acked, which must lie in [record.acked, record.ns]. */
void table_queue_trim(struct table *table, struct tunnel_entry *entry, uint16_t acked);

/* --- sessions --- */
struct session_entry *table_session_add(struct table *table, struct tunnel_entry *tunnel,
                                        uint32_t local_id, int *error);
void table_session_remove(struct table *table, struct session_entry *entry);
/* The first half of it: nobody finds the entry any more, walks and counts pass over it, and its
 * next is free for its owner's use; but its memory stays. */
void table_session_detach(struct table *table, struct session_entry *entry);
/* The second: of one detached. */
void table_session_free(struct table *table, struct session_entry *entry);
struct session_entry *table_session_find(const struct table *table,
                                         const struct tunnel_entry *tunnel, uint32_t local_id);
struct session_entry *table_session_next(const struct table *table, uint32_t *place);
uint32_t table_session_count(const struct table *table);
/* The peer's id for it, indexed. L2TPHA_ERR_EXISTS: another session of the tunnel has it. */
int table_session_set_remote(struct session_entry *entry, uint32_t remote_id);
struct session_entry *table_session_find_remote(const struct table *table,
                                                const struct tunnel_entry *tunnel,
                                                uint32_t remote_id);
/* One of the extra strings, by its place in struct session_extra. */
int table_session_set_bytes(struct table *table, struct session_entry *entry, size_t place,
                            const uint8_t *data, size_t len);
/* What an SLI has said; sets the flag as well. */
int table_session_set_accm(struct table *table, struct session_entry *entry, uint32_t send_accm,
                           uint32_t receive_accm);
int table_session_load(struct table *table, struct session_entry *entry,
                       const struct l2tpha_session_record *record);
void table_session_get(const struct session_entry *entry, struct l2tpha_session_record *record);
/* Of its strings, which are nearly all that makes a record long. */
size_t table_session_bytes(const struct session_entry *entry);

/* Everything: a standby that starts afresh. */
void table_clear(struct table *table);
/* Remove what does not carry this generation: the end of a verified bulk copy. Sessions are looked
 * at only where some of a tunnel may not. */
void table_sweep(struct table *table, uint32_t generation);
size_t table_bytes(const struct table *table);
struct buffer_pool *table_pool(const struct table *table);

#endif
