/* SPDX-License-Identifier: MIT */
/* Cursors: the places of the consumers in the log. A standby and a store are consumers alike. */
#ifndef STATE_CURSOR_H
#define STATE_CURSOR_H

#include <l2tpha/types.h>
#include <talloc.h>

struct ledger;

#define LEDGER_CURSORS 8

enum cursor_state {
    CURSOR_OUT,     /* it gets nothing; there is a reason */
    CURSOR_WAITING, /* for its copy, which begins when no other is under way */
    CURSOR_COPYING, /* it gets the copy, and increments between its parts */
    CURSOR_ENDED,   /* the whole copy was handed out */
    CURSOR_IN_SYNC  /* ... and is confirmed */
};

struct cursor_options {
    const char *name;    /* copied; no other cursor has it */
    bool gates;          /* outputs wait for it once its copy has ended, */
    uint64_t timeout_us; /* ... for the oldest thing so long at most */
    bool returns;        /* it may come back after the end of its stream: ledger_resume.h */
};

/* A cursor at a glance. */
struct cursor_info {
    const char *name;
    bool gates;
    enum cursor_state state;
    const char *why;       /* CURSOR_OUT */
    bool kept;             /* ... but what it lacks is in the log */
    int status;            /* error by which it has refused, 0 = it has not */
    uint64_t acknowledged; /* newest number that it has confirmed, of those that are for it */
    uint64_t whole;        /* newest one up to which it holds everything; 0 = it is being filled */
};

/* A consumer more, out of the stream. Ids count from 1 and are used again.
 * L2TPHA_ERR_EXISTS: the name is taken; L2TPHA_ERR_LIMIT; L2TPHA_ERR_NOMEM. */
int cursor_add(struct ledger *ledger, const struct cursor_options *options, uint32_t *id);
/* The one that has this name; 0 = none. */
uint32_t cursor_find(const struct ledger *ledger, const char *name);
/* False: there is none with this id. */
bool cursor_get(const struct ledger *ledger, uint32_t id, struct cursor_info *info);
/* From the next ledger_follow() on outputs wait for it whatever becomes of it, until that is taken
 * back, for anything newer than what it holds and what was let on before. L2TPHA_ERR_NOT_FOUND;
 * L2TPHA_ERR_INVALID: it gates nothing. */
int cursor_hold(struct ledger *ledger, uint32_t id, bool holds);

/* --- for the files of the ledger --- */
struct cursor;
struct cursor *cursor_of(const struct ledger *ledger, uint32_t id); /* NULL = there is none */
void cursor_remove(struct ledger *ledger, struct cursor *cursor);
/* It was handed out: what comes next in its stream. */
int cursor_note(struct cursor *cursor, uint64_t number, uint32_t part, bool end, uint64_t now);
bool cursor_is_in_stream(const struct cursor *cursor); /* it gets increments */
bool cursor_wants_log(const struct cursor *cursor);    /* ... or may come back for them */
bool cursor_is_waited_for(const struct cursor *cursor);
/* Up to this number nothing has waited for it, unless it holds. */
void cursor_let_on(struct cursor *cursor, uint64_t number);
/* What it is known to hold, or was not waited for. */
uint64_t cursor_known(const struct cursor *cursor);
/* Whether one more thing may be on its way to it. */
bool cursor_has_room(const struct cursor *cursor);

#endif
