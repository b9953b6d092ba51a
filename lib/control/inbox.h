/* SPDX-License-Identifier: MIT */
/* Messages for a machine that fetches them: those whose turn has come stay where those ahead of
 * their turn do, and are acknowledged when the machine is done with them. One is handed out at a
 * time. What its host says meanwhile, and the step of Nr past the message, are one transaction; so
 * is what a host says with none handed out, until the next entry that drives the node. */
#ifndef CONTROL_INBOX_H
#define CONTROL_INBOX_H

#include "control/tunnel.h"

int inbox_new(TALLOC_CTX *parent, uint32_t max_tunnels, struct inbox *inbox);
/* It is this tunnel's turn. L2TPHA_ERR_DUPLICATE: it waits already; L2TPHA_ERR_LIMIT, _NOMEM: there
 * is no room, and the peer sends it again. */
int inbox_keep(struct engine *engine, struct l2tpha_tunnel *tunnel, uint16_t ns,
               const uint8_t *data, size_t len);
/* One of those that are kept may have its turn now. */
void inbox_note(struct engine *engine, struct l2tpha_tunnel *tunnel);
/* The next one of this tunnel, or of any (NULL), handed out from now on; NULL = none. */
const struct buffer *inbox_take(struct engine *engine, struct l2tpha_tunnel *only,
                                struct l2tpha_tunnel **tunnel);
/* Something is said by the host: it begins a transaction, or belongs to the one that is open. */
static inline void inbox_open(struct engine *engine)
{
    engine->inbox.fresh = !engine->inbox.open;
    engine->inbox.open = true;
}
/* The host is done with the message handed out, if one is, and with its transaction. */
void inbox_finish(struct engine *engine);

#endif
