/* SPDX-License-Identifier: MIT */
/* Facts are read from what a daemon says, so that it need not repeat them: ids, kind and side of a
 * call, its Host Name, its window. All that can fail is looked at first. */
#include "attach/say.h"

#include "base/assert.h"
#include "codec/builder.h"
#include "codec/wire.h"
#include "codec/wire_id.h"
#include "control/message.h"
#include "control/reorder.h"
#include "control/session_id.h"
#include "control/tunnel_send.h"
#include "dispatch/attributes.h"
#include "dispatch/disconnect.h"
#include "dispatch/session_state.h"
#include "failover/set_up.h"

#include <string.h>

#define ADDED 64 /* bytes that a message may have of the library: RFC 4951's AVPs */

/* A message on its way out. */
struct saying {
    struct l2tpha_tunnel *tunnel;
    const struct l2tpha_message *message;
    struct l2tpha_header header;
    const uint8_t *data;
    size_t len;
    struct l2tpha_session *session; /* made for it; NULL = none */
    uint32_t flags;                 /* of the tunnel, before it, */
    uint16_t window;                /* likewise: SCCRQ and SCCRP set them */
};

static bool is_request(uint16_t type)
{
    return type == L2TPHA_MESSAGE_ICRQ || type == L2TPHA_MESSAGE_OCRQ;
}

static bool is_reply(uint16_t type)
{
    return type == L2TPHA_MESSAGE_ICRP || type == L2TPHA_MESSAGE_OCRP;
}

static bool is_connect(uint16_t type)
{
    return type == L2TPHA_MESSAGE_ICCN || type == L2TPHA_MESSAGE_OCCN;
}

static bool is_set_up(uint16_t type)
{
    return type == L2TPHA_MESSAGE_SCCRQ || type == L2TPHA_MESSAGE_SCCRP;
}

/* --- whether it may be said --- */

static bool has_own_ids(const struct saying *saying)
{
    const struct l2tpha_tunnel_record *record = &saying->tunnel->entry.record;
    uint16_t type = saying->message->type;

    if (saying->header.tunnel_id != record->remote_id)
        return false;
    return (!is_set_up(type) && type != L2TPHA_MESSAGE_STOPCCN) ||
           wire_tunnel_id(saying->message) == record->local_id;
}

static int check_state(const struct saying *saying)
{
    const struct l2tpha_tunnel *tunnel = saying->tunnel;
    uint8_t state = tunnel->entry.record.state;
    uint16_t type = saying->message->type;

    if (tunnel_is_over(tunnel) || tunnel->said_stop)
        return L2TPHA_ERR_STATE;
    if (type == L2TPHA_MESSAGE_STOPCCN)
        return L2TPHA_OK;
    if (type == L2TPHA_MESSAGE_SCCRQ)
        return state == L2TPHA_TUNNEL_WAIT_CTL_REPLY && tunnel->entry.record.ns == 0
                   ? L2TPHA_OK
                   : L2TPHA_ERR_STATE;
    if (type == L2TPHA_MESSAGE_SCCRP)
        return state == L2TPHA_TUNNEL_WAIT_CTL_CONN && tunnel->entry.record.ns == 0
                   ? L2TPHA_OK
                   : L2TPHA_ERR_STATE;
    if (type == L2TPHA_MESSAGE_SCCCN)
        return state == L2TPHA_TUNNEL_WAIT_CTL_REPLY || state == L2TPHA_TUNNEL_ESTABLISHED
                   ? L2TPHA_OK
                   : L2TPHA_ERR_STATE;
    if (state != L2TPHA_TUNNEL_ESTABLISHED)
        return L2TPHA_ERR_STATE;
    return (is_request(type) && !tunnel_is_open(tunnel)) ||
                   (is_reply(type) && tunnel->channel.lagging)
               ? L2TPHA_ERR_STATE
               : L2TPHA_OK;
}

static int check(const struct saying *saying, const struct l2tpha_decode_fault *fault)
{
    struct l2tpha_avp avp;

    if (fault->error)
        return fault->error;
    if (!has_own_ids(saying) ||
        (is_set_up(saying->message->type) &&
         avp_is_written(saying->message, L2TPHA_AVP_FAILOVER_CAPABILITY, &avp)))
        return L2TPHA_ERR_INVALID;
    return check_state(saying);
}

/* --- what follows from it --- */

/* RFC 2661 4.4.4: a CDN names the call by this end's id, also where the peer's is not known. */
static struct l2tpha_session *call_of(const struct saying *saying)
{
    uint32_t id =
        saying->message->type == L2TPHA_MESSAGE_CDN ? wire_session_id(saying->message) : 0;

    return id ? tunnel_session_find(saying->tunnel, id)
              : tunnel_session_find_remote(saying->tunnel, saying->header.session_id);
}

/* By what it is, not by what it may be: the machine of a call is its side and its kind. */
static void take_kind(struct session_entry *entry, uint16_t type)
{
    bool asks = is_request(type);
    bool incoming = type == L2TPHA_MESSAGE_ICRQ || type == L2TPHA_MESSAGE_ICRP;

    entry->side = asks == incoming ? L2TPHA_LAC : L2TPHA_LNS;
    entry->call = incoming ? L2TPHA_CALL_INCOMING : L2TPHA_CALL_OUTGOING;
    if (asks)
        entry->flags |= L2TPHA_SESSION_LOCAL_CALL;
}

/* The request that it answers says more of the call, where that is the message handed out. */
static void take_request(struct saying *saying)
{
    struct engine *engine = saying->tunnel->engine;
    const struct inbox *inbox = &engine->inbox;
    struct session_entry *entry = &saying->session->entry;
    struct l2tpha_decode_fault fault = {0};

    if (!inbox->message || inbox->tunnel != saying->tunnel)
        return;
    l2tpha_message_decode(inbox->message->data, inbox->message->len, &engine->message, &fault);
    struct l2tpha_hiding hiding = tunnel_hiding(saying->tunnel);
    message_finish(engine, &hiding, &fault);
    if (fault.error || !is_request(engine->message.type) ||
        wire_session_id(&engine->message) != entry->remote_id)
        return;
    session_take_attributes(saying->session, &engine->message);
}

static int make_call(struct saying *saying)
{
    uint16_t type = saying->message->type;
    uint32_t id = wire_session_id(saying->message);

    if (!id || (is_reply(type) && !saying->header.session_id))
        return L2TPHA_ERR_INVALID;
    int error = session_new_with_id(saying->tunnel, id, &saying->session);
    if (error)
        return error;
    take_kind(&saying->session->entry, type);
    if (is_request(type)) {
        session_take_attributes(saying->session, saying->message);
        return L2TPHA_OK;
    }
    error = table_session_set_remote(&saying->session->entry, saying->header.session_id);
    /* Another id of the daemon's own does not help. */
    return error == L2TPHA_ERR_EXISTS ? L2TPHA_ERR_INVALID : error;
}

static void forget_call(struct saying *saying)
{
    const struct machine_input quiet = {.quiet = true, .reason = "not said"};

    if (saying->session)
        session_set_state(saying->session, L2TPHA_SESSION_IDLE, &quiet);
    saying->session = NULL;
}

static int take_own(const struct saying *saying)
{
    struct l2tpha_tunnel *tunnel = saying->tunnel;
    struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    struct l2tpha_bytes name;

    if (l2tpha_message_bytes(saying->message, L2TPHA_AVP_HOST_NAME, &name)) {
        int error =
            table_tunnel_set_bytes(tunnel->engine->table, &record->own_name, name.data, name.len);
        if (error)
            return error;
    }
    uint16_t window = record_wire(record)->window;
    l2tpha_message_u16(saying->message, L2TPHA_AVP_RECEIVE_WINDOW_SIZE, &window);
    /* There are as many places for what comes ahead of its turn as the window had; what is in them
     * comes again. */
    reorder_drop(tunnel->engine, &tunnel->channel);
    record->local_window =
        window ? window : 1; /* RFC 2661 4.4.3: 0 is invalid, one is always taken */
    tunnel_mark(tunnel, DIRTY_FULL);
    return L2TPHA_OK;
}

/* It is the tunnel's first message: there was no name before. */
static void forget_own(const struct saying *saying)
{
    struct l2tpha_tunnel_record *record = &saying->tunnel->entry.record;

    if (!is_set_up(saying->message->type))
        return;
    table_tunnel_set_bytes(saying->tunnel->engine->table, &record->own_name, NULL, 0);
    record->flags = saying->flags;
    record->local_window = saying->window;
}

static int before_it_leaves(struct saying *saying)
{
    uint16_t type = saying->message->type;

    if (is_set_up(type))
        return take_own(saying);
    if (is_request(type) || is_reply(type))
        return make_call(saying);
    return is_connect(type) && !call_of(saying) ? L2TPHA_ERR_NOT_FOUND : L2TPHA_OK;
}

static void take_connect(const struct saying *saying)
{
    struct l2tpha_session *session = call_of(saying);

    session_take_speeds(session, saying->message);
    ledger_mark_session(saying->tunnel->engine->ledger, &session->entry);
}

static void after_it_left(struct saying *saying)
{
    static const uint8_t states[] = {
        [L2TPHA_MESSAGE_ICRQ] = L2TPHA_SESSION_WAIT_REPLY,
        [L2TPHA_MESSAGE_OCRQ] = L2TPHA_SESSION_WAIT_REPLY,
        [L2TPHA_MESSAGE_ICRP] = L2TPHA_SESSION_WAIT_CONNECT,
        [L2TPHA_MESSAGE_OCRP] = L2TPHA_SESSION_WAIT_CS_ANSWER,
    };
    const struct machine_input none = {0};
    uint16_t type = saying->message->type;

    if (is_connect(type))
        take_connect(saying);
    if (!saying->session)
        return;
    if (is_reply(type))
        take_request(saying);
    session_set_state(saying->session, states[type], &none);
}

/* --- its way --- */

/* The Failover Capability AVP stands behind what the daemon has written. */
static int put(struct saying *saying)
{
    struct engine *engine = saying->tunnel->engine;
    const struct wire_format *wire = record_wire(&saying->tunnel->entry.record);
    struct l2tpha_header header = saying->header;
    struct l2tpha_builder builder;
    size_t head;

    memcpy(engine->build, saying->data, saying->len);
    builder_go_on(wire, &builder, engine->build, engine->build_size, saying->message->type,
                  saying->len);
    if (is_set_up(saying->message->type))
        put_failover_avps(saying->tunnel, &builder);
    if (builder.error)
        return builder.error;
    header.length = (uint16_t)(builder.pos - builder.start);
    int error = wire->encode(&header, engine->build, engine->build_size, &head);
    return error ? error
                 : channel_send(engine, &saying->tunnel->channel, engine->build, header.length);
}

/* A message is handed out when there is room for its answer, and for a StopCCN behind it; what the
 * daemon says of its own has a part of the queue. */
static bool has_room(const struct saying *saying)
{
    const struct l2tpha_tunnel *tunnel = saying->tunnel;
    const struct inbox *inbox = &tunnel->engine->inbox;

    if (saying->message->type == L2TPHA_MESSAGE_STOPCCN)
        return channel_has_room(tunnel->engine, &tunnel->channel, 1);
    if (inbox->message && inbox->tunnel == tunnel)
        return channel_has_room(tunnel->engine, &tunnel->channel, 2);
    return tunnel_has_own_room(tunnel);
}

static int say_now(struct saying *saying)
{
    if (!has_room(saying))
        return L2TPHA_ERR_QUEUE_FULL;
    saying->flags = saying->tunnel->entry.record.flags;
    saying->window = saying->tunnel->entry.record.local_window;
    int error = buffer_reserve(saying->tunnel->engine->pool, saying->len);
    if (!error)
        error = before_it_leaves(saying);
    if (!error)
        error = put(saying);
    if (!error) {
        after_it_left(saying);
        return L2TPHA_OK;
    }
    forget_call(saying);
    forget_own(saying);
    return error;
}

/* RFC 4951 3.2.1: nothing is said on a channel that is being recovered. What ends something is said
 * afterwards. */
static int say_later(struct saying *saying)
{
    struct l2tpha_result result = {0};
    struct l2tpha_session *session = call_of(saying);
    uint16_t type = saying->message->type;

    if (type != L2TPHA_MESSAGE_STOPCCN && type != L2TPHA_MESSAGE_CDN)
        return L2TPHA_ERR_STATE;
    l2tpha_message_result(saying->message, &result);
    if (!result.result)
        return L2TPHA_ERR_INVALID;
    if (type == L2TPHA_MESSAGE_STOPCCN)
        tunnel_may_stop(saying->tunnel, result.result, result.has_error ? result.error : 0);
    else if (session)
        session_may_stop(session, result.result);
    return L2TPHA_OK;
}

static void note_stop(const struct saying *saying)
{
    struct l2tpha_tunnel *tunnel = saying->tunnel;
    struct l2tpha_result result = {0};

    l2tpha_message_result(saying->message, &result);
    tunnel->entry.record.result = result.result ? result.result : RESULT_CLEAR;
    tunnel->entry.record.error = result.has_error ? result.error : 0;
    tunnel->said_stop = true;
    tunnel_mark(tunnel, DIRTY_FULL);
}

static int say(struct saying *saying, const struct l2tpha_decode_fault *fault)
{
    int error = check(saying, fault);
    if (error)
        return error;
    if (saying->tunnel->channel.suspended)
        return say_later(saying);
    bool stops = saying->message->type == L2TPHA_MESSAGE_STOPCCN;
    error = say_now(saying);
    if (!error && stops)
        note_stop(saying);
    return error;
}

int attach_say(struct l2tpha_tunnel *tunnel, const uint8_t *data, size_t len)
{
    struct engine *engine = tunnel->engine;
    struct l2tpha_decode_fault fault = {0};
    struct saying saying = {
        .tunnel = tunnel, .message = &engine->message, .data = data, .len = len};
    const struct wire_format *wire = record_wire(&tunnel->entry.record);

    if (!data || len > WIRE_DATAGRAM_MAX || wire_header_decode(data, len, &saying.header) ||
        !saying.header.control || saying.header.length != len || wire_is_ack(wire, &saying.header))
        return L2TPHA_ERR_INVALID;
    int error = engine_make_room(engine, len + ADDED);
    if (error)
        return error;
    l2tpha_message_decode(data, len, &engine->message, &fault);
    struct l2tpha_hiding hiding = tunnel_hiding(tunnel);
    message_finish(engine, &hiding, &fault);
    error = say(&saying, &fault);
    message_done(engine);
    return error;
}
