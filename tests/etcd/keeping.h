/* SPDX-License-Identifier: MIT */
/* Stores (contract/stores.h) on a cluster of the tests'. Time jumps where somebody is kept waiting.
 */
#ifndef TESTS_ETCD_KEEPING_H
#define TESTS_ETCD_KEEPING_H

#include "cluster.h"
#include "contract/stores.h"

#include <l2tpha/etcd.h>

extern const struct kind kind_etcd;
extern struct l2tpha_etcd_store_options keeping_options; /* of the next ones */
extern uint64_t keeping_skipped;                         /* microseconds that time is ahead */

/* The ends of a test: nothing fails any more. */
void keeping_end(void);
bool keeping_is_exact(void);

#endif
