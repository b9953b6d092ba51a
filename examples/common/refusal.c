/* SPDX-License-Identifier: MIT */
#include "refusal.h"

#define GENERAL 2 /* of both: the general error code says more */

/* Length is wrong, value is wrong, AVP is unknown. */
static const uint32_t final_errors = 1u << 2 | 1u << 3 | 1u << 8;
/* StopCCN: not authorized, version. */
static const uint32_t final_tunnel = 1u << 4 | 1u << 5;
/* CDN: administrative, no facilities for good, invalid destination, no framing. */
static const uint32_t final_call = 1u << 3 | 1u << 5 | 1u << 6 | 1u << 11;

static bool has(uint32_t set, uint16_t code)
{
    return code < 32 && set >> code & 1;
}

bool refusal_of_tunnel_is_final(uint16_t result, uint16_t error)
{
    return result == GENERAL ? has(final_errors, error) : has(final_tunnel, result);
}

bool refusal_of_call_is_final(uint16_t result, uint16_t error)
{
    return result == GENERAL ? has(final_errors, error) : has(final_call, result);
}
