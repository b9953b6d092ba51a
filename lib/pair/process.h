/* SPDX-License-Identifier: MIT */
/* Whose process it is at the other end of a unix stream: a descriptor of the process itself, so
 * that no other that comes to have its number is ever meant. */
#ifndef PAIR_PROCESS_H
#define PAIR_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

/* -1 = it is not known, or another user's, which is none of our business: *pid is 0 then. Or it is
 * this very process, which is not to be ended. */
int process_open(int stream, pid_t *pid);
bool process_has_ended(int process);
/* 0, or errno: ESRCH = it has ended already. */
int process_kill(int process);

#endif
