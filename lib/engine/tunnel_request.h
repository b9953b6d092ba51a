/* SPDX-License-Identifier: MIT */
/* Who asks for a tunnel. */
#ifndef ENGINE_TUNNEL_REQUEST_H
#define ENGINE_TUNNEL_REQUEST_H

#include "dispatch/unbound.h"

/* An SCCRQ that is no copy: ties, admission, and the tunnel. Errors as l2tpha_feed(). */
int tunnel_request(struct request *request);

#endif
