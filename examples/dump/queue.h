/* SPDX-License-Identifier: MIT */
/* What a standby holds and does not show: the messages of its tunnels that are not acknowledged,
 * and the node's own record. They are noted from the checkpoints that it has taken. */
#ifndef DUMP_QUEUE_H
#define DUMP_QUEUE_H

#include "dump/checkpoint.h"

#define QUEUE_TUNNELS 65536

struct queued {
    struct queued *next;
    uint16_t ns;
    size_t len;
    uint8_t data[];
};

struct queues {
    struct queued *first[QUEUE_TUNNELS], *last[QUEUE_TUNNELS];
    struct l2tpha_node_record node;
    bool has_node;
    bool renewed; /* by the copy that is under way */
};

/* False: memory is out. */
bool queues_note(struct queues *queues, const struct checkpoint *checkpoint);
/* The oldest one from acked on; NULL = there is none. */
const struct queued *queues_first(const struct queues *queues,
                                  const struct l2tpha_tunnel_record *tunnel);

#endif
