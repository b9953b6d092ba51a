/* SPDX-License-Identifier: MIT */
/* Texts of the codes that say why something has ended. */
#include "base/packed.h"

#include <l2tpha/message.h>

/* RFC 2661 4.4.2 */
static const char stopccn_results[] = "reserved\0"
                                      "general request to clear the control connection\0"
                                      "general error\0"
                                      "control channel already exists\0"
                                      "requester is not authorized\0"
                                      "protocol version not supported\0"
                                      "requester is being shut down\0"
                                      "finite state machine error\0";

static const char cdn_results[] = "reserved\0"
                                  "loss of carrier\0"
                                  "general error\0"
                                  "administrative reasons\0"
                                  "facilities temporarily unavailable\0"
                                  "facilities permanently unavailable\0"
                                  "invalid destination\0"
                                  "no carrier detected\0"
                                  "busy signal\0"
                                  "no dial tone\0"
                                  "call not established in time\0"
                                  "no appropriate framing detected\0";

static const char general_errors[] = "no general error\0"
                                     "no control connection exists yet for this pair\0"
                                     "length is wrong\0"
                                     "value out of range or reserved field not zero\0"
                                     "insufficient resources\0"
                                     "invalid session id\0"
                                     "vendor-specific error\0"
                                     "try another\0"
                                     "unknown mandatory AVP\0";

/* RFC 3145 3 */
static const char ppp_causes[] = "no information\0"
                                 "administrative disconnect\0"
                                 "LCP renegotiation at the LNS is disabled\0"
                                 "normal disconnection, LCP Terminate-Request sent\0"
                                 "compulsory encryption refused\0"
                                 "LCP timeout\0"
                                 "no recognizable LCP packets received\0"
                                 "LCP magic number error, link possibly looped back\0"
                                 "LCP echo request timeout\0"
                                 "unexpected endpoint discriminator for the bundle\0"
                                 "unexpected MRRU for the bundle\0"
                                 "unexpected short sequence number option for the bundle\0"
                                 "compulsory call-back refused\0"
                                 "authentication timeout\0"
                                 "unexpected authenticated name for the bundle\0"
                                 "authentication protocol unacceptable\0"
                                 "authentication failed\0"
                                 "NCP timeout\0"
                                 "no NCPs available\0"
                                 "failed to converge on acceptable addresses\0"
                                 "user not permitted to use any addresses\0";

const char *l2tpha_result_text(uint16_t type, uint16_t result)
{
    if (type == L2TPHA_MESSAGE_STOPCCN)
        return PACKED(stopccn_results, result, "unknown code");
    if (type == L2TPHA_MESSAGE_CDN)
        return PACKED(cdn_results, result, "unknown code");
    return "unknown code";
}

const char *l2tpha_general_error_text(uint16_t error)
{
    return PACKED(general_errors, error, "unknown code");
}

const char *l2tpha_ppp_cause_text(uint16_t code)
{
    return PACKED(ppp_causes, code, "unknown code");
}
