/* SPDX-License-Identifier: MIT */
/* Framing of AVPs (RFC 2661 4.1) and the values that have fields. */
#include "codec/avp.h"

bool avp_next(struct avp_walk *walk, struct l2tpha_avp *avp)
{
    size_t left = (size_t)(walk->end - walk->pos);

    if (left == 0)
        return false;
    walk->value = (uint32_t)left;
    walk->why = "message ends inside an AVP header";
    if (left < L2TPHA_AVP_HEADER)
        return false;

    uint16_t word = get_u16(walk->pos), length = word & AVP_LENGTH;
    walk->value = length;
    walk->why = "AVP length is shorter than its header";
    if (length < L2TPHA_AVP_HEADER)
        return false;
    walk->why = "AVP length exceeds the message";
    if (length > left)
        return false;

    walk->why = NULL;
    walk->reserved = word & AVP_RESERVED;
    *avp = (struct l2tpha_avp){.vendor = get_u16(walk->pos + 2),
                               .type = get_u16(walk->pos + 4),
                               .mandatory = word & AVP_MANDATORY,
                               .hidden = word & AVP_HIDDEN,
                               .len = (uint16_t)(length - L2TPHA_AVP_HEADER),
                               .value = walk->pos + L2TPHA_AVP_HEADER};
    walk->pos += length;
    return true;
}

int avp_check_value(const struct l2tpha_avp_info *info, const uint8_t *value, size_t len)
{
    if (len < info->min || len > info->max)
        return L2TPHA_ERR_AVP_LENGTH;
    /* RFC 2661 4.4.2: 8, 10 or 10+n; half an error code is nothing. */
    if (info->type == L2TPHA_AVP_RESULT_CODE && len == 3)
        return L2TPHA_ERR_AVP_LENGTH;
    if (info->nonzero && get_u16(value) == 0)
        return L2TPHA_ERR_AVP_VALUE;
    return L2TPHA_OK;
}

static bool has_len(const struct l2tpha_avp *avp, size_t len)
{
    return avp && !avp->hidden && avp->len == len;
}

/* Whether it is this attribute, readable and well-formed. */
static bool is(const struct l2tpha_avp *avp, enum l2tpha_avp_type type)
{
    if (!avp || avp->hidden || avp->vendor != 0 || avp->type != type)
        return false;
    return avp_check_value(l2tpha_avp_info_find(0, avp->type), avp->value, avp->len) == L2TPHA_OK;
}

/* The text from `start` to the end of the value; NULL when there is none. */
static const uint8_t *text_from(const struct l2tpha_avp *avp, size_t start, size_t *len)
{
    *len = avp->len > start ? avp->len - start : 0;
    return *len ? avp->value + start : NULL;
}

bool l2tpha_avp_u16(const struct l2tpha_avp *avp, uint16_t *out)
{
    if (!has_len(avp, 2))
        return false;
    *out = get_u16(avp->value);
    return true;
}

bool l2tpha_avp_u32(const struct l2tpha_avp *avp, uint32_t *out)
{
    if (!has_len(avp, 4))
        return false;
    *out = get_u32(avp->value);
    return true;
}

bool l2tpha_avp_u64(const struct l2tpha_avp *avp, uint64_t *out)
{
    if (!has_len(avp, 8))
        return false;
    *out = get_u64(avp->value);
    return true;
}

bool l2tpha_avp_result(const struct l2tpha_avp *avp, struct l2tpha_result *out)
{
    if (!is(avp, L2TPHA_AVP_RESULT_CODE))
        return false;
    *out = (struct l2tpha_result){.result = get_u16(avp->value), .has_error = avp->len >= 4};
    if (out->has_error)
        out->error = get_u16(avp->value + 2);
    out->text = text_from(avp, 4, &out->text_len);
    return true;
}

bool l2tpha_avp_q931_cause(const struct l2tpha_avp *avp, struct l2tpha_q931_cause *out)
{
    if (!is(avp, L2TPHA_AVP_Q931_CAUSE))
        return false;
    out->cause = get_u16(avp->value);
    out->message = avp->value[2];
    out->text = text_from(avp, 3, &out->text_len);
    return true;
}

bool l2tpha_avp_call_errors(const struct l2tpha_avp *avp, struct l2tpha_call_errors *out)
{
    if (!is(avp, L2TPHA_AVP_CALL_ERRORS))
        return false;
    out->crc = get_u32(avp->value + 2);
    out->framing = get_u32(avp->value + 6);
    out->hardware_overruns = get_u32(avp->value + 10);
    out->buffer_overruns = get_u32(avp->value + 14);
    out->timeouts = get_u32(avp->value + 18);
    out->alignment = get_u32(avp->value + 22);
    return true;
}

bool l2tpha_avp_accm(const struct l2tpha_avp *avp, struct l2tpha_accm *out)
{
    if (!is(avp, L2TPHA_AVP_ACCM))
        return false;
    out->send = get_u32(avp->value + 2);
    out->receive = get_u32(avp->value + 6);
    return true;
}

bool l2tpha_avp_ppp_cause(const struct l2tpha_avp *avp, struct l2tpha_ppp_cause *out)
{
    if (!is(avp, L2TPHA_AVP_PPP_DISCONNECT_CAUSE))
        return false;
    out->code = get_u16(avp->value);
    out->protocol = get_u16(avp->value + 2);
    out->direction = avp->value[4];
    out->text = text_from(avp, 5, &out->text_len);
    return true;
}

/* RFC 4951 5: reserved bits and fields are ignored in all of these. */
bool l2tpha_avp_failover_capability(const struct l2tpha_avp *avp,
                                    struct l2tpha_failover_capability *out)
{
    if (!is(avp, L2TPHA_AVP_FAILOVER_CAPABILITY))
        return false;
    out->control = avp->value[1] & 1;
    out->data = avp->value[1] & 2;
    out->recovery_time_ms = get_u32(avp->value + 2);
    return true;
}

bool l2tpha_avp_tunnel_recovery(const struct l2tpha_avp *avp, struct l2tpha_tunnel_recovery *out)
{
    if (!is(avp, L2TPHA_AVP_TUNNEL_RECOVERY))
        return false;
    out->tunnel_id = get_u16(avp->value + 4);
    out->remote_tunnel_id = get_u16(avp->value + 8);
    return true;
}

bool l2tpha_avp_suggested_sequence(const struct l2tpha_avp *avp,
                                   struct l2tpha_suggested_sequence *out)
{
    if (!is(avp, L2TPHA_AVP_SUGGESTED_SEQUENCE))
        return false;
    out->ns = get_u16(avp->value + 2);
    out->nr = get_u16(avp->value + 4);
    return true;
}

bool l2tpha_avp_session_state(const struct l2tpha_avp *avp, struct l2tpha_failover_session *out)
{
    if (!is(avp, L2TPHA_AVP_FAILOVER_SESSION_STATE))
        return false;
    out->session_id = get_u16(avp->value + 4);
    out->remote_session_id = get_u16(avp->value + 8);
    return true;
}
