/* SPDX-License-Identifier: MIT */
/* What is known of each message type, and the tables of both registries. */
#ifndef CODEC_MESSAGE_REGISTRY_H
#define CODEC_MESSAGE_REGISTRY_H

#include <l2tpha/message.h>

#define MESSAGE_REQUIRED_MAX 8

struct message_info {
    bool known;                             /* decoded and built here */
    bool session;                           /* belongs to one session, not to the tunnel */
    bool mandatory;                         /* M bit of its Message Type AVP */
    uint8_t required[MESSAGE_REQUIRED_MAX]; /* AVP types besides Message Type, ended by 0 */
};

/* Place of an attribute's row, or of another one's: 58 to 75 and 81 to 93, those of L2TPv3, have
 * none. */
#define AVP_PLACE(type)                                                                            \
    ((type) <= 80 ? (type) - ((type) < 58 ? 0 : 18) : (type) < 94 ? 0 : (type)-31)
#define AVP_PLACES AVP_PLACE(L2TPHA_AVP_TYPES)

/* The messages and the attributes of RFC 2661 and of what extends it, by type. */
extern const struct message_info message_registry_l2tpv2[L2TPHA_MESSAGE_TYPES];
extern const struct l2tpha_avp_info avp_registry_l2tpv2[AVP_PLACES];

/* NULL for a type that is not known: its place is empty. */
static inline const struct l2tpha_avp_info *avp_registered(const struct l2tpha_avp_info *avps,
                                                           uint16_t type)
{
    if (type >= L2TPHA_AVP_TYPES)
        return NULL;
    const struct l2tpha_avp_info *info = &avps[AVP_PLACE(type)];
    return info->type == type ? info : NULL;
}

#endif
