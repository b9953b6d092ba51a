/* SPDX-License-Identifier: MIT */
/* What is known of each message type. */
#ifndef CODEC_MESSAGE_REGISTRY_H
#define CODEC_MESSAGE_REGISTRY_H

#include <l2tpha/types.h>

#define MESSAGE_REQUIRED_MAX 8

struct message_info {
    const char *name;
    bool known;                             /* decoded and built here */
    bool session;                           /* belongs to one session, not to the tunnel */
    bool mandatory;                         /* M bit of its Message Type AVP */
    uint8_t required[MESSAGE_REQUIRED_MAX]; /* AVP types besides Message Type, ended by 0 */
};

/* NULL for a type that is not known. */
const struct message_info *message_info_find(uint16_t type);

#endif
