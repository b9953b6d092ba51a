/* SPDX-License-Identifier: MIT */
/** @file
 *  Checkpoints: out by l2tpha_poll(), back by l2tpha_checkpoint_done(), in by
 *  l2tpha_checkpoint_apply(). l2tpha_link does all three over a byte stream; a host with its own
 *  transport or store calls them itself. */
#ifndef L2TPHA_CHECKPOINT_H
#define L2TPHA_CHECKPOINT_H

#include <l2tpha/record.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Start a bulk copy for a new standby, the consumer "standby", of which outputs wait: what
 *  l2tpha_consumer_add() and l2tpha_consumer_copy() are for several.
 *  @param node  an active one.
 *  @param now   microseconds.
 *  @retval L2TPHA_ERR_ROLE    not an active node.
 *  @retval L2TPHA_ERR_NOMEM   out of memory.
 *  @retval L2TPHA_ERR_EXISTS, L2TPHA_ERR_LIMIT  see l2tpha_consumer_add(). */
L2TPHA_API int l2tpha_checkpoint_bulk(struct l2tpha_node *node, uint64_t now);

/** The standby of l2tpha_checkpoint_bulk() holds everything up to and including what had this
 *  position. Drain l2tpha_poll() after it: it gives out what has waited.
 *  @param node      the active.
 *  @param position  l2tpha_output::position of a checkpoint given out by l2tpha_poll().
 *  @param status    0, or the error by which the standby refused: it gets nothing more.
 *  @param now       microseconds.
 *  @retval L2TPHA_ERR_INVALID  a position that was not given out.
 *  @retval L2TPHA_ERR_ROLE     not an active node. */
L2TPHA_API int l2tpha_checkpoint_done(struct l2tpha_node *node, uint64_t position, int status,
                                      uint64_t now);

/** That standby is not there any more: release the outputs, stop producing checkpoints for it. It
 *  ends a planned switchover too, when there is no other.
 *  @param node  an active one.
 *  @param now   microseconds.
 *  @retval L2TPHA_ERR_ROLE  not an active node. */
L2TPHA_API int l2tpha_checkpoint_stop(struct l2tpha_node *node, uint64_t now);

/** On the standby: take over one checkpoint, whole or not at all.
 *  @param node    the standby.
 *  @param data    the checkpoint as it was given out; borrowed for the call.
 *  @param len     bytes, at most L2TPHA_CHECKPOINT_MAX.
 *  @param now     microseconds.
 *  @param number  set on success to the newest increment held; may be NULL. What is confirmed to
 *                 the active is the position that the checkpoint was given out with.
 *  @retval L2TPHA_ERR_RECORD, L2TPHA_ERR_RECORD_VERSION, L2TPHA_ERR_DIGEST  bad content
 *  @retval L2TPHA_ERR_ID_RANGE  of a node whose range of tunnel ids is another one; no new copy
 * will be taken either (l2tpha_config::tunnel_id_first)
 *  @retval L2TPHA_ERR_LEVEL        the level in force is above this release's
 *  @retval L2TPHA_ERR_GAP          a checkpoint is missing: ask for a bulk copy
 *  @retval L2TPHA_ERR_STALE_EPOCH  from an active that has been superseded
 *  @retval L2TPHA_ERR_NOMEM, L2TPHA_ERR_LIMIT  no room: the replica is out of sync
 *  @retval L2TPHA_ERR_ROLE         this node is active or fenced */
L2TPHA_API int l2tpha_checkpoint_apply(struct l2tpha_node *node, const uint8_t *data, size_t len,
                                       uint64_t now, uint64_t *number);

/** Number of the newest increment: of an active the one that what was done last is in, whether it
 *  was given out yet or not; of a standby the one applied last. 0 = none yet. */
L2TPHA_API uint64_t l2tpha_checkpoint_last(const struct l2tpha_node *node);

/** The level in force (docs/checkpoint-format.md, "Levels"): records may have what releases below
 * it cannot go on from, and no link is made to these. 1 until another one is committed. */
L2TPHA_API uint32_t l2tpha_level(const struct l2tpha_node *node);

/** Have a higher level in force, on the active. There is no way back to a release below it.
 *  @param node   the active.
 *  @param level  at most L2TPHA_LEVEL.
 *  @param now    microseconds.
 *  @retval L2TPHA_ERR_LEVEL    not this release's, or a standby with a link has a lower one.
 *  @retval L2TPHA_ERR_INVALID  lower than the one in force.
 *  @retval L2TPHA_ERR_ROLE     not an active node. */
L2TPHA_API int l2tpha_level_commit(struct l2tpha_node *node, uint32_t level, uint64_t now);

/** Digest over all tunnels and sessions, equal on active and standby when both hold the same. The
 *  number of the data frame expected next does not count: it changes with each frame, and the
 *  standby's may lag (l2tpha_session_record::data_nr).
 *  Walks everything: for tests and audits. 0 when memory is out. */
L2TPHA_API uint64_t l2tpha_checkpoint_digest(const struct l2tpha_node *node);

#ifdef __cplusplus
}
#endif
#endif
