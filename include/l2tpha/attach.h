/* SPDX-License-Identifier: MIT */
/** @file
 *  Tunnels whose machines are the host's own: a daemon keeps what RFC 2661 section 7 calls a state
 *  machine, with its messages, policy and data plane, and leaves section 5.8 to the library:
 * numbers, queue, window, retransmission, acknowledgements; and failover. The node has
 *  l2tpha_config::attach set.
 *
 *  @code
 *  datagram in -> l2tpha_feed() -> l2tpha_attach_receive() -> the daemon's parser and machines
 *  the daemon's message -> l2tpha_attach_send() -> l2tpha_poll() -> the daemon's socket
 *  @endcode
 *
 *  One rule for transactions: all that the daemon says between two calls that drive the node is one
 *  checkpoint. l2tpha_feed(), l2tpha_expire(), l2tpha_attach_receive() and l2tpha_poll() drive it,
 *  and so does what is about the node or the link. While a message is handed out l2tpha_poll()
 * gives nothing, since half a transaction must not leave.
 *
 *  Of a tunnel the daemon is told by the events that any host is: TUNNEL_DOWN and SESSION_DOWN when
 *  the library has ended it, and the daemon destroys its own object without a word to the peer; not
 *  when the daemon has said so itself. TUNNEL_UP and SESSION_UP are confirmed: what happens once
 * only, as the start of accounting, belongs there. TUNNEL_GONE: the handle is none any more, its id
 * is free.
 *
 *  After a takeover the daemon makes its objects by l2tpha_tunnel_next(), l2tpha_tunnel_get() and
 *  their like for sessions; recovery tunnels (`recovers` is not 0) are none of its own.
 *
 *  Refused with L2TPHA_ERR_STATE on such a node: l2tpha_tunnel_open(), _close(),
 * l2tpha_session_open(), _answered(), _close(), _set_link_info(), _report_errors(). Errors as in
 * tunnel.h besides. */
#ifndef L2TPHA_ATTACH_H
#define L2TPHA_ATTACH_H

#include <l2tpha/node.h>
#include <l2tpha/policy.h>
#include <l2tpha/record.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A tunnel of the daemon. Zero-fill it and set size and path. */
struct l2tpha_attach_options {
    size_t size;                        /**< sizeof(struct l2tpha_attach_options) */
    uint32_t local_id;                  /**< the daemon's id for it; 0 = the library's choice */
    struct l2tpha_path path;            /**< the peer's address, and optionally the own one */
    bool initiator;                     /**< this end sends the SCCRQ; otherwise the peer has */
    const uint8_t *secret;              /**< shared with the peer; NULL = none. Copied */
    size_t secret_len;                  /**< at most L2TPHA_SECRET_MAX */
    const struct l2tpha_policy *policy; /**< how it is to fail over; NULL = nothing configured */
    void *user;                         /**< see l2tpha_tunnel_set_user() */
};

/** Attach a tunnel, before its first message. Where the peer has begun it, by the SCCRQ for which
 *  l2tpha_feed() answered L2TPHA_ERR_NOT_OURS last: the peer's names, window, capabilities and id
 *  are taken from it.
 *  @param node         an active one with l2tpha_config::attach.
 *  @param options      copied.
 *  @param now          microseconds.
 *  @param[out] tunnel  its handle.
 *  @retval L2TPHA_ERR_EXISTS     the id is in use, maybe by a tunnel that only lingers or by a
 *                                recovery tunnel: pick another
 *  @retval L2TPHA_ERR_ID_RANGE   the id is not of this node's range
 *  @retval L2TPHA_ERR_NOT_FOUND  not the initiator, and no SCCRQ has come by this path
 *  @retval L2TPHA_ERR_STATE      the node is not one of attached tunnels
 *  @retval L2TPHA_ERR_NO_ID, L2TPHA_ERR_LIMIT, L2TPHA_ERR_NOMEM  no room
 *  @retval L2TPHA_ERR_INVALID    an address or the secret is too long, or a member of the policy
 * out of range */
L2TPHA_API int l2tpha_attach_tunnel(struct l2tpha_node *node,
                                    const struct l2tpha_attach_options *options, uint64_t now,
                                    struct l2tpha_tunnel **tunnel);

/** Send one control message, as the daemon would have sent it. Ns, Nr and Length are written here;
 *  Failover Capability (RFC 4951 5.1) is added to SCCRQ and SCCRP where it belongs. What ICRQ,
 * OCRQ, ICRP and OCRP say of a call makes its record or completes it.
 *
 *  While the tunnel is being recovered a CDN or StopCCN waits for the end of that, and has no text.
 *  @param tunnel  an attached one.
 *  @param data    the message, header first. Copied.
 *  @param len     bytes.
 *  @param now     microseconds.
 *  @retval L2TPHA_ERR_INVALID     no control message, an acknowledgement alone, ids that are not
 * the tunnel's, an AVP of the library's, an answer to a
 *                                request with the peer's id of another call
 *  @retval L2TPHA_ERR_STATE       improper for the tunnel's state; a call is asked for while the
 *                                 tunnel is recovered or resynchronised
 *  @retval L2TPHA_ERR_EXISTS      the id of a new call is in use
 *  @retval L2TPHA_ERR_NOT_FOUND   an ICCN or OCCN of a call that is not there
 *  @retval L2TPHA_ERR_QUEUE_FULL, L2TPHA_ERR_LIMIT, L2TPHA_ERR_NOMEM  no room: nothing has changed
 *  @retval other                  the message cannot be decoded, see l2tpha_message_decode() */
L2TPHA_API int l2tpha_attach_send(struct l2tpha_tunnel *tunnel, const uint8_t *data, size_t len,
                                  uint64_t now);

/** A message whose turn has come. */
struct l2tpha_inbound {
    size_t size;                    /**< sizeof(struct l2tpha_inbound) */
    struct l2tpha_tunnel *tunnel;   /**< whose */
    const struct l2tpha_path *path; /**< the peer's */
    const uint8_t *data; /**< as it came, header first; until the next call that drives */
    size_t len;          /**< bytes */
};

/** The next message, in the order of each tunnel, once. The transaction of the one before ends
 * here, and only now is that one acknowledged. Call it until it gives none after each
 * l2tpha_feed(), l2tpha_feed_batch(), l2tpha_takeover() and l2tpha_expire(), which may pass over
 * what the peer will not send again. HELLO, FSQ and FSR (RFC 4951 3.3) are not handed out.
 *  @param node    an active one.
 *  @param tunnel  its messages alone, for a daemon that has a thread for each tunnel and one lock
 * for the node, held until the message is dealt with; NULL = any tunnel's.
 *  @param in      size set.
 *  @param now     microseconds.
 *  @return whether there is one; 0 = there is none, as on a node that is not active. Negative:
 *          L2TPHA_ERR_INVALID, L2TPHA_ERR_REENTERED */
L2TPHA_API int l2tpha_attach_receive(struct l2tpha_node *node, struct l2tpha_tunnel *tunnel,
                                     struct l2tpha_inbound *in, uint64_t now);

/** The daemon's machine has entered a state. ESTABLISHED is all that has to be said: those before
 * it follow from the messages.
 *  @param tunnel      an attached one.
 *  @param session_id  of a call, by this end's id; 0 = the tunnel's own state.
 *  @param state       L2TPHA_TUNNEL_ESTABLISHED, L2TPHA_SESSION_ESTABLISHED; the present one does
 *                     nothing.
 *  @param now         microseconds.
 *  @retval L2TPHA_ERR_NOT_FOUND  there is no such call
 *  @retval L2TPHA_ERR_STATE      it does not follow upon the present one
 *  @retval L2TPHA_ERR_INVALID    another state */
L2TPHA_API int l2tpha_attach_state(struct l2tpha_tunnel *tunnel, uint32_t session_id, uint8_t state,
                                   uint64_t now);

/** It has ended for the daemon. A StopCCN sent before is still delivered, and copies of the peer's
 *  are still acknowledged: the id stays in use until then.
 *  @param tunnel      an attached one.
 *  @param session_id  of a call, by this end's id; 0 = the tunnel with all its calls.
 *  @param now         microseconds.
 *  @retval L2TPHA_ERR_NOT_FOUND  there is no such call: harmless */
L2TPHA_API int l2tpha_attach_gone(struct l2tpha_tunnel *tunnel, uint32_t session_id, uint64_t now);

/** Data has come for a call that is not there: after a takeover from a lagging record the peer may
 *  have calls that this end does not know of, and is told so by a CDN, seldom enough.
 *  @param tunnel      an attached one.
 *  @param session_id  in the header of the data message.
 *  @param now         microseconds. */
L2TPHA_API int l2tpha_attach_orphan(struct l2tpha_tunnel *tunnel, uint32_t session_id,
                                    uint64_t now);

#ifdef __cplusplus
}
#endif

#endif
