/* SPDX-License-Identifier: MIT */
/* The end of a cursor's stream. Who is left decides what outputs wait for. */
#ifndef STATE_LEDGER_STOP_H
#define STATE_LEDGER_STOP_H

#include "state/entry.h"

struct cursor;
struct ledger;

/* It listens no more; and it is there no more, if it is removed. Unknown ids are passed over. */
void ledger_stop_one(struct ledger *ledger, uint32_t id, const char *why);
/* Its stream has ended: one that may come back, and had its copy, has its place in the log kept. */
void ledger_leave(struct ledger *ledger, uint32_t id, const char *why);
void ledger_remove(struct ledger *ledger, uint32_t id, const char *why);

/* --- for the files of the ledger --- */
/* Cursors have moved, or their states have changed: mode, gate and log follow. why: of one that was
 * lost. */
void ledger_follow(struct ledger *ledger, const char *why);
/* It gets nothing more but a word that it is stale from here on. */
void ledger_abandon(struct ledger *ledger, struct cursor *cursor, const char *why);
/* ... with ledger_follow() yet to come. */
void ledger_drop(struct ledger *ledger, struct cursor *cursor, const char *why);
/* An increment cannot be written: nobody can go on from here. */
void ledger_fail(struct ledger *ledger, int error);
/* The reason that an error is. */
const char *ledger_reason(int error);

#endif
