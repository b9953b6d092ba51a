/* SPDX-License-Identifier: MIT */
/* The store of --store etcd:. */
#ifndef EXAMPLES_STORED_ETCD_H
#define EXAMPLES_STORED_ETCD_H

#include "options.h"

#include <l2tpha/store.h>

#define STORED_ETCD "etcd://"

/* NULL, or what is wrong. */
const char *stored_etcd(TALLOC_CTX *parent, const struct options *options,
                        struct l2tpha_store **store);

#endif
