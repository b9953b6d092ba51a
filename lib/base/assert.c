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

static bool count(const struct log *log)
{
    if (log && log->failed)
        ++*log->failed;
    return log != NULL;
}

void assert_note(const struct log *log, const char *condition)
{
    if (count(log))
        log_line(log, L2TPHA_LOG_ERROR, 0, 0, "does not hold: %s", condition);
}

void assert_note_place(const struct log *log, uint32_t place)
{
    if (count(log))
        log_line(log, L2TPHA_LOG_ERROR, 0, 0, "does not hold: file %u, line %u",
                 place / ASSERT_LINES, place % ASSERT_LINES);
}
