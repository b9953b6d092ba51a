/* SPDX-License-Identifier: MIT */
/* Functions that say what is wrong: they stand apart from what is run, and once, not in line at
 * each place that calls them. */
#ifndef BASE_COLD_H
#define BASE_COLD_H

#if defined(__GNUC__)
#define COLD_PATH __attribute__((cold, noinline))
#else
#define COLD_PATH
#endif

#endif
