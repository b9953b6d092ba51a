/* SPDX-License-Identifier: MIT */
/* Checked builds: what holds of the table and the ledger between entry calls. */
#ifndef STATE_AUDIT_H
#define STATE_AUDIT_H

#include "state/entry.h"

#define AUDIT_LONG 64 /* what is longer is not walked along: each call has to stay short */

struct ledger;
struct table;

/* What a walk over everything has met, to be compared with what is counted. */
struct tally {
    uint32_t sessions;
    uint32_t extras;
    uint32_t waiting; /* sessions in wait-tunnel */
    uint32_t asked;   /* sessions in a line of failover's */
    uint32_t half_open;
    uint32_t over;
    uint32_t unconfirmed;
    uint32_t recovering;
    uint32_t ready;
    uint32_t running;  /* recovery tunnels of this end's */
    uint32_t in_line;  /* recoveries that wait for a place */
    uint32_t restored; /* ordinary tunnels that are live */
    uint32_t ha_tunnels;
    uint32_t ha_sessions;
};

/* One tunnel, its queue, its place in the index and on a list; and one session. */
void table_audit_tunnel(const struct table *table, const struct tunnel_entry *entry,
                        struct tally *tally);
void table_audit_session(const struct table *table, const struct session_entry *entry,
                         struct tally *tally);
/* After a walk over all of them. */
void table_audit_counts(const struct table *table, const struct tally *tally);
/* Numbers, mode and lists. It takes as long as the lists of what is marked are, and no transaction
 * is open. */
void ledger_audit(const struct ledger *ledger);

#endif
