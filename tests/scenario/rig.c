/* SPDX-License-Identifier: MIT */
/* The node under test, its host, time, and what comes out of it. */
#include "scenario/rig.h"
#include "crypto/crypto.h"

#include <stdio.h>

#define BATCH 32
#define SCRATCH 65536
#define LATE_US 2000 /* a timer may be late by one grain of the wheel, never early */

struct rig rig;

/* --- the host --- */

static int host_random(void *user, uint8_t *dst, size_t len)
{
    (void)user;
    if (!rig.has_random)
        return -1;
    for (size_t i = 0; i < len; i++) {
        rig.random_state = rig.random_state * UINT64_C(6364136223846793005) + 1;
        dst[i] = (uint8_t)(rig.random_state >> 56);
    }
    return 0;
}

static int host_secret(void *user, const struct l2tpha_peer *peer, uint8_t *dst, size_t *len)
{
    (void)user;
    (void)peer;
    *len = rig.secret ? strlen(rig.secret) : 0;
    if (*len)
        memcpy(dst, rig.secret, *len);
    return 0;
}

static void host_admit_tunnel(void *user, const struct l2tpha_peer *peer,
                              const struct l2tpha_message *sccrq, struct l2tpha_verdict *verdict)
{
    (void)user;
    (void)peer;
    ck_assert_uint_eq(sccrq->type, SCCRQ);
    rig.asked_tunnel++;
    *verdict = rig.admit_tunnel;
}

static void host_admit_session(void *user, struct l2tpha_tunnel *tunnel,
                               const struct l2tpha_message *request, struct l2tpha_verdict *verdict)
{
    (void)user;
    ck_assert_ptr_nonnull(tunnel);
    ck_assert(request->type == ICRQ || request->type == OCRQ);
    rig.asked_session++;
    *verdict = rig.admit_session;
}

static bool host_admit_recovery(void *user, uint32_t tunnel_id, const struct l2tpha_path *path)
{
    (void)user;
    ck_assert_uint_ne(tunnel_id, 0);
    ck_assert_uint_ne(path->remote.len, 0);
    assert_error(l2tpha_expire(rig.node, rig.now), L2TPHA_ERR_REENTERED);
    return rig.admit_recovery;
}

/* The first octet is the host, the others are its port. */
static bool host_same_host(void *user, const struct l2tpha_address *asked,
                           const struct l2tpha_address *answers)
{
    (void)user;
    return asked->len == answers->len && asked->bytes[0] == answers->bytes[0];
}

/* --- life --- */

static void rig_setup(void)
{
    fixture_setup();
    rig = (struct rig){.now = 1000000, .random_state = 7, .has_random = true};
    rig.heard_end = &rig.heard;
    rig.told_end = &rig.told;
    l2tpha_config_init(&rig.config);
    rig.config.name = "node.example";
    rig.config.bearer_caps = 3;
    rig.config.ack_delay_ms = 0; /* acknowledgements are seen at once */
    rig.config.hello_ms = 0;
    rig.config.tie_breaker = false;
    rig.config.crypto = tests_crypto();
}

static void rig_teardown(void)
{
    if (rig.node) {
        rig_drain();
        ck_assert_ptr_null(machines_fault(rig.node, false));
    }
    forget_datagrams();
    forget_events();
    l2tpha_node_free(rig.node);
    fixture_teardown();
}

Suite *rig_suite(const char *name, TCase **tcase)
{
    Suite *suite = suite_create(name);

    *tcase = tcase_create(name);
    tcase_add_checked_fixture(*tcase, rig_setup, rig_teardown);
    tcase_set_timeout(*tcase, 120);
    suite_add_tcase(suite, *tcase);
    return suite;
}

struct l2tpha_node *rig_make(bool standby)
{
    const struct l2tpha_host host = {.size = sizeof(host),
                                     .random = host_random,
                                     .secret = host_secret,
                                     .admit_tunnel = host_admit_tunnel,
                                     .admit_recovery = host_admit_recovery,
                                     .admit_session = host_admit_session,
                                     .same_host = host_same_host};
    struct l2tpha_config config = rig.config;
    struct l2tpha_node *node;

    config.standby = standby;
    assert_ok(l2tpha_node_new(root, &config, &host, rig.now, &node));
    machines_install(node, true);
    return node;
}

struct l2tpha_node *rig_node(void)
{
    if (!rig.node)
        rig.node = rig_make(false);
    return rig.node;
}

const struct l2tpha_counters *rig_counters(void)
{
    return l2tpha_counters(rig_node());
}

uint64_t rig_digest(void)
{
    return l2tpha_checkpoint_digest(rig_node());
}

/* --- what comes out --- */

static void keep_datagram(const struct l2tpha_output *output)
{
    static uint8_t scratch[SCRATCH];
    struct l2tpha_hiding hiding = {.crypto = rig.config.crypto,
                                   .secret = (const uint8_t *)rig.secret,
                                   .secret_len = rig.secret ? strlen(rig.secret) : 0};
    struct heard *heard = talloc_zero(root, struct heard);

    judge(output->data, output->len);
    heard->path = *output->path;
    heard->at = rig.now;
    heard->by = output->tunnel_id;
    heard->len = output->len;
    heard->data = talloc_memdup(heard, output->data, output->len);
    assert_ok(l2tpha_message_open(heard->data, heard->len, &hiding, scratch, sizeof(scratch),
                                  &heard->message, NULL));
    ck_assert_uint_eq(heard->message.ignored, 0);
    if (heard->message.body == scratch) { /* values point there: give each message its own */
        uint8_t *own = talloc_memdup(heard, scratch, heard->message.body_len);
        for (uint16_t i = 0; i < heard->message.avp_count; i++)
            heard->message.avps[i].value = own + (heard->message.avps[i].value - scratch);
        heard->message.body = own;
    }
    *rig.heard_end = heard;
    rig.heard_end = &heard->next;
}

/* The message of an event lives until the next call on the node. */
static void keep_message(struct told *told)
{
    const struct l2tpha_message *message = told->event.message;
    size_t len = L2TPHA_CONTROL_HEADER + message->body_len, header_len;
    struct l2tpha_header header = message->header;
    uint8_t *copy = talloc_size(told, len);

    header.length = (uint16_t)len;
    assert_ok(l2tpha_header_encode(&header, copy, len, &header_len));
    memcpy(copy + header_len, message->body, message->body_len);
    assert_ok(l2tpha_message_decode(copy, len, &told->message, NULL));
    told->event.message = &told->message;
}

static void keep_event(const struct l2tpha_event *event)
{
    struct told *told = talloc_zero(root, struct told);

    told->event = *event;
    snprintf(told->text, sizeof(told->text), "%s", event->text);
    told->event.text = told->text;
    if (event->message)
        keep_message(told);
    *rig.told_end = told;
    rig.told_end = &told->next;
}

void rig_drain(void)
{
    struct l2tpha_output outputs[BATCH];
    size_t count;

    while ((count = l2tpha_poll(rig_node(), outputs, BATCH, rig.now)) > 0)
        for (size_t i = 0; i < count; i++) {
            if (outputs[i].kind == L2TPHA_OUTPUT_DATAGRAM)
                keep_datagram(&outputs[i]);
            else if (outputs[i].kind == L2TPHA_OUTPUT_EVENT)
                keep_event(outputs[i].event);
            else
                ck_abort_msg("a checkpoint without a standby");
        }
}

void rig_pass_ms(uint64_t ms)
{
    uint64_t end = rig.now + ms * 1000 + LATE_US;

    rig_drain();
    for (uint64_t due; (due = l2tpha_deadline(rig_node())) <= end;) {
        if (due > rig.now)
            rig.now = due;
        assert_ok(l2tpha_expire(rig.node, rig.now));
        rig_drain();
    }
    rig.now = end;
    rig_drain();
}

static struct heard *take_heard(struct heard **place)
{
    struct heard *heard = *place;

    *place = heard->next;
    if (!heard->next)
        rig.heard_end = place;
    return heard;
}

void forget_datagrams(void)
{
    while (rig.heard)
        talloc_free(take_heard(&rig.heard));
}

void forget_events(void)
{
    while (rig.told) {
        struct told *told = rig.told;
        rig.told = told->next;
        talloc_free(told);
    }
    rig.told_end = &rig.told;
}

static bool same_address(const struct l2tpha_address *a, const struct l2tpha_address *b)
{
    return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

/* What a test holds of it stays valid until the next thing it expects. */
static const struct heard *lend(struct heard *heard)
{
    static struct heard copy;
    static uint8_t octets[2][SCRATCH];
    const struct l2tpha_message *message = &heard->message;

    copy = *heard;
    memcpy(octets[0], heard->data, heard->len);
    copy.data = octets[0];
    memcpy(octets[1], message->body_len ? message->body : octets[0], message->body_len);
    for (uint16_t i = 0; i < message->avp_count; i++)
        copy.message.avps[i].value = octets[1] + (message->avps[i].value - message->body);
    copy.message.body = octets[1];
    talloc_free(heard);
    return &copy;
}

const struct heard *expect(struct peer *peer, uint16_t type)
{
    struct heard **place = &rig.heard;
    uint16_t id;

    rig_drain();
    while (*place && !same_address(&(*place)->path.remote, &peer->path.remote))
        place = &(*place)->next;
    if (!*place)
        ck_abort_msg("no %s came out", l2tpha_message_name(type));
    const struct heard *heard = lend(take_heard(place));
    if (heard->message.type != type)
        ck_abort_msg("%s came out, expected %s", l2tpha_message_name(heard->message.type),
                     l2tpha_message_name(type));
    if (type != ZLB && heard->message.header.ns == peer->nr)
        peer->nr++;
    if ((type == SCCRQ || type == SCCRP) &&
        l2tpha_message_u16(&heard->message, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, &id))
        peer->node_id = id;
    return heard;
}

void expect_zlb(struct peer *peer)
{
    const struct heard *heard = expect(peer, ZLB);

    ck_assert_uint_eq(heard->len, L2TPHA_CONTROL_HEADER);
    ck_assert_uint_eq(heard->message.header.nr, peer->ns);
    ck_assert_uint_eq(heard->message.header.tunnel_id, peer->id);
}

static const struct heard *expect_result(struct peer *peer, uint16_t type, unsigned result,
                                         unsigned error)
{
    const struct heard *heard = expect(peer, type);
    struct l2tpha_result said;

    ck_assert(l2tpha_message_result(&heard->message, &said));
    ck_assert_uint_eq(said.result, result);
    ck_assert_uint_eq(said.has_error ? said.error : 0, error);
    return heard;
}

const struct heard *expect_stopccn(struct peer *peer, unsigned result, unsigned error)
{
    const struct heard *heard = expect_result(peer, STOPCCN, result, error);

    ck_assert(heard_has(heard, L2TPHA_AVP_ASSIGNED_TUNNEL_ID));
    return heard;
}

const struct heard *expect_cdn(struct peer *peer, unsigned result, unsigned error)
{
    const struct heard *heard = expect_result(peer, CDN, result, error);

    ck_assert(heard_has(heard, L2TPHA_AVP_ASSIGNED_SESSION_ID));
    return heard;
}

void expect_nothing(void)
{
    rig_drain();
    if (rig.heard)
        ck_abort_msg("%s came out, expected nothing", l2tpha_message_name(rig.heard->message.type));
}

const struct told *expect_event(enum l2tpha_event_kind kind)
{
    static struct told copy;

    rig_drain();
    struct told *told = rig.told;
    if (!told)
        ck_abort_msg("no event, expected: %s", l2tpha_event_name(kind));
    if (told->event.kind != kind)
        ck_abort_msg("event: %s (%s), expected: %s", l2tpha_event_name(told->event.kind),
                     told->text, l2tpha_event_name(kind));
    rig.told = told->next;
    if (!rig.told)
        rig.told_end = &rig.told;
    copy = *told;
    copy.event.text = copy.text;
    if (copy.event.message)
        copy.event.message = &copy.message;
    /* The octets of its message stay until the end of the test. */
    talloc_steal(rig.node, told);
    return &copy;
}

void expect_no_event(void)
{
    rig_drain();
    if (rig.told)
        ck_abort_msg("event: %s, expected none", l2tpha_event_name(rig.told->event.kind));
}

uint16_t heard_u16(const struct heard *heard, uint16_t type)
{
    uint16_t value = 0;

    ck_assert_msg(l2tpha_message_u16(&heard->message, type, &value), "no AVP %u", type);
    return value;
}

uint32_t heard_u32(const struct heard *heard, uint16_t type)
{
    uint32_t value = 0;

    ck_assert_msg(l2tpha_message_u32(&heard->message, type, &value), "no AVP %u", type);
    return value;
}

bool heard_has(const struct heard *heard, uint16_t type)
{
    return l2tpha_message_has(&heard->message, type);
}
