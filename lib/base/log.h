/* SPDX-License-Identifier: MIT */
/* The log line: formatted only when the host wants its category, handed over at once. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <l2tpha/host.h>

struct log {
    const struct l2tpha_host *host;
    uint32_t mask;    /* enum l2tpha_log_category bits that are on */
    uint64_t now;     /* set by the node at each entry call */
    bool *asking;     /* set while the host has the line; NULL = nobody wants to know */
    uint64_t *failed; /* counts assertions that did not hold; NULL = nobody does */
};

static inline bool log_wanted(const struct log *log, enum l2tpha_log_category category)
{
    return (log->mask & (uint32_t)category) && log->host->log;
}

/* At most 512 bytes; longer text is cut and ends in "...". */
void log_say(const struct log *log, enum l2tpha_log_category category, uint32_t tunnel_id,
             uint32_t session_id, const char *format, ...) L2TPHA_PRINTF(5, 6);

/* A build without lines (L2TPHA_LOG) has neither the calls nor their texts. */
#ifdef L2TPHA_LOGLESS
#define LOG_IS_BUILT false
#else
#define LOG_IS_BUILT true
#endif
#define log_line(log, ...) (LOG_IS_BUILT ? log_say(log, __VA_ARGS__) : (void)(log))

#endif
