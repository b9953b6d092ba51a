/* SPDX-License-Identifier: MIT */
/* What levels mean for a record (docs/checkpoint-format.md, "Levels"): what a writer of a lower
 * level could not keep up to date is dropped when it is read, and values that an older reader
 * refuses are written only when the level in force allows it.
 *
 * A reader needs nothing but the level in the checkpoint's header: an epoch has one writer and
 * begins with a copy, so all that a replica holds of a record is of one level. */
#ifndef STATE_LEVEL_H
#define STATE_LEVEL_H

#include <l2tpha/fields.h>
#include <string.h>

/* Values are kinds of record. */
#define LEVEL_KIND(number, noun, FIELDS) LEVEL_##noun = (number),
enum { L2TPHA_RECORDS(LEVEL_KIND) };

#define LEVEL_DROP(noun, member, since, carry) LEVEL_DROP_##carry(noun, member, since)
#define LEVEL_DROP_KEEP(noun, member, since)
#define LEVEL_DROP_FRESH(noun, member, since)                                                      \
    if ((uint32_t)record->kind == LEVEL_##noun && level < (since))                                 \
        memset(&record->of.noun.member, 0, sizeof(record->of.noun.member));

#ifdef L2TPHA_NEXT
/* What the newer release checks and says: each field is so, or not there. */
static inline uint32_t level_sum(const struct l2tpha_tunnel_record *record)
{
    return 1 + ((uint32_t)record->ns << 8 ^ record->nr);
}

static inline uint32_t level_mark(uint32_t session_id)
{
    return session_id * 2654435761u | 1;
}

static inline bool level_is_so(struct l2tpha_record *record)
{
    switch (record->kind) {
    case L2TPHA_RECORD_TUNNEL:
        return !record->of.tunnel.next_sum ||
               record->of.tunnel.next_sum == level_sum(&record->of.tunnel);
    case L2TPHA_RECORD_NODE:
        return !record->of.node.next_serial ||
               record->of.node.next_serial == record->of.node.call_serial;
    case L2TPHA_RECORD_SESSION:
        if (record->of.session.state > L2TPHA_SESSION_ESTABLISHED)
            record->of.session.state = L2TPHA_SESSION_ESTABLISHED;
        return !record->of.session.next_mark ||
               record->of.session.next_mark == level_mark(record->of.session.local_id);
    default:
        return true;
    }
}

/* The record as it is to be written: `marked`, or itself. */
static inline const struct l2tpha_record *
level_put(uint32_t level, const struct l2tpha_record *record, struct l2tpha_record *marked)
{
    *marked = *record;
    if (record->kind == L2TPHA_RECORD_TUNNEL)
        marked->of.tunnel.next_sum = level_sum(&record->of.tunnel);
    if (record->kind == L2TPHA_RECORD_NODE)
        marked->of.node.next_serial = record->of.node.call_serial;
    if (record->kind == L2TPHA_RECORD_SESSION && level >= 2 &&
        record->of.session.state == L2TPHA_SESSION_ESTABLISHED)
        marked->of.session.state++;
    return marked;
}
#else
static inline bool level_is_so(const struct l2tpha_record *record)
{
    (void)record;
    return true;
}

static inline const struct l2tpha_record *
level_put(uint32_t level, const struct l2tpha_record *record, struct l2tpha_record *marked)
{
    (void)level, (void)marked;
    return record;
}
#endif

/* A record as it was read from a writer of this level. False: what it says of itself is not so. */
static inline bool level_take(uint32_t level, struct l2tpha_record *record)
{
    (void)level;
    L2TPHA_LATER_FIELDS(LEVEL_DROP)
    return level_is_so(record);
}

#endif
