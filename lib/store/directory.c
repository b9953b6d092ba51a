/* SPDX-License-Identifier: MIT */
/* The store in a directory: the system's disk, and a thread that waits for it. */
#include "store/disk_posix.h"
#include "store/file_store.h"
#include "store/thread.h"

int l2tpha_file_store_new(TALLOC_CTX *parent, const char *directory, struct l2tpha_store **store)
{
    struct disk *disk;
    struct worker worker;

    if (!directory || !*directory || !store)
        return L2TPHA_ERR_INVALID;
    disk = talloc_zero(parent, struct disk);
    if (!disk)
        return L2TPHA_ERR_NOMEM;
    int error = disk_posix_new(disk, directory, disk);
    if (!error)
        error = thread_new(disk, disk, &worker);
    if (error) {
        if (disk->free)
            disk->free(disk->user);
        talloc_free(disk);
        return error;
    }
    error = file_store_new(parent, disk, &worker, store);
    if (error)
        talloc_free(disk);
    else
        talloc_steal(*store, disk); /* which is in the middle of its own */
    return error;
}
