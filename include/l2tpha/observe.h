/* SPDX-License-Identifier: MIT */
/** @file
 *  What a node tells: events, counters, packet capture. */
#ifndef L2TPHA_OBSERVE_H
#define L2TPHA_OBSERVE_H

#include <l2tpha/redundancy.h>
#include <l2tpha/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct l2tpha_message;

/** Events, X(name, text). */
#define L2TPHA_EVENTS(X)                                                                           \
    X(TUNNEL_UP, "tunnel up")                 /* established */                                    \
    X(TUNNEL_DOWN, "tunnel down")             /* no longer usable; result, error, text say why */  \
    X(TUNNEL_GONE, "tunnel gone")             /* retention is over; the handle dies */             \
    X(TUNNEL_RESTORED, "tunnel restored")     /* takeover has installed it and its sessions */     \
    X(TUNNEL_RESYNCED, "tunnel resynced")     /* after a takeover the peer has answered */         \
    X(SESSION_CALL, "call request")           /* OCRQ accepted: place the call on the bearer */    \
    X(SESSION_UP, "session up")               /* established; message has the peer's AVPs */       \
    X(SESSION_DOWN, "session down")           /* gone; result, error, text, message say why */     \
    X(SESSION_LINK_INFO, "set link info")     /* SLI: message has the ACCM */                      \
    X(SESSION_ERRORS, "WAN errors")           /* WEN: message has the counters */                  \
    X(SESSION_CHANNEL, "physical channel")    /* OCRP: message has the Physical Channel ID */      \
    X(TUNNEL_RECOVERING, "tunnel recovering") /* RFC 4951 recovery has begun; by_peer: its side */ \
    X(TUNNEL_RECOVERED, "tunnel recovered")   /* ... and the control channel is reset */           \
    X(TUNNEL_UNRESPONSIVE, "peer unresponsive") /* kept for its Recovery Time */                   \
    X(TUNNEL_RESPONSIVE, "peer responsive")     /* it has answered after all */                    \
    X(SESSIONS_SYNCED, "sessions synchronised") /* queried, cleared, unverified */                 \
    X(ROLE_CHANGED, "role changed")             /* role, text */                                   \
    X(TAKEOVER_DONE, "takeover done")           /* all tunnels confirmed or given up */            \
    X(STANDBY_REFUSED, "standby refused")       /* error and text say why */                       \
    X(STANDBY_DIFFERS, "standby differs")       /* its copy does; text says where */

/** Event kinds. Each row of L2TPHA_EVENTS is one, named L2TPHA_EVENT_ and its name. */
enum l2tpha_event_kind {
    L2TPHA_EVENT_NONE = 0, /**< no event has it */
/** @cond */
#define L2TPHA_EVENT_ENUM(name, text) L2TPHA_EVENT_##name,
    L2TPHA_EVENTS(L2TPHA_EVENT_ENUM)
#undef L2TPHA_EVENT_ENUM
    /** @endcond */
};

/** One event. All of it is valid until the next l2tpha_poll() of the node. */
struct l2tpha_event {
    enum l2tpha_event_kind kind;    /**< what has happened */
    uint64_t checkpoint;            /**< number that was confirmed before this could be told: a key
                                         under which effects outside become idempotent */
    uint32_t tunnel_id;             /**< local id, 0 = none */
    uint32_t session_id;            /**< local id, 0 = none */
    struct l2tpha_tunnel *tunnel;   /**< NULL when tunnel_id is 0 */
    struct l2tpha_session *session; /**< NULL when it is gone already. One that goes before the next
                                         poll is there until then: calls about it give
                                         L2TPHA_ERR_STATE */
    void *user;                     /**< the session's user pointer, else the tunnel's, as it is
                                         now: one set while the event waits is seen here */
    uint16_t result;                /**< Result Code, 0 = none */
    uint16_t error;                 /**< general error code */
    int status;                     /**< 0 or a negative error of this library */
    bool by_peer;                   /**< the peer caused it */
    enum l2tpha_role role;          /**< ROLE_CHANGED */
    const char *text;               /**< reason, escaped; never NULL */
    uint32_t queried;               /**< SESSIONS_SYNCED: sessions asked about, or that the peer
                                         has asked about and has as this end has them */
    uint32_t cleared;               /**< ... that the peer does not have: cleared */
    uint32_t unverified;            /**< ... that it did not answer for: kept */
    const struct l2tpha_message *message; /**< the peer's message, deciphered; NULL = none */
    uint32_t successor; /**< TUNNEL_DOWN, SESSION_DOWN: the tunnel has lost a tie (RFC 2661 4.4.3);
                             local id of the peer's that is set up in its place. Calls that waited
                             may be opened on that at once (7.2.1); its end is told like that of a
                             tunnel opened here. 0 = there is none */
};

/** Text of an event kind, such as "tunnel up"; "unknown" for any other number. Static. */
L2TPHA_API const char *l2tpha_event_name(enum l2tpha_event_kind kind);

/** Counters, X(name, text). */
#define L2TPHA_COUNTERS(X)                                                                         \
    X(datagrams_in, "datagrams received")                                                          \
    X(datagrams_out, "datagrams handed out for sending")                                           \
    X(messages_in, "control messages processed")                                                   \
    X(messages_out, "control messages queued")                                                     \
    X(zlb_in, "ZLBs received")                                                                     \
    X(zlb_out, "ZLBs handed out")                                                                  \
    X(retransmissions, "messages sent again")                                                      \
    X(duplicates, "duplicates acknowledged and not processed")                                     \
    X(reordered, "messages kept until their turn")                                                 \
    X(ahead_dropped, "messages ahead of their turn not kept: no tunnel yet, or enough is kept")    \
    X(out_of_window, "messages beyond the receive window, dropped")                                \
    X(ack_unsent, "acknowledgements of what was never sent, ignored")                              \
    X(bad_header, "datagrams with a malformed header, dropped")                                    \
    X(bad_version, "datagrams of another version, dropped")                                        \
    X(bad_avp, "messages refused for an AVP")                                                      \
    X(ignored_avp, "optional AVPs ignored")                                                        \
    X(unknown_message, "messages of unknown type")                                                 \
    X(unexpected_message, "messages improper for the state")                                       \
    X(unknown_tunnel, "datagrams for no tunnel of ours, dropped")                                  \
    X(unknown_session, "messages for no session of ours")                                          \
    X(wrong_peer, "datagrams with our ids from another address, dropped")                          \
    X(auth_failed, "tunnel authentication failures")                                               \
    X(limit_reached, "requests refused since a limit is reached")                                  \
    X(half_open_ended, "half-open tunnels ended since others needed their places")                 \
    X(half_open_ended_source, "half-open tunnels ended since others of their source needed them")  \
    X(unproven_held, "messages not sent again to addresses that have not answered yet")            \
    X(queue_full, "messages dropped since there was no room for the answer")                       \
    X(fenced_drops, "datagrams dropped by a standby, fenced or draining node")                     \
    X(data_in, "data frames received")                                                             \
    X(data_out, "data frames sent")                                                                \
    X(data_unknown, "data frames for no session, dropped")                                         \
    X(data_late, "data frames older than one delivered, dropped")                                  \
    X(data_unconfirmed, "data frames not sent since the standby did not know their numbers yet")   \
    X(tunnels_up, "tunnels established")                                                           \
    X(tunnels_down, "tunnels ended")                                                               \
    X(tunnels_replaced, "tunnels ended since their peer has begun anew")                           \
    X(sessions_up, "sessions established")                                                         \
    X(sessions_down, "sessions ended")                                                             \
    X(checkpoints, "checkpoints made")                                                             \
    X(checkpoint_bytes, "bytes of checkpoints made")                                               \
    X(checkpoints_applied, "checkpoints applied")                                                  \
    X(checkpoints_refused, "checkpoints refused")                                                  \
    X(checkpoint_timeouts, "times the standby did not confirm in time")                            \
    X(absences, "times this node was not driven for longer than it had asked for")                 \
    X(unsure_drops, "data frames not sent while the standby was not heard after an absence")       \
    X(events_lost, "events lost since the host did not poll or memory was out")                    \
    X(suspended_drops, "control datagrams dropped while a tunnel is being recovered")              \
    X(recovery_attempts, "recovery tunnels asked for")                                             \
    X(recoveries, "tunnels recovered by RFC 4951")                                                 \
    X(recoveries_failed, "tunnels whose recovery by RFC 4951 failed")                              \
    X(recoveries_degraded, "recoveries without Suggested Control Sequence")                        \
    X(recoveries_by_peer, "tunnels that the peer has recovered")                                   \
    X(recoveries_refused, "recoveries refused to a peer")                                          \
    X(resyncs, "tunnels resynchronised from a lagging record")                                     \
    X(resync_refusals, "calls refused to a peer whose tunnel was in resync")                       \
    X(resyncs_failed, "tunnels cleared since their numbers could not be found")                    \
    X(resync_anomalies, "answers outside what a lagging record allows")                            \
    X(resync_jumps, "times messages of the peer were passed over, acknowledged before a takeover") \
    X(orphans_ended, "calls that only the peer had, disconnected")                                 \
    X(sessions_inactive, "sessions cleared since nothing was heard of them after a takeover")      \
    X(tunnels_unresponsive, "times a peer was kept beyond its retransmissions")                    \
    X(queries_out, "sessions asked about by FSQ")                                                  \
    X(queries_in, "sessions that a peer asked about")                                              \
    X(queries_saved, "sessions that the peer asked about, so that this end need not")              \
    X(sessions_desynced, "sessions cleared since the peer has none such")                          \
    X(sessions_stale, "sessions found paired otherwise, asked about again")                        \
    X(sessions_unverified, "sessions that a peer did not answer for")                              \
    X(answers_ignored, "answers about sessions to no query of ours, ignored")                      \
    X(data_resets, "data channels whose expected number was reset")                                \
    X(takeovers, "takeovers")                                                                      \
    X(callback_errors, "host callbacks that failed")                                               \
    X(failover_errors, "steps of a failover that could not be done; the log has each")             \
    X(assertions_failed, "faults of this library that its own checks found; the log has each")     \
    X(digests, "digests compared with the other node's")                                           \
    X(digests_different, "digests that were different")                                            \
    X(digest_repairs, "copies of what was different")

/** All counters since the node was made: one uint64_t for each row of L2TPHA_COUNTERS. */
struct l2tpha_counters {
/** @cond */
#define L2TPHA_COUNTER_FIELD(name, text) uint64_t name;
    L2TPHA_COUNTERS(L2TPHA_COUNTER_FIELD)
#undef L2TPHA_COUNTER_FIELD
    /** @endcond */
};

/** Look at them. Borrowed; alive as long as the node. */
L2TPHA_API const struct l2tpha_counters *l2tpha_counters(const struct l2tpha_node *node);

/** One counter, for iterating over all of them.
 *  @param counters    of a node.
 *  @param index       0 and up.
 *  @param[out] name   as in struct l2tpha_counters; static.
 *  @param[out] text   what it counts; static.
 *  @param[out] value  its count.
 *  @return false past the end. */
L2TPHA_API bool l2tpha_counter_at(const struct l2tpha_counters *counters, size_t index,
                                  const char **name, const char **text, uint64_t *value);

/** Text from the wire (names, numbers, result messages) as it may be shown anywhere: a terminal, a
 *  log, a table, the value of a JSON string. Printable UTF-8 stays as it is; every other octet, and
 *  the backslash, becomes `\xHH`, so the result can be read back unambiguously. Controls, format
 *  characters, spaces other than U+0020, private and unassigned code points do not count as
 * printable.
 *  @param data  the octets, borrowed for the call; NULL when len is 0. NUL is an octet like any
 * other.
 *  @param len   octets.
 *  @param dst   gets the text, always terminated when size > 0; NULL when size is 0.
 *  @param size  bytes of dst. What does not fit is left out, never half a character or half a
 * `\xHH`.
 *  @return length of the whole text without its NUL, at most 4 * len: cut short when it is not
 * below size. */
L2TPHA_API size_t l2tpha_text_escape(const uint8_t *data, size_t len, char *dst, size_t size);

/** Packet capture: pcapng blocks for the host to write. The file starts with
 *  l2tpha_capture_begin(), then one l2tpha_capture_packet() each. The blocks carry synthetic IP and
 *  UDP headers: a path whose addresses are `struct sockaddr_in` or `sockaddr_in6` bytes is shown
 *  with its real addresses and ports.
 *  @param dst          gets the blocks.
 *  @param cap          bytes of dst; 320 are enough.
 *  @param application  name for the file's header, at most 255 bytes of it are kept; NULL = none.
 *  @return bytes written, or L2TPHA_ERR_TOO_SMALL. */
L2TPHA_API int l2tpha_capture_begin(uint8_t *dst, size_t cap, const char *application);

/** Bytes that the block of a datagram of @p len bytes takes at most. */
L2TPHA_API size_t l2tpha_capture_room(size_t len);

/** The block of one datagram.
 *  @param dst      gets the block.
 *  @param cap      bytes of dst, see l2tpha_capture_room().
 *  @param path     where it came from and arrived, or where it goes and leaves.
 *  @param inbound  received, not sent.
 *  @param data     the datagram; borrowed for the call.
 *  @param len      bytes.
 *  @param time_us  wall-clock microseconds since 1970.
 *  @return bytes written, L2TPHA_ERR_TOO_SMALL, or L2TPHA_ERR_INVALID for more than 65507 bytes,
 *          which no UDP datagram has. */
L2TPHA_API int l2tpha_capture_packet(uint8_t *dst, size_t cap, const struct l2tpha_path *path,
                                     bool inbound, const uint8_t *data, size_t len,
                                     uint64_t time_us);

#ifdef __cplusplus
}
#endif
#endif
