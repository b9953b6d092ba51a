/* SPDX-License-Identifier: MIT */
/* Decoding of control messages. One walk over the AVPs checks each, keeps the first of each type in
 * the caller's struct and blames the wrong ones: with M=1 the message's fault, with M=0 ignored and
 * counted. Unhiding rewrites the body in clear and walks again, so hidden and visible values go
 * through the same checks. */
#include <l2tpha/message.h>
#include <string.h>

#include "base/cold.h"
#include "codec/avp.h"
#include "codec/hidden.h"
#include "codec/wire.h"

struct verdict {
    int error;       /* 0 = fine */
    bool tolerated;  /* ignored even with M=1 */
    uint32_t value;  /* what was refused */
    const char *why; /* static */
};

COLD_PATH static struct verdict refuse(int error, const char *why, uint32_t value)
{
    return (struct verdict){.error = error, .why = why, .value = value};
}

static struct verdict tolerate(int error, const char *why)
{
    return (struct verdict){.error = error, .why = why, .tolerated = true};
}

/* Faults that end the message name an AVP, or none when the framing is broken. */
COLD_PATH static int end_message(struct l2tpha_decode_fault *fault, const struct l2tpha_avp *avp,
                                 int error, const char *why, uint32_t value)
{
    if (fault->error)
        return fault->error;
    *fault = (struct l2tpha_decode_fault){.error = error, .why = why, .value = value};
    if (avp) {
        fault->is_avp = true;
        fault->vendor = avp->vendor;
        fault->type = avp->type;
        fault->mandatory = avp->mandatory;
    }
    return error;
}

/* RFC 2661 4.1, 7.1: the M bit decides whether it ends the session or tunnel or is ignored. */
static void blame(struct l2tpha_message *message, struct l2tpha_decode_fault *fault,
                  const struct l2tpha_avp *avp, struct verdict verdict)
{
    struct l2tpha_decode_fault unheard = {0};

    if (avp->mandatory && !verdict.tolerated) {
        end_message(fault, avp, verdict.error, verdict.why, verdict.value);
        return;
    }
    if (message->ignored++ == 0) {
        end_message(&unheard, avp, verdict.error, verdict.why, verdict.value);
        message->ignored_first = unheard;
    }
}

static bool is_failover_message(uint16_t type)
{
    return type == L2TPHA_MESSAGE_FSQ || type == L2TPHA_MESSAGE_FSR;
}

/* RFC 4951 4.1, 4.2: whatever else is in FSQ or FSR is ignored, even with M=1. */
static bool is_failover_avp(const struct l2tpha_avp *avp)
{
    return avp->vendor == 0 && (avp->type == L2TPHA_AVP_RANDOM_VECTOR ||
                                avp->type == L2TPHA_AVP_FAILOVER_SESSION_STATE);
}

static bool may_be_in(const struct l2tpha_avp_info *info, uint16_t message)
{
    return info->messages & (1u << message) || (info->mirrored && message == L2TPHA_MESSAGE_SCCRP);
}

/* Whether an AVP is recognised, and at home in this message; its value comes later. */
static struct verdict check(const struct l2tpha_message *message, const struct l2tpha_avp *avp,
                            uint16_t reserved, const struct l2tpha_avp_info *info)
{
    if (is_failover_message(message->type) && !is_failover_avp(avp))
        return tolerate(L2TPHA_ERR_AVP_FORBIDDEN, "not looked at in FSQ and FSR");
    if (reserved)
        return refuse(L2TPHA_ERR_AVP_RESERVED, "reserved bits are set", reserved);
    if (!info && (avp->vendor == 0 || avp->mandatory))
        return refuse(L2TPHA_ERR_AVP_UNKNOWN, "not known here", 0);
    if (!info)
        return (struct verdict){0};
    if (info->kind == L2TPHA_AVP_OPAQUE && avp->mandatory)
        return refuse(L2TPHA_ERR_AVP_UNKNOWN, "not supported here", 0);
    if (!may_be_in(info, message->type))
        return info->exclusive
                   ? refuse(L2TPHA_ERR_AVP_FORBIDDEN, "not allowed in this message", message->type)
                   : tolerate(L2TPHA_ERR_AVP_FORBIDDEN, "has no meaning in this message");
    if (avp->hidden && !info->hideable)
        return refuse(L2TPHA_ERR_MALFORMED, "must not be hidden", 0);
    return (struct verdict){0};
}

static struct verdict check_value(const struct l2tpha_avp *avp, const struct l2tpha_avp_info *info)
{
    int error = info && !avp->hidden ? avp_check_value(info, avp->value, avp->len) : L2TPHA_OK;

    if (error == L2TPHA_ERR_AVP_LENGTH)
        return refuse(error, "wrong length", (uint32_t)avp->len + L2TPHA_AVP_HEADER);
    if (error)
        return refuse(error, "value out of range", 0);
    return (struct verdict){0};
}

static struct verdict keep(struct l2tpha_message *message, const struct l2tpha_avp *avp,
                           const struct l2tpha_avp_info *info)
{
    if (!info && message->vendor_count >= L2TPHA_MESSAGE_VENDOR_MAX)
        return tolerate(L2TPHA_ERR_TOO_MANY, "too many vendor AVPs");
    if (info && message->index[info->type] && !info->repeatable)
        return refuse(L2TPHA_ERR_AVP_DUPLICATE, "present twice", 0);

    message->hidden = (uint16_t)(message->hidden + avp->hidden);
    if (info && message->index[info->type])
        return (struct verdict){0}; /* l2tpha_message_each() finds it in the body */
    /* Always room: no message has more types than the places that vendor AVPs leave free. */
    message->avps[message->avp_count++] = *avp;
    if (info)
        message->index[info->type] = (uint8_t)message->avp_count;
    else
        message->vendor_count++;
    return (struct verdict){0};
}

static void take(struct l2tpha_message *message, const struct l2tpha_avp *avp, uint16_t reserved,
                 struct l2tpha_decode_fault *fault)
{
    const struct l2tpha_avp_info *info =
        wire_avp_info(wire_of_message(message), avp->vendor, avp->type);
    struct verdict verdict = check(message, avp, reserved, info);

    if (!verdict.error)
        verdict = check_value(avp, info);
    if (!verdict.error)
        verdict = keep(message, avp, info);
    if (verdict.error)
        blame(message, fault, avp, verdict);
}

static int end_framing(struct l2tpha_decode_fault *fault, const struct avp_walk *walk)
{
    return end_message(fault, NULL, L2TPHA_ERR_AVP_LENGTH, walk->why, walk->value);
}

/* RFC 2661 4.4.1: first, in clear, 8 octets. Its M bit speaks of the message, not of the AVP. */
static int take_type(struct l2tpha_message *message, struct avp_walk *walk,
                     struct l2tpha_decode_fault *fault)
{
    struct l2tpha_avp avp;

    if (!avp_next(walk, &avp))
        return end_framing(fault, walk);
    if (avp.vendor != 0 || avp.type != L2TPHA_AVP_MESSAGE_TYPE)
        return end_message(fault, &avp, L2TPHA_ERR_MALFORMED, "first AVP is not Message Type", 0);
    if (avp.hidden)
        return end_message(fault, &avp, L2TPHA_ERR_MALFORMED, "must not be hidden", 0);
    if (walk->reserved)
        return end_message(fault, &avp, L2TPHA_ERR_AVP_RESERVED, "reserved bits are set",
                           walk->reserved);
    if (avp.len != 2)
        return end_message(fault, &avp, L2TPHA_ERR_AVP_LENGTH, "wrong length",
                           (uint32_t)avp.len + L2TPHA_AVP_HEADER);
    message->type = get_u16(avp.value);
    message->type_mandatory = avp.mandatory;
    if (message->type == L2TPHA_MESSAGE_ZLB)
        return end_message(fault, &avp, L2TPHA_ERR_MESSAGE_TYPE, "reserved message type", 0);
    keep(message, &avp, wire_avp_info(wire_of_message(message), 0, L2TPHA_AVP_MESSAGE_TYPE));
    return L2TPHA_OK;
}

/* A second Message Type is wrong whatever its M bit says, since that does not speak of the AVP. */
static void take_all(struct l2tpha_message *message, struct avp_walk *walk,
                     struct l2tpha_decode_fault *fault)
{
    struct l2tpha_avp avp;

    while (avp_next(walk, &avp)) {
        if (avp.vendor == 0 && avp.type == L2TPHA_AVP_MESSAGE_TYPE)
            end_message(fault, &avp, L2TPHA_ERR_AVP_DUPLICATE, "present twice", 0);
        else
            take(message, &avp, walk->reserved, fault);
    }
}

static int collect(struct l2tpha_message *message, struct l2tpha_decode_fault *fault)
{
    struct avp_walk walk = avp_walk_over(message->body, message->body_len);

    message->avp_count = 0;
    message->vendor_count = 0;
    message->hidden = 0;
    memset(message->index, 0, sizeof(message->index));
    if (take_type(message, &walk, fault))
        return fault->error;
    if (!wire_message_info(wire_of_message(message), message->type))
        return L2TPHA_OK;
    take_all(message, &walk, fault);
    if (walk.why)
        end_framing(fault, &walk);
    return fault->error;
}

static int decode(const uint8_t *data, size_t len, struct l2tpha_message *message,
                  struct l2tpha_decode_fault *fault)
{
    int error = wire_header_decode(data, len, &message->header);
    if (error)
        return end_message(fault, NULL, error, "malformed header", (uint32_t)len);
    if (!message->header.control)
        return end_message(fault, NULL, L2TPHA_ERR_DATA_MESSAGE, "a data message", 0);
    message->body = data + message->header.header_len;
    message->body_len = message->header.length - message->header.header_len;
    return message->body_len ? collect(message, fault) : L2TPHA_OK;
}

int l2tpha_message_decode(const uint8_t *data, size_t len, struct l2tpha_message *message,
                          struct l2tpha_decode_fault *fault)
{
    struct l2tpha_decode_fault own;

    fault = fault ? fault : &own;
    *fault = (struct l2tpha_decode_fault){0};
    memset(message, 0, offsetof(struct l2tpha_message, avps));
    return decode(data, len, message, fault);
}

/* Write an AVP in clear. It never needs more room than the hidden one that it came from. */
static uint8_t *write_clear(uint8_t *out, const struct l2tpha_avp *avp, size_t len)
{
    put_u16(out, (uint16_t)((avp->mandatory ? AVP_MANDATORY : 0) | (len + L2TPHA_AVP_HEADER)));
    put_u16(out + 2, avp->vendor);
    put_u16(out + 4, avp->type);
    return out + L2TPHA_AVP_HEADER + len;
}

static uint8_t *copy_avp(uint8_t *out, const struct l2tpha_avp *avp)
{
    size_t len = (size_t)avp->len + L2TPHA_AVP_HEADER;

    memcpy(out, avp->value - L2TPHA_AVP_HEADER, len);
    return out + len;
}

/* Decipher one AVP to *out; what cannot be deciphered is blamed and left out. */
static int reveal(struct l2tpha_message *message, const struct hidden_key *key,
                  const struct l2tpha_avp *avp, uint8_t **out, struct l2tpha_decode_fault *fault)
{
    struct l2tpha_bytes value;
    const char *why;
    uint8_t *place = *out + L2TPHA_AVP_HEADER;
    int error = hidden_decipher(key, avp->value, avp->len, place, &value, &why);

    if (error == L2TPHA_ERR_CRYPTO)
        return end_message(fault, avp, error, why, 0);
    if (error) {
        blame(message, fault, avp, refuse(error, why, avp->len));
        return L2TPHA_OK;
    }
    memmove(place, value.data, value.len);
    *out = write_clear(*out, avp, value.len);
    return L2TPHA_OK;
}

static bool is_vector(const struct l2tpha_avp *avp, uint16_t reserved)
{
    return avp->vendor == 0 && avp->type == L2TPHA_AVP_RANDOM_VECTOR && !avp->hidden && !reserved &&
           avp->len > 0;
}

/* Rewrite the body in clear. Hidden AVPs that are unwelcome anyway stay as they are: the next walk
 * meets them with the same verdict. */
static int clear_body(struct l2tpha_message *message, const struct l2tpha_hiding *hiding,
                      uint8_t *scratch, size_t *len, struct l2tpha_decode_fault *fault)
{
    struct avp_walk walk = avp_walk_over(message->body, message->body_len);
    struct hidden_key key = {.hiding = hiding};
    struct l2tpha_avp avp;
    uint8_t *out = scratch;

    while (avp_next(&walk, &avp)) {
        const struct l2tpha_avp_info *info =
            wire_avp_info(wire_of_message(message), avp.vendor, avp.type);
        if (is_vector(&avp, walk.reserved))
            key.vector = (struct l2tpha_bytes){avp.value, avp.len};
        if (!avp.hidden || check(message, &avp, walk.reserved, info).error) {
            out = copy_avp(out, &avp);
            continue;
        }
        key.type = avp.type;
        if (reveal(message, &key, &avp, &out, fault) == L2TPHA_ERR_CRYPTO)
            return L2TPHA_ERR_CRYPTO;
    }
    *len = (size_t)(out - scratch);
    return L2TPHA_OK;
}

int l2tpha_message_unhide(struct l2tpha_message *message, const struct l2tpha_hiding *hiding,
                          uint8_t *scratch, size_t cap, struct l2tpha_decode_fault *fault)
{
    struct l2tpha_decode_fault own;
    size_t len = 0;

    fault = fault ? fault : &own;
    *fault = (struct l2tpha_decode_fault){0};
    if (message->hidden == 0)
        return L2TPHA_OK;
    if (cap < message->body_len)
        return end_message(fault, NULL, L2TPHA_ERR_TOO_SMALL, "scratch too small",
                           (uint32_t)message->body_len);
    message->ignored = 0;
    if (clear_body(message, hiding, scratch, &len, fault) == L2TPHA_ERR_CRYPTO)
        return fault->error;
    message->body = scratch;
    message->body_len = len;
    return collect(message, fault);
}

int l2tpha_message_check(const struct l2tpha_message *message, struct l2tpha_decode_fault *fault)
{
    const struct message_info *info = wire_message_info(wire_of_message(message), message->type);
    struct l2tpha_avp avp = {.mandatory = message->type_mandatory};
    struct l2tpha_decode_fault own;

    fault = fault ? fault : &own;
    *fault = (struct l2tpha_decode_fault){0};
    if (message->type == L2TPHA_MESSAGE_ZLB && message->body_len == 0)
        return L2TPHA_OK;
    if (!info)
        return end_message(fault, &avp, L2TPHA_ERR_MESSAGE_TYPE, "unknown message type",
                           message->type);
    for (size_t i = 0; i < MESSAGE_REQUIRED_MAX && info->required[i]; i++) {
        avp.type = info->required[i];
        avp.mandatory = true;
        const struct l2tpha_avp *found = l2tpha_message_find(message, avp.type);
        if (!found)
            return end_message(fault, &avp, L2TPHA_ERR_AVP_MISSING, "missing", 0);
        if (found->hidden)
            return end_message(fault, &avp, L2TPHA_ERR_AVP_HIDDEN, "still hidden", 0);
    }
    return L2TPHA_OK;
}

int l2tpha_message_open(const uint8_t *data, size_t len, const struct l2tpha_hiding *hiding,
                        uint8_t *scratch, size_t cap, struct l2tpha_message *message,
                        struct l2tpha_decode_fault *fault)
{
    int error = l2tpha_message_decode(data, len, message, fault);

    if (!error)
        error = l2tpha_message_unhide(message, hiding, scratch, cap, fault);
    if (!error)
        error = l2tpha_message_check(message, fault);
    return error;
}
