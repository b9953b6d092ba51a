/* SPDX-License-Identifier: MIT */
#ifndef SEAL_FAILURE_H
#define SEAL_FAILURE_H

#include "seal_private.h"

/* Nothing more is said or handed up. Gives the error back. reason: static. */
int seal_fail(struct l2tpha_seal *seal, int error, const char *reason);
/* The same where the error says all. */
int seal_fail_as(struct l2tpha_seal *seal, int error);
/* All that is secret in it. */
void seal_wipe(struct l2tpha_seal *seal);

#endif
