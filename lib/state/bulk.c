/* SPDX-License-Identifier: MIT */
/* The copy for a cursor: BULK_BEGIN, then parts that walk first the tunnels, then the sessions, by
 * their places in the slabs, then BULK_END, with increments in between. The node itself is in the
 * first part. Pieces of a copy take no numbers: each says the number of the increment that it
 * stands behind, and is exactly the state after that one. What increments bring meanwhile the walk
 * may bring once more; of what it has not come to yet they may bring a piece, which the reader
 * passes over. So increments are the same for all, and one walk goes on at a time.
 *
 * A piece is made only when it can be shipped at once. A host polls until nothing comes, and
 * meanwhile does nothing else. So only a few are made before it has been elsewhere: then the
 * deadline has come, and the next ones follow. */
#include "state/bulk.h"

#include "base/assert.h"
#include "state/digest.h"
#include "state/ledger_gate.h"
#include "state/ledger_private.h"
#include "state/ledger_stop.h"
#include "state/ledger_write.h"

#define PART_RECORDS 1024
#define PART_BYTES (48 * 1024)
#define PART_STEPS PART_RECORDS /* entries looked at: one part costs no more than another */
#define TURN_PARTS 4            /* about half a millisecond */

/* Where a part's walk has come to; taken over once the part is written. */
struct walk {
    const struct bulk *from;
    enum bulk_phase phase;
    uint32_t place;
    uint64_t count;
    uint64_t digest;
    uint32_t bytes;
    struct tunnel_entry *tunnels[PART_RECORDS];
    uint32_t tunnel_count;
};

static int put_node(struct draft *draft, const struct ledger *ledger)
{
    const struct node_entry *entry = table_node(ledger->options.table);

    return node_is_set(entry) ? draft_put_node(draft, entry) : 0;
}

static int put_tunnel(struct draft *draft, const struct ledger *ledger, struct walk *walk)
{
    struct tunnel_entry *entry = table_tunnel_next(ledger->options.table, &walk->place);
    if (!entry) {
        walk->phase = BULK_SESSIONS;
        walk->place = 0;
        return 0;
    }
    if (entry->gone)
        return 0;
    walk->tunnels[walk->tunnel_count++] = entry;
    return draft_put_tunnel(draft, entry, true);
}

static int put_session(struct draft *draft, const struct ledger *ledger, struct walk *walk)
{
    struct session_entry *entry = table_session_next(ledger->options.table, &walk->place);
    if (!entry) {
        walk->phase = BULK_WALKED;
        return 0;
    }
    return draft_put_session(draft, entry);
}

/* A part is written from its end, so the entry met last comes first in it; sessions never share one
 * with tunnels, which must come before them. */
static int fill_part(struct draft *draft, struct ledger *ledger, void *argument)
{
    struct walk *walk = argument;
    enum bulk_phase phase = walk->from->phase;
    bool first = phase == BULK_TUNNELS && walk->from->place == 0;

    walk->phase = phase;
    walk->place = walk->from->place;
    walk->tunnel_count = 0;
    int error = first ? put_node(draft, ledger) : 0;
    for (unsigned step = 0; step < PART_STEPS && walk->phase == phase && !error; step++) {
        error = phase == BULK_TUNNELS ? put_tunnel(draft, ledger, walk)
                                      : put_session(draft, ledger, walk);
        if (draft->writing.records >= PART_RECORDS || draft_bytes(draft) >= PART_BYTES)
            break;
    }
    walk->count = draft->writing.records;
    size_t bytes = draft_bytes(draft);
    walk->digest = digest_bytes(walk->from->digest, draft->writing.start, bytes);
    walk->bytes = bytes ? (uint32_t)bytes : 1; /* it is a part, whatever is in it */
    return error;
}

/* Ungated commit: the lease of a tunnel runs from what the copy has said; that of one which
 * somebody is waited for with runs already. */
static int lease_from(struct ledger *ledger, const struct walk *walk)
{
    int error = 0;

    if (!ledger_is_ungated(ledger) || ledger->mode != LEDGER_BULK)
        return 0;
    for (uint32_t i = 0; i < walk->tunnel_count && !error; i++) {
        ASSERT(ledger->options.log,
               walk->tunnels[i]->acked_committed == walk->tunnels[i]->record.acked);
        ledger_note_known(walk->tunnels[i], ledger->last);
        error = ledger_push_mark(ledger, walk->tunnels[i]);
    }
    return error;
}

static enum l2tpha_checkpoint_kind next_kind(const struct cursor *cursor)
{
    if (cursor->state == CURSOR_WAITING)
        return L2TPHA_CHECKPOINT_BULK_BEGIN;
    if (cursor->resumes)
        return L2TPHA_CHECKPOINT_RESUME;
    return cursor->bulk.phase == BULK_WALKED ? L2TPHA_CHECKPOINT_BULK_END
                                             : L2TPHA_CHECKPOINT_BULK_PART;
}

/* It wants nothing older than what the copy begins with. */
static void begun(struct ledger *ledger, struct cursor *cursor)
{
    cursor->state = CURSOR_COPYING;
    cursor->resumes = false;
    cursor->acknowledged = cursor->shipped = ledger->last;
    cursor_let_on(cursor, ledger->last);
    cursor->whole = 0;
    ledger_follow(ledger, NULL);
}

static void walked(struct ledger *ledger, struct bulk *bulk, const struct walk *walk, uint64_t now)
{
    bulk->phase = walk->phase;
    bulk->place = walk->place;
    bulk->parts++;
    bulk->count += walk->count;
    bulk->digest = walk->digest;
    bulk->bytes += walk->bytes;
    bulk->waiting++;
    ledger->parts++;
    ledger->parts_at = now;
}

/* From here on outputs wait for this cursor, if it gates. */
static void ended(struct ledger *ledger, struct cursor *cursor)
{
    ASSERT(ledger->options.log, cursor->state == CURSOR_COPYING && cursor->bulk.waiting == 0);
    cursor->state = CURSOR_ENDED;
    cursor_let_on(cursor, ledger->last);
    ledger_follow(ledger, NULL);
}

static int make(struct ledger *ledger, struct cursor *cursor, struct buffer **blob, uint64_t now)
{
    enum l2tpha_checkpoint_kind kind = next_kind(cursor);
    struct bulk *bulk = &cursor->bulk;
    struct walk walk = {.from = bulk};

    if (kind == L2TPHA_CHECKPOINT_BULK_BEGIN)
        *bulk = (struct bulk){.generation = ++ledger->generation};
    struct l2tpha_checkpoint_header header = {
        .kind = (uint8_t)kind, .number = ledger->last, .generation = bulk->generation};
    bool part = kind == L2TPHA_CHECKPOINT_BULK_PART;
    if (part || kind == L2TPHA_CHECKPOINT_BULK_END)
        header.part = bulk->parts + 1;
    if (kind == L2TPHA_CHECKPOINT_BULK_END) {
        header.count = bulk->count;
        header.digest = bulk->digest;
    }
    bool end = !part && kind != L2TPHA_CHECKPOINT_BULK_BEGIN;
    int error = ledger_write(ledger, &header, part ? fill_part : NULL, &walk, blob);
    if (!error && part)
        error = lease_from(ledger, &walk);
    if (!error)
        error = cursor_note(cursor, ledger->last, walk.bytes, end, now);
    if (error)
        return error;
    if (part)
        walked(ledger, bulk, &walk, now);
    else if (end)
        ended(ledger, cursor);
    else
        begun(ledger, cursor);
    return 0;
}

static bool has_part_to_make(const struct cursor *cursor)
{
    const struct bulk *bulk = &cursor->bulk;

    return cursor->state == CURSOR_COPYING && bulk->phase != BULK_WALKED &&
           bulk->waiting < BULK_PARTS && bulk->bytes < BULK_BYTES && cursor_has_room(cursor);
}

static bool somebody_walks(const struct ledger *ledger)
{
    const struct cursor *cursor;

    for (cursor = ledger->cursors; cursor; cursor = cursor->next)
        if (cursor->state == CURSOR_COPYING && !cursor->resumes)
            return true;
    return false;
}

bool bulk_is_due(const struct ledger *ledger, const struct cursor *cursor)
{
    if (ledger->must_commit) /* half a transaction must not leave */
        return false;
    if (cursor->state == CURSOR_WAITING)
        return !ledger->held && !somebody_walks(ledger);
    if (cursor->state != CURSOR_COPYING || cursor->shipped < ledger->last)
        return false;
    if (has_part_to_make(cursor))
        return ledger->parts < TURN_PARTS;
    return cursor->bulk.phase == BULK_WALKED && cursor->bulk.waiting == 0 &&
           cursor_has_room(cursor);
}

struct buffer *bulk_make(struct ledger *ledger, struct cursor *cursor, uint64_t now)
{
    struct buffer *blob = NULL;
    int error = make(ledger, cursor, &blob, now);

    if (!error)
        return blob;
    buffer_put(table_pool(ledger->options.table), blob);
    ledger_abandon(ledger, cursor, ledger_reason(error));
    ledger_follow(ledger, ledger_reason(error));
    return NULL;
}

void bulk_turn(struct ledger *ledger)
{
    ledger->parts = 0;
}

uint64_t bulk_deadline(const struct ledger *ledger)
{
    const struct cursor *cursor;

    if (ledger->parts < TURN_PARTS)
        return L2TPHA_NEVER;
    for (cursor = ledger->cursors; cursor; cursor = cursor->next)
        if (has_part_to_make(cursor))
            return ledger->parts_at;
    return L2TPHA_NEVER;
}
