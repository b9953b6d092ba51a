/* SPDX-License-Identifier: MIT */
/* The gate. What has left for a peer cannot be taken back, so a takeover loses nothing of a tunnel
 * if nothing of it has left that the standby does not hold. Two numbers of each tunnel say what may
 * leave: a message whose Ns is below ns_safe, and no Nr but nr_safe, with which the channel stamps
 * whatever leaves, a copy and a ZLB as well (channel_next()). The host is told an event, and a
 * number of data is used, when the checkpoint that has it is confirmed; that is looked at where
 * they leave (node/poll.c, dispatch/data.c).
 *
 *     peer               active                                       standby
 *      | ICRQ, Ns 3       |                                              |
 *      |----------------->| Nr 3 -> 4; the ICRP is queued, Ns 5 -> 6     |
 *      |                  | commit: checkpoint n; mark { n, Ns 6, Nr 4 } |
 *      |                  | checkpoint n                                 |
 *      |                  |--------------------------------------------->| applied
 *      |  nothing leaves: | ns_safe 5, nr_safe 3                         |
 *      |                  |                                    n is done |
 *      |                  |<---------------------------------------------|
 *      |                  | mark n: ns_safe 6, nr_safe 4                 |
 *      | ICRP, Ns 5, Nr 4 |                                              |
 *      |<-----------------|                                              |
 *
 * - A checkpoint leaves one mark for each tunnel whose numbers it moves. They stand in a ring in
 *   the order of checkpoints, so a confirmation costs what it confirms.
 * - ns_safe <= ns_committed <= Ns, and nr_safe <= Nr, serially. Neither goes back, but where the
 *   channel is reset: then both begin with the new numbers, and a mark made before (below `born`)
 *   is not about these.
 * - Several consumers may be waited for: then a number is confirmed when all of them have it. Who
 *   joins them is waited for from the end of its copy on, and who leaves is not any more.
 * - Without a standby, and while a copy for the first is under way, nothing waits: ledger_clean()
 *   moves them as the transaction ends. Marks are made from BULK_END on. When nobody is left who is
 *   waited for all marks are popped at once, confirmed or not: the node goes on alone.
 * - An acknowledgement that only moves the oldest unacknowledged Ns leaves no mark: a standby that
 *   does not know of it repeats a message at worst.
 * - Ungated commit lets nr_safe be Nr, and ns_safe be ahead of the confirmation by a lease, from
 *   what the standby knows to be acknowledged (precede_standby()). So there the copy and each
 *   acknowledgement leave marks as well. What a takeover makes of that is failover/lagging.c. */
#include "state/ledger_gate.h"

#include "base/assert.h"
#include "base/serial.h"
#include "state/ledger_private.h"
#include "state/order.h"
#include "state/record.h"

static void set_safe(struct ledger *ledger, struct tunnel_entry *entry, uint16_t ns, uint16_t nr)
{
    entry->ns_safe = ns;
    entry->nr_safe = nr;
    ASSERT(ledger->options.log, entry_is_in_order(entry));
    ledger->options.confirmed(ledger->options.user, entry);
}

/* Ungated commit (docs/architecture.md, "Ungated commit"): what leaves is in some checkpoint and
 * within the lease, which runs from what the standby knows to be acknowledged. Whatever may leave
 * once may leave again. */
static void precede_standby(struct ledger *ledger, struct tunnel_entry *entry)
{
    uint16_t lease = record_lease(&entry->record, ledger->options.resync_packets);
    uint16_t end = (uint16_t)(entry->acked_safe + lease);

    if (ledger->mode != LEDGER_GATED || serial_after(end, entry->ns_committed))
        end = entry->ns_committed;
    if (serial_before(end, entry->ns_safe))
        end = entry->ns_safe;
    set_safe(ledger, entry, end, entry->nr_safe);
}

/* A lease is of numbers of an established tunnel that the standby knows as one: of another, or of
 * one that it knows by numbers of before a restart, nothing could be resynchronised. So set-up
 * waits in every mode, and what follows a restart, and a recovery tunnel, which tells the peer of
 * it. */
static bool may_precede_standby(const struct ledger *ledger, const struct tunnel_entry *entry)
{
    return ledger_is_ungated(ledger) && entry->ahead_from > 0 &&
           entry->ahead_from <= ledger_known(ledger) + 1 && !entry->record.recovers;
}

static uint16_t later(uint16_t a, uint16_t b)
{
    return serial_after(a, b) ? a : b;
}

static void pop_mark(struct ledger *ledger)
{
    const struct mark mark = *(const struct mark *)outbox_head(ledger->marks);
    ASSERT(ledger->options.log, mark.number <= ledger->last);
    outbox_pop(ledger->marks);
    struct tunnel_entry *entry = table_tunnel_find(ledger->options.table, mark.tunnel_id);
    if (!entry || entry->born == 0 || mark.number + 1 < entry->born)
        return;
    if (!may_precede_standby(ledger, entry)) {
        /* In ungated commit a copy under way has marks as well, which nothing has waited for. */
        set_safe(ledger, entry, later(mark.ns, entry->ns_safe), later(mark.nr, entry->nr_safe));
        return;
    }
    entry->nr_safe = entry->record.nr;
    entry->acked_safe = mark.acked;
    precede_standby(ledger, entry);
}

void ledger_open_gate(struct ledger *ledger, uint64_t known)
{
    const struct mark *mark;

    ledger->known = known;
    while ((mark = outbox_head(ledger->marks)) && mark->number <= known)
        pop_mark(ledger);
}

int ledger_push_mark(struct ledger *ledger, struct tunnel_entry *entry)
{
    const struct l2tpha_tunnel_record *record = &entry->record;
    int error;
    struct mark *mark = outbox_push(ledger->marks, &error);

    if (!mark)
        return error;
    *mark = (struct mark){ledger->last, record->local_id, record->ns, record->nr, record->acked};
    return 0;
}

/* The lists are taken off first: what the callback marks belongs to the next transaction. */
void ledger_clean(struct ledger *ledger, uint64_t number)
{
    struct tunnel_entry *tunnels = ledger->dirty_tunnels;
    bool ungated = ledger_is_ungated(ledger);

    ledger->dirty_tunnels = NULL;
    while (ledger->dirty_count > 0)
        ledger->dirty_sessions[--ledger->dirty_count]->dirty = 0;
    ledger->gone_count = 0;
    ledger->must_commit = ledger->increment_open = ledger->lost = ledger->dirty_node = false;
    ledger->dirty_bytes = 0;
    ledger->deferred_since = L2TPHA_NEVER;
    if (tunnels)
        tunnels->dirty_back = &tunnels;
    while (tunnels) {
        struct tunnel_entry *entry = tunnels;
        bool moved = entry->dirty != DIRTY_ACKED;
        ASSERT(ledger->options.log, entry->dirty && *entry->dirty_back == entry);
        ledger_unmark_tunnel(entry);
        entry->acked_committed = entry->record.acked;
        if (!moved) {
            if (ungated && number == 0)
                precede_standby(ledger, entry); /* nobody is there to lease from */
            continue;
        }
        entry->ns_committed = entry->record.ns;
        if (entry->born == 0)
            entry->born = (number ? number : ledger->last) + 1;
        if (number > 0)
            ledger_note_known(entry, number);
        if (number > 0 && ledger->mode == LEDGER_GATED && !may_precede_standby(ledger, entry))
            continue;
        entry->nr_safe = entry->record.nr;
        if (ungated) {
            entry->moved = number;
            precede_standby(ledger, entry);
        } else {
            set_safe(ledger, entry, entry->record.ns, entry->record.nr);
        }
    }
}
