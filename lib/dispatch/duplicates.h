/* SPDX-License-Identifier: MIT */
/* Duplicates to which a takeover has not come yet. */
#ifndef DISPATCH_DUPLICATES_H
#define DISPATCH_DUPLICATES_H

#include "control/tunnel.h"

/* Whether another one, not over, has its peer's id too: what is said of this one would be taken
 * for that one's. */
bool tunnel_has_duplicate(const struct l2tpha_tunnel *tunnel);
struct l2tpha_tunnel *duplicate_first(struct engine *engine, const struct l2tpha_address *remote,
                                      uint32_t id);

#endif
