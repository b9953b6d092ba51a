/* SPDX-License-Identifier: MIT */
/* ppp_peer OWN PEER [SECRET]: a LAC with one call that speaks PPP and pings the LNS through it, in
 * two processes: the first serves, the second is its standby and has the same UDP socket. When the
 * first is killed the second goes on, with the addresses that came as the session's app state.
 * However a call ends, the next one is placed in the same tunnel; SIGUSR1 hangs up. */
#include "ppp.h"

#include <arpa/inet.h>
#include <l2tpha/l2tpha.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define TICK_US 100000
#define LEAVE_US 1000000
#define DATAGRAM_MAX 2048

static struct {
    struct l2tpha_node *node;
    struct l2tpha_link *link; /* NULL without the other process */
    int udp, stream;
    bool serving;
    struct l2tpha_address lns;
    struct l2tpha_tunnel *tunnel;
    struct l2tpha_session *call; /* NULL until it is up */
    struct ppp ppp;
    bool known; /* our addresses are replicated */
    uint64_t tick_at;
    uint64_t leave_at; /* 0 = not leaving */
} own;
static const char *secret = "";
static volatile sig_atomic_t stopping, hanging_up;

static void say(const char *format, ...) L2TPHA_PRINTF(1, 2);

static void say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    fflush(stdout);
}

static void check(bool ok, const char *what)
{
    if (!ok) {
        say("failed: %s", what);
        exit(EXIT_FAILURE);
    }
}

static uint64_t clock_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

static int answer_random(void *user, uint8_t *dst, size_t len)
{
    (void)user;
    return getrandom(dst, len, 0) == (ssize_t)len ? L2TPHA_OK : L2TPHA_ERR_HOST;
}

static int answer_secret(void *user, const struct l2tpha_peer *peer, uint8_t *dst, size_t *len)
{
    (void)user, (void)peer;
    *len = strlen(secret);
    memcpy(dst, secret, *len);
    return L2TPHA_OK;
}

static void on_signal(int number)
{
    if (number == SIGTERM)
        stopping = 1;
    else
        hanging_up = 1;
}

/* ---- the call ---- */

static void send_frame(const uint8_t *frame, size_t len)
{
    uint8_t datagram[DATAGRAM_MAX];
    size_t header_len;
    const struct l2tpha_path *path;
    if (len == 0 ||
        l2tpha_data_send(own.call, len, false, datagram, &header_len, &path, clock_now()) < 0)
        return;
    memcpy(datagram + header_len, frame, len);
    (void)send(own.udp, datagram, header_len + len, 0);
}

/* Both addresses are all that a successor needs. */
static void replicate(void)
{
    uint8_t state[8];
    memcpy(state, own.ppp.own, 4);
    memcpy(state + 4, own.ppp.peer, 4);
    int error = l2tpha_session_set_app_state(own.call, state, sizeof(state), clock_now());
    check(error == L2TPHA_OK, "replicating the addresses");
    own.known = true;
    say("address %u.%u.%u.%u", state[0], state[1], state[2], state[3]);
}

static void restore(struct l2tpha_session *session)
{
    struct l2tpha_session_record record = {.size = sizeof(record)};
    check(session != NULL, "the tunnel is restored with its call");
    l2tpha_session_get(session, &record);
    check(record.state == L2TPHA_SESSION_ESTABLISHED, "the restored call is up");
    own.call = session;
    if (record.app_state.len != 8)
        return;
    memcpy(own.ppp.own, record.app_state.data, 4);
    memcpy(own.ppp.peer, record.app_state.data + 4, 4);
    own.ppp.lcp_done = own.ppp.ip_done = own.known = true;
    say("restored address %u.%u.%u.%u", own.ppp.own[0], own.ppp.own[1], own.ppp.own[2],
        own.ppp.own[3]);
}

static void take_frame(const struct l2tpha_frame *frame)
{
    uint8_t answer[PPP_FRAME_MAX];
    uint16_t before = own.ppp.replies;
    own.call = frame->session;
    send_frame(answer, ppp_take(&own.ppp, frame->payload, frame->len, answer));
    if (own.ppp.ip_done && !own.known)
        replicate();
    if (own.ppp.replies != before)
        say("reply %u of %u", own.ppp.replies, own.ppp.pings);
}

static void open_call(void)
{
    struct l2tpha_session *session;
    struct l2tpha_tunnel_options where = {.size = sizeof(where)};
    struct l2tpha_session_options what = {
        .size = sizeof(what), .call = L2TPHA_CALL_INCOMING, .framing = 1, .tx_speed = 1000000};
    where.path.remote = own.lns;
    if (own.tunnel == NULL)
        check(l2tpha_tunnel_open(own.node, &where, clock_now(), &own.tunnel) == L2TPHA_OK,
              "tunnel");
    check(l2tpha_session_open(own.tunnel, &what, clock_now(), &session) == L2TPHA_OK, "call");
}

/* Told, not asked: calls into the node wait until the batch is done. */
static bool wants_call;

static void call_ended(void)
{
    own.call = NULL;
    own.ppp = (struct ppp){0};
    own.known = false;
    wants_call = true;
}

static void hang_up(void)
{
    const struct l2tpha_disconnect why = {.size = sizeof(why), .result = 3};
    check(l2tpha_session_close(own.call, &why, clock_now()) == L2TPHA_OK, "hanging up");
    own.call = NULL;
    hanging_up = 0;
}

static void take_event(const struct l2tpha_event *event)
{
    say("%s %s", l2tpha_event_name(event->kind),
        event->kind == L2TPHA_EVENT_ROLE_CHANGED ? l2tpha_role_name(event->role) : event->text);
    if (event->kind == L2TPHA_EVENT_ROLE_CHANGED && event->role == L2TPHA_ROLE_ACTIVE)
        wants_call = true;
    if (event->kind == L2TPHA_EVENT_SESSION_UP)
        own.call = event->session;
    if (event->kind == L2TPHA_EVENT_TUNNEL_RESTORED) {
        own.tunnel = event->tunnel;
        restore(l2tpha_session_next(event->tunnel, NULL));
    }
    if (event->kind == L2TPHA_EVENT_SESSION_DOWN)
        call_ended();
    if (event->kind == L2TPHA_EVENT_TUNNEL_DOWN) {
        own.tunnel = NULL;
        wants_call = false;
    }
}

/* ---- the node and the link to the other process ---- */

static void flush_link(void)
{
    const uint8_t *data;
    size_t len;
    while (own.link != NULL && (len = l2tpha_link_poll(own.link, &data, clock_now())) > 0) {
        ssize_t sent = send(own.stream, data, len, MSG_NOSIGNAL);
        if (sent <= 0)
            return; /* the stream's end is about to be read */
        l2tpha_link_sent(own.link, (size_t)sent);
    }
}

static void drain(void)
{
    struct l2tpha_output outputs[16];
    size_t count;
    while ((count = l2tpha_poll(own.node, outputs, 16, clock_now())) > 0) {
        for (size_t i = 0; i < count; i++)
            if (outputs[i].kind == L2TPHA_OUTPUT_DATAGRAM)
                (void)send(own.udp, outputs[i].data, outputs[i].len, 0);
            else if (outputs[i].kind == L2TPHA_OUTPUT_EVENT)
                take_event(outputs[i].event);
        for (size_t i = 0; i < count; i++)
            if (outputs[i].kind == L2TPHA_OUTPUT_CHECKPOINT && own.link != NULL)
                (void)l2tpha_link_send(own.link, outputs[i].position, outputs[i].data,
                                       outputs[i].len, clock_now());
        if (wants_call && !stopping)
            open_call();
        wants_call = false;
    }
    flush_link();
}

static void take_over(void)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};
    l2tpha_redundancy_get(own.node, &info);
    check(l2tpha_takeover(own.node, info.epoch + 1, clock_now()) == L2TPHA_OK, "takeover");
    own.serving = true;
    say("serving in epoch %d", (int)info.epoch + 1);
}

static void read_stream(void)
{
    uint8_t data[65536];
    ssize_t len = recv(own.stream, data, sizeof(data), 0);
    if (len > 0) {
        check(l2tpha_link_feed(own.link, data, (size_t)len, clock_now()) == L2TPHA_OK, "link");
        return;
    }
    l2tpha_link_free(own.link, clock_now());
    own.link = NULL;
    close(own.stream);
    own.stream = -1;
    if (!own.serving && !stopping)
        take_over();
}

static void read_udp(void)
{
    uint8_t data[DATAGRAM_MAX];
    struct l2tpha_frame frame;
    struct l2tpha_path path = {.remote = own.lns};
    ssize_t len = recv(own.udp, data, sizeof(data), 0);
    if (len <= 0)
        return;
    int error = l2tpha_feed(own.node, &path, data, (size_t)len, clock_now());
    if (error == L2TPHA_ERR_DATA_MESSAGE &&
        l2tpha_data_receive(own.node, &path, data, (size_t)len, clock_now(), &frame) == L2TPHA_OK)
        take_frame(&frame);
}

/* ---- the loop ---- */

static void leave(void)
{
    struct l2tpha_tunnel *tunnel = NULL;
    if (own.serving)
        while ((tunnel = l2tpha_tunnel_next(own.node, tunnel)) != NULL)
            (void)l2tpha_tunnel_close(tunnel, 6, 0, "shutting down", clock_now());
    own.leave_at = clock_now() + (own.serving ? LEAVE_US : 0);
}

static void expire(uint64_t now)
{
    uint8_t frame[PPP_FRAME_MAX];
    (void)l2tpha_expire(own.node, now);
    if (own.link != NULL)
        (void)l2tpha_link_expire(own.link, now);
    if (stopping && own.leave_at == 0)
        leave();
    if (hanging_up && own.serving && own.call != NULL)
        hang_up();
    if (now < own.tick_at)
        return;
    own.tick_at = now + TICK_US;
    if (own.serving && own.call != NULL)
        send_frame(frame, ppp_next(&own.ppp, frame));
}

static int wait_ms(uint64_t now)
{
    uint64_t due = own.tick_at;
    if (l2tpha_deadline(own.node) < due)
        due = l2tpha_deadline(own.node);
    if (own.link != NULL && l2tpha_link_deadline(own.link) < due)
        due = l2tpha_link_deadline(own.link);
    return due > now ? (int)((due - now + 999) / 1000) : 0;
}

static void run(bool standby)
{
    struct l2tpha_config config;
    struct l2tpha_host host = {
        .size = sizeof(host), .random = answer_random, .secret = answer_secret};
    struct l2tpha_link_options options = {.size = sizeof(options)};
    l2tpha_config_init(&config);
    config.name = "ppp_peer";
    config.hello_ms = 1000;
    config.crypto = l2tpha_crypto_nettle();
    config.standby = standby;
    own.serving = !standby;
    check(l2tpha_node_new(NULL, &config, &host, clock_now(), &own.node) == L2TPHA_OK, "node");
    check(l2tpha_link_new(own.node, &options, clock_now(), &own.link) == L2TPHA_OK, "link");
    while (own.leave_at == 0 || clock_now() < own.leave_at) {
        expire(clock_now());
        drain();
        struct pollfd ready[] = {{.fd = own.serving ? own.udp : -1, .events = POLLIN},
                                 {.fd = own.stream, .events = POLLIN}};
        (void)poll(ready, 2, wait_ms(clock_now()));
        if (ready[0].revents != 0)
            read_udp();
        if (ready[1].revents != 0)
            read_stream();
    }
    l2tpha_node_free(own.node);
}

static void open_socket(const char *here, const char *there)
{
    struct sockaddr_in local = {.sin_family = AF_INET, .sin_port = htons(1701)}, remote = local;
    check(inet_pton(AF_INET, here, &local.sin_addr) == 1, "own address");
    check(inet_pton(AF_INET, there, &remote.sin_addr) == 1, "address of the peer");
    own.udp = socket(AF_INET, SOCK_DGRAM, 0);
    check(bind(own.udp, (struct sockaddr *)&local, sizeof(local)) == 0, "bind");
    check(connect(own.udp, (struct sockaddr *)&remote, sizeof(remote)) == 0, "connect");
    own.lns.len = sizeof(remote);
    memcpy(own.lns.bytes, &remote, sizeof(remote));
}

int main(int argc, char **argv)
{
    int ends[2];
    check(argc >= 3, "usage: ppp_peer OWN PEER [SECRET]");
    secret = argc > 3 ? argv[3] : "";
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);
    open_socket(argv[1], argv[2]);
    check(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
    pid_t child = fork();
    check(child >= 0, "fork");
    own.stream = ends[child == 0];
    close(ends[child != 0]);
    if (child != 0)
        say("active %d", (int)child);
    run(child != 0);
    return EXIT_SUCCESS;
}
