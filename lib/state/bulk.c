/* SPDX-License-Identifier: MIT */
/* The copy for a new standby: BULK_BEGIN, then parts that walk first the tunnels, then the
 * sessions, by their places in the slabs, with increments in between, then BULK_END. The node
 * itself is in the first part. Whatever an increment carries has the generation of the copy, and
 * the walk passes it over; a part is made only when it can be shipped at once. A standby so slow
 * that increments pile up is found by their number.
 *
 * A host polls until nothing comes, and meanwhile does nothing else. So only a few parts are made
 * before it has been elsewhere: then the deadline has come, and the next ones follow. */
#include "state/bulk.h"

#include "base/assert.h"
#include "state/digest.h"
#include "state/ledger_gate.h"
#include "state/ledger_private.h"
#include "state/ledger_stop.h"
#include "state/ledger_write.h"

#include <string.h>

#define PART_RECORDS 1024
#define PART_BYTES (48 * 1024)
#define PART_STEPS PART_RECORDS /* entries looked at: one part costs no more than another */
#define TURN_PARTS 4            /* about half a millisecond */

/* Where a part's walk has come to; taken over once the part is written. */
struct walk {
    enum bulk_phase phase;
    uint32_t place;
    uint64_t count;
    uint64_t digest;
    uint64_t bytes;
    uint32_t *carried[PART_RECORDS]; /* generations of the entries in it */
    uint32_t entries;
    struct tunnel_entry *tunnels[PART_RECORDS];
    uint32_t tunnel_count;
};

static int put_node(struct draft *draft, const struct ledger *ledger, struct walk *walk)
{
    struct node_entry *entry = table_node(ledger->options.table);

    if (!node_is_set(entry) || entry->generation == ledger->generation)
        return 0;
    walk->carried[walk->entries++] = &entry->generation;
    return draft_put_node(draft, entry);
}

static int put_tunnel(struct draft *draft, const struct ledger *ledger, struct walk *walk)
{
    struct tunnel_entry *entry = table_tunnel_next(ledger->options.table, &walk->place);
    if (!entry) {
        walk->phase = BULK_SESSIONS;
        walk->place = 0;
        return 0;
    }
    if (entry->gone || entry->generation == ledger->generation)
        return 0;
    walk->carried[walk->entries++] = &entry->generation;
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
    if (entry->generation == ledger->generation)
        return 0;
    walk->carried[walk->entries++] = &entry->generation;
    return draft_put_session(draft, entry);
}

/* A part is written from its end, so the entry met last comes first in it; sessions never share one
 * with tunnels, which must come before them. */
static int fill_part(struct draft *draft, struct ledger *ledger, void *argument)
{
    struct walk *walk = argument;
    enum bulk_phase phase = ledger->bulk.phase;

    walk->phase = phase;
    walk->place = ledger->bulk.place;
    walk->entries = walk->tunnel_count = 0;
    int error = phase == BULK_TUNNELS ? put_node(draft, ledger, walk) : 0;
    for (unsigned step = 0; step < PART_STEPS && walk->phase == phase && !error; step++) {
        error = phase == BULK_TUNNELS ? put_tunnel(draft, ledger, walk)
                                      : put_session(draft, ledger, walk);
        if (draft->count >= PART_RECORDS || draft->end - draft->start >= PART_BYTES)
            break;
    }
    walk->count = draft->count;
    walk->bytes = (uint64_t)(draft->end - draft->start);
    walk->digest =
        digest_bytes(ledger->bulk.digest, draft->start, (size_t)(draft->end - draft->start));
    return error;
}

/* Ungated commit: the lease of a tunnel runs from what its copy has said. */
static int lease_from(struct ledger *ledger, const struct walk *walk)
{
    int error = 0;

    for (uint32_t i = 0; i < walk->tunnel_count && !error; i++) {
        walk->tunnels[i]->acked_committed = walk->tunnels[i]->record.acked;
        ledger_note_known(walk->tunnels[i], ledger->last);
        error = ledger_push_mark(ledger, walk->tunnels[i]);
    }
    return error;
}

static void make_part(struct ledger *ledger, uint64_t now)
{
    struct bulk *bulk = &ledger->bulk;
    struct walk walk;
    struct l2tpha_checkpoint_header header = {.kind = L2TPHA_CHECKPOINT_BULK_PART,
                                              .generation = ledger->generation};
    int error = ledger_write(ledger, &header, fill_part, &walk, now);
    if (!error && ledger_is_ungated(ledger))
        error = lease_from(ledger, &walk);
    if (error) {
        ledger_fail(ledger, error, now);
        return;
    }
    for (uint32_t i = 0; i < walk.entries; i++)
        *walk.carried[i] = ledger->generation;
    bulk->phase = walk.phase;
    bulk->place = walk.place;
    bulk->count += walk.count;
    bulk->digest = walk.digest;
    bulk->parts[bulk->waiting++] = (struct bulk_part){ledger->last, walk.bytes};
    bulk->bytes += walk.bytes;
    bulk->turn++;
    bulk->turn_at = now;
}

/* From this number on outputs wait. */
static void make_end(struct ledger *ledger, uint64_t now)
{
    struct bulk *bulk = &ledger->bulk;
    struct l2tpha_checkpoint_header header = {.kind = L2TPHA_CHECKPOINT_BULK_END,
                                              .generation = ledger->generation,
                                              .count = bulk->count,
                                              .digest = bulk->digest};
    int error = ledger_write(ledger, &header, NULL, NULL, now);
    if (error) {
        ledger_fail(ledger, error, now);
        return;
    }
    ASSERT(ledger->options.log, ledger->mode == LEDGER_BULK && bulk->waiting == 0);
    bulk->phase = BULK_ENDED;
    bulk->end = ledger->last;
    ledger->ungated = ledger->last - 1;
    ledger->mode = LEDGER_GATED;
}

static bool has_part_to_make(const struct ledger *ledger)
{
    const struct bulk *bulk = &ledger->bulk;

    return (bulk->phase == BULK_TUNNELS || bulk->phase == BULK_SESSIONS) &&
           bulk->waiting < BULK_PARTS && bulk->bytes < BULK_BYTES &&
           outbox_room(ledger->flights) >= 2; /* one is left for an increment */
}

void bulk_advance(struct ledger *ledger, uint64_t now)
{
    struct bulk *bulk = &ledger->bulk;

    if (has_part_to_make(ledger) && bulk->turn < TURN_PARTS)
        make_part(ledger, now);
    else if (bulk->phase == BULK_WALKED && bulk->waiting == 0 && outbox_room(ledger->flights) >= 2)
        make_end(ledger, now);
}

void bulk_turn(struct ledger *ledger)
{
    ledger->bulk.turn = 0;
}

uint64_t bulk_deadline(const struct ledger *ledger)
{
    const struct bulk *bulk = &ledger->bulk;

    return bulk->turn >= TURN_PARTS && has_part_to_make(ledger) ? bulk->turn_at : L2TPHA_NEVER;
}

void bulk_done(struct ledger *ledger, uint64_t number)
{
    struct bulk *bulk = &ledger->bulk;
    uint32_t done = 0;

    while (done < bulk->waiting && bulk->parts[done].number <= number)
        bulk->bytes -= bulk->parts[done++].bytes;
    memmove(bulk->parts, bulk->parts + done, (bulk->waiting - done) * sizeof(bulk->parts[0]));
    bulk->waiting -= done;
    if (bulk->phase != BULK_ENDED || number < bulk->end)
        return;
    bulk->phase = BULK_NONE;
    ASSERT(ledger->options.log, ledger->mode == LEDGER_GATED);
    ASSERT(ledger->options.log, bulk->waiting == 0);
    ledger->in_sync = true;
    ledger->options.mode_changed(ledger->options.user, LEDGER_GATED, true, NULL);
}

int bulk_begin(struct ledger *ledger, uint64_t now)
{
    struct l2tpha_checkpoint_header header = {.kind = L2TPHA_CHECKPOINT_BULK_BEGIN};

    if (++ledger->generation == GENERATION_RECEIVED)
        ledger->generation = 1;
    ledger->mode = LEDGER_BULK;
    ledger->bulk = (struct bulk){.phase = BULK_TUNNELS};
    header.generation = ledger->generation;
    int error = ledger_write(ledger, &header, NULL, NULL, now);
    if (error)
        ledger_fail(ledger, error, now);
    return error;
}

int ledger_bulk(struct ledger *ledger, uint64_t now)
{
    ledger_reset(ledger);
    ledger->wanted = ledger->held;
    return ledger->held ? 0 : bulk_begin(ledger, now);
}
