/* SPDX-License-Identifier: MIT */
/* parts ABSENT...: what a library without these parts does, and that the others are there. Two
 * nodes of it, hand to hand. */
#include <l2tpha/l2tpha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const *absent;
static uint64_t now = 1;
static struct l2tpha_node *nodes[2];
static const struct l2tpha_address addresses[2] = {{.len = 1, .bytes = {1}},
                                                   {.len = 1, .bytes = {2}}};

static void check(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "parts: failed: %s\n", what);
    exit(EXIT_FAILURE);
}

static bool has(const char *part)
{
    for (const char *const *name = absent; *name; name++)
        if (strcmp(*name, part) == 0)
            return false;
    return true;
}

/* A part is there, and its function does not say that it is left out, or neither. */
static void agree(const char *part, int result)
{
    check(has(part) == (result != L2TPHA_ERR_UNSUPPORTED), part);
}

static int answer_random(void *user, uint8_t *dst, size_t len)
{
    for ((void)user; len > 0; len--)
        *dst++ = (uint8_t)rand();
    return L2TPHA_OK;
}

static int make_node(uint8_t method, bool attach, struct l2tpha_node **node)
{
    struct l2tpha_config config;
    struct l2tpha_host host = {.size = sizeof(host), .random = answer_random};

    l2tpha_config_init(&config);
    config.name = "parts";
    config.failover = method;
    config.attach = attach;
    return l2tpha_node_new(NULL, &config, &host, now, node);
}

static size_t drain(int from)
{
    struct l2tpha_output outputs[16];
    struct l2tpha_path path = {.remote = addresses[from]};
    size_t count = l2tpha_poll(nodes[from], outputs, 16, now);

    for (size_t i = 0; i < count; i++)
        if (outputs[i].kind == L2TPHA_OUTPUT_DATAGRAM)
            (void)l2tpha_feed(nodes[!from], &path, outputs[i].data, outputs[i].len, now);
    return count;
}

static void run(void)
{
    for (uint64_t end = now + 1000000; now < end;) {
        size_t outputs = 0;
        for (int i = 0; i < 2; i++) {
            check(l2tpha_expire(nodes[i], now) == L2TPHA_OK, "timers");
            outputs += drain(i);
        }
        now += outputs ? 0 : 10000;
    }
}

static uint32_t calls_up(int which)
{
    struct l2tpha_tunnel *tunnel = l2tpha_tunnel_next(nodes[which], NULL);
    struct l2tpha_session *session = NULL;
    uint32_t count = 0;

    while (tunnel && (session = l2tpha_session_next(tunnel, session)) != NULL) {
        struct l2tpha_session_record record = {.size = sizeof(record)};
        l2tpha_session_get(session, &record);
        count += record.state == L2TPHA_SESSION_ESTABLISHED;
    }
    return count;
}

/* A call is placed by one side and answered by the other: both are needed. */
static void try_calls(struct l2tpha_tunnel *tunnel)
{
    struct l2tpha_session_options options = {.size = sizeof(options),
                                             .call = L2TPHA_CALL_INCOMING,
                                             .framing = 1,
                                             .bearer = 1,
                                             .minimum_bps = 1,
                                             .maximum_bps = 1000000,
                                             .tx_speed = 1000000};
    struct l2tpha_session *session;

    agree("LAC", l2tpha_session_open(tunnel, &options, now, &session));
    run();
    check(calls_up(0) == (has("LAC") && has("LNS")), "incoming call here");
    check(calls_up(1) == (has("LAC") && has("LNS")), "incoming call there");
    options.call = L2TPHA_CALL_OUTGOING;
    agree("LNS", l2tpha_session_open(tunnel, &options, now, &session));
    run();
    check(l2tpha_tunnel_next(nodes[0], NULL) != NULL, "the tunnel stays");
}

static void try_protocol(struct l2tpha_tunnel *tunnel)
{
    struct l2tpha_node *node = NULL;

    agree("FAILOVER_PROTOCOL", make_node(L2TPHA_FAILOVER_PROTOCOL, false, &node));
    talloc_free(node);
    agree("FAILOVER_PROTOCOL", l2tpha_node_set_failover(nodes[0], L2TPHA_FAILOVER_PROTOCOL));
    agree("FAILOVER_PROTOCOL", l2tpha_tunnel_query(tunnel, now));
    run();
}

static void try_link(void)
{
    struct l2tpha_link *link = NULL;

    agree("REDUNDANCY", l2tpha_link_new(nodes[0], NULL, now, &link));
    if (link)
        l2tpha_link_free(link, now);
}

static void try_observe(int which)
{
    uint8_t block[320];
    const char *name, *text;
    uint64_t value;
    int len = l2tpha_capture_begin(block, sizeof(block), "parts");

    agree("OBSERVE", len);
    check(has("OBSERVE") ==
              l2tpha_counter_at(l2tpha_counters(nodes[which]), 0, &name, &text, &value),
          "names of counters");
    check(l2tpha_counters(nodes[which])->datagrams_in > 0, "counters count");
}

/* The one kind of machines, where the other is left out too. */
static void try_machines(void)
{
    struct l2tpha_node *node = NULL;

    agree("ATTACH", make_node(L2TPHA_FAILOVER_FALLBACK, true, &node));
    talloc_free(node);
    node = NULL;
    agree("ENGINE", make_node(L2TPHA_FAILOVER_FALLBACK, false, &node));
    talloc_free(node);
}

static size_t make_sccrq(uint32_t id, uint8_t *data, size_t cap)
{
    struct l2tpha_builder builder;
    size_t len = 0;

    l2tpha_builder_begin(&builder, data, cap, L2TPHA_MESSAGE_SCCRQ, 0, 0);
    l2tpha_builder_put_u8pair(&builder, L2TPHA_AVP_PROTOCOL_VERSION, 1, 0);
    l2tpha_builder_put_u32(&builder, L2TPHA_AVP_FRAMING_CAPABILITIES, 3);
    l2tpha_builder_put_bytes(&builder, L2TPHA_AVP_HOST_NAME, "parts", 5);
    l2tpha_builder_put_u16(&builder, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, id);
    check(l2tpha_builder_end(&builder, &len) == L2TPHA_OK, "an SCCRQ");
    return len;
}

/* A daemon asks another one, which does not answer. */
static void try_attached(void)
{
    struct l2tpha_attach_options options = {
        .size = sizeof(options), .initiator = true, .path.remote = addresses[1]};
    struct l2tpha_tunnel *tunnel;
    uint8_t sccrq[128];

    for (int i = 0; i < 2; i++)
        check(make_node(L2TPHA_FAILOVER_FALLBACK, true, &nodes[i]) == L2TPHA_OK, "a node");
    check(l2tpha_attach_tunnel(nodes[0], &options, now, &tunnel) == L2TPHA_OK, "attaching");
    size_t len = make_sccrq(l2tpha_tunnel_id(tunnel), sccrq, sizeof(sccrq));
    check(l2tpha_attach_send(tunnel, sccrq, len, now) == L2TPHA_OK, "the daemon speaks");
    run();
    agree("ENGINE", l2tpha_session_open(tunnel, NULL, now, NULL));
    try_protocol(tunnel);
}

int main(int argc, char **argv)
{
    struct l2tpha_tunnel_options options = {.size = sizeof(options), .path.remote = addresses[1]};
    struct l2tpha_tunnel *tunnel;

    (void)argc;
    absent = (const char *const *)argv + 1;
    try_machines();
    if (!has("ENGINE")) {
        try_attached();
    } else {
        for (int i = 0; i < 2; i++)
            check(make_node(L2TPHA_FAILOVER_FALLBACK, false, &nodes[i]) == L2TPHA_OK, "a node");
        check(l2tpha_tunnel_open(nodes[0], &options, now, &tunnel) == L2TPHA_OK, "a tunnel");
        run();
        try_calls(tunnel);
        try_protocol(tunnel);
    }
    try_link();
    try_observe(1);
    for (int i = 0; i < 2; i++)
        talloc_free(nodes[i]);
    printf("as it should be without:");
    for (int i = 1; i < argc; i++)
        printf(" %s", argv[i]);
    printf("\n");
    return EXIT_SUCCESS;
}
