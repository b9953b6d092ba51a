/* SPDX-License-Identifier: MIT */
/* What RFC 4951 adds to the messages of the set-up. */
#ifndef FAILOVER_SET_UP_H
#define FAILOVER_SET_UP_H

#include "control/machine.h"

/* Into an SCCRQ or SCCRP: our capability, or what a recovery tunnel is for. */
void put_failover_avps(struct l2tpha_tunnel *tunnel, struct l2tpha_builder *builder);
/* The peer's capability. */
void take_failover_avps(struct l2tpha_tunnel *tunnel, const struct l2tpha_message *message);
/* Whether this library has RFC 4951 (L2TPHA_FAILOVER_PROTOCOL of the build). */
bool failover_has_protocol(void);
/* An SCCRP otherwise acceptable: the sequence that a recovery tunnel's suggests is taken. */
bool check_failover_reply(struct l2tpha_tunnel *tunnel, const struct l2tpha_message *message,
                          struct machine_input *input);

#endif
