/* SPDX-License-Identifier: MIT */
/* What the node is now. */
#ifndef PAIR_INFO_H
#define PAIR_INFO_H

#include <l2tpha/pair.h>

struct l2tpha_redundancy_info info_of(const struct l2tpha_pair *pair);
bool is_standby(const struct l2tpha_pair *pair);
/* Standby: its copy is all that was served by one that is dead, or has stopped. */
bool has_exact_copy(const struct l2tpha_pair *pair);
/* l2tpha_pair_options::replaces; and the option that the log is to name then. */
bool replaces(const struct l2tpha_pair *pair);
const char *option_name(const struct l2tpha_pair *pair, const char *option);
/* A standby was asked to serve, or told to. */
bool is_offered(const struct l2tpha_pair *pair);
/* The standby was told to serve, and nothing was heard since. */
bool has_handed(const struct l2tpha_pair *pair);
/* Standby: how long its copy has not been known to be the newest, microseconds. */
uint64_t behind_us(const struct l2tpha_pair *pair);

#endif
