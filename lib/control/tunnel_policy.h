/* SPDX-License-Identifier: MIT */
/* Which failover method a tunnel has. */
#ifndef CONTROL_TUNNEL_POLICY_H
#define CONTROL_TUNNEL_POLICY_H

#include "control/tunnel.h"

/* L2TPHA_ERR_INVALID: a member is out of range. NULL is a policy, too. */
int policy_check(const struct l2tpha_policy *policy);
/* What is said about the peer of a tunnel that is not up yet; the policy is in order. */
void tunnel_take_policy(struct l2tpha_tunnel *tunnel, const struct l2tpha_policy *policy);
/* It is established: its effective method is what it is from now on. */
void tunnel_fix_method(struct l2tpha_tunnel *tunnel);
/* Its own, or the node's. */
uint8_t tunnel_configured_method(const struct l2tpha_tunnel *tunnel);

#endif
