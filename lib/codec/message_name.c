/* SPDX-License-Identifier: MIT */
#include <l2tpha/message.h>

/* RFC 2661 3.2, RFC 4951 4. Types with a name alone belong to extensions that nobody here speaks.
 */
static const char *const names[L2TPHA_MESSAGE_TYPES] = {
    [0] = "ZLB",  [1] = "SCCRQ", [2] = "SCCRP", [3] = "SCCCN",  [4] = "StopCCN", [6] = "HELLO",
    [7] = "OCRQ", [8] = "OCRP",  [9] = "OCCN",  [10] = "ICRQ",  [11] = "ICRP",   [12] = "ICCN",
    [14] = "CDN", [15] = "WEN",  [16] = "SLI",  [17] = "MDMST", [18] = "SRRQ",   [19] = "SRRP",
    [20] = "ACK", [21] = "FSQ",  [22] = "FSR",  [23] = "MSRQ",  [24] = "MSRP",   [25] = "MSE",
    [26] = "MSI", [27] = "MSEN", [28] = "CSUN", [29] = "CSURQ",
};

const char *l2tpha_message_name(uint16_t type)
{
    return type < L2TPHA_MESSAGE_TYPES && names[type] ? names[type] : "unknown";
}
