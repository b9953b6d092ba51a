/* SPDX-License-Identifier: MIT */
/* The program's own malloc, which libtalloc is bound to as well: it fails where a test wants. */
#ifndef OOM_ALLOC_H
#define OOM_ALLOC_H

#include <stdbool.h>
#include <stdint.h>

enum alloc_mode {
    ALLOC_ONCE,  /* one allocation fails */
    ALLOC_STICKY /* all from that one on */
};

#define ALLOC_ALL UINT64_MAX

/* From here on the n-th allocation (0 = the next one) fails; ALLOC_ALL = none does. */
void alloc_arm(uint64_t n, enum alloc_mode mode);
/* No more failures. Returns whether there was one. */
bool alloc_disarm(void);
/* Nothing fails and nothing is counted in between; they nest. */
void alloc_pause(void);
void alloc_resume(void);
/* All allocations fail, uncounted, until the next call. */
void alloc_starve(bool starve);
/* Allocations since the last alloc_arm(). */
uint64_t alloc_count(void);
/* Whether one has failed since. */
bool alloc_failed(void);
/* Whether from that one on all do. */
bool alloc_keeps_failing(void);
/* Blocks alive. */
uint64_t alloc_live(void);

#endif
