/* SPDX-License-Identifier: MIT */
/* What a peer's refusal is worth: whether it makes sense to ask again. */
#ifndef EXAMPLES_REFUSAL_H
#define EXAMPLES_REFUSAL_H

#include <stdbool.h>
#include <stdint.h>

/* Whether the Result Code and general error code of a StopCCN, or of a CDN, say what will be no
 * other the next time (RFC 2661 4.4.2). */
bool refusal_of_tunnel_is_final(uint16_t result, uint16_t error);
bool refusal_of_call_is_final(uint16_t result, uint16_t error);

#endif
