/* SPDX-License-Identifier: MIT */
/* The peer asks for a recovery tunnel. The SCCRQ is the sign that it has failed, whatever the old
 * tunnel seems to be like.
 *
 * Nothing is proven before an SCCCN, and whoever can forge an SCCRQ can forge a
 * stream of them. So requests rest the old channel for one control channel cycle at most, and then
 * not for another one, however many there are: tunnel.rests_until is the end of the first.
 * Meanwhile they are answered all the same, and the first SCCCN that is valid recovers the tunnel,
 * while the peer's Recovery Time (5.1) or its acknowledgements decide how long there is one. */
#ifndef FAILOVER_REQUEST_H
#define FAILOVER_REQUEST_H

#include "failover/recovery.h"

/* Whether an SCCRQ with Tunnel Recovery is to be looked at; else it is dropped. */
bool request_wanted(const struct failover *failover, const struct l2tpha_message *sccrq);
/* May the recovery tunnel be that it asks for? Otherwise *why says how to refuse. */
bool request_check(struct failover *failover, const struct l2tpha_path *path,
                   const struct l2tpha_message *sccrq, struct machine_input *why);
/* It may, and is in the table and idle: give it the old tunnel's secret and the sequence to
 * suggest. As above when that fails. */
bool request_prepare(struct failover *failover, struct l2tpha_tunnel *recovery,
                     struct machine_input *why);
/* It is accepted: all that the recovery needs is there, so that nothing of it fails in a step of
 * the recovery tunnel. L2TPHA_ERR_NOMEM, L2TPHA_ERR_NOT_FOUND; then nothing is answered, and the
 * peer asks again. */
int request_reserve(struct failover *failover, const struct l2tpha_tunnel *recovery);

#endif
