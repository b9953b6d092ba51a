/* SPDX-License-Identifier: MIT */
/* What no fault of a stream is: a standby's record silently differs from the active's. A bit of a
 * field has flipped, a record was lost, or one was never removed. */
#ifndef SIM_DIFFER_H
#define SIM_DIFFER_H

#include "state/table.h"

enum differ_kind {
    DIFFER_TUNNEL,      /* a bit of a field */
    DIFFER_TUNNEL_NAME, /* ... of a string */
    DIFFER_MESSAGE,     /* ... of a message in its queue */
    DIFFER_TUNNEL_LOST, /* with its calls */
    DIFFER_TUNNEL_MORE, /* ... that the active has not */
    DIFFER_SESSION,     /* a bit of a field */
    DIFFER_SESSION_LOST,
    DIFFER_SESSION_MORE,
    DIFFER_NODE, /* the order of ids */
    DIFFER_KINDS
};

/* In the table of a standby, somewhere. False: there is nothing of the kind. */
bool differ(struct table *table, enum differ_kind kind, uint64_t chance);

#endif
