/* SPDX-License-Identifier: MIT */
/* Reading a decoded message, and saying what is wrong with one. */
#include <l2tpha/message.h>
#include <stdio.h>

#include "codec/avp.h"
#include "codec/wire.h"

/* General error codes, RFC 2661 4.4.2 */
#define GENERAL_LENGTH 2
#define GENERAL_VALUE 3
#define GENERAL_VENDOR 6
#define GENERAL_UNKNOWN_AVP 8

const struct l2tpha_avp *l2tpha_message_find(const struct l2tpha_message *message, uint16_t type)
{
    if (type >= L2TPHA_AVP_TYPES || message->index[type] == 0)
        return NULL;
    return &message->avps[message->index[type] - 1];
}

const struct l2tpha_avp *l2tpha_message_find_vendor(const struct l2tpha_message *message,
                                                    uint16_t vendor, uint16_t type)
{
    for (uint16_t i = 0; i < message->avp_count; i++) {
        const struct l2tpha_avp *avp = &message->avps[i];
        if (vendor != 0 && avp->vendor == vendor && avp->type == type)
            return avp;
    }
    return NULL;
}

bool l2tpha_message_each(const struct l2tpha_message *message, uint16_t type,
                         struct l2tpha_avp_cursor *cursor)
{
    const struct l2tpha_avp_info *info = wire_avp_info(wire_of_message(message), 0, type);

    /* The first well-formed one is in the index; without it there is no other. */
    if (!info || !info->repeatable || !l2tpha_message_find(message, type))
        return false;
    struct avp_walk walk =
        avp_walk_over(message->body + cursor->offset, message->body_len - cursor->offset);
    while (avp_next(&walk, &cursor->avp)) {
        const struct l2tpha_avp *avp = &cursor->avp;
        cursor->offset = (size_t)(walk.pos - message->body);
        if (avp->vendor == 0 && avp->type == type && !avp->hidden && !walk.reserved &&
            avp_check_value(info, avp->value, avp->len) == L2TPHA_OK)
            return true;
    }
    return false;
}

bool l2tpha_message_has(const struct l2tpha_message *message, uint16_t type)
{
    const struct l2tpha_avp *avp = l2tpha_message_find(message, type);

    return avp && !avp->hidden;
}

bool l2tpha_message_u16(const struct l2tpha_message *message, uint16_t type, uint16_t *value)
{
    return l2tpha_avp_u16(l2tpha_message_find(message, type), value);
}

bool l2tpha_message_u32(const struct l2tpha_message *message, uint16_t type, uint32_t *value)
{
    return l2tpha_avp_u32(l2tpha_message_find(message, type), value);
}

bool l2tpha_message_u64(const struct l2tpha_message *message, uint16_t type, uint64_t *value)
{
    return l2tpha_avp_u64(l2tpha_message_find(message, type), value);
}

bool l2tpha_message_bytes(const struct l2tpha_message *message, uint16_t type,
                          struct l2tpha_bytes *value)
{
    const struct l2tpha_avp *avp = l2tpha_message_find(message, type);

    if (!avp || avp->hidden)
        return false;
    *value = (struct l2tpha_bytes){avp->value, avp->len};
    return true;
}

bool l2tpha_message_result(const struct l2tpha_message *message, struct l2tpha_result *result)
{
    return l2tpha_avp_result(l2tpha_message_find(message, L2TPHA_AVP_RESULT_CODE), result);
}

uint16_t l2tpha_fault_general_error(const struct l2tpha_decode_fault *fault)
{
    switch (fault->error) {
    case L2TPHA_ERR_AVP_LENGTH:
        return GENERAL_LENGTH;
    case L2TPHA_ERR_AVP_VALUE:
        return GENERAL_VALUE;
    case L2TPHA_ERR_AVP_UNKNOWN:
    case L2TPHA_ERR_AVP_RESERVED:
        return GENERAL_UNKNOWN_AVP;
    default:
        return GENERAL_VENDOR;
    }
}

/* RFC 2661 4.4.2: error 8 SHOULD come with the attribute in readable form. */
static int print_fault(const struct l2tpha_decode_fault *fault, char *dst, size_t cap)
{
    const char *why = fault->why ? fault->why : "no fault";
    const char *name = l2tpha_avp_name(fault->vendor, fault->type);

    if (!fault->is_avp)
        return snprintf(dst, cap, "%s", why);
    if (fault->error == L2TPHA_ERR_MESSAGE_TYPE)
        return snprintf(dst, cap, "%s %u", why, (unsigned)fault->value);
    if (fault->vendor != 0)
        return snprintf(dst, cap, "%s %u of vendor %u: %s", name, fault->type, fault->vendor, why);
    return snprintf(dst, cap, "%s %u: %s", name, fault->type, why);
}

size_t l2tpha_fault_text(const struct l2tpha_decode_fault *fault, char *dst, size_t cap)
{
    if (cap == 0)
        return 0;
    int len = print_fault(fault, dst, cap);
    return len < 0 ? 0 : (size_t)len < cap ? (size_t)len : cap - 1;
}
