/* SPDX-License-Identifier: MIT */
/* How a store is, as an answer says. */
#ifndef ETCD_STATE_H
#define ETCD_STATE_H

#include "store_private.h"

/* Of responses to the reads of a state. RECORD, RECORD_VERSION. */
int state_read(const struct etcd_store *store, const json_t *responses, struct state *state);
/* Whether this process has it, by whichever of its acquisitions. */
bool state_is_mine(const struct etcd_store *store, const struct state *state);
/* ... by the one that holds now. */
bool state_is_held(const struct etcd_store *store, const struct state *state);

#endif
