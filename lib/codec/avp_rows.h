/* SPDX-License-Identifier: MIT */
/* The one list of attributes: X(type, name, kind with lengths, M bit, may be hidden, more). The
 * registry that decoder and builder read is made of it, and the names. */
#ifndef CODEC_AVP_ROWS_H
#define CODEC_AVP_ROWS_H

/* clang-format off */
#define AVP_ROWS(X)                                                                             \
    /* RFC 2661 4.4.1 and 4.4.2 */                                                              \
    X(0, "Message Type", U16, M, o, .messages = EVERY)                                          \
    X(1, "Result Code", FIELDS_TEXT(2), M, o, .messages = IN(STOPCCN) | IN(CDN))                \
    /* 4.4.3 control connection */                                                              \
    X(2, "Protocol Version", PAIR, M, o, .messages = SETUP)                                     \
    X(3, "Framing Capabilities", U32, M, H, .messages = SETUP)                                  \
    X(4, "Bearer Capabilities", U32, M, H, .messages = SETUP)                                   \
    X(5, "Tie Breaker", U64, o, o, .messages = IN(SCCRQ))                                       \
    X(6, "Firmware Revision", U16, o, H, .messages = SETUP)                                     \
    X(7, "Host Name", OCTETS(1), M, o, .messages = SETUP)                                       \
    X(8, "Vendor Name", TEXT(0), o, H, .messages = SETUP)                                       \
    X(9, "Assigned Tunnel ID", U16, M, H, .messages = SETUP | IN(STOPCCN), .nonzero = true)     \
    X(10, "Receive Window Size", U16, M, o, .messages = SETUP, .nonzero = true)                 \
    X(11, "Challenge", OCTETS(1), M, H, .messages = SETUP)                                      \
    X(12, "Q.931 Cause Code", FIELDS_TEXT(3), M, o, .messages = IN(CDN))                        \
    X(13, "Challenge Response", EXACTLY(16), M, H, .messages = IN(SCCRP) | IN(SCCCN))           \
    /* 4.4.4 calls */                                                                           \
    X(14, "Assigned Session ID", U16, M, H, .messages = REQUESTED | REPLIED | IN(CDN),          \
        .nonzero = true)                                                                        \
    X(15, "Call Serial Number", U32, M, H, .messages = REQUESTED)                               \
    X(16, "Minimum BPS", U32, M, H, .messages = IN(OCRQ))                                       \
    X(17, "Maximum BPS", U32, M, H, .messages = IN(OCRQ))                                       \
    X(18, "Bearer Type", U32, M, H, .messages = REQUESTED)                                      \
    X(19, "Framing Type", U32, M, H, .messages = CONNECTED | IN(OCRQ))                          \
    X(21, "Called Number", TEXT(0), M, H, .messages = REQUESTED)                                \
    X(22, "Calling Number", TEXT(0), M, H, .messages = IN(ICRQ))                                \
    X(23, "Sub-Address", TEXT(0), M, H, .messages = REQUESTED)                                  \
    X(24, "Tx Connect Speed", U32, M, H, .messages = CONNECTED)                                 \
    X(25, "Physical Channel ID", U32, o, H, .messages = IN(ICRQ) | IN(OCRP))                    \
    X(37, "Private Group ID", OCTETS(0), o, H, .messages = IN(ICCN))                            \
    X(38, "Rx Connect Speed", U32, o, H, .messages = CONNECTED)                                 \
    X(39, "Sequencing Required", EMPTY, M, o, .messages = CONNECTED)                            \
    /* 4.4.5 proxy LCP and authentication */                                                    \
    X(26, "Initial Received LCP CONFREQ", OCTETS(0), o, H, .messages = IN(ICCN))                \
    X(27, "Last Sent LCP CONFREQ", OCTETS(0), o, H, .messages = IN(ICCN))                       \
    X(28, "Last Received LCP CONFREQ", OCTETS(0), o, H, .messages = IN(ICCN))                   \
    X(29, "Proxy Authen Type", U16, o, H, .messages = IN(ICCN))                                 \
    X(30, "Proxy Authen Name", OCTETS(0), o, H, .messages = IN(ICCN))                           \
    X(31, "Proxy Authen Challenge", OCTETS(1), o, H, .messages = IN(ICCN))                      \
    X(32, "Proxy Authen ID", PAIR, o, H, .messages = IN(ICCN))                                  \
    X(33, "Proxy Authen Response", OCTETS(0), o, H, .messages = IN(ICCN))                       \
    /* 4.4.6 call status */                                                                     \
    X(34, "Call Errors", FIELDS(26), M, H, .messages = IN(WEN))                                 \
    X(35, "ACCM", FIELDS(10), M, H, .messages = IN(SLI))                                        \
    /* 4.4.1 again; the vector that applies is the last one before the hidden AVP (4.3) */      \
    X(36, "Random Vector", OCTETS(1), M, o, .messages = EVERY, .repeatable = true)              \
    /* RFC 3301, ATM access */                                                                  \
    X(40, "Rx Minimum BPS", OPAQUE(4, 4), o, H, .messages = IN(OCRQ))                           \
    X(41, "Rx Maximum BPS", OPAQUE(4, 4), o, H, .messages = IN(OCRQ))                           \
    X(42, "Service Category", OPAQUE(2, 2), o, H, .messages = REQUESTED)                        \
    X(43, "Service Name", OPAQUE(1, L2TPHA_AVP_VALUE_MAX), o, H, .messages = REQUESTED)         \
    X(44, "Calling Sub-Address", OPAQUE(20, 20), o, H, .messages = IN(ICRQ))                    \
    X(45, "VPI/VCI Identifier", OPAQUE(4, 4), o, H, .messages = IN(ICRQ) | IN(OCRP))            \
    /* RFC 3145: several copies, one for each control protocol */                               \
    X(46, "PPP Disconnect Cause Code", FIELDS_TEXT(5), o, H, .messages = IN(CDN),               \
        .repeatable = true)                                                                     \
    /* RFC 3308, 3437, 3573, 3817 */                                                            \
    X(47, "Control Connection DS", OPAQUE(2, 2), o, H, .messages = SETUP)                       \
    X(48, "Session DS", OPAQUE(2, 2), o, H, .messages = REQUESTED | REPLIED)                    \
    X(49, "LCP Want Options", ANY, o, H, .messages = CONNECTED)                                 \
    X(50, "LCP Allow Options", ANY, o, H, .messages = CONNECTED)                                \
    X(51, "LNS Last Sent LCP CONFREQ", ANY, o, H, .messages = IN(SLI))                          \
    X(52, "LNS Last Received LCP CONFREQ", ANY, o, H, .messages = IN(SLI))                      \
    X(53, "Modem On-Hold Capable", OPAQUE(0, 0), o, H, .messages = SETUP)                       \
    X(54, "Modem On-Hold Status", OPAQUE(2, 2), o, H, .messages = 0)                            \
    X(55, "PPPoE Relay", ANY, o, o, .messages = 0)                                              \
    X(56, "PPPoE Relay Response Capability", ANY, o, o, .messages = SETUP)                      \
    X(57, "PPPoE Relay Forward Capability", ANY, o, o, .messages = SETUP)                       \
    /* RFC 4951 5. Tunnel Recovery in an SCCRP is wrong, but its Appendix A shows it there. */  \
    X(76, "Failover Capability", FIELDS(6), o, H, .messages = SETUP)                            \
    X(77, "Tunnel Recovery", FIELDS(10), M, o, .messages = IN(SCCRQ), .mirrored = true,          \
        .exclusive = true)                                                                      \
    X(78, "Suggested Control Sequence", FIELDS(6), o, H, .messages = IN(SCCRP))                 \
    X(79, "Failover Session State", FIELDS(10), M, H, .messages = FAILOVER, .repeatable = true, \
        .exclusive = true)                                                                      \
    /* RFC 4045, 4623, 5515 */                                                                  \
    X(80, "Multicast Capability", ANY, o, o, .messages = SETUP)                                 \
    X(94, "Maximum Receive Unit", OPAQUE(2, 2), o, H, .messages = CALL | IN(SLI))               \
    X(95, "Maximum Reassembled Receive Unit", OPAQUE(2, 2), o, H, .messages = CALL | IN(SLI))   \
    X(98, "Connect Speed Update Enable", ANY, o, o, .messages = IN(ICRQ))
/* clang-format on */

#endif
