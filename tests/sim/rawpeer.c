/* SPDX-License-Identifier: MIT */
#include "sim/rawpeer.h"

#include "control/machine.h"
#include "control/transaction.h"
#include "crypto/crypto.h"
#include "info.h"
#include "node/node.h"

#include <string.h>

static int give_random(void *user, uint8_t *dst, size_t len)
{
    struct rawpeer *peer = user;

    if (peer->random_fails)
        return L2TPHA_ERR_HOST;
    for (size_t i = 0; i < len; i++) {
        peer->seed = peer->seed * 6364136223846793005u + 1442695040888963407u;
        dst[i] = (uint8_t)(peer->seed >> 56);
    }
    return 0;
}

static int give_secret(void *user, const struct l2tpha_peer *of, uint8_t *dst, size_t *len)
{
    struct rawpeer *peer = user;

    ck_assert_ptr_nonnull(of->path);
    *len = peer->secret ? strlen(peer->secret) : 0;
    memcpy(dst, peer->secret ? peer->secret : "", *len);
    return 0;
}

static void admit_tunnel(void *user, const struct l2tpha_peer *of,
                         const struct l2tpha_message *sccrq, struct l2tpha_verdict *verdict)
{
    struct rawpeer *peer = user;
    struct l2tpha_tunnel *tunnel;
    struct l2tpha_tunnel_options options = {.size = sizeof(options), .path = *of->path};

    ck_assert_uint_eq(sccrq->type, L2TPHA_MESSAGE_SCCRQ);
    ck_assert_str_eq(of->name, "peer");
    assert_error(l2tpha_tunnel_open(peer->node, &options, peer->now, &tunnel),
                 L2TPHA_ERR_REENTERED);
    *verdict = peer->tunnel_verdict;
}

static void admit_session(void *user, struct l2tpha_tunnel *tunnel,
                          const struct l2tpha_message *request, struct l2tpha_verdict *verdict)
{
    struct rawpeer *peer = user;

    (void)request;
    assert_error(l2tpha_tunnel_close(tunnel, 1, 0, NULL, peer->now), L2TPHA_ERR_REENTERED);
    *verdict = peer->session_verdict;
}

static struct l2tpha_node *make_node(struct rawpeer *peer, bool standby,
                                     void (*change)(struct l2tpha_config *config))
{
    struct l2tpha_config config;
    struct l2tpha_node *node;
    struct l2tpha_host host = {.size = sizeof(host),
                               .user = peer,
                               .random = give_random,
                               .secret = give_secret,
                               .admit_tunnel = admit_tunnel};

    l2tpha_config_init(&config);
    config.name = "node";
    config.crypto = tests_crypto();
    config.standby = standby;
    if (change)
        change(&config);
    if (peer->may_call)
        host.admit_session = admit_session;
    assert_ok(l2tpha_node_new(root, &config, &host, peer->now, &node));
    return node;
}

void raw_new(struct rawpeer *peer, void (*change)(struct l2tpha_config *config))
{
    peer->now = 1000000;
    peer->seed = 7;
    peer->id = RAW_ID;
    peer->path.remote = (struct l2tpha_address){.len = 2, .bytes = {9, 9}};
    peer->node = make_node(peer, false, change);
    peer->standby = NULL;
    peer->sent = talloc_array(root, struct raw_message, RAW_KEPT);
    peer->events = talloc_array(root, struct raw_event, RAW_KEPT);
    peer->sent_count = peer->event_count = 0;
    peer->ns = peer->nr = peer->node_id = 0;
}

void raw_protect(struct rawpeer *peer, void (*change)(struct l2tpha_config *config))
{
    peer->standby = make_node(peer, true, change);
    assert_ok(l2tpha_checkpoint_bulk(peer->node, peer->now));
    raw_drain(peer);
    ck_assert_uint_eq(info_of(peer->node).role, L2TPHA_ROLE_ACTIVE);
    raw_forget(peer);
}

uint32_t raw_brief_tunnel(struct rawpeer *peer)
{
    struct engine *engine = &peer->node->engine;
    struct l2tpha_node_record after;
    struct l2tpha_tunnel *tunnel;

    assert_true(tunnel_new(engine, &peer->path, 0, &after, &tunnel) == L2TPHA_OK);
    engine_set_record(engine, &after);
    uint32_t id = tunnel->entry.record.local_id;
    machine_clear(tunnel, L2TPHA_OK, "test");
    engine_leave(engine, L2TPHA_OK);
    raw_drain(peer);
    return id;
}

void raw_take_over(struct rawpeer *peer)
{
    l2tpha_node_free(peer->node);
    peer->node = peer->standby;
    peer->standby = NULL;
    raw_forget(peer);
    assert_ok(
        l2tpha_takeover_as(peer->node, info_of(peer->node).epoch + 1, peer->trust, peer->now));
    raw_drain(peer);
}

void raw_free(struct rawpeer *peer)
{
    talloc_free(peer->sent);
    talloc_free(peer->events);
    l2tpha_node_free(peer->standby);
    l2tpha_node_free(peer->node);
}

static void note_datagram(struct rawpeer *peer, const struct l2tpha_output *output)
{
    struct l2tpha_decode_fault fault = {0};
    struct raw_message *kept = &peer->sent[peer->sent_count];
    uint16_t id;

    ck_assert_uint_lt(peer->sent_count, RAW_KEPT);
    ck_assert_uint_le(output->len, sizeof(kept->bytes));
    memcpy(kept->bytes, output->data, output->len);
    kept->len = output->len;
    assert_ok(l2tpha_message_decode(kept->bytes, kept->len, &peer->message, &fault));
    kept->type = peer->message.type;
    peer->sent_count++;
    if (kept->type == L2TPHA_MESSAGE_ZLB || peer->message.header.ns != peer->nr)
        return;
    peer->nr++;
    if (!peer->node_id && l2tpha_message_u16(&peer->message, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, &id))
        peer->node_id = id;
}

static void note_event(struct rawpeer *peer, const struct l2tpha_event *event)
{
    ck_assert_uint_lt(peer->event_count, RAW_KEPT);
    peer->events[peer->event_count] =
        (struct raw_event){.kind = event->kind,
                           .tunnel_id = event->tunnel_id,
                           .session_id = event->session_id,
                           .result = event->result,
                           .error = event->error,
                           .status = event->status,
                           .by_peer = event->by_peer,
                           .message = event->message ? event->message->type : 0};
    strncpy(peer->events[peer->event_count].text, event->text, 127);
    peer->event_count++;
}

static void note_checkpoint(struct rawpeer *peer, const struct l2tpha_output *output)
{
    uint64_t number;

    peer->shipped = output->position;
    if (!peer->standby)
        return;
    assert_ok(
        l2tpha_checkpoint_apply(peer->standby, output->data, output->len, peer->now, &number));
    ck_assert_uint_eq(number, output->number);
    assert_ok(l2tpha_checkpoint_done(peer->node, output->position, 0, peer->now));
}

/* One at a time: what an output points to is gone after the next call. */
void raw_drain(struct rawpeer *peer)
{
    struct l2tpha_output output;

    while (l2tpha_poll(peer->node, &output, 1, peer->now) > 0) {
        if (output.kind == L2TPHA_OUTPUT_DATAGRAM)
            note_datagram(peer, &output);
        else if (output.kind == L2TPHA_OUTPUT_EVENT)
            note_event(peer, output.event);
        else
            note_checkpoint(peer, &output);
    }
}

struct l2tpha_builder *raw_begin(struct rawpeer *peer, uint16_t type, uint32_t session_id)
{
    l2tpha_builder_begin(&peer->builder, peer->build, sizeof(peer->build), type,
                         type == L2TPHA_MESSAGE_SCCRQ ? 0 : peer->node_id, session_id);
    return &peer->builder;
}

int raw_feed(struct rawpeer *peer, const uint8_t *data, size_t len)
{
    int error = l2tpha_feed(peer->node, &peer->path, data, len, peer->now);
    raw_drain(peer);
    return error;
}

int raw_send(struct rawpeer *peer)
{
    size_t len;

    assert_ok(l2tpha_builder_end(&peer->builder, &len));
    l2tpha_header_stamp(peer->build, peer->ns, peer->nr);
    if (peer->builder.type != L2TPHA_MESSAGE_ZLB)
        peer->ns++;
    return raw_feed(peer, peer->build, len);
}

int raw_ack(struct rawpeer *peer)
{
    raw_begin(peer, L2TPHA_MESSAGE_ZLB, 0);
    return raw_send(peer);
}

struct l2tpha_builder *raw_begin_setup(struct rawpeer *peer, uint16_t type)
{
    struct l2tpha_builder *builder = raw_begin(peer, type, 0);

    l2tpha_builder_put_u8pair(builder, L2TPHA_AVP_PROTOCOL_VERSION, 1, 0);
    l2tpha_builder_put_bytes(builder, L2TPHA_AVP_HOST_NAME, "peer", 4);
    l2tpha_builder_put_u32(builder, L2TPHA_AVP_FRAMING_CAPABILITIES, 3);
    l2tpha_builder_put_u16(builder, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, peer->id);
    return builder;
}

struct l2tpha_builder *raw_begin_request(struct rawpeer *peer, uint16_t type, uint32_t session)
{
    struct l2tpha_builder *builder = raw_begin(peer, type, session);

    l2tpha_builder_put_u16(builder, L2TPHA_AVP_ASSIGNED_SESSION_ID, RAW_SESSION);
    l2tpha_builder_put_u32(builder, L2TPHA_AVP_CALL_SERIAL_NUMBER, 1);
    if (type == L2TPHA_MESSAGE_ICRQ)
        return builder;
    l2tpha_builder_put_u32(builder, L2TPHA_AVP_MINIMUM_BPS, 0);
    l2tpha_builder_put_u32(builder, L2TPHA_AVP_MAXIMUM_BPS, 64000);
    l2tpha_builder_put_u32(builder, L2TPHA_AVP_BEARER_TYPE, 1);
    l2tpha_builder_put_u32(builder, L2TPHA_AVP_FRAMING_TYPE, 1);
    l2tpha_builder_put_bytes(builder, L2TPHA_AVP_CALLED_NUMBER, "42", 2);
    return builder;
}

struct l2tpha_builder *raw_begin_reply(struct rawpeer *peer, uint16_t type, uint32_t session)
{
    struct l2tpha_builder *builder = raw_begin(peer, type, session);

    l2tpha_builder_put_u16(builder, L2TPHA_AVP_ASSIGNED_SESSION_ID, RAW_SESSION);
    return builder;
}

struct l2tpha_builder *raw_begin_connect(struct rawpeer *peer, uint16_t type, uint32_t session)
{
    struct l2tpha_builder *builder = raw_begin(peer, type, session);

    l2tpha_builder_put_u32(builder, L2TPHA_AVP_TX_CONNECT_SPEED, 56000);
    l2tpha_builder_put_u32(builder, L2TPHA_AVP_FRAMING_TYPE, 1);
    return builder;
}

struct l2tpha_builder *raw_begin_cdn(struct rawpeer *peer, uint32_t session)
{
    struct l2tpha_builder *builder = raw_begin(peer, L2TPHA_MESSAGE_CDN, session);

    l2tpha_builder_put_u16(builder, L2TPHA_AVP_ASSIGNED_SESSION_ID, RAW_SESSION);
    l2tpha_builder_put_result(builder, 3, 0, "gone");
    return builder;
}

void raw_pass(struct rawpeer *peer, uint64_t ms)
{
    uint64_t end = peer->now + ms * 1000;

    for (;;) {
        uint64_t next = l2tpha_deadline(peer->node);
        if (next > end)
            break;
        peer->now = next > peer->now ? next : peer->now + 1;
        l2tpha_expire(peer->node, peer->now);
        raw_drain(peer);
    }
    peer->now = end;
    l2tpha_expire(peer->node, peer->now);
    raw_drain(peer);
}

struct l2tpha_tunnel *raw_accept(struct rawpeer *peer)
{
    raw_begin_setup(peer, L2TPHA_MESSAGE_SCCRQ);
    l2tpha_builder_put_u32(&peer->builder, L2TPHA_AVP_BEARER_CAPABILITIES, 3);
    assert_ok(raw_send(peer));
    raw_expect(peer, L2TPHA_MESSAGE_SCCRP);
    raw_begin(peer, L2TPHA_MESSAGE_SCCCN, 0);
    assert_ok(raw_send(peer));
    ck_assert_uint_eq(raw_events(peer, L2TPHA_EVENT_TUNNEL_UP), 1);
    raw_pass(peer, 100);
    raw_forget(peer);
    return l2tpha_tunnel_find(peer->node, peer->node_id);
}

struct l2tpha_tunnel *raw_open(struct rawpeer *peer)
{
    struct l2tpha_tunnel_options options = {.size = sizeof(options), .path = peer->path};
    struct l2tpha_tunnel *tunnel;

    assert_ok(l2tpha_tunnel_open(peer->node, &options, peer->now, &tunnel));
    raw_drain(peer);
    raw_expect(peer, L2TPHA_MESSAGE_SCCRQ);
    return tunnel;
}

void raw_forget(struct rawpeer *peer)
{
    peer->sent_count = peer->event_count = 0;
}

uint32_t raw_count(const struct rawpeer *peer, uint16_t type)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < peer->sent_count; i++)
        count += peer->sent[i].type == type;
    return count;
}

const struct l2tpha_message *raw_expect(struct rawpeer *peer, uint16_t type)
{
    ck_assert_msg(raw_count(peer, type) == 1, "%u of %s", raw_count(peer, type),
                  l2tpha_message_name(type));
    for (uint32_t i = 0; i < peer->sent_count; i++)
        if (peer->sent[i].type == type)
            assert_ok(l2tpha_message_decode(peer->sent[i].bytes, peer->sent[i].len, &peer->message,
                                            NULL));
    return &peer->message;
}

void raw_expect_silence(struct rawpeer *peer)
{
    for (uint32_t i = 0; i < peer->sent_count; i++)
        ck_assert_str_eq(l2tpha_message_name(peer->sent[i].type), "ZLB");
}

uint32_t raw_events(const struct rawpeer *peer, enum l2tpha_event_kind kind)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < peer->event_count; i++)
        count += peer->events[i].kind == kind;
    return count;
}

const struct raw_event *raw_event(const struct rawpeer *peer, enum l2tpha_event_kind kind)
{
    for (uint32_t i = 0; i < peer->event_count; i++)
        if (peer->events[i].kind == kind)
            return &peer->events[i];
    ck_abort_msg("no event %d", (int)kind);
    return NULL;
}

void raw_expect_result(struct rawpeer *peer, uint16_t type, uint16_t result, uint16_t error)
{
    struct l2tpha_result got = {0};

    ck_assert(l2tpha_message_result(raw_expect(peer, type), &got));
    ck_assert_msg(got.result == result && got.error == error, "%s %u/%u, expected %u/%u",
                  l2tpha_message_name(type), got.result, got.error, result, error);
}

const struct l2tpha_counters *raw_counters(const struct rawpeer *peer)
{
    return l2tpha_counters(peer->node);
}
