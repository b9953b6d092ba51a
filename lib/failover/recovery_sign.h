/* SPDX-License-Identifier: MIT */
/* What the peer shows of how far a recovery has come. */
#ifndef FAILOVER_RECOVERY_SIGN_H
#define FAILOVER_RECOVERY_SIGN_H

#include "failover/recovery.h"

bool recovery_suspended_input(struct l2tpha_tunnel *tunnel, const struct l2tpha_header *header);
void recovery_old_input(struct l2tpha_tunnel *tunnel);
void recovery_answered_again(struct l2tpha_tunnel *tunnel, const struct l2tpha_message *sccrp);

#endif
