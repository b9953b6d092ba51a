/* SPDX-License-Identifier: MIT */
/* The one table of attributes, indexed by type. Decoder, builder and names all read it.
 *
 * Lengths are those of the value. An attribute of kind OPAQUE has a name and a place but nobody who
 * acts on it, so with M=1 it counts as unrecognised (RFC 2661 4.1). */
#include "codec/message_registry.h"

/* Masks of messages */
#define IN(name) (1u << L2TPHA_MESSAGE_##name)
#define SETUP (IN(SCCRQ) | IN(SCCRP))
#define CONNECTED (IN(ICCN) | IN(OCCN))
#define REQUESTED (IN(ICRQ) | IN(OCRQ))
#define REPLIED (IN(ICRP) | IN(OCRP))
#define FAILOVER (IN(FSQ) | IN(FSR))
#define CALL (REQUESTED | REPLIED | CONNECTED)
#define EVERY                                                                                      \
    (SETUP | IN(SCCCN) | IN(STOPCCN) | IN(HELLO) | CALL | IN(CDN) | IN(WEN) | IN(SLI) | FAILOVER)

/* Kinds, with the shortest and the longest value */
#define EMPTY L2TPHA_AVP_EMPTY, 0, 0
#define PAIR L2TPHA_AVP_U8PAIR, 2, 2
#define U16 L2TPHA_AVP_U16, 2, 2
#define U32 L2TPHA_AVP_U32, 4, 4
#define U64 L2TPHA_AVP_U64, 8, 8
#define OCTETS(min) L2TPHA_AVP_OCTETS, min, L2TPHA_AVP_VALUE_MAX
#define EXACTLY(len) L2TPHA_AVP_OCTETS, len, len
#define TEXT(min) L2TPHA_AVP_TEXT, min, L2TPHA_AVP_VALUE_MAX
#define FIELDS(len) L2TPHA_AVP_FIELDS, len, len
#define FIELDS_TEXT(min) L2TPHA_AVP_FIELDS, min, L2TPHA_AVP_VALUE_MAX
#define OPAQUE(min, max) L2TPHA_AVP_OPAQUE, min, max
#define ANY OPAQUE(0, L2TPHA_AVP_VALUE_MAX)

/* The M and H columns */
#define M true
#define H true
#define o false

#define ROW(number, text, form, m, h, ...) EXPANDED_ROW(number, text, form, m, h, __VA_ARGS__)
#define EXPANDED_ROW(number, text, form, low, high, m, h, ...)                                     \
    [number] = {.type = (number),                                                                  \
                .name = (text),                                                                    \
                .kind = (form),                                                                    \
                .min = (low),                                                                      \
                .max = (high),                                                                     \
                .mandatory = (m),                                                                  \
                .hideable = (h),                                                                   \
                __VA_ARGS__}

/* clang-format off */
const struct l2tpha_avp_info avp_registry_l2tpv2[L2TPHA_AVP_TYPES] = {
    /* RFC 2661 4.4.1 and 4.4.2 */
    ROW(0, "Message Type", U16, M, o, .messages = EVERY),
    ROW(1, "Result Code", FIELDS_TEXT(2), M, o, .messages = IN(STOPCCN) | IN(CDN)),
    /* 4.4.3 control connection */
    ROW(2, "Protocol Version", PAIR, M, o, .messages = SETUP),
    ROW(3, "Framing Capabilities", U32, M, H, .messages = SETUP),
    ROW(4, "Bearer Capabilities", U32, M, H, .messages = SETUP),
    ROW(5, "Tie Breaker", U64, o, o, .messages = IN(SCCRQ)),
    ROW(6, "Firmware Revision", U16, o, H, .messages = SETUP),
    ROW(7, "Host Name", OCTETS(1), M, o, .messages = SETUP),
    ROW(8, "Vendor Name", TEXT(0), o, H, .messages = SETUP),
    ROW(9, "Assigned Tunnel ID", U16, M, H, .messages = SETUP | IN(STOPCCN), .nonzero = true),
    ROW(10, "Receive Window Size", U16, M, o, .messages = SETUP, .nonzero = true),
    ROW(11, "Challenge", OCTETS(1), M, H, .messages = SETUP),
    ROW(12, "Q.931 Cause Code", FIELDS_TEXT(3), M, o, .messages = IN(CDN)),
    ROW(13, "Challenge Response", EXACTLY(16), M, H, .messages = IN(SCCRP) | IN(SCCCN)),
    /* 4.4.4 calls */
    ROW(14, "Assigned Session ID", U16, M, H, .messages = REQUESTED | REPLIED | IN(CDN),
        .nonzero = true),
    ROW(15, "Call Serial Number", U32, M, H, .messages = REQUESTED),
    ROW(16, "Minimum BPS", U32, M, H, .messages = IN(OCRQ)),
    ROW(17, "Maximum BPS", U32, M, H, .messages = IN(OCRQ)),
    ROW(18, "Bearer Type", U32, M, H, .messages = REQUESTED),
    ROW(19, "Framing Type", U32, M, H, .messages = CONNECTED | IN(OCRQ)),
    ROW(21, "Called Number", TEXT(0), M, H, .messages = REQUESTED),
    ROW(22, "Calling Number", TEXT(0), M, H, .messages = IN(ICRQ)),
    ROW(23, "Sub-Address", TEXT(0), M, H, .messages = REQUESTED),
    ROW(24, "Tx Connect Speed", U32, M, H, .messages = CONNECTED),
    ROW(25, "Physical Channel ID", U32, o, H, .messages = IN(ICRQ) | IN(OCRP)),
    ROW(37, "Private Group ID", OCTETS(0), o, H, .messages = IN(ICCN)),
    ROW(38, "Rx Connect Speed", U32, o, H, .messages = CONNECTED),
    ROW(39, "Sequencing Required", EMPTY, M, o, .messages = CONNECTED),
    /* 4.4.5 proxy LCP and authentication */
    ROW(26, "Initial Received LCP CONFREQ", OCTETS(0), o, H, .messages = IN(ICCN)),
    ROW(27, "Last Sent LCP CONFREQ", OCTETS(0), o, H, .messages = IN(ICCN)),
    ROW(28, "Last Received LCP CONFREQ", OCTETS(0), o, H, .messages = IN(ICCN)),
    ROW(29, "Proxy Authen Type", U16, o, H, .messages = IN(ICCN)),
    ROW(30, "Proxy Authen Name", OCTETS(0), o, H, .messages = IN(ICCN)),
    ROW(31, "Proxy Authen Challenge", OCTETS(1), o, H, .messages = IN(ICCN)),
    ROW(32, "Proxy Authen ID", PAIR, o, H, .messages = IN(ICCN)),
    ROW(33, "Proxy Authen Response", OCTETS(0), o, H, .messages = IN(ICCN)),
    /* 4.4.6 call status */
    ROW(34, "Call Errors", FIELDS(26), M, H, .messages = IN(WEN)),
    ROW(35, "ACCM", FIELDS(10), M, H, .messages = IN(SLI)),
    /* 4.4.1 again; the vector that applies is the last one before the hidden AVP (4.3) */
    ROW(36, "Random Vector", OCTETS(1), M, o, .messages = EVERY, .repeatable = true),
    /* RFC 3301, ATM access */
    ROW(40, "Rx Minimum BPS", OPAQUE(4, 4), o, H, .messages = IN(OCRQ)),
    ROW(41, "Rx Maximum BPS", OPAQUE(4, 4), o, H, .messages = IN(OCRQ)),
    ROW(42, "Service Category", OPAQUE(2, 2), o, H, .messages = REQUESTED),
    ROW(43, "Service Name", OPAQUE(1, L2TPHA_AVP_VALUE_MAX), o, H, .messages = REQUESTED),
    ROW(44, "Calling Sub-Address", OPAQUE(20, 20), o, H, .messages = IN(ICRQ)),
    ROW(45, "VPI/VCI Identifier", OPAQUE(4, 4), o, H, .messages = IN(ICRQ) | IN(OCRP)),
    /* RFC 3145: several copies, one for each control protocol */
    ROW(46, "PPP Disconnect Cause Code", FIELDS_TEXT(5), o, H, .messages = IN(CDN),
        .repeatable = true),
    /* RFC 3308, 3437, 3573, 3817 */
    ROW(47, "Control Connection DS", OPAQUE(2, 2), o, H, .messages = SETUP),
    ROW(48, "Session DS", OPAQUE(2, 2), o, H, .messages = REQUESTED | REPLIED),
    ROW(49, "LCP Want Options", ANY, o, H, .messages = CONNECTED),
    ROW(50, "LCP Allow Options", ANY, o, H, .messages = CONNECTED),
    ROW(51, "LNS Last Sent LCP CONFREQ", ANY, o, H, .messages = IN(SLI)),
    ROW(52, "LNS Last Received LCP CONFREQ", ANY, o, H, .messages = IN(SLI)),
    ROW(53, "Modem On-Hold Capable", OPAQUE(0, 0), o, H, .messages = SETUP),
    ROW(54, "Modem On-Hold Status", OPAQUE(2, 2), o, H, .messages = 0),
    ROW(55, "PPPoE Relay", ANY, o, o, .messages = 0),
    ROW(56, "PPPoE Relay Response Capability", ANY, o, o, .messages = SETUP),
    ROW(57, "PPPoE Relay Forward Capability", ANY, o, o, .messages = SETUP),
    /* RFC 4951 5. Tunnel Recovery in an SCCRP is wrong, but its Appendix A shows it there. */
    ROW(76, "Failover Capability", FIELDS(6), o, H, .messages = SETUP),
    ROW(77, "Tunnel Recovery", FIELDS(10), M, o, .messages = IN(SCCRQ), .tolerated = IN(SCCRP),
        .exclusive = true),
    ROW(78, "Suggested Control Sequence", FIELDS(6), o, H, .messages = IN(SCCRP)),
    ROW(79, "Failover Session State", FIELDS(10), M, H, .messages = FAILOVER, .repeatable = true,
        .exclusive = true),
    /* RFC 4045, 4623, 5515 */
    ROW(80, "Multicast Capability", ANY, o, o, .messages = SETUP),
    ROW(94, "Maximum Receive Unit", OPAQUE(2, 2), o, H, .messages = CALL | IN(SLI)),
    ROW(95, "Maximum Reassembled Receive Unit", OPAQUE(2, 2), o, H, .messages = CALL | IN(SLI)),
    ROW(98, "Connect Speed Update Enable", ANY, o, o, .messages = IN(ICRQ)),
};
/* clang-format on */

const struct l2tpha_avp_info *l2tpha_avp_info_find(uint16_t vendor, uint16_t type)
{
    if (vendor != 0 || type >= L2TPHA_AVP_TYPES || !avp_registry_l2tpv2[type].name)
        return NULL;
    return &avp_registry_l2tpv2[type];
}

const char *l2tpha_avp_name(uint16_t vendor, uint16_t type)
{
    const struct l2tpha_avp_info *info = l2tpha_avp_info_find(vendor, type);

    if (info)
        return info->name;
    return vendor ? "vendor AVP" : "unknown AVP";
}
