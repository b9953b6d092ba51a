/* SPDX-License-Identifier: MIT */
/* Ask for memory before it is used. An object of many cache lines that is in no cache then costs
 * one wait for all of them instead of one after the other. Where the compiler has no such hint,
 * nothing. */
#ifndef BASE_PREFETCH_H
#define BASE_PREFETCH_H

#include <stddef.h>

#define CACHE_LINE 64

static inline void prefetch(const void *data, size_t len)
{
#if defined(__GNUC__)
    for (size_t at = 0; at < len; at += CACHE_LINE)
        __builtin_prefetch((const char *)data + at);
#else
    (void)data, (void)len;
#endif
}

#endif
