/* SPDX-License-Identifier: MIT */
/** @file
 *  The questions that the library asks of its host. Everything else is told through l2tpha_poll().
 *
 *  A callback may call only getters of the node it was called for. Other entries are refused with
 *  L2TPHA_ERR_REENTERED (l2tpha_poll() with 0). */
#ifndef L2TPHA_HOST_H
#define L2TPHA_HOST_H

#include <l2tpha/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct l2tpha_address;
struct l2tpha_message;
struct l2tpha_policy;

/** Longest shared secret, each for itself: while one is changed a tunnel of L2TPv3 has two (RFC
 * 3931 4.3). */
#define L2TPHA_SECRET_MAX 128

/** Debug categories, a bit mask in struct l2tpha_config::debug. Names are those that operators know
 *  from `debug l2tp redundancy`. */
enum l2tpha_log_category {
    L2TPHA_LOG_CF = 1,      /**< checkpoints and replication */
    L2TPHA_LOG_DETAIL = 2,  /**< every message */
    L2TPHA_LOG_ERROR = 4,   /**< refused input, failures */
    L2TPHA_LOG_EVENT = 8,   /**< tunnels and sessions coming and going */
    L2TPHA_LOG_FSM = 16,    /**< every state change */
    L2TPHA_LOG_RESYNC = 32, /**< takeover and resynchronisation */
    L2TPHA_LOG_RF = 64      /**< redundancy roles */
};

/** One log line. What came from the wire is escaped already, l2tpha_text_escape(). */
struct l2tpha_log_line {
    enum l2tpha_log_category category; /**< exactly one bit */
    uint64_t now;                      /**< the node's time, microseconds */
    uint32_t tunnel_id;                /**< local tunnel id, 0 = none */
    uint32_t session_id;               /**< local session id, 0 = none */
    const char *text;                  /**< one line without its end; borrowed for the call */
    const char *format;                /**< what @p text was made from, the same for all lines of
                                            one kind: for hosts that bound how often each is
                                            written; static */
};

/** Who a tunnel's peer is, for questions about it. */
struct l2tpha_peer {
    const struct l2tpha_path *path; /**< where it is */
    const char *name;               /**< its Host Name AVP, NUL-terminated; "" when not yet known */
    size_t name_len;                /**< bytes of name; it may contain NUL */
};

/** Answer to an admission question. */
struct l2tpha_verdict {
    uint16_t result;    /**< 0 = admit; else the Result Code to refuse with (RFC 2661 4.4.2) */
    uint16_t error;     /**< general error code, used when result is 2 */
    const char *reason; /**< UTF-8 text for the peer, or NULL; valid until the next call */
    const struct l2tpha_policy *policy; /**< of a tunnel that is admitted: how it is to fail over;
                                             NULL = nothing configured; valid until the next call */
    bool drop; /**< of a tunnel that is refused: as if it had not come, without an answer and
                    without any state. For hosts that limit what one source may ask. */
};

/** The host's answers. Zero-fill it, set size, random and what else is wanted. */
struct l2tpha_host {
    size_t size; /**< sizeof(struct l2tpha_host) */
    void *user;  /**< first argument of each callback */
    /** Unpredictable bytes. Required. 0 or an error, which becomes L2TPHA_ERR_HOST. */
    int (*random)(void *user, uint8_t *dst, size_t len);
    /** A log line. NULL = none wanted. */
    void (*log)(void *user, const struct l2tpha_log_line *line);
    /** The secret shared with a peer, at most L2TPHA_SECRET_MAX bytes into dst, length into *len;
     *  *len = 0 means that there is none, and then no authentication and no hiding. Not asked
     *  without l2tpha_config::crypto. 0 or an error: the tunnel is refused. NULL = none. */
    int (*secret)(void *user, const struct l2tpha_peer *peer, uint8_t *dst, size_t *len);
    /** Whether to accept a tunnel that a peer asks for. NULL = accept. */
    void (*admit_tunnel)(void *user, const struct l2tpha_peer *peer,
                         const struct l2tpha_message *sccrq, struct l2tpha_verdict *verdict);
    /** Whether a peer may recover a tunnel (RFC 4951 3.2.1) from another address than the tunnel
     * has; the tunnel, its data included, then moves there. NULL = no. */
    bool (*admit_recovery)(void *user, uint32_t tunnel_id, const struct l2tpha_path *path);
    /** Whether to accept a call that the peer asks for (ICRQ or OCRQ). NULL = accept incoming
     *  calls, refuse outgoing ones with result 5 (no facilities). What a record does not have, as
     *  an ICRQ's numbers and Physical Channel ID, is to be read from the request here. */
    void (*admit_session)(void *user, struct l2tpha_tunnel *tunnel,
                          const struct l2tpha_message *request, struct l2tpha_verdict *verdict);
    /** Whether two remote addresses are of one host, whatever their ports: RFC 2661 8.1 lets a peer
     * answer an SCCRQ from a port of its choice. An SCCRP is followed wherever it comes from; a
     * StopCCN, which proves nothing, only from the host that was asked. NULL = addresses that
     * differ are of different hosts. */
    bool (*same_host)(void *user, const struct l2tpha_address *asked,
                      const struct l2tpha_address *answers);
};

#ifdef __cplusplus
}
#endif
#endif
