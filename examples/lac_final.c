/* SPDX-License-Identifier: MIT */
#include "lac.h"

#define GENERAL 2 /* of both messages: the general error code says more */

/* Result codes, RFC 2661 4.4.2: not authorized, version; administrative, no facilities for good,
 * invalid destination, no framing. */
static const uint32_t final_stopccn = 1u << 4 | 1u << 5;
static const uint32_t final_cdn = 1u << 3 | 1u << 5 | 1u << 6 | 1u << 11;
/* Length is wrong, value is wrong, AVP is unknown. */
static const uint32_t final_error = 1u << 2 | 1u << 3 | 1u << 8;

static bool has(uint32_t set, uint16_t code)
{
    return code < 32 && set >> code & 1;
}

bool lac_is_final(uint16_t message, uint16_t result, uint16_t error)
{
    if (result == GENERAL)
        return has(final_error, error);
    return has(message == L2TPHA_MESSAGE_STOPCCN ? final_stopccn : final_cdn, result);
}
