/* SPDX-License-Identifier: MIT */
/** @file
 *  Sessions of the built-in engine (RFC 2661 5.2, 7.4, 7.5) and their data frames. Handles are
 *  borrowed from the node. A call may end within any l2tpha_feed() or l2tpha_expire(), and then its
 *  handle dies at once, before its event SESSION_DOWN can be polled: keep its ids and use
 *  l2tpha_session_find(). After a takeover that goes for the first call on its tunnel or a session
 * of it, too, which then fails with L2TPHA_ERR_STATE if it was this one.
 *
 *  Besides what is said there, every function that is given a time fails with L2TPHA_ERR_ROLE on a
 *  node that is not active, L2TPHA_ERR_STATE while a planned switchover is draining,
 *  L2TPHA_ERR_INVALID without a handle or with no time (l2tpha_expire()) and L2TPHA_ERR_REENTERED
 *  from a callback; one that sends, with L2TPHA_ERR_HOST or L2TPHA_ERR_CRYPTO when what is to be
 *  hidden cannot be. */
#ifndef L2TPHA_SESSION_H
#define L2TPHA_SESSION_H

#include <l2tpha/avp.h>
#include <l2tpha/record.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A call's attributes. Zero-fill it and set size and call; what is empty or 0 and optional
 *  is left out of the messages. Byte strings are borrowed for the call. */
struct l2tpha_session_options {
    size_t size;           /**< sizeof(struct l2tpha_session_options) */
    enum l2tpha_call call; /**< incoming: this end is the LAC; outgoing: this end is the LNS */
    void *user;            /**< see l2tpha_session_set_user() */
    /* the request: ICRQ or OCRQ */
    uint32_t bearer;                 /**< Bearer Type bits: 1 digital, 2 analog */
    bool has_bearer;                 /**< send it in an ICRQ even if 0 */
    uint32_t framing;                /**< Framing Type bits: 1 sync, 2 async (default 1) */
    struct l2tpha_bytes called;      /**< Called Number */
    struct l2tpha_bytes calling;     /**< Calling Number */
    struct l2tpha_bytes sub_address; /**< Sub-Address */
    uint32_t physical_channel;       /**< Physical Channel ID, 0 = none */
    uint32_t minimum_bps;            /**< OCRQ: least speed wanted, bit/s */
    uint32_t maximum_bps;            /**< OCRQ: highest speed wanted, bit/s */
    /* the connection: ICCN or OCCN */
    uint64_t tx_speed;                             /**< (Tx) Connect Speed, bit/s; 32 bits */
    uint64_t rx_speed;                             /**< Rx Connect Speed, 0 = as tx_speed */
    bool sequencing_required;                      /**< data always carries sequence numbers */
    struct l2tpha_bytes private_group;             /**< Private Group ID */
    struct l2tpha_bytes initial_lcp_confreq;       /**< proxy LCP (RFC 2661 4.4.5) */
    struct l2tpha_bytes last_sent_lcp_confreq;     /**< proxy LCP */
    struct l2tpha_bytes last_received_lcp_confreq; /**< proxy LCP */
    uint16_t proxy_authen_type;                    /**< 0 = no proxy authentication */
    struct l2tpha_bytes proxy_authen_name;         /**< types 1, 2, 3, 5 */
    struct l2tpha_bytes proxy_authen_challenge;    /**< types 2, 5 */
    uint8_t proxy_authen_id;                       /**< types 2, 3, 5 */
    struct l2tpha_bytes proxy_authen_response;     /**< types 1, 2, 3, 5 */
};

/** Ask for a call on a tunnel; it waits for the tunnel if that is not yet up.
 *  Incoming (this end is the LAC): ICRQ, and ICCN when the peer answers.
 *  Outgoing (this end is the LNS): OCRQ.
 *  @param tunnel        established, or on its way there.
 *  @param options       borrowed for the call.
 *  @param now           microseconds.
 *  @param[out] session  its handle.
 *  @retval L2TPHA_ERR_REFUSED     the peer did not advertise this framing or bearer
 *                                 (RFC 2661 4.4.3)
 *  @retval L2TPHA_ERR_STATE       the tunnel is closing, or a recovery tunnel
 *  @retval L2TPHA_ERR_QUEUE_FULL  too much is unacknowledged: l2tpha_config::max_queue
 *  @retval L2TPHA_ERR_LIMIT       l2tpha_config::max_sessions or max_buffer_bytes
 *  @retval L2TPHA_ERR_NO_ID       the tunnel has 65535 sessions
 *  @retval L2TPHA_ERR_NOMEM       out of memory
 *  @retval L2TPHA_ERR_INVALID     options that no message can carry */
L2TPHA_API int l2tpha_session_open(struct l2tpha_tunnel *tunnel,
                                   const struct l2tpha_session_options *options, uint64_t now,
                                   struct l2tpha_session **session);

/** LAC, outgoing call: the bearer has answered; sends OCCN (RFC 2661 7.5.1).
 *  @param session  of L2TPHA_EVENT_SESSION_CALL.
 *  @param options  borrowed for the call; framing and the connection part are used.
 *  @param now      microseconds.
 *  @retval L2TPHA_ERR_STATE    the session does not wait for the bearer
 *  @retval L2TPHA_ERR_INVALID  no options, no such framing, or a speed that the OCCN cannot carry
 *  @retval L2TPHA_ERR_QUEUE_FULL, L2TPHA_ERR_LIMIT, L2TPHA_ERR_NOMEM  no room for the OCCN: nothing
 *          has changed */
L2TPHA_API int l2tpha_session_answered(struct l2tpha_session *session,
                                       const struct l2tpha_session_options *options, uint64_t now);

/** Why a call ends. Zero-fill it and set size and result. */
struct l2tpha_disconnect {
    size_t size;           /**< sizeof(struct l2tpha_disconnect) */
    uint16_t result;       /**< Result Code of the CDN (RFC 2661 4.4.2), such as 1 lost carrier, 3
                                administrative */
    uint16_t error;        /**< general error code, used when result is 2 */
    const char *reason;    /**< UTF-8 text or NULL */
    bool has_q931;         /**< send a Q.931 Cause Code (RFC 2661 4.4.4) */
    uint16_t q931_cause;   /**< its cause */
    uint8_t q931_message;  /**< its message */
    const char *q931_text; /**< its advisory text or NULL */
    bool has_ppp;          /**< send a PPP Disconnect Cause Code (RFC 3145) */
    uint16_t ppp_code;     /**< its code */
    uint16_t ppp_protocol; /**< its control protocol number */
    uint8_t ppp_direction; /**< 0 global, 1 at the peer, 2 at the local end */
    const char *ppp_text;  /**< its text or NULL */
};

/** End a call: sends CDN unless nothing was sent for it yet. The handle dies; while the tunnel is
 *  being recovered it lives until the CDN can be sent, which then has the Result Code, error 0
 *  and the text "ended in failover", and nothing else of why.
 *  @param session  in any state.
 *  @param why      borrowed for the call.
 *  @param now      microseconds.
 *  @retval L2TPHA_ERR_INVALID  without a Result Code
 *  @retval L2TPHA_ERR_NOMEM, L2TPHA_ERR_QUEUE_FULL, L2TPHA_ERR_LIMIT  no room for the CDN: nothing
 *          has changed */
L2TPHA_API int l2tpha_session_close(struct l2tpha_session *session,
                                    const struct l2tpha_disconnect *why, uint64_t now);

/** LNS: send Set-Link-Info with an ACCM (RFC 2661 6.14).
 *  @param session       established.
 *  @param send_accm     see struct l2tpha_accm.
 *  @param receive_accm  likewise.
 *  @param now           microseconds.
 *  @retval L2TPHA_ERR_STATE  not established, closing, or this end is not the LNS
 *  @retval L2TPHA_ERR_QUEUE_FULL, L2TPHA_ERR_LIMIT, L2TPHA_ERR_NOMEM  no room for the SLI */
L2TPHA_API int l2tpha_session_set_link_info(struct l2tpha_session *session, uint32_t send_accm,
                                            uint32_t receive_accm, uint64_t now);

/** LAC: report errors; a WAN-Error-Notify goes out at most once in 60 s (RFC 2661 6.13), with the
 *  newest totals.
 *  @param session  established.
 *  @param totals   since the call was set up; copied.
 *  @param now      microseconds.
 *  @retval L2TPHA_ERR_STATE    not established, closing, or this end is not the LAC
 *  @retval L2TPHA_ERR_INVALID  no totals
 *  @retval L2TPHA_ERR_NOMEM    out of memory */
L2TPHA_API int l2tpha_session_report_errors(struct l2tpha_session *session,
                                            const struct l2tpha_call_errors *totals, uint64_t now);

/** The session with these local ids, or NULL. */
L2TPHA_API struct l2tpha_session *l2tpha_session_find(const struct l2tpha_node *node,
                                                      uint32_t tunnel_id, uint32_t session_id);

/** The next session of a tunnel (NULL = the first); NULL at the end. */
L2TPHA_API struct l2tpha_session *l2tpha_session_next(const struct l2tpha_tunnel *tunnel,
                                                      const struct l2tpha_session *previous);

/** The first session at or after a place, of any tunnel of the node: as l2tpha_tunnel_walk(). */
L2TPHA_API struct l2tpha_session *l2tpha_session_walk(const struct l2tpha_node *node,
                                                      uint32_t *place);

/** Everything that is known of it; views are valid until the next call on the node. */
L2TPHA_API void l2tpha_session_get(const struct l2tpha_session *session,
                                   struct l2tpha_session_record *record);

/** Its local id. */
L2TPHA_API uint32_t l2tpha_session_id(const struct l2tpha_session *session);
/** Its tunnel. */
L2TPHA_API struct l2tpha_tunnel *l2tpha_session_tunnel(const struct l2tpha_session *session);
/** A pointer of the host's own; not replicated. */
L2TPHA_API void l2tpha_session_set_user(struct l2tpha_session *session, void *user);
/** What was set. */
L2TPHA_API void *l2tpha_session_user(const struct l2tpha_session *session);

/** Attach the host's own half (PPP, addresses, AAA); it is replicated with the session.
 *  @param session  in any state.
 *  @param data     copied.
 *  @param len      bytes, at most 60000; 0 removes it.
 *  @param now      microseconds.
 *  @retval L2TPHA_ERR_INVALID  longer
 *  @retval L2TPHA_ERR_LIMIT    l2tpha_config::max_buffer_bytes
 *  @retval L2TPHA_ERR_NOMEM    out of memory */
L2TPHA_API int l2tpha_session_set_app_state(struct l2tpha_session *session, const uint8_t *data,
                                            size_t len, uint64_t now);

/** Tell of a sign of life that has not passed l2tpha_data_receive(): a frame that the host's own
 *  data plane took, a PPP echo. It counts as heard from the peer (RFC 2661 6.5), and spares the
 *  session from struct l2tpha_config::inactivity_ms. One a minute is plenty.
 *  @param session  in any state.
 *  @param now      microseconds.
 *  @return 0, or what every function of this file may fail with. */
L2TPHA_API int l2tpha_session_heard(struct l2tpha_session *session, uint64_t now);

/** Declare that the session is worth nothing without host-attached state: on the standby it is
 *  ready only when both halves are there, and a takeover disconnects a call that the old host knew
 *  of and had attached nothing to. struct l2tpha_config::needs_app_state declares it for all.
 *  @param session  in any state.
 *  @param needed   false takes it back.
 *  @param now      microseconds.
 *  @return 0, or what every function of this file may fail with. */
L2TPHA_API int l2tpha_session_needs_app_state(struct l2tpha_session *session, bool needed,
                                              uint64_t now);

/** Name of an enum l2tpha_session_state, such as "wait-connect". Static. */
L2TPHA_API const char *l2tpha_session_state_name(uint8_t state);

/** A data frame as received. */
struct l2tpha_frame {
    struct l2tpha_session *session; /**< whose it is */
    const uint8_t *payload;         /**< the PPP frame, a view into the datagram */
    size_t len;                     /**< bytes */
    bool priority;                  /**< P bit */
    bool sequenced;                 /**< Ns is present */
    uint32_t ns;                    /**< its Ns; of L2TPv2 16 bits, of L2TPv3 24 */
};

/** Take a data message apart and find its session. Counts as a sign of life of the peer.
 *  @param node        an active one.
 *  @param path        where it came from and arrived.
 *  @param data        the datagram.
 *  @param len         bytes.
 *  @param now         microseconds.
 *  @param[out] frame  its payload is a view into data.
 *  @retval L2TPHA_ERR_NOT_OURS    unknown ids
 *  @retval L2TPHA_ERR_STATE       session not established
 *  @retval L2TPHA_ERR_WRONG_PEER  right ids from another address
 *  @retval L2TPHA_ERR_SEQUENCE    older than what was delivered already (RFC 2661 5.4); drop it
 *  @retval L2TPHA_ERR_INVALID     a control message: see l2tpha_feed()
 *  @retval L2TPHA_ERR_TRUNCATED, L2TPHA_ERR_VERSION, L2TPHA_ERR_HEADER, L2TPHA_ERR_LENGTH
 *          as l2tpha_header_decode() */
L2TPHA_API int l2tpha_data_receive(struct l2tpha_node *node, const struct l2tpha_path *path,
                                   const uint8_t *data, size_t len, uint64_t now,
                                   struct l2tpha_frame *frame);

/** Longest header of a data message, bytes: one of L2TPv2 has 12; one of L2TPv3 over UDP has a flag
 *  word, a session id, a cookie and a sublayer (RFC 3931 4.1.2.2, 4.6). */
#define L2TPHA_DATA_HEADER_MAX 20

/** Write the header of a data message; the payload follows it. Sequence numbers are in it where the
 *  session has them (RFC 2661 5.4).
 *  @param session          established.
 *  @param len              bytes of payload.
 *  @param priority         the P bit.
 *  @param[out] header      room for the longest one.
 *  @param[out] header_len  bytes written; of L2TPv2 8 or 12.
 *  @param[out] path        where the datagram goes; borrowed until the next call.
 *  @param now              microseconds.
 *  @retval L2TPHA_ERR_STATE    session not established, or its ICCN or OCCN has not left yet
 *  @retval L2TPHA_ERR_UNCONFIRMED  the next sequence number is not known to the standby yet: drop
 *                                  the frame, or try again after l2tpha_checkpoint_done(). Numbers
 *                                  are taken ahead, so that this needs 512 frames or more within
 *                                  one confirmation, or a call that has just begun to number
 *  @retval L2TPHA_ERR_INVALID  too long for one datagram */
L2TPHA_API int l2tpha_data_send(struct l2tpha_session *session, size_t len, bool priority,
                                uint8_t header[L2TPHA_DATA_HEADER_MAX], size_t *header_len,
                                const struct l2tpha_path **path, uint64_t now);

#ifdef __cplusplus
}
#endif
#endif
