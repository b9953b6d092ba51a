/* SPDX-License-Identifier: MIT */
/* What the peer shows of how far a recovery has come. */
#ifndef FAILOVER_RECOVERY_SIGN_H
#define FAILOVER_RECOVERY_SIGN_H

#include "failover/recovery.h"

bool recovery_heard(struct l2tpha_tunnel *tunnel, const struct l2tpha_header *header);
void recovery_moved(struct l2tpha_tunnel *tunnel);
void recovery_answered_again(struct l2tpha_tunnel *tunnel, const struct l2tpha_message *sccrp);

#endif
