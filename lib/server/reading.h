/* SPDX-License-Identifier: MIT */
/* A log that is read, batch after batch: the first time to see that nothing is missing, the second
 * time to give it back. */
#ifndef SERVER_READING_H
#define SERVER_READING_H

#include "batch.h"

#include <l2tpha/store.h>

/* Zero-fill it, and set log, most, and fn. */
struct reading {
    l2tpha_store_item fn; /* NULL = the first time */
    void *arg;
    uint64_t log;
    uint64_t batches, most; /* taken; the second time: that may be */
    uint64_t items, octets, epoch;
    bool whole, ended;
    const char *fault;
    int error; /* fn's */
};

#define READING_FOREIGN "an entry is none of ours"
#define READING_GAP "an entry is missing"

/* The next entry. False: it is not what had to come, reading->fault. */
bool reading_take(struct reading *reading, const uint8_t *data, size_t len);
bool reading_is_done(const struct reading *reading);
/* The second time is over, of so many batches: what was given back. GAP: it has changed under the
 * reader's eyes. */
int reading_given(const struct reading *reading, uint64_t batches,
                  struct l2tpha_store_found *found);
/* The first time is over: what there is. RECORD: damaged, and not to be mended. */
int reading_end(struct reading *reading, bool mend, bool exact, struct l2tpha_store_found *found);

#endif
