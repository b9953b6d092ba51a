/* SPDX-License-Identifier: MIT */
/* Texts of the codes that say why something has ended. */
#include <l2tpha/message.h>

/* RFC 2661 4.4.2 */
static const char *const stopccn_results[] = {
    "reserved",
    "general request to clear the control connection",
    "general error",
    "control channel already exists",
    "requester is not authorized",
    "protocol version not supported",
    "requester is being shut down",
    "finite state machine error",
};

static const char *const cdn_results[] = {
    "reserved",
    "loss of carrier",
    "general error",
    "administrative reasons",
    "facilities temporarily unavailable",
    "facilities permanently unavailable",
    "invalid destination",
    "no carrier detected",
    "busy signal",
    "no dial tone",
    "call not established in time",
    "no appropriate framing detected",
};

static const char *const general_errors[] = {
    "no general error",       "no control connection exists yet for this pair",
    "length is wrong",        "value out of range or reserved field not zero",
    "insufficient resources", "invalid session id",
    "vendor-specific error",  "try another",
    "unknown mandatory AVP",
};

/* RFC 3145 3 */
static const char *const ppp_causes[] = {
    "no information",
    "administrative disconnect",
    "LCP renegotiation at the LNS is disabled",
    "normal disconnection, LCP Terminate-Request sent",
    "compulsory encryption refused",
    "LCP timeout",
    "no recognizable LCP packets received",
    "LCP magic number error, link possibly looped back",
    "LCP echo request timeout",
    "unexpected endpoint discriminator for the bundle",
    "unexpected MRRU for the bundle",
    "unexpected short sequence number option for the bundle",
    "compulsory call-back refused",
    "authentication timeout",
    "unexpected authenticated name for the bundle",
    "authentication protocol unacceptable",
    "authentication failed",
    "NCP timeout",
    "no NCPs available",
    "failed to converge on acceptable addresses",
    "user not permitted to use any addresses",
};

#define TEXT_OF(table, code)                                                                       \
    ((code) < sizeof(table) / sizeof((table)[0]) ? (table)[code] : "unknown code")

const char *l2tpha_result_text(uint16_t type, uint16_t result)
{
    if (type == L2TPHA_MESSAGE_STOPCCN)
        return TEXT_OF(stopccn_results, result);
    if (type == L2TPHA_MESSAGE_CDN)
        return TEXT_OF(cdn_results, result);
    return "unknown code";
}

const char *l2tpha_general_error_text(uint16_t error)
{
    return TEXT_OF(general_errors, error);
}

const char *l2tpha_ppp_cause_text(uint16_t code)
{
    return TEXT_OF(ppp_causes, code);
}
