/* SPDX-License-Identifier: MIT */
/** @file
 *  Takeover: a replica becomes an active node. */
#ifndef L2TPHA_FAILOVER_H
#define L2TPHA_FAILOVER_H

#include <l2tpha/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Failover methods, see policy.h. Values are those of RADIUS attribute 26-90 (vendor 4874); 255 is
 *  no value of the attribute. */
enum l2tpha_failover_method {
    L2TPHA_FAILOVER_DISABLE = 0,         /**< clear the tunnel */
    L2TPHA_FAILOVER_PROTOCOL = 1,        /**< RFC 4951, where the record is not exact */
    L2TPHA_FAILOVER_SILENT = 2,          /**< go on without telling the peer */
    L2TPHA_FAILOVER_FALLBACK = 3,        /**< RFC 4951 if the peer has it, else silent */
    L2TPHA_FAILOVER_NOT_CONFIGURED = 255 /**< the next level decides */
};

/** Name of a method, such as "silent-failover"; "unknown" for any other number. Static. */
L2TPHA_API const char *l2tpha_failover_method_name(uint8_t method);

/** Turn a standby in sync into the active.
 *  - Tunnels whose record is exact go on silently, whatever their method but disable: what the peer
 *    has not acknowledged is sent again with the same Ns and bytes and the current Nr, nothing new
 *    before it; a HELLO confirms; calls half set up go on.
 *  - Where the old active ran ahead of the record (enum l2tpha_commit) the effective method
 * decides: by RFC 4951, the default where both ends have announced it, a recovery tunnel is asked
 * for and the control channel is reset; silently, the peer is first asked for the numbers.
 *  - Disabled: the tunnel is cleared, by a StopCCN where its numbers are exact.
 *
 *  Progress and results are events.
 *  @param node   a standby whose role is L2TPHA_ROLE_STANDBY_HOT.
 *  @param epoch  of the new reign: newer than the old active's.
 *  @param now    microseconds.
 *  @retval L2TPHA_ERR_STALE_EPOCH  not newer.
 *  @retval L2TPHA_ERR_NOT_IN_SYNC  the replica is not complete.
 *  @retval L2TPHA_ERR_ROLE         this node is active already, or fenced. */
L2TPHA_API int l2tpha_takeover(struct l2tpha_node *node, uint64_t epoch, uint64_t now);

#ifdef __cplusplus
}
#endif
#endif
