/* SPDX-License-Identifier: MIT */
/** @file
 *  Consumers of a node's checkpoints: standbys and stores alike. An active has one stream of
 *  increments, numbered once and the same bytes for all, and each consumer a place of its own in
 *  it. A copy brings a consumer there; it takes no numbers, and stands in that consumer's stream
 *  alone.
 *
 *  l2tpha_poll() gives out what is for whom (l2tpha_output::consumer), with its position in that
 *  consumer's stream. l2tpha_link is a consumer by itself; a host with one standby and a transport
 *  of its own has the shorter calls of l2tpha/checkpoint.h. */
#ifndef L2TPHA_CONSUMER_H
#define L2TPHA_CONSUMER_H

#include <l2tpha/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Consumers that a node has at most; their ids are 1 to this. */
#define L2TPHA_CONSUMERS_MAX 8

/** Options of a consumer. Zero-fill it and set size. */
struct l2tpha_consumer_options {
    size_t size;      /**< sizeof(struct l2tpha_consumer_options) */
    const char *name; /**< in events and in show; no other consumer of the node has it */
    bool gates;       /**< outputs wait for its confirmation once its copy has ended. One that
                           does not gate holds nobody up and protects nothing: what has left may
                           be unknown to it */
    bool
        returns;         /**< its stream may end and another one go on: until then what it has not
                              confirmed is kept, up to l2tpha_config::max_checkpoints increments
                              and 16 MiB, or a sixteenth of max_buffer_bytes; see l2tpha_consumer_leave() */
    uint32_t timeout_ms; /**< a consumer that gates and confirms nothing for so long gets nothing
                              more (0 = l2tpha_config::commit_timeout_ms) */
};

/** How far a consumer is. */
enum l2tpha_consumer_state {
    L2TPHA_CONSUMER_OUT = 0,     /**< it gets nothing; l2tpha_consumer_info::reason says why */
    L2TPHA_CONSUMER_WAITING = 1, /**< for its copy: one is made at a time */
    L2TPHA_CONSUMER_COPYING = 2, /**< the copy is under way */
    L2TPHA_CONSUMER_ENDED = 3,   /**< it has been given out, and is not confirmed */
    L2TPHA_CONSUMER_IN_SYNC = 4  /**< it has confirmed the whole copy */
};

/** A consumer at a glance. */
struct l2tpha_consumer_info {
    size_t size;                      /**< sizeof(struct l2tpha_consumer_info), set by the caller */
    const char *name;                 /**< borrowed, as long as the consumer is there */
    bool gates;                       /**< as in its options */
    enum l2tpha_consumer_state state; /**< now */
    const char *reason;               /**< OUT: why; else "". Static */
    int status;                       /**< the error by which it has refused last; 0 = it was in
                                           sync since, or has not */
    uint64_t confirmed;               /**< newest increment up to which it holds everything;
                                           0 = its copy is not confirmed */
    uint64_t lag;                     /**< increments that it has not confirmed, since its copy
                                           began if one is under way, */
    uint64_t lag_bytes;               /**< ... their bytes, */
    uint64_t lag_since;               /**< ... and when the oldest was made; 0 = there is none */
    bool returns;                     /**< OUT: they are kept, for it to go on without a copy */
    uint32_t level;                   /**< of the release at the other end of its link, see
                                           L2TPHA_LEVEL; 0 = it has no link */
};

/** A consumer more. It gets nothing before l2tpha_consumer_copy().
 *  @param node      an active one, or a standby that is to take over with this consumer.
 *  @param options   copied.
 *  @param now       microseconds.
 *  @param[out] id   1 to L2TPHA_CONSUMERS_MAX; used again once it was removed.
 *  @retval L2TPHA_ERR_EXISTS   the name is taken.
 *  @retval L2TPHA_ERR_LIMIT    there are L2TPHA_CONSUMERS_MAX.
 *  @retval L2TPHA_ERR_INVALID  no name, or a wrong size.
 *  @retval L2TPHA_ERR_NOMEM    out of memory. */
L2TPHA_API int l2tpha_consumer_add(struct l2tpha_node *node,
                                   const struct l2tpha_consumer_options *options, uint64_t now,
                                   uint32_t *id);

/** Outputs wait for it from now on, whatever becomes of it: in its copy, when it is silent, has
 *  refused or is behind. What is newer than what it holds, and than what was let on before this
 *  call, leaves once it holds that, or when this is taken back, or it is removed. For a store that
 *  is read again: what has left must be in it, or be known not to be. A node that takes over with
 *  such a consumer lets on what its copy had, and nothing newer.
 *  @param node  active or standby.
 *  @param id    of a consumer that gates.
 *  @param hold  whether.
 *  @param now   microseconds.
 *  @retval L2TPHA_ERR_NOT_FOUND  no such consumer.
 *  @retval L2TPHA_ERR_INVALID    it gates nothing. */
L2TPHA_API int l2tpha_consumer_hold(struct l2tpha_node *node, uint32_t id, bool hold, uint64_t now);

/** Start a copy for it: BULK_BEGIN, parts interleaved with increments, BULK_END. From BULK_END on
 *  outputs wait for it, if it gates; once that is confirmed it is in sync. One under way for it is
 *  given up for the new one; one for another consumer is ended first. A consumer that has refused
 *  three in a row gets one a minute.
 *  @retval L2TPHA_ERR_NOT_FOUND  no such consumer.
 *  @retval L2TPHA_ERR_ROLE       not an active node. */
L2TPHA_API int l2tpha_consumer_copy(struct l2tpha_node *node, uint32_t id, uint64_t now);

/** It holds everything up to and including what had this position in its stream. Drain
 *  l2tpha_poll() after it: it gives out what has waited.
 *  @param node      the active.
 *  @param id        of the consumer.
 *  @param position  l2tpha_output::position of something given out for it.
 *  @param status    0, or the error by which it has refused: it gets nothing more.
 *  @param now       microseconds.
 *  @retval L2TPHA_ERR_INVALID    a position that was not given out.
 *  @retval L2TPHA_ERR_NOT_FOUND  no such consumer.
 *  @retval L2TPHA_ERR_ROLE       not an active node. */
L2TPHA_API int l2tpha_consumer_done(struct l2tpha_node *node, uint32_t id, uint64_t position,
                                    int status, uint64_t now);

/** Its stream has ended: nothing waits for it. One that returns, and had its copy, may go on by
 *  l2tpha_consumer_resume(); any other needs a new copy.
 *  @retval L2TPHA_ERR_NOT_FOUND  no such consumer.
 *  @retval L2TPHA_ERR_ROLE       not an active node. */
L2TPHA_API int l2tpha_consumer_leave(struct l2tpha_node *node, uint32_t id, uint64_t now);

/** It goes on where its stream ended: it gets the increments that it lacks, then a RESUME, from
 *  which on outputs wait for it as from the end of a copy.
 *  @param node  the active.
 *  @param id    of the consumer.
 *  @param copy  generation of the copy that it has, l2tpha_checkpoint_header::generation.
 *  @param last  newest increment that it has, of this node's epoch.
 *  @param now   microseconds.
 *  @retval L2TPHA_ERR_NOT_FOUND  no such consumer, or it lacks what is not there any more, or has
 *          another copy: it needs a new one. */
L2TPHA_API int l2tpha_consumer_resume(struct l2tpha_node *node, uint32_t id, uint64_t copy,
                                      uint64_t last, uint64_t now);

/** It is there no more: nothing waits for it, nothing is made for it.
 *  @retval L2TPHA_ERR_NOT_FOUND  no such consumer.
 *  @retval L2TPHA_ERR_ROLE       not an active node. */
L2TPHA_API int l2tpha_consumer_remove(struct l2tpha_node *node, uint32_t id, uint64_t now);

/** Look at one. At most info->size bytes are written; a size that ends before lag costs no walk
 * over what is not confirmed.
 *  @retval L2TPHA_ERR_NOT_FOUND  no such consumer. */
L2TPHA_API int l2tpha_consumer_get(const struct l2tpha_node *node, uint32_t id,
                                   struct l2tpha_consumer_info *info);

#ifdef __cplusplus
}
#endif
#endif
