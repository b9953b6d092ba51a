/* SPDX-License-Identifier: MIT */
/* A thread that runs jobs: a disk may take its time. */
#ifndef STORE_THREAD_H
#define STORE_THREAD_H

#include "store/job.h"

#include <talloc.h>

/* The disk is the caller's, and lasts. */
int thread_new(TALLOC_CTX *parent, const struct disk *disk, struct worker *worker);

#endif
