/* SPDX-License-Identifier: MIT */
#include "sim/oracle.h"

#include "info.h"

#include <l2tpha/session.h>
#include <l2tpha/tunnel.h>

#define STOP_RESULT 1 /* the one result that the simulated hosts give for a StopCCN */

void oracle_init(struct oracle *oracle, struct world *world)
{
    oracle->world = world;
    oracle->tunnel_count = oracle->order_count = oracle->news_count = 0;
    oracle->last_processed = 0;
    oracle->stopping = oracle->excused = false;
}

/* --- the wire --- */

static uint64_t hash_body(const uint8_t *data, size_t len)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    /* Ns and Nr apart. */
    for (size_t i = 0; i < len; i++)
        if (i < 8 || i >= L2TPHA_CONTROL_HEADER)
            hash = (hash ^ data[i]) * UINT64_C(1099511628211);
    return hash;
}

static struct oracle_tunnel *find_tunnel(struct oracle *oracle, uint32_t local_id,
                                         uint32_t remote_id)
{
    for (uint32_t i = 0; i < oracle->tunnel_count; i++) {
        struct oracle_tunnel *tunnel = &oracle->tunnels[i];
        if (tunnel->local_id == local_id && tunnel->remote_id == remote_id)
            return tunnel;
    }
    if (oracle->tunnel_count == ORACLE_TUNNELS) {
        world_fail(oracle->world, "too many tunnels for the oracle");
        return NULL;
    }
    struct oracle_tunnel *tunnel = &oracle->tunnels[oracle->tunnel_count++];
    tunnel->local_id = local_id;
    tunnel->remote_id = remote_id;
    tunnel->any = tunnel->acknowledged = false;
    for (size_t i = 0; i < ORACLE_BOUND; i++)
        tunnel->bound[i].used = false;
    return tunnel;
}

/* An Ns is tied to its content for ever, over all nodes. */
static void bind(struct oracle *oracle, struct oracle_tunnel *tunnel, uint16_t ns,
                 const uint8_t *data, size_t len)
{
    uint64_t hash = hash_body(data, len);
    size_t at = ns % ORACLE_BOUND;

    if (tunnel->any && serial_diff(tunnel->highest_ns, ns) >= ORACLE_BOUND)
        world_fail(oracle->world, "Ns=%u is sent long after Ns=%u", ns, tunnel->highest_ns);
    if (tunnel->any && serial_diff(ns, tunnel->highest_ns) > 1)
        world_fail(oracle->world, "Ns=%u is sent after Ns=%u: a gap", ns, tunnel->highest_ns);
    if (tunnel->bound[at].used && tunnel->bound[at].ns == ns && tunnel->bound[at].hash != hash)
        world_fail(oracle->world, "tunnel %u: Ns=%u has a new content", (unsigned)tunnel->local_id,
                   ns);
    tunnel->bound[at].used = true;
    tunnel->bound[at].ns = ns;
    tunnel->bound[at].hash = hash;
    if (!tunnel->any || serial_diff(ns, tunnel->highest_ns) > 0)
        tunnel->highest_ns = ns;
    tunnel->any = true;
}

void oracle_node_sent(struct oracle *oracle, uint32_t tunnel_id, const uint8_t *data, size_t len)
{
    struct l2tpha_header header;

    if (l2tpha_header_decode(data, len, &header)) {
        world_fail(oracle->world, "the node sent something without a header");
        return;
    }
    struct oracle_tunnel *tunnel = find_tunnel(oracle, tunnel_id, header.tunnel_id);
    if (!tunnel)
        return;
    if (!tunnel->acknowledged || serial_diff(header.nr, tunnel->highest_nr) > 0)
        tunnel->highest_nr = header.nr;
    tunnel->acknowledged = true;
    if (len > L2TPHA_CONTROL_HEADER)
        bind(oracle, tunnel, header.ns, data, len);
}

/* --- numbered messages from the node --- */

uint32_t oracle_order_number(struct oracle *oracle)
{
    return oracle->order_count < ORACLE_NUMBERS ? oracle->order_count + 1 : 0;
}

void oracle_ordered(struct oracle *oracle, int error, uint64_t epoch, uint64_t checkpoint,
                    uint32_t tunnel_id, bool optional)
{
    if (error)
        return;
    oracle->orders[oracle->order_count++] = (struct oracle_order){
        .epoch = epoch, .checkpoint = checkpoint, .tunnel_id = tunnel_id, .optional = optional};
}

void oracle_peer_processed(struct oracle *oracle, uint32_t number)
{
    if (number == 0 || number > oracle->order_count) {
        world_fail(oracle->world, "number %u was never ordered", (unsigned)number);
        return;
    }
    struct oracle_order *order = &oracle->orders[number - 1];
    if (order->vanished)
        world_fail(oracle->world, "number %u was sent before its checkpoint was safe",
                   (unsigned)number);
    if (order->processed++)
        world_fail(oracle->world, "number %u was processed twice", (unsigned)number);
    for (uint32_t i = number; i < oracle->order_count; i++)
        if (oracle->orders[i].tunnel_id == order->tunnel_id && oracle->orders[i].processed &&
            !order->optional && !oracle->orders[i].optional)
            world_fail(oracle->world, "number %u came after number %u", (unsigned)number, i + 1);
}

void oracle_check_orders(struct oracle *oracle, const struct l2tpha_node *node)
{
    struct l2tpha_tunnel_record record;

    for (uint32_t i = 0; i < oracle->order_count; i++) {
        const struct oracle_order *order = &oracle->orders[i];
        struct l2tpha_tunnel *tunnel = l2tpha_tunnel_find(node, order->tunnel_id);
        if (order->vanished || order->optional || order->processed || !tunnel)
            continue;
        l2tpha_tunnel_get(tunnel, &record);
        if (record.state == L2TPHA_TUNNEL_ESTABLISHED)
            world_fail(oracle->world, "number %u was lost", i + 1);
    }
}

/* --- numbered messages from the peers --- */

uint32_t oracle_peer_number(struct oracle *oracle)
{
    return oracle->news_count < ORACLE_NUMBERS ? ++oracle->news_count : 0;
}

void oracle_peer_sends(struct oracle *oracle, uint32_t number, uint32_t tunnel_id,
                       uint32_t session_id, uint16_t ns)
{
    oracle->news[number - 1] =
        (struct oracle_news){.tunnel_id = tunnel_id, .session_id = session_id, .ns = ns};
}

static void told(struct oracle *oracle, uint32_t number, uint64_t epoch)
{
    if (number == 0 || number > oracle->news_count) {
        world_fail(oracle->world, "the node tells of number %u, which no peer sent",
                   (unsigned)number);
        return;
    }
    struct oracle_news *news = &oracle->news[number - 1];
    if (news->told++)
        world_fail(oracle->world, "the peer's number %u was told twice", (unsigned)number);
    news->told_epoch = epoch;
    for (uint32_t i = number; i < oracle->news_count; i++)
        if (oracle->news[i].tunnel_id == news->tunnel_id && oracle->news[i].told)
            world_fail(oracle->world, "the peer's number %u was told after number %u",
                       (unsigned)number, i + 1);
}

void oracle_heard(struct oracle *oracle, uint32_t number, uint64_t epoch)
{
    told(oracle, number, epoch);
}

static void told_in(struct oracle *oracle, const struct l2tpha_event *event, uint64_t epoch)
{
    struct l2tpha_call_errors errors;
    struct l2tpha_accm accm;

    if (!event->message) {
        world_fail(oracle->world, "event '%s' without its message", l2tpha_event_name(event->kind));
        return;
    }
    if (l2tpha_avp_accm(l2tpha_message_find(event->message, L2TPHA_AVP_ACCM), &accm))
        told(oracle, accm.send, epoch);
    if (l2tpha_avp_call_errors(l2tpha_message_find(event->message, L2TPHA_AVP_CALL_ERRORS),
                               &errors))
        told(oracle, errors.crc, epoch);
}

/* A request that comes late may be asked by nobody any more: what it has made ends unanswered. A
 * peer that does want it is missed where both ends are compared. */
static bool was_only_asked_for(const struct l2tpha_event *event)
{
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};

    l2tpha_tunnel_get(event->tunnel, &record);
    return !(record.flags & L2TPHA_TUNNEL_INITIATOR) && record.nr == 1;
}

void oracle_event(struct oracle *oracle, const struct l2tpha_event *event, uint64_t epoch)
{
    switch (event->kind) {
    case L2TPHA_EVENT_SESSION_LINK_INFO:
    case L2TPHA_EVENT_SESSION_ERRORS:
        told_in(oracle, event, epoch);
        return;
    case L2TPHA_EVENT_TUNNEL_DOWN:
        if (!event->by_peer && !oracle->stopping && !was_only_asked_for(event))
            world_fail(oracle->world, "tunnel %u went down: %s", (unsigned)event->tunnel_id,
                       event->status ? l2tpha_strerror(event->status) : event->text);
        return;
    default:
        return;
    }
}

void oracle_check_news(struct oracle *oracle, const struct l2tpha_node *node)
{
    for (uint32_t i = 0; i < oracle->news_count; i++) {
        const struct oracle_news *news = &oracle->news[i];
        const struct l2tpha_session *session =
            l2tpha_session_find(node, news->tunnel_id, news->session_id);
        if (!news->told && !news->excused && session)
            world_fail(oracle->world, "the peer's number %u was never told", i + 1);
        if (session && machines_are_attached(true) && machines_heard(session, i + 1) != 1)
            world_fail(oracle->world, "the peer's number %u is kept %u times", i + 1,
                       machines_heard(session, i + 1));
    }
}

void oracle_node_stops(struct oracle *oracle, bool mutual, const struct l2tpha_message *message)
{
    struct l2tpha_result result = {0};

    l2tpha_message_result(message, &result);
    if (mutual || oracle->excused || (oracle->stopping && result.result == STOP_RESULT))
        return;
    world_fail(oracle->world, "the node gave up the tunnel: result %u error %u %.*s", result.result,
               result.error, (int)result.text_len, (const char *)result.text);
}

/* --- failover --- */

/* What was emitted is in the record, and so is what was acknowledged. */
static void compare_numbers(struct oracle *oracle, const struct l2tpha_node *node)
{
    struct l2tpha_tunnel_record record;

    for (uint32_t i = 0; i < oracle->tunnel_count; i++) {
        const struct oracle_tunnel *sent = &oracle->tunnels[i];
        struct l2tpha_tunnel *tunnel = l2tpha_tunnel_find(node, sent->local_id);
        if (!tunnel)
            continue;
        l2tpha_tunnel_get(tunnel, &record);
        if (sent->remote_id && record.remote_id != sent->remote_id)
            continue;
        if (sent->any && serial_diff(record.ns, sent->highest_ns) <= 0)
            world_fail(oracle->world, "Ns=%u was sent, the record ends at %u", sent->highest_ns,
                       record.ns);
        if (sent->acknowledged && serial_diff(record.nr, sent->highest_nr) < 0)
            world_fail(oracle->world, "Nr=%u was sent, the record has %u", sent->highest_nr,
                       record.nr);
    }
}

static void settle_orders(struct oracle *oracle, uint64_t epoch, uint64_t applied)
{
    for (uint32_t i = 0; i < oracle->order_count; i++) {
        struct oracle_order *order = &oracle->orders[i];
        if (order->final || order->vanished || order->epoch >= epoch)
            continue;
        order->final = order->checkpoint <= applied;
        order->vanished = !order->final;
        if (order->vanished && order->processed)
            world_fail(oracle->world, "number %u was processed, its checkpoint is lost", i + 1);
    }
}

/* What a daemon has done with a message is in its record, or both are lost with the daemon. */
static void settle_heard(struct oracle *oracle, struct oracle_news *news, uint32_t number,
                         const struct l2tpha_session *session, bool recorded)
{
    if (session && machines_heard(session, number) != recorded)
        world_fail(oracle->world, "the peer's number %u is %s, and kept %u times", (unsigned)number,
                   recorded ? "recorded" : "not recorded", machines_heard(session, number));
    if (session && recorded && !news->told)
        world_fail(oracle->world, "the peer's number %u is recorded and was never told",
                   (unsigned)number);
    if (!recorded)
        news->told = 0;
}

static void settle_news(struct oracle *oracle, const struct l2tpha_node *node)
{
    struct l2tpha_tunnel_record record;

    for (uint32_t i = 0; i < oracle->news_count; i++) {
        struct oracle_news *news = &oracle->news[i];
        struct l2tpha_tunnel *tunnel = l2tpha_tunnel_find(node, news->tunnel_id);
        if (!tunnel || news->excused)
            continue;
        l2tpha_tunnel_get(tunnel, &record);
        bool recorded = serial_diff(news->ns, record.nr) < 0;
        if (machines_are_attached(true)) {
            settle_heard(oracle, news, i + 1,
                         l2tpha_session_find(node, news->tunnel_id, news->session_id), recorded);
            continue;
        }
        if (recorded && !news->told)
            news->excused = true;
        if (!recorded && news->told)
            world_fail(oracle->world, "the peer's number %u was told before it was safe", i + 1);
    }
}

void oracle_takeover(struct oracle *oracle, const struct l2tpha_node *node, uint64_t applied)
{
    compare_numbers(oracle, node);
    settle_orders(oracle, info_of(node).epoch, applied);
    settle_news(oracle, node);
}
