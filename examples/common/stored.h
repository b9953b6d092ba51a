/* SPDX-License-Identifier: MIT */
/* The store of --store. */
#ifndef EXAMPLES_STORED_H
#define EXAMPLES_STORED_H

#include "options.h"

#include <l2tpha/store.h>

/* *store: to be freed by l2tpha_store::free; left alone where none is asked for. NULL, or what is
 * wrong, a child of parent. */
const char *stored_new(TALLOC_CTX *parent, const struct options *options,
                       struct l2tpha_store **store);

#endif
