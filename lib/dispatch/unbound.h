/* SPDX-License-Identifier: MIT */
/* Datagrams with header tunnel id 0. */
#ifndef DISPATCH_UNBOUND_H
#define DISPATCH_UNBOUND_H

#include "control/machine.h"

/* An SCCRQ on its way. */
struct request {
    struct engine *engine;
    const struct l2tpha_path *path;
    const struct l2tpha_header *header;
    const uint8_t *data;
    size_t len;
    struct l2tpha_decode_fault fault;
    struct machine_input input;
    bool recovers;     /* it has a Tunnel Recovery AVP */
    bool welcome;      /* ... for a tunnel that the peer may have back */
    bool dropped;      /* by the host */
    uint32_t local_id; /* of the tunnel, where its machine has chosen one; 0 = any */
    struct l2tpha_tunnel_recovery recovery;
    struct l2tpha_tunnel *tunnel; /* made for it; NULL = none */
};

/* SCCRQ, or a StopCCN of a half-open tunnel. Errors as l2tpha_feed(). */
int unbound_receive(struct engine *engine, const struct l2tpha_path *path,
                    const struct l2tpha_header *header, const uint8_t *data, size_t len);
/* For the machine that is asked. The tunnel that the pair of ids names; NULL = none such. */
const struct tunnel_entry *request_find_pair(const struct request *request);
/* A tunnel for it, idle and half open, which has taken the SCCRQ. Its id, if readable, is where a
 * refusal goes (and 0 otherwise). L2TPHA_ERR_LIMIT, _NO_ID, _NOMEM. */
int request_make_tunnel(struct request *request);
/* A tunnel for an SCCRQ that its machine was asked about before, and has kept: with that id, and
 * with what the SCCRQ says of the peer in its record. Errors as request_make_tunnel(), and
 * L2TPHA_ERR_EXISTS: the id is in use. */
int request_make_later(struct engine *engine, const struct l2tpha_path *path, const uint8_t *data,
                       size_t len, uint32_t local_id, struct l2tpha_tunnel **tunnel);
/* Whether one more refusal may be answered: there are few in a second. Otherwise it is dropped. */
bool request_may_refuse(struct engine *engine);

#endif
