/* SPDX-License-Identifier: MIT */
/* What the suites about RFC 4951 share: the node fails and its standby takes over, the peer fails
 * and comes back, and what they say then. The peer's end of a recovery tunnel is a peer of its own,
 * with the address of the old one. */
#ifndef SCENARIO_RIG_RECOVERY_H
#define SCENARIO_RIG_RECOVERY_H

#include "scenario/rig.h"

#define CONTROL 1u /* bits of Failover Capability, RFC 4951 5.1 */
#define DATA 2u
#define RECOVERY_TIME 60000u

/* A suite whose node has failover by RFC 4951 alone. */
Suite *recovery_suite(const char *name, TCase **tcase);

/* --- AVPs; what they point to is good for the next few messages --- */
struct rig_avp avp_capability(unsigned bits, uint32_t recovery_ms);
struct rig_avp avp_recovery(unsigned id, unsigned remote_id);
struct rig_avp avp_suggested(unsigned ns, unsigned nr);
struct rig_avp avp_state(unsigned session, unsigned remote_session);
/* Hidden with the secret of the rig; hiding_vector() has to come before it. At most 14 octets. */
struct rig_avp hidden_avp(struct rig_avp avp);
struct rig_avp hiding_vector(void);

/* --- ordinary tunnels whose ends can both be recovered; nothing is left on its way --- */
void peer_opens_capable(struct peer *peer, unsigned number);
/* ... with this secret, which both prove to have. */
void peer_opens_proven(struct peer *peer, unsigned number, const char *secret);
void node_opens_capable(struct peer *peer, unsigned number);

/* --- the peer has failed --- */
/* Its end of a recovery tunnel for the old one: same address, an id that it never had. */
void peer_returns(struct peer *fresh, const struct peer *old);
/* Its SCCRQ: same name, the pair of ids, a tie breaker. */
struct says recovery_request(const struct peer *fresh, const struct peer *old);
/* It returns, says that, and hears the SCCRP. The old peer's numbers become those suggested. */
void peer_asks_back(struct peer *fresh, struct peer *old);
/* ... and SCCCN: the old tunnel is the peer's again. No event is left. */
void peer_takes_back(struct peer *fresh, struct peer *old);

/* --- the node has failed --- */
/* The standby, with all that the node knew, takes its place. What the takeover itself tells is
 * forgotten; nothing that it sends is. */
void node_fails(void);
/* Hears the SCCRQ of a recovery tunnel for the old one, and looks at it. */
const struct heard *expect_request(struct peer *fresh, const struct peer *old);
/* The peer's SCCRP to that, with a sequence to use. */
struct says recovery_reply(const struct peer *fresh, unsigned ns, unsigned nr);
/* The node fails, and the peer answers 3/100: SCCCN is out. The old peer's numbers are as
 * suggested. */
void node_claims(struct peer *fresh, struct peer *old);
/* ... and acknowledges it, and the StopCCN that follows: the recovery is over. The HELLO that
 * confirms is acknowledged. */
void node_recovers(struct peer *fresh, struct peer *old);

/* The oldest datagram to this peer; it must be of this type and for this tunnel of the peer's. */
const struct heard *expect_on(struct peer *peer, uint16_t type);
/* HELLO is acknowledged with the numbers that both ends have: the tunnel is alive. */
void assert_alive(struct peer *peer);
/* HELLO is neither acknowledged nor counted: the channel rests. */
void assert_rests(struct peer *peer);
/* A frame for this session of the node is delivered, and one of it may leave. */
void assert_data_flows(const struct peer *peer, uint16_t session);
struct l2tpha_tunnel_record record_of(const struct peer *peer);
/* Tunnels of the node, recovery tunnels included. */
unsigned tunnels_of_node(void);

#endif
