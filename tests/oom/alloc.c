/* SPDX-License-Identifier: MIT */
#include "oom/alloc.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

/* glibc's own, under the names that it exports for this purpose. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void __libc_free(void *old);

static struct {
    bool armed;
    bool failed;
    bool starved;
    enum alloc_mode mode;
    unsigned paused;
    uint64_t at;
    uint64_t count;
    uint64_t live;
} state;

static bool fails(void)
{
    if (state.starved)
        return true;
    if (!state.armed || state.paused)
        return false;
    uint64_t number = state.count++;
    if (number != state.at && !(state.mode == ALLOC_STICKY && number > state.at))
        return false;
    state.failed = true;
    errno = ENOMEM;
    return true;
}

static void *count(void *block)
{
    state.live += block != NULL;
    return block;
}

void *malloc(size_t size)
{
    return fails() ? NULL : count(__libc_malloc(size));
}

void *calloc(size_t number, size_t size)
{
    return fails() ? NULL : count(__libc_calloc(number, size));
}

void *realloc(void *old, size_t size)
{
    if (!old)
        return malloc(size);
    if (size == 0) {
        free(old);
        return NULL;
    }
    return fails() ? NULL : __libc_realloc(old, size);
}

void free(void *old)
{
    state.live -= old != NULL;
    __libc_free(old);
}

void alloc_arm(uint64_t n, enum alloc_mode mode)
{
    state.armed = true;
    state.failed = false;
    state.mode = mode;
    state.at = n;
    state.count = 0;
}

bool alloc_disarm(void)
{
    state.armed = false;
    return state.failed;
}

void alloc_pause(void)
{
    state.paused++;
}

void alloc_resume(void)
{
    state.paused--;
}

void alloc_starve(bool starve)
{
    state.starved = starve;
}

uint64_t alloc_count(void)
{
    return state.count;
}

bool alloc_failed(void)
{
    return state.failed;
}

bool alloc_keeps_failing(void)
{
    return state.failed && state.mode == ALLOC_STICKY;
}

uint64_t alloc_live(void)
{
    return state.live;
}
