/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LINE_MAX_LEN 512

void log_say(const struct log *log, enum l2tpha_log_category category, uint32_t tunnel_id,
             uint32_t session_id, const char *format, ...)
{
    static const char cut[] = "...";
    char text[LINE_MAX_LEN + 1];
    va_list arguments;

    if (!log_wanted(log, category))
        return;
    va_start(arguments, format);
    int len = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (len < 0) /* a text that cannot be formatted still shows that there was one */
        memcpy(text, cut, sizeof(cut));
    else if (len > LINE_MAX_LEN)
        memcpy(text + sizeof(text) - sizeof(cut), cut, sizeof(cut));

    struct l2tpha_log_line line = {.category = category,
                                   .now = log->now,
                                   .tunnel_id = tunnel_id,
                                   .session_id = session_id,
                                   .text = text,
                                   .format = format};
    bool nowhere = false;
    bool *asking = log->asking ? log->asking : &nowhere;
    bool before = *asking;
    *asking = true;
    log->host->log(log->host->user, &line);
    *asking = before;
}
