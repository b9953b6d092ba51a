/* SPDX-License-Identifier: MIT */
/* Log lines on stderr, as text or as one JSON object each. */
#ifndef EXAMPLES_LOG_H
#define EXAMPLES_LOG_H

#include <l2tpha/host.h>

struct log {
    bool json;
};

void log_put(const struct log *log, const struct l2tpha_log_line *line);

/* A line of the program's own. */
void log_say(const struct log *log, enum l2tpha_log_category category, const char *format, ...)
    L2TPHA_PRINTF(3, 4);

/* The same about one tunnel or session; 0 = none. */
void log_about(const struct log *log, enum l2tpha_log_category category, uint32_t tunnel_id,
               uint32_t session_id, const char *format, ...) L2TPHA_PRINTF(5, 6);

/* Name of a category, and the category of a name: 0 if there is none; "all" is all of them. */
const char *log_category_name(enum l2tpha_log_category category);
uint32_t log_category_find(const char *name, size_t len);

/* A list such as "cf,resync" as a mask; 0 if a name in it is unknown or missing. */
uint32_t log_categories_parse(const char *list);

#endif
