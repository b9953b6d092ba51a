# lib/store/file_job.c
# program store_runner disk_faults.what_was_dropped_is_missed
# A disk that could not is a warning.
/^static void harvest_stream/,/^}/s/^    if (status) {.*$/    if (status \&\& stream->state == STREAM_NEW) {/
