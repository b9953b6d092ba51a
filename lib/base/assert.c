/* SPDX-License-Identifier: MIT */
#include "base/assert.h"

#ifdef L2TPHA_CHECKED
#include <stdio.h>
#include <stdlib.h>

void assert_abort(const char *file, int line, const char *condition)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
    abort();
}
#endif

void assert_note(const struct log *log, const char *condition)
{
    if (!log)
        return;
    if (log->failed)
        ++*log->failed;
    log_line(log, L2TPHA_LOG_ERROR, 0, 0, "does not hold: %s", condition);
}
