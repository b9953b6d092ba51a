/* SPDX-License-Identifier: MIT */
/* A directory of the system's. */
#ifndef STORE_DISK_POSIX_H
#define STORE_DISK_POSIX_H

#include "store/disk.h"

#include <talloc.h>

int disk_posix_new(TALLOC_CTX *parent, const char *directory, struct disk *disk);

#endif
