/* SPDX-License-Identifier: MIT */
/* How a link ends. */
#ifndef REDUNDANCY_LINK_END_H
#define REDUNDANCY_LINK_END_H

#include "redundancy/link_state.h"

/* The stream is over, and the node is told. */
void link_stop_serving(struct l2tpha_link *link, uint64_t now);
/* The first error ends the link and stays; returns the one that did. */
int link_fail(struct l2tpha_link *link, int error, uint64_t now);
/* A newer epoch serves: this node stops, and says so. */
int link_fenced(struct l2tpha_link *link, uint64_t epoch, uint64_t now);

#endif
