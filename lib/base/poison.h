/* SPDX-License-Identifier: MIT */
/* What lies in a slab or a pool and is nobody's: AddressSanitizer reports whoever still uses it. In
 * other builds these do nothing. */
#ifndef BASE_POISON_H
#define BASE_POISON_H

#if defined(__SANITIZE_ADDRESS__)
#define POISON_CHECKED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POISON_CHECKED 1
#endif
#endif

#ifdef POISON_CHECKED
#include <sanitizer/asan_interface.h>
#define poison(data, len) __asan_poison_memory_region(data, len)
#define unpoison(data, len) __asan_unpoison_memory_region(data, len)
#else
#define poison(data, len) ((void)(data), (void)(len))
#define unpoison(data, len) ((void)(data), (void)(len))
#endif

#endif
