/* SPDX-License-Identifier: MIT */
/** @file
 *  Tunnels of the built-in engine: open, close, find (RFC 2661 5.1, 7.2). Handles are borrowed from
 *  the node; a tunnel lives until its event L2TPHA_EVENT_TUNNEL_GONE has been polled.
 *
 *  Besides what is said there, every function that is given a time fails with L2TPHA_ERR_ROLE on a
 *  node that is not active, L2TPHA_ERR_STATE while a planned switchover is draining,
 *  L2TPHA_ERR_INVALID without a handle or with no time (l2tpha_expire()) and L2TPHA_ERR_REENTERED
 *  from a callback; one that sends, with L2TPHA_ERR_HOST or L2TPHA_ERR_CRYPTO when what is to be
 *  hidden cannot be. */
#ifndef L2TPHA_TUNNEL_H
#define L2TPHA_TUNNEL_H

#include <l2tpha/policy.h>
#include <l2tpha/record.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a new tunnel needs. Zero-fill it and set size and path. */
struct l2tpha_tunnel_options {
    size_t size;                        /**< sizeof(struct l2tpha_tunnel_options) */
    struct l2tpha_path path;            /**< the peer's address, and optionally the own one */
    void *user;                         /**< see l2tpha_tunnel_set_user() */
    const struct l2tpha_policy *policy; /**< how it is to fail over; NULL = nothing configured */
};

/** Ask a peer for a tunnel: sends SCCRQ.
 *  @param node         an active one.
 *  @param options      copied.
 *  @param now          microseconds.
 *  @param[out] tunnel  its handle.
 *  @retval L2TPHA_ERR_NO_ID    no id is free
 *  @retval L2TPHA_ERR_LIMIT    l2tpha_config::max_tunnels or max_buffer_bytes
 *  @retval L2TPHA_ERR_NOMEM    out of memory
 *  @retval L2TPHA_ERR_HOST     no secret or no random bytes
 *  @retval L2TPHA_ERR_INVALID  an address is too long, or a member of the policy out of range */
L2TPHA_API int l2tpha_tunnel_open(struct l2tpha_node *node,
                                  const struct l2tpha_tunnel_options *options, uint64_t now,
                                  struct l2tpha_tunnel **tunnel);

/** Close a tunnel with all its sessions: sends one StopCCN, repeated until it is acknowledged.
 * While the tunnel is being recovered that waits for the end of the recovery, and has no text.
 *  @param tunnel  one that is not closing yet.
 *  @param result  Result Code (RFC 2661 4.4.2), 1 = general clearing, 6 = shutting down.
 *  @param error   general error code, used when result is 2.
 *  @param reason  UTF-8 text for the peer, or NULL.
 *  @param now     microseconds.
 *  @retval L2TPHA_ERR_STATE    closing already, or a recovery tunnel, which ends by itself
 *  @retval L2TPHA_ERR_INVALID  result 0
 *  @retval L2TPHA_ERR_QUEUE_FULL, L2TPHA_ERR_LIMIT, L2TPHA_ERR_NOMEM  no room for the StopCCN:
 *          nothing has changed */
L2TPHA_API int l2tpha_tunnel_close(struct l2tpha_tunnel *tunnel, uint16_t result, uint16_t error,
                                   const char *reason, uint64_t now);

/** Ask the peer which of the tunnel's established sessions it knows (FSQ, RFC 4951 3.3), at any
 *  time, whatever l2tpha_config::query says. Those that it does not know are cleared;
 *  L2TPHA_EVENT_SESSIONS_SYNCED tells the end of it. A query under way begins anew.
 *  @param tunnel  an established one.
 *  @param now     microseconds.
 *  @retval L2TPHA_ERR_STATE        not established, or being recovered
 *  @retval L2TPHA_ERR_AVP_MISSING  one of the ends has not announced a Failover Capability for this
 *                                  tunnel: its peer may not be asked
 *  @retval L2TPHA_ERR_NOMEM        out of memory */
L2TPHA_API int l2tpha_tunnel_query(struct l2tpha_tunnel *tunnel, uint64_t now);

/** The tunnel with this local id, or NULL. */
L2TPHA_API struct l2tpha_tunnel *l2tpha_tunnel_find(const struct l2tpha_node *node,
                                                    uint32_t local_id);

/** The tunnel after @p previous (NULL = the first), in no particular order that stays the same
 *  while tunnels come and go; NULL at the end. */
L2TPHA_API struct l2tpha_tunnel *l2tpha_tunnel_next(const struct l2tpha_node *node,
                                                    const struct l2tpha_tunnel *previous);

/** The first tunnel at or after a place, for walks in pieces: between two calls anything may be
 *  called, and tunnels may come and go. Whoever is there all the time is met once; who comes or
 * goes meanwhile may be. Takes the same time in a node of any size.
 *  @param node           any.
 *  @param[in,out] place  0 to begin with; left where to go on.
 *  @return NULL at the end. */
L2TPHA_API struct l2tpha_tunnel *l2tpha_tunnel_walk(const struct l2tpha_node *node,
                                                    uint32_t *place);

/** Everything that is known of it; views are valid until the next call on the node. Where nothing
 *  is configured for its peer, configured_method is the node's; a standby's copy leaves it at
 *  L2TPHA_FAILOVER_NOT_CONFIGURED. */
L2TPHA_API void l2tpha_tunnel_get(const struct l2tpha_tunnel *tunnel,
                                  struct l2tpha_tunnel_record *record);

/** Its local id. */
L2TPHA_API uint32_t l2tpha_tunnel_id(const struct l2tpha_tunnel *tunnel);
/** Whether the host was told of it: it has opened it, or has heard that it is up or restored. What
 * a peer has asked for and not completed is no tunnel yet, and anybody's. A standby's copy: false.
 */
L2TPHA_API bool l2tpha_tunnel_is_announced(const struct l2tpha_tunnel *tunnel);
/** How many sessions it has. */
L2TPHA_API uint32_t l2tpha_tunnel_sessions(const struct l2tpha_tunnel *tunnel);

/** Whether the peer answers as far as is known. false from L2TPHA_EVENT_TUNNEL_UNRESPONSIVE to
 *  L2TPHA_EVENT_TUNNEL_RESPONSIVE or _DOWN: it has left every retransmission unanswered and is
 *  waited for until its Recovery Time is over (RFC 4951 5.1). Data goes on, new calls wait. Not
 *  replicated: after a takeover it is true, and the peer has all its time again. */
L2TPHA_API bool l2tpha_tunnel_is_responsive(const struct l2tpha_tunnel *tunnel);

/** A pointer of the host's own; not replicated. */
L2TPHA_API void l2tpha_tunnel_set_user(struct l2tpha_tunnel *tunnel, void *user);
/** What was set. */
L2TPHA_API void *l2tpha_tunnel_user(const struct l2tpha_tunnel *tunnel);

/** Attach the host's own state; it is replicated with the tunnel.
 *  @param tunnel  in any state before L2TPHA_EVENT_TUNNEL_GONE.
 *  @param data    copied.
 *  @param len     bytes, at most 60000; 0 removes it.
 *  @param now     microseconds.
 *  @retval L2TPHA_ERR_INVALID  longer
 *  @retval L2TPHA_ERR_STATE    the tunnel is gone, its event waits to be polled
 *  @retval L2TPHA_ERR_LIMIT    l2tpha_config::max_buffer_bytes
 *  @retval L2TPHA_ERR_NOMEM    out of memory */
L2TPHA_API int l2tpha_tunnel_set_app_state(struct l2tpha_tunnel *tunnel, const uint8_t *data,
                                           size_t len, uint64_t now);

/** Name of an enum l2tpha_tunnel_state, such as "wait-ctl-reply". Static. */
L2TPHA_API const char *l2tpha_tunnel_state_name(uint8_t state);

#ifdef __cplusplus
}
#endif
#endif
