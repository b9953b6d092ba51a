/* SPDX-License-Identifier: MIT */
/* A consumer comes back after the end of its stream, and goes on where it was. */
#ifndef STATE_LEDGER_RESUME_H
#define STATE_LEDGER_RESUME_H

#include <l2tpha/types.h>

struct ledger;

/* It says that it has the copy of this name and all increments up to `last`: what it lacks is given
 * out, then RESUME, from which on outputs wait for it as after a copy. L2TPHA_ERR_NOT_FOUND: it
 * lacks what is not there any more, or its copy is another one; it needs a new one. */
int ledger_resume(struct ledger *ledger, uint32_t id, uint64_t copy, uint64_t last);

#endif
