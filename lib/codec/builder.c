/* SPDX-License-Identifier: MIT */
/* Every AVP goes through emit(): place, write, check with the decoder's own rule, hide. */
#include "codec/builder.h"
#include "codec/avp.h"
#include "codec/hidden.h"

#include <string.h>

#define VECTOR_MIN 16 /* RFC 2661 4.4.1 */

static const struct wire_format *wire_of(const struct l2tpha_builder *builder)
{
    return wire_of_version(builder->version);
}

static void fail(struct l2tpha_builder *builder, int error)
{
    if (!builder->error)
        builder->error = error;
}

static bool is_put(const struct l2tpha_builder *builder, uint16_t type)
{
    return builder->put[type / 64] >> type % 64 & 1;
}

static void mark_put(struct l2tpha_builder *builder, uint16_t type)
{
    builder->put[type / 64] |= UINT64_C(1) << type % 64;
}

/* Write an AVP header for len bytes of value; NULL and an error when both do not fit. */
static uint8_t *add_header(struct l2tpha_builder *builder, uint16_t flags, uint16_t vendor,
                           uint16_t type, size_t len)
{
    uint8_t *place = builder->pos;

    if (len > L2TPHA_AVP_VALUE_MAX) {
        fail(builder, L2TPHA_ERR_INVALID);
        return NULL;
    }
    if (len + L2TPHA_AVP_HEADER > l2tpha_builder_room(builder)) {
        fail(builder, L2TPHA_ERR_TOO_SMALL);
        return NULL;
    }
    put_u16(place, (uint16_t)(flags | (len + L2TPHA_AVP_HEADER)));
    put_u16(place + 2, vendor);
    put_u16(place + 4, type);
    builder->pos += len + L2TPHA_AVP_HEADER;
    return place + L2TPHA_AVP_HEADER;
}

static void copy(uint8_t *dst, struct l2tpha_bytes bytes)
{
    if (bytes.len)
        memcpy(dst, bytes.data, bytes.len);
}

/* The row of an AVP that may be put now; NULL and an error if there is none. */
static const struct l2tpha_avp_info *permit(struct l2tpha_builder *builder, uint16_t type)
{
    const struct l2tpha_avp_info *info = wire_avp_info(wire_of(builder), 0, type);

    if (builder->error)
        return NULL;
    if (info && info->messages & (1u << builder->type) &&
        (info->repeatable || !is_put(builder, type)))
        return info;
    fail(builder, L2TPHA_ERR_INVALID);
    return NULL;
}

static void emit_clear(struct l2tpha_builder *builder, const struct l2tpha_avp_info *info,
                       struct l2tpha_bytes head, struct l2tpha_bytes tail)
{
    uint8_t *value = add_header(builder, info->mandatory ? AVP_MANDATORY : 0, 0, info->type,
                                head.len + tail.len);
    if (!value)
        return;
    copy(value, head);
    copy(value + head.len, tail);
    if (avp_check_value(info, value, head.len + tail.len))
        fail(builder, L2TPHA_ERR_INVALID);
}

static void emit_vector(struct l2tpha_builder *builder)
{
    struct l2tpha_bytes vector = {builder->vector, builder->vector_len};

    emit_clear(builder, wire_avp_info(wire_of(builder), 0, L2TPHA_AVP_RANDOM_VECTOR), vector,
               (struct l2tpha_bytes){0});
    builder->vector_sent = true;
}

static void emit_hidden(struct l2tpha_builder *builder, const struct l2tpha_avp_info *info,
                        struct l2tpha_bytes head, struct l2tpha_bytes tail)
{
    struct hidden_key key = {.hiding = &builder->hiding,
                             .vector = {builder->vector, builder->vector_len},
                             .type = info->type};
    size_t len = head.len + tail.len;

    if (!builder->vector_sent)
        emit_vector(builder);
    if (builder->error)
        return;
    uint16_t flags = (uint16_t)((info->mandatory ? AVP_MANDATORY : 0) | AVP_HIDDEN);
    uint8_t *place = add_header(builder, flags, 0, info->type, len + HIDDEN_LENGTH);
    if (!place)
        return;
    put_u16(place, (uint16_t)len);
    copy(place + HIDDEN_LENGTH, head);
    copy(place + HIDDEN_LENGTH + head.len, tail);
    if (avp_check_value(info, place + HIDDEN_LENGTH, len))
        fail(builder, L2TPHA_ERR_INVALID);
    int error = hidden_encipher(&key, place, len + HIDDEN_LENGTH);
    if (error)
        fail(builder, error);
}

/* Put an AVP whose value is head and tail, one behind the other. */
static void emit(struct l2tpha_builder *builder, uint16_t type, struct l2tpha_bytes head,
                 struct l2tpha_bytes tail)
{
    const struct l2tpha_avp_info *info = permit(builder, type);

    if (!info)
        return;
    if (builder->vector && info->hideable)
        emit_hidden(builder, info, head, tail);
    else
        emit_clear(builder, info, head, tail);
    if (!builder->error)
        mark_put(builder, type);
}

static void emit_fixed(struct l2tpha_builder *builder, uint16_t type, const uint8_t *value,
                       size_t len)
{
    emit(builder, type, (struct l2tpha_bytes){value, len}, (struct l2tpha_bytes){0});
}

/* A number may only go into an AVP that is a number of that size. */
static bool is_kind(struct l2tpha_builder *builder, uint16_t type, enum l2tpha_avp_kind kind)
{
    const struct l2tpha_avp_info *info = wire_avp_info(wire_of(builder), 0, type);

    if (info && info->kind == kind)
        return true;
    fail(builder, L2TPHA_ERR_INVALID);
    return false;
}

/* Ns and Nr stay 0 until the message leaves. */
static void put_header(struct l2tpha_builder *builder, uint32_t tunnel_id, uint32_t session_id)
{
    const struct wire_format *wire = wire_of(builder);
    const struct l2tpha_header header = {
        .control = true,
        .has_length = true,
        .has_sequence = true,
        .version = wire->version,
        .length = wire->header_len,
        .tunnel_id = tunnel_id,
        .session_id = session_id,
    };
    size_t len;

    int error = wire->encode(&header, builder->pos, (size_t)(builder->end - builder->pos), &len);
    if (error)
        fail(builder, error);
    builder->pos += len;
}

void builder_begin(const struct wire_format *wire, struct l2tpha_builder *builder, uint8_t *buf,
                   size_t cap, uint16_t type, uint32_t tunnel_id, uint32_t session_id)
{
    const struct message_info *info = wire_message_info(wire, type);
    size_t usable = cap < L2TPHA_DATAGRAM_MAX ? cap : L2TPHA_DATAGRAM_MAX;
    uint8_t value[2];

    *builder =
        (struct l2tpha_builder){.start = buf, .pos = buf, .type = type, .version = wire->version};
    builder->end = buf ? buf + usable : buf;
    if (!buf || (!info && type != L2TPHA_MESSAGE_ZLB))
        fail(builder, L2TPHA_ERR_INVALID);
    else
        put_header(builder, tunnel_id, session_id);
    if (builder->error || !info)
        return;
    /* Message Type's M bit is the message's own, so it is not the registry's. */
    uint8_t *place = add_header(builder, info->mandatory ? AVP_MANDATORY : 0, 0,
                                L2TPHA_AVP_MESSAGE_TYPE, sizeof(value));
    if (place)
        put_u16(place, type);
    mark_put(builder, L2TPHA_AVP_MESSAGE_TYPE);
}

void builder_go_on(const struct wire_format *wire, struct l2tpha_builder *builder, uint8_t *buf,
                   size_t cap, uint16_t type, size_t len)
{
    size_t room = cap < WIRE_DATAGRAM_MAX ? cap : WIRE_DATAGRAM_MAX;

    *builder = (struct l2tpha_builder){.start = buf,
                                       .pos = buf + (len < room ? len : room),
                                       .end = buf + room,
                                       .error = len > room ? L2TPHA_ERR_TOO_SMALL : 0,
                                       .type = type,
                                       .version = wire->version};
}

void l2tpha_builder_begin(struct l2tpha_builder *builder, uint8_t *buf, size_t cap, uint16_t type,
                          uint32_t tunnel_id, uint32_t session_id)
{
    builder_begin(&wire_l2tpv2, builder, buf, cap, type, tunnel_id, session_id);
}

void l2tpha_builder_hide(struct l2tpha_builder *builder, const struct l2tpha_hiding *hiding,
                         const uint8_t *vector, size_t vector_len)
{
    if (!hiding || !hiding->crypto || hiding->secret_len == 0 || !vector ||
        vector_len < VECTOR_MIN || vector_len > L2TPHA_AVP_VALUE_MAX) {
        fail(builder, L2TPHA_ERR_INVALID);
        return;
    }
    builder->hiding = *hiding;
    builder->vector = vector;
    builder->vector_len = (uint16_t)vector_len;
    builder->vector_sent = false;
}

void l2tpha_builder_put_u8pair(struct l2tpha_builder *builder, uint16_t type, uint8_t first,
                               uint8_t second)
{
    uint8_t value[] = {first, second};

    if (is_kind(builder, type, L2TPHA_AVP_U8PAIR))
        emit_fixed(builder, type, value, sizeof(value));
}

void l2tpha_builder_put_u16(struct l2tpha_builder *builder, uint16_t type, uint32_t number)
{
    uint8_t value[2];

    put_u16(value, (uint16_t)number);
    if (number > UINT16_MAX)
        fail(builder, L2TPHA_ERR_INVALID);
    else if (is_kind(builder, type, L2TPHA_AVP_U16))
        emit_fixed(builder, type, value, sizeof(value));
}

void l2tpha_builder_put_u32(struct l2tpha_builder *builder, uint16_t type, uint32_t number)
{
    uint8_t value[4];

    put_u32(value, number);
    if (is_kind(builder, type, L2TPHA_AVP_U32))
        emit_fixed(builder, type, value, sizeof(value));
}

void l2tpha_builder_put_u64(struct l2tpha_builder *builder, uint16_t type, uint64_t number)
{
    uint8_t value[8];

    put_u64(value, number);
    if (is_kind(builder, type, L2TPHA_AVP_U64))
        emit_fixed(builder, type, value, sizeof(value));
}

void l2tpha_builder_put_bytes(struct l2tpha_builder *builder, uint16_t type, const void *data,
                              size_t len)
{
    emit_fixed(builder, type, data, len);
}

void l2tpha_builder_put_flag(struct l2tpha_builder *builder, uint16_t type)
{
    if (is_kind(builder, type, L2TPHA_AVP_EMPTY))
        emit_fixed(builder, type, NULL, 0);
}

/* The longest start of a UTF-8 text that fits and does not end inside a character. */
static size_t utf8_cut(const char *text, size_t max)
{
    size_t len = strlen(text);

    if (len <= max)
        return len;
    while (max > 0 && ((uint8_t)text[max] & 0xc0) == 0x80)
        max--;
    return max;
}

/* RFC 2661 4.4.2: length 8 without error code, 10 with it, 10+n with a message too. */
void l2tpha_builder_put_result(struct l2tpha_builder *builder, uint16_t result, uint16_t error,
                               const char *text)
{
    uint8_t value[4];
    size_t text_len = text ? utf8_cut(text, L2TPHA_AVP_VALUE_MAX - sizeof(value)) : 0;
    size_t head_len = error || text_len ? sizeof(value) : 2;

    put_u16(value, result);
    put_u16(value + 2, error);
    emit(builder, L2TPHA_AVP_RESULT_CODE, (struct l2tpha_bytes){value, head_len},
         (struct l2tpha_bytes){(const uint8_t *)text, text_len});
}

void l2tpha_builder_put_q931_cause(struct l2tpha_builder *builder,
                                   const struct l2tpha_q931_cause *cause)
{
    uint8_t value[3] = {0, 0, cause->message};

    put_u16(value, cause->cause);
    emit(builder, L2TPHA_AVP_Q931_CAUSE, (struct l2tpha_bytes){value, sizeof(value)},
         (struct l2tpha_bytes){cause->text, cause->text_len});
}

void l2tpha_builder_put_call_errors(struct l2tpha_builder *builder,
                                    const struct l2tpha_call_errors *errors)
{
    uint8_t value[26] = {0};

    put_u32(value + 2, errors->crc);
    put_u32(value + 6, errors->framing);
    put_u32(value + 10, errors->hardware_overruns);
    put_u32(value + 14, errors->buffer_overruns);
    put_u32(value + 18, errors->timeouts);
    put_u32(value + 22, errors->alignment);
    emit_fixed(builder, L2TPHA_AVP_CALL_ERRORS, value, sizeof(value));
}

void l2tpha_builder_put_accm(struct l2tpha_builder *builder, const struct l2tpha_accm *accm)
{
    uint8_t value[10] = {0};

    put_u32(value + 2, accm->send);
    put_u32(value + 6, accm->receive);
    emit_fixed(builder, L2TPHA_AVP_ACCM, value, sizeof(value));
}

void l2tpha_builder_put_ppp_cause(struct l2tpha_builder *builder,
                                  const struct l2tpha_ppp_cause *cause)
{
    uint8_t value[5] = {0, 0, 0, 0, cause->direction};

    put_u16(value, cause->code);
    put_u16(value + 2, cause->protocol);
    emit(builder, L2TPHA_AVP_PPP_DISCONNECT_CAUSE, (struct l2tpha_bytes){value, sizeof(value)},
         (struct l2tpha_bytes){cause->text, cause->text_len});
}

void l2tpha_builder_put_failover_capability(struct l2tpha_builder *builder,
                                            const struct l2tpha_failover_capability *capability)
{
    uint8_t value[6] = {0};

    if (!capability->control && !capability->data) {
        fail(builder, L2TPHA_ERR_INVALID);
        return;
    }
    value[1] = (uint8_t)((capability->data ? 2 : 0) | (capability->control ? 1 : 0));
    put_u32(value + 2, capability->recovery_time_ms);
    emit_fixed(builder, L2TPHA_AVP_FAILOVER_CAPABILITY, value, sizeof(value));
}

/* Two ids, each behind a reserved half, behind a reserved word: RFC 4951 5.2 and 5.4. */
static void put_ids(struct l2tpha_builder *builder, uint16_t type, uint32_t own, uint32_t remote)
{
    uint8_t value[10] = {0};

    if (own > UINT16_MAX || remote > UINT16_MAX) {
        fail(builder, L2TPHA_ERR_INVALID);
        return;
    }
    put_u16(value + 4, (uint16_t)own);
    put_u16(value + 8, (uint16_t)remote);
    emit_fixed(builder, type, value, sizeof(value));
}

void l2tpha_builder_put_tunnel_recovery(struct l2tpha_builder *builder,
                                        const struct l2tpha_tunnel_recovery *recovery)
{
    put_ids(builder, L2TPHA_AVP_TUNNEL_RECOVERY, recovery->tunnel_id, recovery->remote_tunnel_id);
}

void l2tpha_builder_put_suggested_sequence(struct l2tpha_builder *builder,
                                           const struct l2tpha_suggested_sequence *sequence)
{
    uint8_t value[6] = {0};

    put_u16(value + 2, sequence->ns);
    put_u16(value + 4, sequence->nr);
    emit_fixed(builder, L2TPHA_AVP_SUGGESTED_SEQUENCE, value, sizeof(value));
}

void l2tpha_builder_put_session_state(struct l2tpha_builder *builder,
                                      const struct l2tpha_failover_session *state)
{
    put_ids(builder, L2TPHA_AVP_FAILOVER_SESSION_STATE, state->session_id,
            state->remote_session_id);
}

void l2tpha_builder_put_raw(struct l2tpha_builder *builder, bool mandatory, uint16_t vendor,
                            uint16_t type, const void *value, size_t len)
{
    if (vendor == 0 || builder->type == L2TPHA_MESSAGE_ZLB)
        fail(builder, L2TPHA_ERR_INVALID);
    if (builder->error)
        return;
    uint8_t *place = add_header(builder, mandatory ? AVP_MANDATORY : 0, vendor, type, len);
    if (place)
        copy(place, (struct l2tpha_bytes){value, len});
}

size_t l2tpha_builder_room(const struct l2tpha_builder *builder)
{
    return builder->error ? 0 : (size_t)(builder->end - builder->pos);
}

static int missing(const struct l2tpha_builder *builder)
{
    const struct message_info *info = wire_message_info(wire_of(builder), builder->type);

    for (size_t i = 0; info && i < MESSAGE_REQUIRED_MAX && info->required[i]; i++)
        if (!is_put(builder, info->required[i]))
            return L2TPHA_ERR_AVP_MISSING;
    return L2TPHA_OK;
}

int l2tpha_builder_end(struct l2tpha_builder *builder, size_t *len)
{
    *len = 0;
    if (!builder->error)
        fail(builder, missing(builder));
    if (builder->error)
        return builder->error;
    *len = (size_t)(builder->pos - builder->start);
    put_u16(builder->start + 2, (uint16_t)*len);
    return L2TPHA_OK;
}
