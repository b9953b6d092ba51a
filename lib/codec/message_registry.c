/* SPDX-License-Identifier: MIT */
/* Const tables over message types and over the codes that messages carry. */
#include "codec/message_registry.h"

#include <l2tpha/message.h>

#define TUNNEL .known = true
#define SESSION .known = true, .session = true
#define M .mandatory = true

/* RFC 2661 3.2 and section 6, RFC 4951 4. FSQ and FSR require a Failover Session State too, but an
 * empty one is acknowledged and ignored, so its absence is no fault. Types with a name alone belong
 * to extensions that nobody here speaks. */
const struct message_info message_registry_l2tpv2[L2TPHA_MESSAGE_TYPES] = {
    [0] = {.name = "ZLB"},
    [1] = {.name = "SCCRQ", TUNNEL, M, .required = {2, 3, 7, 9}},
    [2] = {.name = "SCCRP", TUNNEL, M, .required = {2, 3, 7, 9}},
    [3] = {.name = "SCCCN", TUNNEL, M},
    [4] = {.name = "StopCCN", TUNNEL, M, .required = {9, 1}},
    [6] = {.name = "HELLO", TUNNEL, M},
    [7] = {.name = "OCRQ", SESSION, M, .required = {14, 15, 16, 17, 18, 19, 21}},
    [8] = {.name = "OCRP", SESSION, M, .required = {14}},
    [9] = {.name = "OCCN", SESSION, M, .required = {24, 19}},
    [10] = {.name = "ICRQ", SESSION, M, .required = {14, 15}},
    [11] = {.name = "ICRP", SESSION, M, .required = {14}},
    [12] = {.name = "ICCN", SESSION, M, .required = {24, 19}},
    [14] = {.name = "CDN", SESSION, M, .required = {1, 14}},
    [15] = {.name = "WEN", SESSION, M, .required = {34}},
    [16] = {.name = "SLI", SESSION, M, .required = {35}},
    [17] = {.name = "MDMST"},
    [18] = {.name = "SRRQ"},
    [19] = {.name = "SRRP"},
    [20] = {.name = "ACK"},
    [21] = {.name = "FSQ", TUNNEL},
    [22] = {.name = "FSR", TUNNEL},
    [23] = {.name = "MSRQ"},
    [24] = {.name = "MSRP"},
    [25] = {.name = "MSE"},
    [26] = {.name = "MSI"},
    [27] = {.name = "MSEN"},
    [28] = {.name = "CSUN"},
    [29] = {.name = "CSURQ"},
};

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

static const struct message_info *find(uint16_t type)
{
    if (type >= L2TPHA_MESSAGE_TYPES || !message_registry_l2tpv2[type].known)
        return NULL;
    return &message_registry_l2tpv2[type];
}

const char *l2tpha_message_name(uint16_t type)
{
    if (type >= L2TPHA_MESSAGE_TYPES || !message_registry_l2tpv2[type].name)
        return "unknown";
    return message_registry_l2tpv2[type].name;
}

bool l2tpha_message_is_known(uint16_t type)
{
    return find(type) != NULL;
}

bool l2tpha_message_is_session(uint16_t type)
{
    const struct message_info *info = find(type);

    return info && info->session;
}

uint16_t l2tpha_message_required(uint16_t type, size_t place)
{
    const struct message_info *info = find(type);

    return info && place < MESSAGE_REQUIRED_MAX ? info->required[place] : 0;
}

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
