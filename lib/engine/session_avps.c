/* SPDX-License-Identifier: MIT */
/* A call's attributes as AVPs. Those of a message that has to wait are kept encoded, in clear, so
 * that they are replicated as they are and a takeover can go on with the call. */
#include "engine/session_avps.h"

#include "base/assert.h"
#include "base/cursor.h"
#include "codec/avp.h"
#include "codec/builder.h"
#include "codec/wire_id.h"

#define AVP_LENGTH 0x03ff
/* Proxy Authen Types, RFC 2661 4.4.5, as bits */
#define BIT(type) (1u << (type))
#define HAS_NAME (BIT(1) | BIT(2) | BIT(3) | BIT(5))
#define HAS_CHALLENGE (BIT(2) | BIT(5))
#define HAS_ID (BIT(2) | BIT(3) | BIT(5))

static void put_some(struct l2tpha_builder *builder, uint16_t type,
                     const struct l2tpha_bytes *bytes)
{
    if (bytes->len)
        l2tpha_builder_put_bytes(builder, type, bytes->data, bytes->len);
}

void put_request_avps(struct l2tpha_builder *builder, const struct l2tpha_session *session,
                      const struct l2tpha_session_options *options)
{
    const struct session_entry *entry = &session->entry;
    bool incoming = entry->call == L2TPHA_CALL_INCOMING;

    wire_put_session_id(builder, entry->local_id);
    l2tpha_builder_put_u32(builder, L2TPHA_AVP_CALL_SERIAL_NUMBER, entry->serial);
    if (!incoming || options->has_bearer || entry->bearer)
        l2tpha_builder_put_u32(builder, L2TPHA_AVP_BEARER_TYPE, entry->bearer);
    if (incoming && options->physical_channel)
        l2tpha_builder_put_u32(builder, L2TPHA_AVP_PHYSICAL_CHANNEL_ID, options->physical_channel);
    if (incoming) {
        put_some(builder, L2TPHA_AVP_CALLING_NUMBER, &options->calling);
        put_some(builder, L2TPHA_AVP_CALLED_NUMBER, &options->called);
    } else {
        l2tpha_builder_put_u32(builder, L2TPHA_AVP_MINIMUM_BPS, options->minimum_bps);
        l2tpha_builder_put_u32(builder, L2TPHA_AVP_MAXIMUM_BPS, options->maximum_bps);
        l2tpha_builder_put_u32(builder, L2TPHA_AVP_FRAMING_TYPE, entry->framing);
        l2tpha_builder_put_bytes(builder, L2TPHA_AVP_CALLED_NUMBER, options->called.data,
                                 options->called.len);
    }
    put_some(builder, L2TPHA_AVP_SUB_ADDRESS, &options->sub_address);
}

static bool proxy_has(const struct l2tpha_session_options *options, uint32_t types)
{
    return options->proxy_authen_type < 32 && types & BIT(options->proxy_authen_type);
}

static void put_proxy(struct l2tpha_builder *builder, const struct l2tpha_session_options *options)
{
    put_some(builder, L2TPHA_AVP_INITIAL_RECEIVED_CONFREQ, &options->initial_lcp_confreq);
    put_some(builder, L2TPHA_AVP_LAST_SENT_CONFREQ, &options->last_sent_lcp_confreq);
    put_some(builder, L2TPHA_AVP_LAST_RECEIVED_CONFREQ, &options->last_received_lcp_confreq);
    if (options->proxy_authen_type)
        l2tpha_builder_put_u16(builder, L2TPHA_AVP_PROXY_AUTHEN_TYPE, options->proxy_authen_type);
    if (proxy_has(options, HAS_NAME))
        l2tpha_builder_put_bytes(builder, L2TPHA_AVP_PROXY_AUTHEN_NAME,
                                 options->proxy_authen_name.data, options->proxy_authen_name.len);
    if (proxy_has(options, HAS_CHALLENGE))
        l2tpha_builder_put_bytes(builder, L2TPHA_AVP_PROXY_AUTHEN_CHALLENGE,
                                 options->proxy_authen_challenge.data,
                                 options->proxy_authen_challenge.len);
    if (proxy_has(options, HAS_ID))
        l2tpha_builder_put_u8pair(builder, L2TPHA_AVP_PROXY_AUTHEN_ID, 0, options->proxy_authen_id);
    if (proxy_has(options, HAS_NAME))
        l2tpha_builder_put_bytes(builder, L2TPHA_AVP_PROXY_AUTHEN_RESPONSE,
                                 options->proxy_authen_response.data,
                                 options->proxy_authen_response.len);
}

void put_connect_avps(struct l2tpha_builder *builder, const struct l2tpha_session *session,
                      const struct l2tpha_session_options *options)
{
    const struct session_entry *entry = &session->entry;

    l2tpha_builder_put_u32(builder, L2TPHA_AVP_TX_CONNECT_SPEED, entry->tx_speed);
    l2tpha_builder_put_u32(builder, L2TPHA_AVP_FRAMING_TYPE, entry->framing);
    if (entry->rx_speed != entry->tx_speed)
        l2tpha_builder_put_u32(builder, L2TPHA_AVP_RX_CONNECT_SPEED, entry->rx_speed);
    if (entry->flags & L2TPHA_SESSION_SEQUENCING_REQUIRED)
        l2tpha_builder_put_flag(builder, L2TPHA_AVP_SEQUENCING_REQUIRED);
    if (entry->call == L2TPHA_CALL_OUTGOING)
        return;
    put_some(builder, L2TPHA_AVP_PRIVATE_GROUP_ID, &options->private_group);
    put_proxy(builder, options);
}

void put_stored_avps(struct l2tpha_builder *builder, const struct l2tpha_bytes *stored)
{
    struct reader in = reader_over(stored->data, stored->len);

    while (reader_left(&in) >= L2TPHA_AVP_HEADER) {
        uint16_t length = read_u16(&in) & AVP_LENGTH;
        read_u16(&in); /* vendor: the host has no AVPs of others to store */
        uint16_t type = read_u16(&in);
        size_t value_len = length < L2TPHA_AVP_HEADER ? 0 : (size_t)length - L2TPHA_AVP_HEADER;
        const uint8_t *value = read_bytes(&in, value_len);
        if (in.error)
            break;
        l2tpha_builder_put_bytes(builder, type, value, value_len);
    }
    if (in.error && !builder->error)
        builder->error = in.error;
}

/* By way of engine->build. */
int store_avps(struct l2tpha_session *session, uint16_t type, size_t place, put_avps put,
               const struct l2tpha_session_options *options)
{
    const struct wire_format *wire = record_wire(&session_tunnel(session)->entry.record);
    const size_t skip = wire->header_len + WIRE_MESSAGE_TYPE;
    struct engine *engine = session_tunnel(session)->engine;
    struct l2tpha_builder builder;
    size_t len;

    builder_begin(wire, &builder, engine->build, engine->build_size, type, 0, 0);
    put(&builder, session, options);
    int error = l2tpha_builder_end(&builder, &len);
    if (error)
        return error;
    ASSERT(&engine->log, len >= skip);
    return table_session_set_bytes(engine->table, &session->entry, place, engine->build + skip,
                                   len - skip);
}
