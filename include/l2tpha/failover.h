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

/** How far the copy of a standby that takes over is to be believed. */
enum l2tpha_trust {
    L2TPHA_TRUST_AUTO = 0,      /**< by what the node knows: exact in role STANDBY_HOT; uncertain in
                                     roles UNHEARD and CUT_OFF for fresh_ms; then
                                     L2TPHA_ERR_STALE */
    L2TPHA_TRUST_EXACT = 1,     /**< the host knows that the old active let nothing out that is not
                                     in the copy: it is dead or fenced, and the stream was read
                                     to its end */
    L2TPHA_TRUST_UNCERTAIN = 2, /**< it may have: tunnels whose ends have both announced RFC 4951
                                     are recovered by it whatever their method but `disable`, which
                                     is right in both cases, the others silently */
    L2TPHA_TRUST_STALE = 3,     /**< it has, or nobody knows: those by RFC 4951, and all others are
                                     cleared with a StopCCN. Also for a standby that has lost the
                                     thread after it had held everything */
    L2TPHA_TRUST_EMPTY = 4      /**< there is nothing to go on with: whatever the node holds is
                                     dropped, and it serves from nothing */
};

/** Turn a standby into the active. Each tunnel goes by its effective method and by how far the copy
 *  is to be believed; l2tpha_takeover() has the rest.
 *  @param node   a standby.
 *  @param epoch  of the new active: newer than any that the node knows, and of the node's rank if
 *                it has one; 0 = the next one, l2tpha_epoch_next().
 *  @param trust  see enum l2tpha_trust.
 *  @param now    microseconds.
 *  @retval L2TPHA_ERR_STALE        the copy may be behind, and @p trust does not allow for that.
 *  @retval L2TPHA_ERR_INVALID      an epoch of another rank, or no such trust.
 *  @retval L2TPHA_ERR_STALE_EPOCH, L2TPHA_ERR_NOT_IN_SYNC, L2TPHA_ERR_ROLE  as l2tpha_takeover().
 */
L2TPHA_API int l2tpha_takeover_as(struct l2tpha_node *node, uint64_t epoch, enum l2tpha_trust trust,
                                  uint64_t now);

/** l2tpha_takeover_as() with L2TPHA_TRUST_AUTO.
 *  - Tunnels whose record is exact go on silently, whatever their method but disable: what the peer
 *    has not acknowledged is sent again with the same Ns and bytes and the current Nr, nothing new
 *    before it; a HELLO confirms; calls half set up go on.
 *  - Where the record is lagging (enum l2tpha_commit) the effective method
 *    decides: by RFC 4951, the default where both ends have announced it, a recovery tunnel is
 *    asked for and the control channel is reset; silently, the peer is first asked for the numbers.
 *  - Disabled: the tunnel is cleared, by a StopCCN where its numbers are exact.
 *
 *  The call returns at once. Tunnels are restored by it and by the following calls of
 *  l2tpha_expire(), a slice each (l2tpha_config::takeover_batch), as fast as peers answer;
 *  l2tpha_deadline() says when. One that is spoken to, by its peer, by data or by a call of the
 *  host, is restored at once. Until then its handle shows what the previous active knew: calls and
 *  data are served all the same.
 *
 *  Progress and results are events. A copy for a new standby begins when all are restored.
 *  @param node   a standby whose role is L2TPHA_ROLE_STANDBY_HOT, or _UNHEARD or _CUT_OFF lately.
 *  @param epoch  of the new active: newer than the old active's; 0 = the next one of this node.
 *  @param now    microseconds.
 *  @retval L2TPHA_ERR_STALE_EPOCH  not newer.
 *  @retval L2TPHA_ERR_NOT_IN_SYNC  the replica is not complete.
 *  @retval L2TPHA_ERR_STALE        it was, and may be behind now.
 *  @retval L2TPHA_ERR_ROLE         this node is active already, or fenced. */
L2TPHA_API int l2tpha_takeover(struct l2tpha_node *node, uint64_t epoch, uint64_t now);

#ifdef __cplusplus
}
#endif
#endif
