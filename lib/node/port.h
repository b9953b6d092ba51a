/* SPDX-License-Identifier: MIT */
/* What a link asks its questions of: the node, and which consumer of it the link is. */
#ifndef NODE_PORT_H
#define NODE_PORT_H

#include "node/node.h"
#include "state/table_digest.h"

#include <l2tpha/consumer.h>

/* It goes with the link. */
struct port {
    struct l2tpha_node *node;
    struct l2tpha_consumer_options options;
    uint32_t consumer;    /* 0 = none */
    uint32_t level;       /* of the other node's release; 0 = not known */
    struct table_sum sum; /* of digests */
};

#endif
