/* SPDX-License-Identifier: MIT */
/* Answering a Failover Session Query, RFC 4951 3.3. */
#ifndef FAILOVER_ANSWER_H
#define FAILOVER_ANSWER_H

#include "failover/failover.h"

/* Answer an FSQ by FSRs. */
int answer_query(struct failover *failover, struct l2tpha_tunnel *tunnel,
                 const struct l2tpha_message *fsq);

#endif
