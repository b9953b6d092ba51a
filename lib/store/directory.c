/* SPDX-License-Identifier: MIT */
/* The store in a directory: the system's disk, and a thread that waits for it. */
#include "store/disk_posix.h"
#include "store/file_store.h"
#include "store/thread.h"

int l2tpha_file_store_new(TALLOC_CTX *parent, const char *directory, struct l2tpha_store **store)
{
    const struct disk *disk;
    struct worker worker;

    if (!directory || !*directory || !store)
        return L2TPHA_ERR_INVALID;
    int error = disk_posix_new(parent, directory, &disk);
    if (error)
        return error;
    error = thread_new(parent, disk, &worker);
    if (error) {
        disk->free(disk->user);
        return error;
    }
    return file_store_new(parent, disk, &worker, store);
}
