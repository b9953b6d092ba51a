/* SPDX-License-Identifier: MIT */
/* Let a talloc tree run out of memory. */
#ifndef TESTS_UNIT_STARVE_H
#define TESTS_UNIT_STARVE_H

#include <talloc.h>

/* From here on the tree may grow by so many bytes; NOT_STARVED lifts the limit. The call is marked
 * as deprecated, yet nothing else makes one tree run dry. */
#define NOT_STARVED SIZE_MAX

static inline void starve(TALLOC_CTX *tree, size_t more)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    talloc_set_memlimit(tree, more == NOT_STARVED ? 0 : talloc_total_size(tree) + more + 1);
#pragma GCC diagnostic pop
}

#endif
