/* SPDX-License-Identifier: MIT */
/** @file
 *  Roles and epochs. Who is to be active is decided outside (VRRP, a cluster manager, an operator,
 *  the closing of a socket); the library refuses whoever has an older epoch. */
#ifndef L2TPHA_REDUNDANCY_H
#define L2TPHA_REDUNDANCY_H

#include <l2tpha/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a node is. */
enum l2tpha_role {
    L2TPHA_ROLE_ACTIVE_SOLO = 1,  /**< serves; no standby: unprotected */
    L2TPHA_ROLE_ACTIVE_BULK = 2,  /**< serves; a standby is being filled: unprotected */
    L2TPHA_ROLE_ACTIVE = 3,       /**< serves; the standby is in sync: protected */
    L2TPHA_ROLE_STANDBY_COLD = 4, /**< holds nothing */
    L2TPHA_ROLE_STANDBY_BULK = 5, /**< is being filled */
    L2TPHA_ROLE_STANDBY_HOT = 6,  /**< in sync: may take over */
    L2TPHA_ROLE_OUT_OF_SYNC = 7,  /**< standby; lost the thread, needs a bulk copy */
    L2TPHA_ROLE_FENCED = 8,       /**< was active; a newer epoch serves: sends nothing more */
    L2TPHA_ROLE_UNHEARD = 9,      /**< standby that was in sync; the stream is there, and nothing is
                                       heard on it: the active hangs, or this node did */
    L2TPHA_ROLE_CUT_OFF = 10      /**< standby that was in sync; the stream has ended, and whether
                                       the active went on is not known */
};

/** A rank that is none: the host chooses the epochs. */
#define L2TPHA_RANK_NONE UINT32_MAX

/** The next epoch of a node. An epoch names one time as active for ever: its low 8 bits are the
 *  rank of the active, so two nodes of different rank never make the same one.
 *  @param newest  newest epoch known.
 *  @param rank    0 to 255: the smallest newer epoch of that rank; L2TPHA_RANK_NONE: newest + 1. */
L2TPHA_API uint64_t l2tpha_epoch_next(uint64_t newest, uint32_t rank);

/** What show l2tp redundancy starts from. */
struct l2tpha_redundancy_info {
    size_t size;              /**< sizeof(struct l2tpha_redundancy_info), set by the caller */
    enum l2tpha_role role;    /**< now */
    const char *reason;       /**< one word or short phrase: why it is in that role */
    uint64_t epoch;           /**< own, or on a standby the newest it knows */
    uint64_t last_number;     /**< newest checkpoint made or applied */
    uint64_t confirmed;       /**< standby: newest checkpoint applied. Active: newest one that all
                                      hold whom outputs wait for; 0 = nobody is in sync */
    uint64_t lag_records;     /**< checkpoints made since; 0 = nobody is in sync */
    uint32_t tunnels;         /**< tunnels held, recovery tunnels (RFC 4951) apart */
    uint32_t sessions;        /**< sessions held */
    uint32_t resynced;        /**< tunnels confirmed by their peers since the last takeover */
    uint32_t resyncing;       /**< tunnels not yet confirmed since the last takeover */
    uint64_t last_switchover; /**< time of the last takeover, 0 = none */
    uint64_t since;           /**< UNHEARD, CUT_OFF: when the active was heard last; else 0 */
    bool whole;               /**< standby: it has held everything since its last copy ended, in the
                                   past perhaps: what a stale takeover would begin from */
    bool handing_over;    /**< active: a planned switchover is under way: this node takes nothing
                               in and begins nothing, and when the standby was told to serve,
                               it is silent until the outcome is known */
    bool unsure;          /**< active: this node was away, and nothing leaves until the standby
                               is heard or unsure_ms have passed */
    bool held;            /**< active: l2tpha_hold() */
    uint32_t tunnels_ha;  /**< of the tunnels: those whose effective method is not "disable" */
    uint32_t sessions_ha; /**< sessions of these */
};

/** Look at it. At most info->size bytes are written. */
L2TPHA_API void l2tpha_redundancy_get(const struct l2tpha_node *node,
                                      struct l2tpha_redundancy_info *info);

/** Name of a role, such as "standby-hot"; "unknown" for any other number. Static. */
L2TPHA_API const char *l2tpha_role_name(enum l2tpha_role role);

/** Stop serving since a newer epoch is active elsewhere: nothing is sent any more, nothing
 *  accepted, and there is no way back: free the node and make another one as a standby.
 *  @param node   an active one.
 *  @param epoch  the newer one.
 *  @param now    microseconds.
 *  @retval L2TPHA_ERR_STALE_EPOCH  not newer than ours.
 *  @retval L2TPHA_ERR_ROLE         not an active node. */
L2TPHA_API int l2tpha_fence(struct l2tpha_node *node, uint64_t epoch, uint64_t now);

/** Hold a node that serves: nothing leaves, nothing is taken in, no timer of a tunnel runs, and
 * what it has stays as it is, until l2tpha_release(). For a host that is to stop serving without
 *  knowing yet whether another node does. A newer epoch fences it as ever.
 *  @retval L2TPHA_ERR_ROLE  not an active node. */
L2TPHA_API int l2tpha_hold(struct l2tpha_node *node, uint64_t now);

/** Serve again.
 *  @retval L2TPHA_ERR_STATE  it is not held.
 *  @retval L2TPHA_ERR_ROLE   not an active node: it has been fenced, most likely. */
L2TPHA_API int l2tpha_release(struct l2tpha_node *node, uint64_t now);

/** Planned switchover, on the active in sync: stop taking input, wait until every output is
 *  confirmed; then l2tpha_switchover_ready() turns true, and the standby may take over with the
 *  active's epoch + 1. Meanwhile datagrams, and calls on tunnels and sessions, are refused with
 *  L2TPHA_ERR_STATE. It ends by itself when the
 *  standby is lost, refuses or needs a new copy: the node serves on. The host may give it up:
 *  l2tpha_switchover_cancel().
 *  @param node  the active.
 *  @param now   microseconds.
 *  @retval L2TPHA_ERR_NOT_IN_SYNC  there is no standby to hand over to.
 *  @retval L2TPHA_ERR_ROLE         not an active node. */
L2TPHA_API int l2tpha_switchover(struct l2tpha_node *node, uint64_t now);

/** Whether a planned switchover has drained: all is confirmed, and all outputs have been polled. */
L2TPHA_API bool l2tpha_switchover_ready(const struct l2tpha_node *node);

/** Give up a planned switchover and serve again.
 *  @param node  the active.
 *  @param now   microseconds.
 *  @retval L2TPHA_ERR_STATE  there is none under way. */
L2TPHA_API int l2tpha_switchover_cancel(struct l2tpha_node *node, uint64_t now);

#ifdef __cplusplus
}
#endif
#endif
