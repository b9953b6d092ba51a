/* SPDX-License-Identifier: MIT */
/** @file
 *  The replication link: a sans-I/O protocol over any reliable, ordered byte stream that the host
 *  has (docs/replication-link.md has the frames). One object at each end; when the stream closes,
 *  free it and make a new one for the next stream.
 *
 *  On the active the node's CHECKPOINT outputs for l2tpha_link_info::consumer go into
 *  l2tpha_link_send(); the link takes the acknowledgements and calls l2tpha_consumer_done() itself.
 *  On the standby it applies what
 *  arrives and acknowledges it.
 *
 *  The calls may come in any order: an end that was not driven for longer than two heartbeats was
 *  away, does not count that as the other's silence, and asks whether it is still what it was
 *  (docs/replication-link.md, "Absence"). A newer epoch is heard as long as the link lives,
 * whatever the node has become meanwhile. */
#ifndef L2TPHA_LINK_H
#define L2TPHA_LINK_H

#include <l2tpha/error.h>
#include <l2tpha/redundancy.h>
#include <talloc.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Octets of a node's name, at most. */
#define L2TPHA_NODE_NAME_MAX 63

/** Options of a link. Zero-fill it and set size. */
struct l2tpha_link_options {
    size_t size;           /**< sizeof(struct l2tpha_link_options) */
    uint32_t heartbeat_ms; /**< how often to say that we live, at least 10 (0 = 50) */
    uint32_t silence_ms;   /**< peer counts as lost after this (0 = 1000, or 5000 where no output
                                waits for the standby) */
    size_t max_queue;      /**< bytes not yet taken by the stream; beyond it the link fails
                                (0 = 64 MiB) */
    uint64_t fingerprint;  /**< of the configuration: a difference is told, not refused */
    uint32_t answer_ms; /**< how long an announcement may stay unanswered; as long as the active's
                             commit_timeout_ms (0 = 200) */
    const char *name;   /**< of the active's consumer at this end: l2tpha_consumer_options::name
                             (NULL = "link"); copied */
    bool ungated;       /**< no output waits for the standby: an active decides so, and a standby
                             asks for it, an observer, such as one that is far away */
    bool ranks_differ;  /**< refuse a peer of this node's own rank: L2TPHA_ERR_EXISTS */
    bool taken; /**< this node has another link that goes on: here an active of an older epoch is
                     told so, and anybody else meets nobody: L2TPHA_ERR_LIMIT */
    const char *node_name; /**< of this node, for the other one to show; borrowed as long as the
                                link is there. Nobody sees to it that names differ (NULL = none) */
};

/** Make a link for a stream that has just been opened. It hangs off the node, and is the active's
 *  or the standby's end by the node's role at this moment.
 *  @param node       owns the link.
 *  @param options    copied; NULL = all defaults.
 *  @param now        microseconds.
 *  @param[out] link  the link; end it with l2tpha_link_free().
 *  @retval L2TPHA_ERR_ROLE     the node is fenced.
 *  @retval L2TPHA_ERR_NOMEM    out of memory.
 *  @retval L2TPHA_ERR_INVALID  heartbeat_ms below 10 or above half of silence_ms, max_queue too
 *                              small for a hello, or a long node_name. */
L2TPHA_API int l2tpha_link_new(struct l2tpha_node *node, const struct l2tpha_link_options *options,
                               uint64_t now, struct l2tpha_link **link);

/** The stream is gone, or the host is done with it. On the active the node goes on alone; once the
 *  standby was told to serve (l2tpha_link_info.handed) it stays silent, until the host fences it
 * or, knowing that the other does not serve, calls l2tpha_switchover_cancel(). A standby that was
 * in sync is cut off: L2TPHA_ROLE_CUT_OFF. */
L2TPHA_API void l2tpha_link_free(struct l2tpha_link *link, uint64_t now);

/** Bytes that came in, in pieces of any size.
 *  @param link  either end.
 *  @param data  borrowed for the call.
 *  @param len   bytes.
 *  @param now   microseconds.
 *  @retval L2TPHA_ERR_LINK, L2TPHA_ERR_RECORD, L2TPHA_ERR_RECORD_VERSION, L2TPHA_ERR_LEVEL,
 *          L2TPHA_ERR_SERIALIZER, L2TPHA_ERR_STALE_EPOCH, L2TPHA_ERR_FENCED, L2TPHA_ERR_ROLE or
 * what the other end or this node refused with: close the stream; drain l2tpha_link_poll() first,
 * it may tell why. The error stays. */
L2TPHA_API int l2tpha_link_feed(struct l2tpha_link *link, const uint8_t *data, size_t len,
                                uint64_t now);

/** Hand over one CHECKPOINT output of the node; copied.
 *  @param link      the active's end.
 *  @param position  the output's.
 *  @param data      its bytes.
 *  @param len       how many.
 *  @param now       microseconds.
 *  @retval L2TPHA_ERR_QUEUE_FULL  the stream does not drain: the node has gone on alone. Outputs
 *          polled together with this one stay what they are.
 *  @retval L2TPHA_ERR_NOMEM  likewise.
 *  @retval L2TPHA_ERR_STATE  no hellos yet: the checkpoint was made for an earlier stream; drop it.
 *  @retval L2TPHA_ERR_ROLE   not the active's end.
 *  @retval L2TPHA_ERR_INVALID  empty, too long, or a position that is not the next one.
 *  @return the link's error again, once it has failed. */
L2TPHA_API int l2tpha_link_send(struct l2tpha_link *link, uint64_t position, const uint8_t *data,
                                size_t len, uint64_t now);

/** Bytes to write to the stream; 0 = none. They stay queued until l2tpha_link_sent(), and where
 *  they are until the next call on the link. Works on a link that has failed, too. */
L2TPHA_API size_t l2tpha_link_poll(struct l2tpha_link *link, const uint8_t **data, uint64_t now);

/** The stream has taken the first @p len of them. */
L2TPHA_API void l2tpha_link_sent(struct l2tpha_link *link, size_t len);

/** When to call l2tpha_link_expire() at the latest; L2TPHA_NEVER once the link has failed. */
L2TPHA_API uint64_t l2tpha_link_deadline(const struct l2tpha_link *link);

/** Heartbeats and silence. Harmless when early.
 *  @param link  either end.
 *  @param now   microseconds.
 *  @retval L2TPHA_ERR_TIMEOUT  the peer is silent: close the stream.
 *  @return the link's error again, once it has failed. */
L2TPHA_API int l2tpha_link_expire(struct l2tpha_link *link, uint64_t now);

/** A link at a glance. */
struct l2tpha_link_info {
    size_t size;              /**< sizeof(struct l2tpha_link_info), set by the caller */
    bool up;                  /**< hellos have been exchanged */
    bool in_sync;             /**< the standby end has everything */
    bool fingerprint_differs; /**< the two configurations differ */
    uint64_t peer_epoch;      /**< epoch the other end told */
    uint32_t version;         /**< protocol version agreed on */
    uint64_t frames_in;       /**< frames received */
    uint64_t frames_out;      /**< frames queued */
    uint64_t queued;          /**< bytes not yet taken by the stream */
    bool switchover;          /**< standby: it is to take over now, l2tpha_takeover(), or to say
                                   why not, l2tpha_link_decline() */
    bool offered;             /**< active: the standby was asked whether it could take over */
    bool handed;              /**< active: it was told to; this node is silent until it is fenced */
    int declined;             /**< why the other end did not take over, or would not step down; 0 =
                                   nothing of the kind */
    bool unanswered;          /**< standby: it has announced its epoch, and for answer_ms, in which
                                   this end read all that came, nothing was answered. A host that
                                   reads so much in a turn and no more reads on until there is
                                   nothing before it goes by this: the answer may be there */
    bool stepped_down;        /**< standby: the active has said that it sends nothing any more */
    bool unheard;       /**< standby: nothing has come for six heartbeats or for three quarters of
                             answer_ms, whichever is less; or this end was away, or has announced its
                             epoch; and it has not been answered since */
    uint64_t heard;     /**< when bytes came last; time in which this end was away does not count */
    uint32_t peer_rank; /**< of the other node, or L2TPHA_RANK_NONE */
    bool met;           /**< the other end's hello has been read, whatever came of it */
    bool peer_serves;   /**< it was an active's */
    uint64_t peer_last; /**< newest checkpoint that it had made or held then */
    uint64_t peer_fingerprint; /**< of its configuration */
    uint32_t consumer;         /**< active: its consumer, 0 = none yet */
    uint64_t round_trip; /**< active: microseconds from a checkpoint to its confirmation, of one
                              lately; 0 = none yet */
    bool ungated; /**< no output of the active waits for the standby, since either end has said so.
                     Its copy is never known to be all that was served, but when the active hands
                     over or steps down for it */
    uint32_t peer_level; /**< of the other node's release, see L2TPHA_LEVEL; 1 = it has not said */
    char peer_name[L2TPHA_NODE_NAME_MAX + 1]; /**< as the other node calls itself, up to a zero;
                                                   "" = it does not, or is not met yet. Any octets,
                                                   and not unique */
    uint64_t compared; /**< when all that active and standby hold was last found alike by digests,
                            one after the other since half a minute or so before; 0 = not yet */
};

/** Look at it. At most info->size bytes are written. */
L2TPHA_API void l2tpha_link_get(const struct l2tpha_link *link, struct l2tpha_link_info *info);

/** On the active, once l2tpha_switchover_ready(): offer to hand over to the standby. When it
 *  accepts, it is told to take over, and l2tpha_link_info.handed turns true; until then the offer
 *  may be withdrawn. A standby that could not after all has l2tpha_link_info.declined set, and the
 *  node serves again.
 *  @param link  the active's end.
 *  @param now   microseconds.
 *  @retval L2TPHA_ERR_ROLE         not the active's end.
 *  @retval L2TPHA_ERR_STATE        no hellos yet, or it has been offered already.
 *  @retval L2TPHA_ERR_NOT_IN_SYNC  the standby does not hold everything.
 *  @retval L2TPHA_ERR_QUEUE_FULL, L2TPHA_ERR_NOMEM  no room to tell it: the link has failed.
 *  @return the link's error again, once it has failed. */
L2TPHA_API int l2tpha_link_hand_over(struct l2tpha_link *link, uint64_t now);

/** Take an offer back that the standby has not accepted yet: it never takes over upon it. The host
 *  calls l2tpha_switchover_cancel() to serve again.
 *  @retval L2TPHA_ERR_STATE  nothing is offered; where l2tpha_link_info.handed is true it is too
 * late.
 *  @retval L2TPHA_ERR_ROLE   not the active's end.
 *  @return the link's error again, once it has failed. */
L2TPHA_API int l2tpha_link_withdraw(struct l2tpha_link *link, uint64_t now);

/** On the standby that was told to take over and cannot: the active serves again.
 *  @param link  the standby's end.
 *  @param why   an error of l2tpha/error.h, for the active's host.
 *  @param now   microseconds.
 *  @retval L2TPHA_ERR_STATE    it was not told to, or serves already.
 *  @retval L2TPHA_ERR_ROLE     not the standby's end.
 *  @retval L2TPHA_ERR_INVALID  no error.
 *  @return the link's error again, once it has failed. */
L2TPHA_API int l2tpha_link_decline(struct l2tpha_link *link, int why, uint64_t now);

/** On a standby that is about to take over while its active may live: say so first. An active in
 *  sync with it that reads this is fenced and answers, which is how l2tpha_link_feed() ends:
 *  L2TPHA_ERR_FENCED, with l2tpha_link_info.stepped_down. One that has gone on without it serves
 *  on, and l2tpha_link_info.declined says why: the takeover would lose what only that node has. A
 *  host that gets no answer waits until l2tpha_link_info.unanswered is true before it calls
 *  l2tpha_takeover() with the same epoch: an active that is stopped all that time hears of it
 *  before it lets anything out. It must not measure that time itself, since an answer may lie
 *  unread while it was away. From the announcement to the answer the role is L2TPHA_ROLE_UNHEARD.
 *  @param link   the standby's end.
 *  @param epoch  the one that is to begin.
 *  @param force  fence the active whatever it has.
 *  @param now    microseconds.
 *  @retval L2TPHA_ERR_STATE        no hellos yet, or it has been announced.
 *  @retval L2TPHA_ERR_ROLE         not a standby.
 *  @retval L2TPHA_ERR_STALE_EPOCH  not newer than the active's.
 *  @return the link's error again, once it has failed. */
L2TPHA_API int l2tpha_link_announce(struct l2tpha_link *link, uint64_t epoch, bool force,
                                    uint64_t now);

#ifdef __cplusplus
}
#endif
#endif
