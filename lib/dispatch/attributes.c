/* SPDX-License-Identifier: MIT */
/* What messages and the host say of a tunnel or a call, into its record. */
#include "dispatch/attributes.h"

#include "base/assert.h"
#include "codec/wire_id.h"
#include "control/event.h"
#include "control/session_id.h"
#include "failover/set_up.h"

#define FRAMING_SYNC 1
#define FRAMING_BITS 3

/* --- the peer of a tunnel --- */

static int take_name(struct l2tpha_tunnel *tunnel, const struct l2tpha_message *message,
                     uint16_t type, struct l2tpha_bytes *field)
{
    struct l2tpha_bytes value;

    if (!l2tpha_message_bytes(message, type, &value))
        return L2TPHA_OK;
    return table_tunnel_set_bytes(tunnel->engine->table, field, value.data, value.len);
}

int tunnel_take_peer(struct l2tpha_tunnel *tunnel, const struct l2tpha_message *message,
                     const struct l2tpha_path *path)
{
    struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    uint32_t id = wire_tunnel_id(message);

    int error = table_tunnel_set_remote(tunnel->engine->table, &tunnel->entry, path, id);
    if (!error)
        error = take_name(tunnel, message, L2TPHA_AVP_HOST_NAME, &record->peer_name);
    if (!error)
        error = take_name(tunnel, message, L2TPHA_AVP_VENDOR_NAME, &record->peer_vendor);
    if (error)
        return error;
    record->remote_window = record_wire(record)->window;
    l2tpha_message_u16(message, L2TPHA_AVP_RECEIVE_WINDOW_SIZE, &record->remote_window);
    l2tpha_message_u32(message, L2TPHA_AVP_FRAMING_CAPABILITIES, &record->framing_caps);
    if (l2tpha_message_u32(message, L2TPHA_AVP_BEARER_CAPABILITIES, &record->bearer_caps))
        record->flags |= L2TPHA_TUNNEL_BEARER_CAPS;
    if (!tunnel_is_recovery(tunnel))
        take_failover_avps(tunnel, message);
    return L2TPHA_OK;
}

void tunnel_take_return(struct l2tpha_tunnel *tunnel, const struct machine_input *input)
{
    if (tunnel->entry.record.remote_id != 0)
        return;
    table_tunnel_set_remote(tunnel->engine->table, &tunnel->entry, input->path,
                            wire_tunnel_id(input->message));
}

void tunnel_take_stop(struct l2tpha_tunnel *tunnel, struct machine_input *input)
{
    struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    struct l2tpha_result result = {0};

    tunnel_take_return(tunnel, input);
    l2tpha_message_result(input->message, &result);
    record->result = result.result;
    record->error = result.has_error ? result.error : 0;
    tunnel_mark(tunnel, DIRTY_FULL); /* also where the state stays */
    input->words = (struct l2tpha_bytes){result.text, result.text_len};
    input->reason = l2tpha_result_text(L2TPHA_MESSAGE_STOPCCN, result.result);
}

/* --- messages of a call --- */

static void tell(struct l2tpha_session *session, uint8_t kind)
{
    struct l2tpha_tunnel *tunnel = session_tunnel(session);

    event_attach_message(tunnel->engine, engine_event(tunnel->engine, kind, tunnel, session));
}

void session_take_attributes(struct l2tpha_session *session, const struct l2tpha_message *message)
{
    struct session_entry *entry = &session->entry;
    uint32_t bits;

    l2tpha_message_u32(message, L2TPHA_AVP_CALL_SERIAL_NUMBER, &entry->serial);
    if (l2tpha_message_u32(message, L2TPHA_AVP_BEARER_TYPE, &bits))
        entry->bearer = (uint8_t)bits;
    if (l2tpha_message_u32(message, L2TPHA_AVP_FRAMING_TYPE, &bits))
        entry->framing = (uint8_t)bits;
}

int session_take_request(struct l2tpha_session *session, const struct l2tpha_message *message)
{
    struct session_entry *entry = &session->entry;
    bool incoming = message->type == L2TPHA_MESSAGE_ICRQ;
    uint32_t id = wire_session_id(message);

    entry->side = incoming ? L2TPHA_LNS : L2TPHA_LAC;
    entry->call = incoming ? L2TPHA_CALL_INCOMING : L2TPHA_CALL_OUTGOING;
    session_take_attributes(session, message);
    return id ? table_session_set_remote(entry, id) : L2TPHA_OK;
}

int session_take_reply(struct l2tpha_session *session, const struct l2tpha_message *message)
{
    uint32_t id = wire_session_id(message);

    if (!id)
        return L2TPHA_ERR_AVP_MISSING;
    int error = table_session_set_remote(&session->entry, id);
    if (!error && l2tpha_message_has(message, L2TPHA_AVP_PHYSICAL_CHANNEL_ID))
        tell(session, L2TPHA_EVENT_SESSION_CHANNEL);
    return error;
}

void session_take_connect(struct l2tpha_session *session, const struct l2tpha_message *message)
{
    ASSERT(&session_engine(session)->log, session->entry.side == L2TPHA_LNS);
    session_take_speeds(session, message);
}

void session_take_speeds(struct l2tpha_session *session, const struct l2tpha_message *message)
{
    struct session_entry *entry = &session->entry;
    uint32_t framing;

    if (l2tpha_message_u32(message, L2TPHA_AVP_FRAMING_TYPE, &framing))
        entry->framing = (uint8_t)framing;
    l2tpha_message_u32(message, L2TPHA_AVP_TX_CONNECT_SPEED, &entry->tx_speed);
    /* RFC 2661 4.4.4: the Tx speed alone means a symmetric link. */
    entry->rx_speed = entry->tx_speed;
    l2tpha_message_u32(message, L2TPHA_AVP_RX_CONNECT_SPEED, &entry->rx_speed);
    if (l2tpha_message_has(message, L2TPHA_AVP_SEQUENCING_REQUIRED))
        entry->flags |= L2TPHA_SESSION_SEQUENCING_REQUIRED;
}

/* The event may die with this node once the SLI is acknowledged; what it says must not. */
int session_take_link_info(struct l2tpha_session *session, const struct l2tpha_message *message)
{
    struct engine *engine = session_engine(session);
    struct l2tpha_accm accm;

    ASSERT(&engine->log, session->entry.side == L2TPHA_LAC);
    if (!l2tpha_avp_accm(l2tpha_message_find(message, L2TPHA_AVP_ACCM), &accm))
        return L2TPHA_ERR_AVP_MISSING;
    int error = table_session_set_accm(engine->table, &session->entry, accm.send, accm.receive);
    if (error)
        return error;
    ledger_mark_session(engine->ledger, &session->entry);
    tell(session, L2TPHA_EVENT_SESSION_LINK_INFO);
    return L2TPHA_OK;
}

void session_take_errors(struct l2tpha_session *session)
{
    tell(session, L2TPHA_EVENT_SESSION_ERRORS);
}

void session_take_end(struct machine_input *input)
{
    struct l2tpha_result result = {0};

    l2tpha_message_result(input->message, &result);
    input->result = result.result;
    input->error = result.has_error ? result.error : 0;
    input->words = (struct l2tpha_bytes){result.text, result.text_len};
    input->reason = l2tpha_result_text(L2TPHA_MESSAGE_CDN, result.result);
}

/* --- calls of the host's --- */

static void take_connection(struct session_entry *entry,
                            const struct l2tpha_session_options *options)
{
    entry->tx_speed = (uint32_t)options->tx_speed;
    entry->rx_speed = (uint32_t)(options->rx_speed ? options->rx_speed : options->tx_speed);
    if (options->sequencing_required)
        entry->flags |= L2TPHA_SESSION_SEQUENCING_REQUIRED;
}

void session_take_options(struct l2tpha_session *session,
                          const struct l2tpha_session_options *options)
{
    struct session_entry *entry = &session->entry;
    bool incoming = options->call == L2TPHA_CALL_INCOMING;

    ASSERT(&session_engine(session)->log, entry->state == L2TPHA_SESSION_IDLE && !entry->remote_id);
    entry->side = incoming ? L2TPHA_LAC : L2TPHA_LNS;
    entry->call = incoming ? L2TPHA_CALL_INCOMING : L2TPHA_CALL_OUTGOING;
    entry->flags |= L2TPHA_SESSION_LOCAL_CALL;
    entry->framing = (uint8_t)(options->framing ? options->framing : FRAMING_SYNC);
    entry->bearer = (uint8_t)options->bearer;
    entry->serial = engine_record(session_engine(session))->call_serial + 1;
    session->user = options->user;
    if (incoming)
        take_connection(entry, options);
}

/* The request may have left the choice; what was detected is one of the two. */
void session_take_answer(struct l2tpha_session *session,
                         const struct l2tpha_session_options *options)
{
    struct session_entry *entry = &session->entry;

    if (options->framing)
        entry->framing = (uint8_t)options->framing;
    else if (entry->framing == FRAMING_BITS)
        entry->framing = FRAMING_SYNC;
    take_connection(entry, options);
}

void session_opened(struct l2tpha_session *session)
{
    struct engine *engine = session_engine(session);
    struct l2tpha_node_record record = *engine_record(engine);

    ASSERT(&engine->log, session->entry.serial == record.call_serial + 1); /* as it was filled in */
    record.call_serial = session->entry.serial;
    engine_set_record(engine, &record);
    session_id_taken(session_tunnel(session));
}
