/* SPDX-License-Identifier: MIT */
/* What the server does in one go. Each of them first sees whose the store is. They are sent as they
 * are, a few hundred octets beside a batch: a server that has forgotten them, or another one behind
 * the same address, makes no case of its own. */
#ifndef REDIS_SCRIPT_H
#define REDIS_SCRIPT_H

/* KEYS: head, log. ARGV: process, number of the acquisition, "take", "serve" or "again", epoch, the
 * server's run, replicas ("" = as found), "1" where it has any, the newest entry of the log that
 * is known ("" = none), "1" = a run of the server loses nothing, this release's level.
 * OK, the copy's log, "1" = exact, replicas, "1" = somebody had it, level and lowest level of the
 * copy; or FENCED, or FORMAT, or LEVEL and the lowest level. */
extern const char script_acquire[];
/* KEYS: head, log. ARGV: owner, log, number of entries before, id, batch, "1" = whole, level,
 * lowest level: of the copy, if it is. */
extern const char script_append[];
/* KEYS: head. ARGV: owner. It needs no memory: a store that is exact says so. */
extern const char script_mark[];
/* KEYS: head. ARGV: owner, what names of logs begin with, logs that stay besides the copy's. */
extern const char script_sweep[];

#endif
