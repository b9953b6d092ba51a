/* SPDX-License-Identifier: MIT */
/* What the node is now. */
#ifndef PAIR_INFO_H
#define PAIR_INFO_H

#include <l2tpha/pair.h>

struct l2tpha_redundancy_info info_of(const struct l2tpha_pair *pair);
bool is_standby(const struct l2tpha_pair *pair);
/* A standby was asked to serve, or told to. */
bool is_offered(const struct l2tpha_pair *pair);
/* The standby was told to serve, and nothing was heard since. */
bool has_handed(const struct l2tpha_pair *pair);
/* Standby: how long its copy has not been known to be the newest, microseconds. */
uint64_t behind_us(const struct l2tpha_pair *pair);

#endif
