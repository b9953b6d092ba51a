/* SPDX-License-Identifier: MIT */
/* The table of attributes, indexed by type, that decoder and builder read. Names stand apart, so
 * that a program without need of them has none.
 *
 * Lengths are those of the value. An attribute of kind OPAQUE has a name and a place but nobody who
 * acts on it, so with M=1 it counts as unrecognised (RFC 2661 4.1). */
#include "codec/avp_rows.h"
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

#define ROW(number, text, form, m, h, ...) EXPANDED_ROW(number, form, m, h, __VA_ARGS__)
#define EXPANDED_ROW(number, form, low, high, m, h, ...)                                           \
    [AVP_PLACE(number)] = {.type = (number),                                                       \
                           .kind = (form),                                                         \
                           .min = (low),                                                           \
                           .max = (high),                                                          \
                           .mandatory = (m),                                                       \
                           .hideable = (h),                                                        \
                           __VA_ARGS__},

const struct l2tpha_avp_info avp_registry_l2tpv2[AVP_PLACES] = {AVP_ROWS(ROW)};

const struct l2tpha_avp_info *l2tpha_avp_info_find(uint16_t vendor, uint16_t type)
{
    return vendor == 0 ? avp_registered(avp_registry_l2tpv2, type) : NULL;
}
