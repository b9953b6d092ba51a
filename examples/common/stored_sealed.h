/* SPDX-License-Identifier: MIT */
/* --store-key: what is stored is sealed. */
#ifndef EXAMPLES_STORED_SEALED_H
#define EXAMPLES_STORED_SEALED_H

#include "options.h"

#include <l2tpha/store.h>

/* A sealed store around *store, in its place. Its keys live as long as parent. NULL, or what is
 * wrong, static or a child of parent. */
const char *stored_sealed(TALLOC_CTX *parent, const struct options *options,
                          struct l2tpha_store **store);

#endif
