/* SPDX-License-Identifier: MIT */
/* A store in the segments of a directory, over whatever disk and worker there are. Two streams at
 * most are written at a time: one that goes on, and one that is being filled. All that waits for
 * the disk goes in one job, the next one when that has ended. */
#ifndef STORE_FILE_STORE_H
#define STORE_FILE_STORE_H

#include "store/job.h"

#include <l2tpha/store.h>
#include <talloc.h>

/* Disk and worker are the store's from now on, whatever is returned. */
int file_store_new(TALLOC_CTX *parent, const struct disk *disk, const struct worker *worker,
                   struct l2tpha_store **store);

#endif
