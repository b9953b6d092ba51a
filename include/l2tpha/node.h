/* SPDX-License-Identifier: MIT */
/** @file
 *  One L2TP node: datagrams, time and calls in; datagrams, checkpoints and events out. The library
 *  does no I/O: after each entry call the host drains l2tpha_poll() and re-arms one timer from
 *  l2tpha_deadline(). */
#ifndef L2TPHA_NODE_H
#define L2TPHA_NODE_H

#include <l2tpha/host.h>
#include <l2tpha/record.h>
#include <l2tpha/redundancy.h>
#include <l2tpha/serializer.h>
#include <talloc.h>

#ifdef __cplusplus
extern "C" {
#endif

struct l2tpha_event;
struct l2tpha_frame;

/** Most tunnels of a node, recovery tunnels apart: 512 of the 65535 ids are kept for these. */
#define L2TPHA_TUNNELS_MAX 65023

/** When outputs may leave (docs/architecture.md, "Transactions, checkpoints and the gate"). What
 *  sets a tunnel up, recovers it or follows its reset (RFC 4951 3.2.2) waits in every mode. */
enum l2tpha_commit {
    L2TPHA_COMMIT_GATED = 0,   /**< every output waits for the checkpoint that it depends on */
    L2TPHA_COMMIT_BOUNDED = 1, /**< output precedes confirmation by at most resync_packets
                                    messages of a tunnel and commit_lag_ms, then waits */
    L2TPHA_COMMIT_ASYNC = 2 /**< output precedes it by at most resync_packets messages of a tunnel;
                                 nothing else waits */
};

/** Which sessions are asked about (FSQ) after a recovery (RFC 4951 3.3, Step II). */
enum l2tpha_query {
    L2TPHA_QUERY_ALL = 0,      /**< all */
    L2TPHA_QUERY_SUSPECTS = 1, /**< those set up shortly before the failure */
    L2TPHA_QUERY_NONE = 2      /**< none */
};

/** A node's configuration. l2tpha_config_init() fills in the defaults. Strings are copied. */
struct l2tpha_config {
    size_t size;             /**< sizeof(struct l2tpha_config) */
    const char *name;        /**< Host Name AVP, required, 1 to 255 bytes */
    const char *vendor_name; /**< Vendor Name AVP, NULL = none */
    uint16_t firmware;       /**< Firmware Revision AVP, 0 = none */
    uint32_t framing_caps;   /**< Framing Capabilities: 1 sync, 2 async (default 3) */
    uint32_t bearer_caps;    /**< Bearer Capabilities: 1 digital, 2 analog; 0 = no outgoing calls
                                  can be placed here, AVP left out (default 0) */
    uint16_t window;         /**< Receive Window Size advertised, messages (default 128) */
    bool hide_avps;          /**< hide what may be hidden, where a secret is shared; needs crypto */
    bool tie_breaker;        /**< send a Tie Breaker AVP (default true) */
    uint32_t hello_ms;       /**< silence before a HELLO, 0 = none (default 60000) */
    uint32_t retransmit_ms;  /**< first retransmission, doubled each time (default 1000) */
    uint32_t retransmit_cap_ms; /**< longest interval, at least 8000 and retransmit_ms
                                     (default 16000) */
    uint32_t retries;           /**< retransmissions before the tunnel is cleared, 1 to 100
                                     (default 5) */
    uint32_t ack_delay_ms;      /**< how long an acknowledgement waits for company (default 50) */
    uint32_t setup_ms;          /**< half-open tunnels and calls are given up (default 60000) */
    uint32_t answer_ms;         /**< outgoing call not answered by the bearer (default 60000) */
    uint32_t idle_ms;           /**< tunnel without sessions is closed, 0 = never (default 0) */
    uint32_t max_tunnels;       /**< tunnels, lingering ones included; recovery tunnels have ids of
                                     their own (default and most L2TPHA_TUNNELS_MAX, or 512 fewer
                                     than the range from tunnel_id_first to tunnel_id_last has) */
    uint32_t max_half_open;     /**< tunnels that peers have asked for and not completed: for one
                                     more the one started first goes (default 4096) */
    uint32_t max_half_open_per_source; /**< ... from one address, whatever its port, or one /64 of
                                     IPv6; 0 = no limit of its own (default 512). Addresses are
                                     known from `struct sockaddr_in` and `sockaddr_in6` bytes in
                                     the path; of others the whole counts */
    uint32_t max_sessions;             /**< sessions of the node (default 1048576) */
    uint32_t max_queue;          /**< unacknowledged messages of one tunnel, 4 to 32000 (default
                                      32000): what a host may ask for fills half of it, answers
                                      the rest. Whatever it is, the queue is full for the host
                                      with 448 KiB too, since a checkpoint must hold all of it */
    uint32_t max_events;         /**< events not yet polled (default 1048576) */
    uint32_t max_checkpoints;    /**< checkpoints not yet confirmed (default 65536) */
    size_t max_buffer_bytes;     /**< messages, checkpoints and strings (default 1 GiB) */
    enum l2tpha_commit commit;   /**< default L2TPHA_COMMIT_GATED */
    uint32_t commit_lag_ms;      /**< L2TPHA_COMMIT_BOUNDED (default 50) */
    uint32_t resync_packets;     /**< lease if ungated: messages of a tunnel sent beyond what the
                                      standby knows to be acknowledged, 1 to 255 (default 8) */
    uint32_t resync_observe_ms;  /**< after a takeover from a lagging record: how long the peer is
                                      listened to before what it has not sent again counts as
                                      acknowledged; its longest retransmission interval (default
                                      16000) */
    uint32_t inactivity_ms;      /**< taken over from a lagging record: a session of which nothing
                                      is heard for so long, from when its tunnel carries again, is
                                      cleared, since the peer may have ended it; see
                                      l2tpha_session_heard(). At most a day, 0 = never: the host's
                                      PPP will find out (default 0) */
    uint8_t failover;            /**< enum l2tpha_failover_method for tunnels that no other level
                                      decides (default L2TPHA_FAILOVER_FALLBACK) */
    bool ha;                     /**< protect tunnels at all (default true) */
    bool failover_capability;    /**< announce RFC 4951 to peers (default true) */
    uint32_t recovery_ms;        /**< Recovery Time announced, and taken, at most 3600000 (default
                                      60000) */
    uint32_t recovery_max_ms;    /**< longest Recovery Time granted to a peer (default 300000) */
    uint32_t recovery_answer_ms; /**< with L2TPHA_FAILOVER_FALLBACK: a peer that has answered no
                                     recovery attempt for so long is recovered silently (default
                                     10000) */
    uint16_t data_reset_frames;  /**< frames in order but below the expected number after which that
                                      is reset (RFC 4951 3.2.3), at most 255, 0 = never (default
                                      5) */
    uint32_t query_ms;           /**< an FSQ acknowledged but not answered is repeated, at most
                                      an hour (default 10000) */
    uint32_t query_tries;        /**< times that a session is asked about, at most 31
                                      (default 3) */
    enum l2tpha_query query;     /**< sessions asked about after a recovery (default
                                      L2TPHA_QUERY_ALL) */
    uint32_t suspect_ms;         /**< L2TPHA_QUERY_SUSPECTS: changed so shortly before the failure
                                      (default 60000) */
    uint32_t commit_timeout_ms;  /**< standby silent for so long, ten times as long with
                                      L2TPHA_COMMIT_ASYNC: go on alone (default 200) */
    uint32_t unsure_ms;          /**< an active that was away, that is not called for 100 ms longer
                                      than it has asked for, while it has a standby: nothing leaves
                                      before the standby is heard again, or for so long at most
                                      (default 1000) */
    uint32_t fresh_ms;           /**< a standby that is cut off or hears nothing: how long its copy
                                      may still be the newest; see l2tpha_takeover_as() (default
                                      10000) */
    uint32_t rank;               /**< 0 to 255, differs among the nodes that may serve: low bits of
                                      this node's epochs, see l2tpha_epoch_next(); or
                                      L2TPHA_RANK_NONE (the default) */
    uint32_t debug;              /**< enum l2tpha_log_category bits */
    bool needs_app_state;        /**< every new session has the flag of
                                      l2tpha_session_needs_app_state() from its first record on */
    bool standby;                /**< start as a standby: applies checkpoints, sends nothing */
    uint64_t epoch;              /**< of an active at its start, or the first of its rank from there
                                      on; a standby follows no older one (default 1) */
    const struct l2tpha_crypto *crypto;         /**< NULL = no secrets, no hiding */
    const struct l2tpha_serializer *serializer; /**< NULL = proto */
    uint32_t tunnel_id_first;                   /**< ids of tunnels are not below it; */
    uint32_t tunnel_id_last; /**< ... nor above this: for many nodes behind one port, which are told
                                 apart by them. 512 of the range are for recovery tunnels, and
                                 max_tunnels has to fit into the rest. A standby has the same
                                 range, or refuses: L2TPHA_ERR_ID_RANGE (default 0 and 0: all,
                                 1 to 65535) */
    bool attach;             /**< the machines of its tunnels are the host's own: l2tpha/attach.h. A
                                  standby has the same, or refuses: L2TPHA_ERR_MACHINES (default
                                  false) */
    uint32_t takeover_batch; /**< after a takeover: tunnels restored in one call at most, and an
                                  eighth of those that may wait for their peers' answers at one
                                  time; 1 to L2TPHA_TUNNELS_MAX (default 256) */
};

/** Fill in every default and size. name stays NULL and has to be set. */
L2TPHA_API void l2tpha_config_init(struct l2tpha_config *config);

/** Make a node. talloc_free(node) ends it, silently, with all it owns.
 *  @param parent      talloc context that owns it; NULL = none.
 *  @param config      copied with its strings; crypto and serializer are borrowed.
 *  @param host        copied; what its user points to is borrowed.
 *  @param now         microseconds.
 *  @param[out] node   the node; nothing it borrows may go before it.
 *  @retval L2TPHA_ERR_INVALID  a value out of range; the log names it.
 *  @retval L2TPHA_ERR_HOST     no random bytes.
 *  @retval L2TPHA_ERR_NOMEM    out of memory. */
L2TPHA_API int l2tpha_node_new(TALLOC_CTX *parent, const struct l2tpha_config *config,
                               const struct l2tpha_host *host, uint64_t now,
                               struct l2tpha_node **node);

/** End a node: the same as talloc_free(), for callers without talloc. NULL is allowed. */
L2TPHA_API void l2tpha_node_free(struct l2tpha_node *node);

/** Hand over one received datagram.
 *  @param node  an active one.
 *  @param path  where it came from and arrived; copied.
 *  @param data  borrowed for the call.
 *  @param len   bytes.
 *  @param now   microseconds.
 *  @retval L2TPHA_OK                consumed; drain l2tpha_poll().
 *  @retval L2TPHA_ERR_DATA_MESSAGE  a data message: see l2tpha_data_receive().
 *  @retval L2TPHA_ERR_NOT_OURS      no such tunnel; nothing is answered.
 *  @retval L2TPHA_ERR_ROLE          a standby or fenced node takes no datagrams.
 *  @retval L2TPHA_ERR_STATE         dropped: a planned switchover is draining.
 *  @return another error when the datagram was refused; the matching counter has risen and no state
 *          has changed unless the protocol asks for it (a StopCCN, a CDN). */
L2TPHA_API int l2tpha_feed(struct l2tpha_node *node, const struct l2tpha_path *path,
                           const uint8_t *data, size_t len, uint64_t now);

/** One datagram of l2tpha_feed_batch(). */
struct l2tpha_datagram {
    const struct l2tpha_path *path; /**< where it came from and arrived; copied */
    const uint8_t *data;            /**< borrowed for the call */
    size_t len;                     /**< bytes */
    struct l2tpha_frame *frame;     /**< room for what a data message carries, a view into data:
                                         its session is set to NULL where there is none. NULL =
                                         data messages are left, with L2TPHA_ERR_DATA_MESSAGE */
    int result;                     /**< set: as of l2tpha_feed(), or, of a data message with room
                                         for its frame, of l2tpha_data_receive() */
};

/** Hand over many received datagrams in one call, in their order. What comes of it, datagram by
 *  datagram, is what comes of l2tpha_feed() and l2tpha_data_receive() with the same `now`; but what
 *  they touch is asked for together.
 *
 *  A frame is for the host to act on before a later message may end its call: the entry is over
 *  before the first control message that stands behind a data message with room for its frame, and
 *  the host calls again with what is left.
 *  @param node       an active one.
 *  @param datagrams  count of them.
 *  @param count      how many: as many as the host has; none is allowed.
 *  @param now        microseconds.
 *  @return how many were dealt with, from the first one on, and have their result: one at least
 *          when there is one, all when there is no room for frames. 0 when @p datagrams is NULL. */
L2TPHA_API size_t l2tpha_feed_batch(struct l2tpha_node *node, struct l2tpha_datagram *datagrams,
                                    size_t count, uint64_t now);

/** Do all work that is due. Harmless when early or repeated.
 *  @param node  any; a standby has no timers.
 *  @param now   microseconds.
 *  @retval L2TPHA_ERR_INVALID    no time: L2TPHA_NEVER, or anything in the upper half of the range;
 *                                so does every call that is given a time.
 *  @retval L2TPHA_ERR_REENTERED  called from a host callback. */
L2TPHA_API int l2tpha_expire(struct l2tpha_node *node, uint64_t now);

/** When to call l2tpha_expire() at the latest, microseconds; L2TPHA_NEVER = no need. */
L2TPHA_API uint64_t l2tpha_deadline(const struct l2tpha_node *node);

/** Kinds of output. */
enum l2tpha_output_kind {
    L2TPHA_OUTPUT_DATAGRAM = 1,   /**< send it */
    L2TPHA_OUTPUT_CHECKPOINT = 2, /**< ship it to its consumer, then l2tpha_consumer_done() */
    L2TPHA_OUTPUT_EVENT = 3       /**< act on it */
};

/** Room for an acknowledgement alone, bytes: one of L2TPv3 with a SHA-1 digest has 47 (RFC 3931
 *  5.4.1, 6.15), a ZLB of L2TPv2 12. */
#define L2TPHA_ACK_MAX 64

/** One output. Everything that it names or points to stays valid until the next l2tpha_poll() of
 *  the node, whatever the host calls in between: a tunnel or session that ends meanwhile is over
 *  (calls about it give L2TPHA_ERR_STATE) but still there, and the bytes are as they were. */
struct l2tpha_output {
    enum l2tpha_output_kind kind;     /**< which of the following are set */
    uint32_t tunnel_id;               /**< local id, 0 = none */
    const struct l2tpha_path *path;   /**< DATAGRAM: where to */
    const uint8_t *data;              /**< DATAGRAM, CHECKPOINT: bytes */
    size_t len;                       /**< DATAGRAM, CHECKPOINT: how many */
    uint64_t number;                  /**< CHECKPOINT: newest increment that it has, or that it
                                           stands behind */
    uint64_t position;                /**< CHECKPOINT: in its consumer's stream, one more with
                                           each */
    uint32_t consumer;                /**< CHECKPOINT: whose it is */
    const struct l2tpha_event *event; /**< EVENT */
    uint8_t ack[L2TPHA_ACK_MAX]; /**< DATAGRAM: room for an acknowledgement; not for the host */
    struct l2tpha_path to;       /**< DATAGRAM: room for the path; not for the host */
};

/** Fetch what may leave now: a checkpoint for each consumer, then datagrams, then events. Call
 * until it returns 0. What was done since the last call is one checkpoint. The outputs of the poll
 * before are over with this call, and not before.
 *  @param node     any; a standby has events alone.
 *  @param outputs  room for max of them.
 *  @param max      how many are wanted at most.
 *  @param now      microseconds.
 *  @return how many of @p outputs were filled in; 0 = drained. */
L2TPHA_API size_t l2tpha_poll(struct l2tpha_node *node, struct l2tpha_output *outputs, size_t max,
                              uint64_t now);

/** The node's Host Name and other settings as in force. Borrowed. */
L2TPHA_API const struct l2tpha_config *l2tpha_node_config(const struct l2tpha_node *node);

/** Change the debug categories: @p mask has enum l2tpha_log_category bits. */
L2TPHA_API void l2tpha_node_set_debug(struct l2tpha_node *node, uint32_t mask);

#ifdef __cplusplus
}
#endif
#endif
