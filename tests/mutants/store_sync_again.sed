# lib/store/job.c
# program store_runner disk_faults.what_was_dropped_is_missed
# What could not be made durable is tried again: the system has dropped it, and says that all is well.
s/^        return disk->sync(disk->user, \*file);$/        return disk->sync(disk->user, *file) ? disk->sync(disk->user, *file) : L2TPHA_OK;/
