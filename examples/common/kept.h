/* SPDX-License-Identifier: MIT */
/* The UDP socket outlives its process with the service manager that has started it: systemd's store
 * of descriptors, or l2tpha-keeper. What comes while no process is there waits in the socket, and
 * no peer is told that the port is closed. The environment is read here, and nowhere else. */
#ifndef EXAMPLES_KEPT_H
#define EXAMPLES_KEPT_H

#include "log.h"

#include <sys/types.h>

#define KEPT_NAME "l2tp-0"

struct kept;

/* Find the service manager, and which descriptors it has handed over. The first thing that a
 * program does: what is open later is its own, whatever the environment says. */
struct kept *kept_new(TALLOC_CTX *parent);

/* Look at what has been handed over: the first socket that is bound to this address waits to be
 * taken. All others are closed, each with a line in the log, and so that the manager keeps them no
 * longer: a node that is started with another --listen than before must not fail for that each
 * time. address: NULL = nothing is taken or given to be kept. log: from now on; borrowed. */
void kept_receive(struct kept *kept, struct log *log, const struct l2tpha_address *address);

/* The one that waits, the caller's from now on; -1 = none does. */
int kept_take(struct kept *kept);

/* The socket that the manager is to keep, borrowed until the next call; -1 = none. What waits and
 * was not taken is closed. */
void kept_set(struct kept *kept, int fd);

/* The node serves, or stands by; it leaves. */
void kept_ready(struct kept *kept);
void kept_stopping(struct kept *kept);

/* From the outset: nothing is said before this process serves, which kept_ready() tells then, and
 * that it is the main one. Until then another one may be, whose socket is kept. */
void kept_wait(struct kept *kept);
/* Another process serves in place of this one, with the same socket: it is the main one. Nothing
 * more is said. */
void kept_leave(struct kept *kept, pid_t successor);

/* Say what a manager that was stopped, or busy, has not taken: at kept_deadline(), UINT64_MAX = all
 * is said. */
void kept_tell(struct kept *kept, uint64_t now);
uint64_t kept_deadline(const struct kept *kept);

#endif
