/* SPDX-License-Identifier: MIT */
/* What a node that is to serve has to begin from. */
#ifndef AUTHORITY_COPY_H
#define AUTHORITY_COPY_H

#include "authority/lease_private.h"

/* NULL, and how far its copy is to be believed; or why it may not serve. */
const char *copy_trust(const struct l2tpha_lease *lease, enum l2tpha_trust *trust);

#endif
