/* SPDX-License-Identifier: MIT */
/* Checked builds: what holds of a link between entry calls. */
#ifndef REDUNDANCY_AUDIT_H
#define REDUNDANCY_AUDIT_H

#include "redundancy/link_state.h"

#ifdef L2TPHA_CHECKED
void link_audit(const struct l2tpha_link *link);
#else
static inline void link_audit(const struct l2tpha_link *link)
{
    (void)link;
}
#endif

#endif
