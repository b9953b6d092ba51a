/* SPDX-License-Identifier: MIT */
/* A directory of the system's. */
#ifndef STORE_DISK_POSIX_H
#define STORE_DISK_POSIX_H

#include "store/disk.h"

#include <talloc.h>

/* The disk lasts until its own free(). */
int disk_posix_new(TALLOC_CTX *parent, const char *directory, const struct disk **disk);

#endif
