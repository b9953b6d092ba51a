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

bool remote_heed(const struct failover *failover, const struct l2tpha_message *sccrq);
bool remote_judge(struct failover *failover, const struct l2tpha_path *path,
                  const struct l2tpha_message *sccrq, struct tunnel_input *input);
bool remote_equip(struct failover *failover, struct l2tpha_tunnel *recovery,
                  struct tunnel_input *input);

#endif
