/* SPDX-License-Identifier: MIT */
/* Log lines on stderr, in the journal or in syslog, as text or as one JSON object each. Writing
 * them never waits: lines that nobody takes are lost and counted, and the log says so as soon as it
 * is read again. Nor do lines of one kind come faster than log_limit.h has it: the others are left
 * out and counted, and after a second a line says so. */
#ifndef EXAMPLES_LOG_H
#define EXAMPLES_LOG_H

#include "log_limit.h"
#include "pair/address.h"
#include "sink.h"
#include "writer.h"

#include <l2tpha/host.h>
#include <tevent.h>

#define LOG_NAME_MAX (4 * 255 + 1) /* of a Host Name, escaped */

/* Who a tunnel's peer is. */
struct log_peer {
    char name[LOG_NAME_MAX]; /* "" = not known */
    char address[ADDRESS_TEXT_MAX];
};

/* Where lines go. */
enum log_place { LOG_TO_STDERR, LOG_TO_JOURNAL, LOG_TO_SYSLOG };

struct log {
    bool json;
    enum log_place place;
    const char *program; /* for the journal and syslog */
    struct sink *sink;
    uint64_t lost_told; /* what the log has said of lost lines, and lost of that */
    struct writer line; /* the one that is being made */
    struct log_limit *limit;
    uint64_t (*now)(void); /* monotonic microseconds */
    struct tevent_context *ev;
    struct tevent_timer *timer; /* what was left out is to be said */
    /* Whether the host was told of a tunnel. NULL = of all. */
    bool (*is_told)(void *user, uint32_t tunnel_id);
    /* Who the peer of a tunnel is; false = not known. NULL = nobody knows. */
    bool (*find_peer)(void *user, uint32_t tunnel_id, struct log_peer *peer);
    void *user;
};

/* One line. What is NULL, 0 or "" is left out of it. */
struct log_entry {
    enum l2tpha_log_category category;
    const char *kind; /* of which there are not too many: what it is made from; NULL = no limit */
    uint32_t tunnel_id, session_id;
    const struct log_peer *peer; /* NULL: looked up */
    const char *event;           /* the kind of event that it tells */
    const char *role;            /* into which an event has brought this node */
    uint16_t result, error;      /* of the event */
    bool by_peer;
    uint64_t left_out; /* lines that this one stands for */
    const char *text;
};

/* All zero but for json = ready for log_open(). Whatever the log is not open for is dropped. */
void log_open(struct log *log, TALLOC_CTX *parent, bool json);

/* From now on to the journal or to syslog, each line one message; path: of their socket, NULL = as
 * usual. program: who says it, borrowed. NULL, or what is wrong: then all is as it was. */
const char *log_send(struct log *log, TALLOC_CTX *parent, enum log_place place, const char *path,
                     const char *program);

/* Have the log written as soon as there is room; NULL: the loop ends. */
void log_watch(struct log *log, struct tevent_context *ev);

/* Write what waits, but do not wait long for a reader; nothing is written after that. */
void log_close(struct log *log);

void log_write(struct log *log, const struct log_entry *entry);

/* A line of the library's. */
void log_put(struct log *log, const struct l2tpha_log_line *line);

/* A line of the program's own. */
void log_say(struct log *log, enum l2tpha_log_category category, const char *format, ...)
    L2TPHA_PRINTF(3, 4);

/* The same about one tunnel or session; 0 = none. */
void log_about(struct log *log, enum l2tpha_log_category category, uint32_t tunnel_id,
               uint32_t session_id, const char *format, ...) L2TPHA_PRINTF(5, 6);

/* Lines that nobody has read and nobody will. */
uint64_t log_lost(const struct log *log);

/* Lines that there were too many of. */
uint64_t log_left_out(const struct log *log);

/* Name of a category, and the category of a name: 0 if there is none; "all" is all of them. */
const char *log_category_name(enum l2tpha_log_category category);
uint32_t log_category_find(const char *name, size_t len);

/* A list such as "cf,resync" as a mask; 0 if a name in it is unknown or missing. */
uint32_t log_categories_parse(const char *list);

#endif
