/* SPDX-License-Identifier: MIT */
/* Recovery Time, RFC 4951 5.1. */
#ifndef CONTROL_RECOVERY_TIME_H
#define CONTROL_RECOVERY_TIME_H

#include "control/tunnel.h"

/* Until when the peer has asked to be waited for; 0 = it has not, or nothing waits for it. */
uint64_t tunnel_granted_until(const struct l2tpha_tunnel *tunnel);
/* The peer has acknowledged something, or the channel is reset. */
void tunnel_answered(struct l2tpha_tunnel *tunnel);
/* An event about it, and its line in the log. */
void tunnel_say(struct l2tpha_tunnel *tunnel, uint8_t kind, const char *text);

#endif
