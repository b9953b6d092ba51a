/* SPDX-License-Identifier: MIT */
/* The table of message types that decoder and builder read; names stand apart. */
#include "codec/message_registry.h"

#include <l2tpha/message.h>

#define TUNNEL .known = true
#define SESSION .known = true, .session = true
#define M .mandatory = true

/* RFC 2661 3.2 and section 6, RFC 4951 4. FSQ and FSR require a Failover Session State too, but an
 * empty one is acknowledged and ignored, so its absence is no fault. */
const struct message_info message_registry_l2tpv2[L2TPHA_MESSAGE_TYPES] = {
    [1] = {TUNNEL, M, .required = {2, 3, 7, 9}},
    [2] = {TUNNEL, M, .required = {2, 3, 7, 9}},
    [3] = {TUNNEL, M},
    [4] = {TUNNEL, M, .required = {9, 1}},
    [6] = {TUNNEL, M},
    [7] = {SESSION, M, .required = {14, 15, 16, 17, 18, 19, 21}},
    [8] = {SESSION, M, .required = {14}},
    [9] = {SESSION, M, .required = {24, 19}},
    [10] = {SESSION, M, .required = {14, 15}},
    [11] = {SESSION, M, .required = {14}},
    [12] = {SESSION, M, .required = {24, 19}},
    [14] = {SESSION, M, .required = {1, 14}},
    [15] = {SESSION, M, .required = {34}},
    [16] = {SESSION, M, .required = {35}},
    [21] = {TUNNEL},
    [22] = {TUNNEL},
};

static const struct message_info *find(uint16_t type)
{
    if (type >= L2TPHA_MESSAGE_TYPES || !message_registry_l2tpv2[type].known)
        return NULL;
    return &message_registry_l2tpv2[type];
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
