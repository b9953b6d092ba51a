/* SPDX-License-Identifier: MIT */
/** @file
 *  Which failover method for which tunnel: the levels at which an operator says it, and readers of
 *  the forms in which AAA servers do.
 *
 *  The configured method of a tunnel is what RADIUS says, else what its host profile (or domain-map
 *  tunnel) says, else what the node says; "not-configured" passes the question on, "disable" is an
 *  answer. The effective one is fixed when the tunnel is established, from the configured method,
 *  the switches and what both ends have announced (RFC 4951 5.1), and stays:
 *
 *  | configured                                    | both announced C         | else              |
 *  |-----------------------------------------------|--------------------------|-------------------|
 *  | disable                                       | disable                  | disable           |
 *  | failover-protocol                             | failover-protocol        | disable           |
 *  | silent-failover                               | silent-failover          | silent-failover   |
 *  | failover-protocol-fallback-to-silent-failover | the same                 | silent-failover   |
 *  | any, with a switch of HA off                  | disable                  | disable           |
 *
 *  The method is about failovers of this end. "silent-failover" and "disable" announce the
 *  capability all the same, for the peer's own. From an exact record every method but "disable"
 *  goes on silently; they differ in what they allow when it is not, see l2tpha_takeover(). */
#ifndef L2TPHA_POLICY_H
#define L2TPHA_POLICY_H

#include <l2tpha/failover.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Largest value of resync-packets. */
#define L2TPHA_RESYNC_PACKETS_MAX 255

/** What an operator says about one peer. l2tpha_policy_init() fills in that nothing is said. */
struct l2tpha_policy {
    size_t size;             /**< sizeof(struct l2tpha_policy) */
    uint8_t profile;         /**< enum l2tpha_failover_method of the host profile or the domain-map
                                  tunnel */
    uint8_t radius;          /**< enum l2tpha_failover_method of RADIUS */
    bool ha;                 /**< the group's switch; l2tpha_config::ha must be on, too */
    bool announce;           /**< announce RFC 4951 to this peer, if the node does at all */
    uint32_t resync_packets; /**< in place of l2tpha_config::resync_packets, at most
                                  L2TPHA_RESYNC_PACKETS_MAX; 0 = the node's */
};

/** Nothing configured: no method at either level, both switches on, the node's resync-packets. */
L2TPHA_API void l2tpha_policy_init(struct l2tpha_policy *policy);

/** The method that is configured.
 *  @param global  the node's.
 *  @param policy  the peer's, NULL = nothing configured.
 *  @return an enum l2tpha_failover_method. */
L2TPHA_API uint8_t l2tpha_policy_method(uint8_t global, const struct l2tpha_policy *policy);

/** Read the name of a method, as l2tpha_failover_method_name() writes it.
 *  @param name         such as "silent-failover", or "not-configured".
 *  @param[out] method  an enum l2tpha_failover_method.
 *  @retval L2TPHA_ERR_INVALID  no such method; @p method is unchanged. */
L2TPHA_API int l2tpha_policy_method_parse(const char *name, uint8_t *method);

/** Read the value of RADIUS attribute 26-90 (L2TP-Resynch-Method).
 *  @param value        0 disable, 1 failover protocol, 2 silent failover, 3 protocol with silent
 *                      failover behind it.
 *  @param[out] method  for l2tpha_policy::radius.
 *  @retval L2TPHA_ERR_AVP_VALUE  another value; @p method is unchanged. */
L2TPHA_API int l2tpha_policy_radius_value(uint32_t value, uint8_t *method);

/** Read RADIUS attribute 26-90 as it is on the wire (RFC 2865 5.26): a Vendor-Specific attribute of
 *  vendor 4874. It may carry other attributes of that vendor as well.
 *  @param data         the whole attribute, from its type 26 on.
 *  @param len          bytes of it.
 *  @param[out] method  for l2tpha_policy::radius; unchanged on an error.
 *  @retval L2TPHA_ERR_TRUNCATED      ends before its header or its length do
 *  @retval L2TPHA_ERR_LENGTH         its length is not @p len
 *  @retval L2TPHA_ERR_NOT_FOUND      another attribute, or of another vendor, or no type 90 in it
 *  @retval L2TPHA_ERR_MALFORMED      an attribute of the vendor does not fit
 *  @retval L2TPHA_ERR_AVP_LENGTH     type 90 is no integer of four bytes
 *  @retval L2TPHA_ERR_AVP_DUPLICATE  type 90 is there twice
 *  @retval L2TPHA_ERR_AVP_VALUE      not 0 to 3 */
L2TPHA_API int l2tpha_policy_radius_attribute(const uint8_t *data, size_t len, uint8_t *method);

/** Read resync-packets from the text of a Cisco attribute-value pair, such as
 *  "vpdn:l2tp-tunnel-resync-packets=20". The protocol and its colon may be left out; the name may
 *  be "l2tp-resync-packets", too; "*" in place of "=" makes the pair optional and means the same.
 *  @param text          not terminated.
 *  @param len           bytes of it.
 *  @param[out] packets  for l2tpha_policy::resync_packets; unchanged on an error.
 *  @retval L2TPHA_ERR_NOT_FOUND  another pair
 *  @retval L2TPHA_ERR_MALFORMED  no separator, no value, or a value that is no decimal number
 *  @retval L2TPHA_ERR_AVP_VALUE  not 1 to L2TPHA_RESYNC_PACKETS_MAX */
L2TPHA_API int l2tpha_policy_resync_pair(const char *text, size_t len, uint32_t *packets);

/** Change the node's method. Tunnels that are up keep the effective method that they have.
 *  @param node    in any role.
 *  @param method  not L2TPHA_FAILOVER_NOT_CONFIGURED.
 *  @retval L2TPHA_ERR_INVALID    no method
 *  @retval L2TPHA_ERR_REENTERED  called from a host callback */
L2TPHA_API int l2tpha_node_set_failover(struct l2tpha_node *node, uint8_t method);

/** Turn the node's HA switch. Tunnels that are up stay as they are.
 *  @param node  in any role.
 *  @param on    whether tunnels established from now on are protected.
 *  @retval L2TPHA_ERR_REENTERED  called from a host callback */
L2TPHA_API int l2tpha_node_set_ha(struct l2tpha_node *node, bool on);

/** Change the node's resync-packets, the lease of tunnels that come up from now on in ungated
 *  commit (l2tpha_config::commit). Those that are there keep theirs, which their standby reckons
 *  with.
 *  @param node     in any role.
 *  @param packets  1 to L2TPHA_RESYNC_PACKETS_MAX.
 *  @retval L2TPHA_ERR_INVALID    out of range
 *  @retval L2TPHA_ERR_REENTERED  called from a host callback */
L2TPHA_API int l2tpha_node_set_resync(struct l2tpha_node *node, uint32_t packets);

/** Change what is said about a tunnel's peer. Of a tunnel that is being set up everything counts
 *  that has not been said to the peer yet; of one that is or has been up, only the configured
 *  method is set, to be looked at: it applies to the next tunnel.
 *  @param tunnel  in any state.
 *  @param policy  copied; NULL = nothing configured.
 *  @param now     microseconds.
 *  @retval L2TPHA_ERR_INVALID  a member is out of range
 *  @retval L2TPHA_ERR_STATE    the tunnel is gone, or a planned switchover is draining
 *  @retval L2TPHA_ERR_ROLE     not an active node */
L2TPHA_API int l2tpha_tunnel_set_policy(struct l2tpha_tunnel *tunnel,
                                        const struct l2tpha_policy *policy, uint64_t now);

/** Whether a tunnel and its sessions would survive this node, in one word. The first that applies:
 *  - "group-off": the HA switch of its group was off when it was established
 *  - "ha-off": the node's was
 *  - "disabled": its method is disable
 *  - "peer-incapable": its method is failover-protocol, and one of the ends had not announced that
 *  - "standby": this node is a standby and holds a copy; the role says how good that is
 *  - "fenced": this node has been replaced
 *  - "no-standby": there is none, or it is not waited for any more
 *  - "bulk-sync": the standby is being filled
 *  - "out-of-sync": the standby has yet to confirm that its copy is complete
 *  - "protected": it would
 *  @return static. */
L2TPHA_API const char *l2tpha_tunnel_protection(const struct l2tpha_tunnel *tunnel);

#ifdef __cplusplus
}
#endif
#endif
