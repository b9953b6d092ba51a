/* SPDX-License-Identifier: MIT */
/* Allocations that fail where they are told to. */
#ifndef TESTS_SEAL_OOM_H
#define TESTS_SEAL_OOM_H

/* From here on the n-th allocation fails, from 1; 0 = none does. */
void oom_at(unsigned n);
/* How many there have been since. */
unsigned oom_count(void);

#endif
