/* SPDX-License-Identifier: MIT */
/* --filter: which records are meant. */
#ifndef DUMP_FILTER_H
#define DUMP_FILTER_H

#include <l2tpha/record.h>

#define FILTER_IDS 65536 /* of tunnels in L2TPv2 */

/* All zero = all records. */
struct filter {
    bool any;
    uint32_t tunnel, session;        /* local ids; 0 = any */
    char peer[256];                  /* its host name; empty = any */
    uint64_t peers[FILTER_IDS / 64]; /* tunnels that are with it, by what was seen so far */
};

/* tunnel=ID, session=ID, peer=NAME, or several of them with commas between. NULL, or what is
 * wrong. */
const char *filter_parse(const char *text, struct filter *filter);

/* To be asked about each record in turn. */
bool filter_takes(struct filter *filter, const struct l2tpha_record *record);

#endif
