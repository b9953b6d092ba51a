/* SPDX-License-Identifier: MIT */
/* every_message FILE [SECRET]: a LAC and an LNS in memory say everything that the library can say,
 * and FILE captures it for another decoder. The LNS dies in between, and its standby recovers the
 * tunnel by RFC 4951. With a secret what may be hidden is hidden. */
#include <arpa/inet.h>
#include <l2tpha/l2tpha.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND 1000000
#define HELLO_MS 5000
#define DATAGRAM_MAX 2048

enum { LAC, LNS, ENDS };

static struct end {
    struct l2tpha_node *node;
    struct l2tpha_address address;
    struct l2tpha_session *call; /* an outgoing call to be answered */
} ends[ENDS];
static struct l2tpha_node *standby; /* of the LNS */
static FILE *capture;
static const char *secret = "";
static uint64_t now = SECOND;

static void check(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "every_message: failed: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

static struct l2tpha_bytes text(const char *string)
{
    return (struct l2tpha_bytes){.data = (const uint8_t *)string, .len = strlen(string)};
}

static int answer_random(void *user, uint8_t *dst, size_t len)
{
    for ((void)user; len > 0; len--)
        *dst++ = (uint8_t)(rand() >> 8);
    return L2TPHA_OK;
}

static int answer_secret(void *user, const struct l2tpha_peer *peer, uint8_t *dst, size_t *len)
{
    (void)user, (void)peer;
    *len = strlen(secret);
    memcpy(dst, secret, *len);
    return L2TPHA_OK;
}

/* Every call is welcome, outgoing ones too. */
static void admit(void *user, struct l2tpha_tunnel *tunnel, const struct l2tpha_message *request,
                  struct l2tpha_verdict *verdict)
{
    (void)user, (void)tunnel, (void)request;
    verdict->result = 0;
}

static struct l2tpha_node *make_node(const char *name, bool is_standby)
{
    struct l2tpha_node *node;
    struct l2tpha_config config;
    struct l2tpha_host host = {.size = sizeof(host),
                               .random = answer_random,
                               .secret = answer_secret,
                               .admit_session = admit};
    l2tpha_config_init(&config);
    config.name = name;
    config.vendor_name = "libl2tpha";
    config.firmware = 0x0102;
    config.bearer_caps = 3;
    config.hello_ms = HELLO_MS;
    config.hide_avps = secret[0] != '\0';
    config.crypto = l2tpha_crypto_nettle();
    config.failover = L2TPHA_FAILOVER_PROTOCOL;
    config.commit = L2TPHA_COMMIT_BOUNDED; /* an exact record would need no recovery */
    config.standby = is_standby;
    check(l2tpha_node_new(NULL, &config, &host, now, &node) == L2TPHA_OK, name);
    return node;
}

static void make_end(int which, const char *name, const char *address)
{
    struct sockaddr_in socket = {.sin_family = AF_INET, .sin_port = htons(1701)};
    inet_pton(AF_INET, address, &socket.sin_addr);
    ends[which].address.len = sizeof(socket);
    memcpy(ends[which].address.bytes, &socket, sizeof(socket));
    ends[which].node = make_node(name, false);
}

static void replicate(const struct l2tpha_output *checkpoint)
{
    int error = l2tpha_checkpoint_apply(standby, checkpoint->data, checkpoint->len, now, NULL);
    check(error == L2TPHA_OK, l2tpha_strerror(error));
    error = l2tpha_checkpoint_done(ends[LNS].node, checkpoint->position, 0, now);
    check(error == L2TPHA_OK, l2tpha_strerror(error));
}

static void record(int from, const uint8_t *data, size_t len)
{
    uint8_t block[DATAGRAM_MAX + 256];
    struct l2tpha_path path = {.local = ends[from].address, .remote = ends[!from].address};
    int written = l2tpha_capture_packet(block, sizeof(block), &path, false, data, len, now);
    check(written > 0 && fwrite(block, 1, (size_t)written, capture) == (size_t)written, "capture");
}

static bool drain(int from)
{
    struct l2tpha_output output;
    struct l2tpha_path path = {.local = ends[!from].address, .remote = ends[from].address};
    if (l2tpha_poll(ends[from].node, &output, 1, now) == 0)
        return false;
    if (output.kind == L2TPHA_OUTPUT_EVENT && output.event->kind == L2TPHA_EVENT_SESSION_CALL)
        ends[from].call = output.event->session;
    if (output.kind == L2TPHA_OUTPUT_CHECKPOINT)
        replicate(&output);
    if (output.kind == L2TPHA_OUTPUT_DATAGRAM) {
        record(from, output.data, output.len);
        int error = l2tpha_feed(ends[!from].node, &path, output.data, output.len, now);
        check(error == L2TPHA_OK, l2tpha_strerror(error));
    }
    return true;
}

/* Let time pass, from deadline to deadline. */
static void run(uint64_t duration)
{
    uint64_t end = now + duration;
    while (now < end) {
        uint64_t next = end;
        bool any = false;
        for (int i = 0; i < ENDS; i++) {
            check(l2tpha_expire(ends[i].node, now) == L2TPHA_OK, "timers");
            any = drain(i) || any;
            uint64_t due = l2tpha_deadline(ends[i].node);
            next = due < next ? due : next;
        }
        if (!any)
            now = next > now ? next : now + 1;
    }
}

static struct l2tpha_session *open_call(int which, enum l2tpha_call direction)
{
    struct l2tpha_session *session;
    struct l2tpha_session_options options = {.size = sizeof(options),
                                             .call = direction,
                                             .bearer = 2,
                                             .has_bearer = true,
                                             .framing = 1,
                                             .called = text("5551234"),
                                             .calling = text("5559876"),
                                             .sub_address = text("12"),
                                             .physical_channel = 7,
                                             .minimum_bps = 9600,
                                             .maximum_bps = 115200,
                                             .tx_speed = 56000,
                                             .rx_speed = 33600,
                                             .sequencing_required = true,
                                             .private_group = text("group"),
                                             .initial_lcp_confreq = text("\1\4\5\xdc"),
                                             .last_sent_lcp_confreq = text("\3\4\xc0\x23"),
                                             .last_received_lcp_confreq = text("\1\4\5\xdc"),
                                             .proxy_authen_type = 2,
                                             .proxy_authen_name = text("user"),
                                             .proxy_authen_challenge = text("challenge"),
                                             .proxy_authen_id = 9,
                                             .proxy_authen_response = text("0123456789abcdef")};
    struct l2tpha_tunnel *tunnel = l2tpha_tunnel_next(ends[which].node, NULL);
    int error = l2tpha_session_open(tunnel, &options, now, &session);
    check(error == L2TPHA_OK, l2tpha_strerror(error));
    run(SECOND);
    return session;
}

static void place_outgoing_call(void)
{
    struct l2tpha_session_options options = {
        .size = sizeof(options), .framing = 1, .tx_speed = 64000};
    open_call(LNS, L2TPHA_CALL_OUTGOING);
    check(ends[LAC].call != NULL, "the LAC is asked to call");
    check(l2tpha_session_answered(ends[LAC].call, &options, now) == L2TPHA_OK, "answering");
    run(SECOND);
}

static void send_data(int from, struct l2tpha_session *session)
{
    static const uint8_t echo_request[] = {0xff, 0x03, 0xc0, 0x21, 9, 1, 0, 8, 0, 0, 0, 0};
    uint8_t datagram[64];
    size_t header_len;
    const struct l2tpha_path *path;
    check(l2tpha_data_send(session, sizeof(echo_request), false, datagram, &header_len, &path,
                           now) == L2TPHA_OK,
          "sending data");
    memcpy(datagram + header_len, echo_request, sizeof(echo_request));
    record(from, datagram, header_len + sizeof(echo_request));
}

/* Both calls carry data: the incoming one with sequence numbers, the outgoing one without. */
static void talk(struct l2tpha_session *incoming)
{
    struct l2tpha_call_errors errors = {.crc = 1, .framing = 2, .timeouts = 3};
    struct l2tpha_tunnel *tunnel = l2tpha_tunnel_next(ends[LNS].node, NULL);
    struct l2tpha_session *session = NULL;
    send_data(LAC, incoming);
    send_data(LAC, ends[LAC].call);
    check(l2tpha_session_report_errors(incoming, &errors, now) == L2TPHA_OK, "WEN");
    while ((session = l2tpha_session_next(tunnel, session)) != NULL) {
        int error = l2tpha_session_set_link_info(session, 0xffffffff, 0x000a0000, now);
        check(error == L2TPHA_OK, l2tpha_strerror(error));
        send_data(LNS, session);
    }
    run(3 * HELLO_MS * UINT64_C(1000));
}

/* The LNS dies; its standby recovers the tunnel, and both ends ask about each other's calls. */
static void fail_over(void)
{
    l2tpha_node_free(ends[LNS].node);
    ends[LNS].node = standby;
    standby = NULL;
    check(l2tpha_takeover(ends[LNS].node, 2, now) == L2TPHA_OK, "takeover");
    run(5 * SECOND);
    check(l2tpha_counters(ends[LNS].node)->recoveries == 1, "recovery");
    check(l2tpha_counters(ends[LAC].node)->queries_in > 0, "FSQ");
}

static void hang_up(struct l2tpha_session *session)
{
    struct l2tpha_disconnect why = {.size = sizeof(why),
                                    .result = 3,
                                    .reason = "maintenance",
                                    .has_q931 = true,
                                    .q931_cause = 16,
                                    .q931_message = 0x45,
                                    .q931_text = "normal",
                                    .has_ppp = true,
                                    .ppp_code = 3,
                                    .ppp_protocol = 0xc021,
                                    .ppp_direction = 2,
                                    .ppp_text = "asked to"};
    check(l2tpha_session_close(session, &why, now) == L2TPHA_OK, "CDN");
    run(SECOND);
}

int main(int argc, char **argv)
{
    uint8_t begin[1024];
    struct l2tpha_tunnel *tunnel;
    check(argc >= 2 && (capture = fopen(argv[1], "wb")) != NULL, "opening the file");
    secret = argc > 2 ? argv[2] : "";
    int written = l2tpha_capture_begin(begin, sizeof(begin), "every_message");
    check(written > 0 && fwrite(begin, 1, (size_t)written, capture) == (size_t)written, "capture");
    make_end(LAC, "lac", "192.0.2.1");
    make_end(LNS, "lns", "192.0.2.2");
    standby = make_node("lns", true);
    check(l2tpha_checkpoint_bulk(ends[LNS].node, now) == L2TPHA_OK, "bulk copy");

    struct l2tpha_tunnel_options options = {.size = sizeof(options)};
    options.path.remote = ends[LNS].address;
    check(l2tpha_tunnel_open(ends[LAC].node, &options, now, &tunnel) == L2TPHA_OK, "SCCRQ");
    run(SECOND);
    struct l2tpha_session *incoming = open_call(LAC, L2TPHA_CALL_INCOMING);
    place_outgoing_call();
    talk(incoming);
    fail_over();
    hang_up(incoming);
    check(l2tpha_tunnel_close(tunnel, 6, 0, "shutting down", now) == L2TPHA_OK, "StopCCN");
    run(SECOND);
    for (int i = 0; i < ENDS; i++)
        l2tpha_node_free(ends[i].node);
    return fclose(capture) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
