/* SPDX-License-Identifier: MIT */
/* attached_daemon: a small LNS that knows RFC 2661 by itself, with a parser, a channel and state
 * machines of its own (examples/attached). Built without ATTACHED_HA it has nothing to do with
 * libl2tpha; with it a second one takes over when it dies. docs/attach.md tells the way from the
 * one to the other. */
#include "attached/channel.h"
#include "attached/control.h"
#include "attached/log.h"
#include "attached/machine.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PORT 1701
#define READS 64 /* in a turn */

static volatile sig_atomic_t stops; /* a signal asks it to leave; it comes in ppoll() alone */

static void on_stop(int number)
{
    (void)number;
    stops = 1;
}

void log_line(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("attached_daemon: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

static uint64_t clock_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec / 1000;
}

/* --- the command line --- */

enum option_kind { OPTION_TEXT, OPTION_NUMBER, OPTION_FLAG, OPTION_ADDRESS, OPTION_CHOICE };

static const struct {
    const char *name;
    enum option_kind kind;
    size_t at;
    const char *choices[4];
} options[] = {
    {"--listen", OPTION_ADDRESS, offsetof(struct daemon, listen), {0}},
    {"--name", OPTION_TEXT, offsetof(struct daemon, name), {0}},
    {"--secret", OPTION_TEXT, offsetof(struct daemon, secret), {0}},
    {"--control", OPTION_TEXT, offsetof(struct daemon, control_path), {0}},
    {"--echo", OPTION_FLAG, offsetof(struct daemon, echo), {0}},
    {"--hello-interval", OPTION_NUMBER, offsetof(struct daemon, hello_s), {0}},
    {"--retries", OPTION_NUMBER, offsetof(struct daemon, retries), {0}},
    {"--log", OPTION_CHOICE, offsetof(struct daemon, log_calls), {"tunnels", "calls"}},
#ifdef ATTACHED_HA
    {"--ha-listen", OPTION_TEXT, offsetof(struct daemon, ha_listen), {0}},
    {"--ha-connect", OPTION_TEXT, offsetof(struct daemon, ha_connect), {0}},
    {"--role", OPTION_CHOICE, offsetof(struct daemon, role), {"active", "standby", "auto"}},
    {"--takeover", OPTION_CHOICE, offsetof(struct daemon, takeover), {"auto", "manual"}},
    {"--failover-resync", OPTION_TEXT, offsetof(struct daemon, method), {0}},
    {"--commit", OPTION_CHOICE, offsetof(struct daemon, commit), {"gated", "bounded", "async"}},
#endif
};
#define OPTIONS (sizeof(options) / sizeof(options[0]))

static bool parse_address(const char *text, struct sockaddr_in *address)
{
    char host[INET_ADDRSTRLEN];
    const char *colon = strchr(text, ':');
    size_t len = colon ? (size_t)(colon - text) : strlen(text);
    long port = colon ? strtol(colon + 1, NULL, 10) : PORT;
    if (len >= sizeof(host) || port < 1 || port > UINT16_MAX)
        return false;
    memcpy(host, text, len);
    host[len] = '\0';
    address->sin_family = AF_INET;
    address->sin_port = htons((uint16_t)port);
    return inet_pton(AF_INET, host, &address->sin_addr) == 1;
}

static bool set_choice(size_t which, const char *value, uint32_t *field)
{
    for (uint32_t i = 0; options[which].choices[i]; i++)
        if (strcmp(value, options[which].choices[i]) == 0) {
            *field = i;
            return true;
        }
    return false;
}

static bool set_option(struct daemon *daemon, size_t which, const char *value)
{
    void *field = (char *)daemon + options[which].at;
    char *end;
    switch (options[which].kind) {
    case OPTION_FLAG:
        *(bool *)field = true;
        return true;
    case OPTION_TEXT:
        *(const char **)field = value;
        return value[0] != '\0' && strlen(value) < 128;
    case OPTION_NUMBER:
        *(uint32_t *)field = (uint32_t)strtoul(value, &end, 10);
        return value[0] >= '0' && value[0] <= '9' && *end == '\0';
    case OPTION_CHOICE:
        return set_choice(which, value, field);
    default:
        return parse_address(value, field);
    }
}

static bool parse_options(struct daemon *daemon, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        size_t which = 0;
        while (which < OPTIONS && strcmp(argv[i], options[which].name) != 0)
            which++;
        bool known = which < OPTIONS, flag = known && options[which].kind == OPTION_FLAG;
        const char *value = flag ? argv[i] : argv[i + 1];
        if (!known || !value || !set_option(daemon, which, value)) {
            log_line("%s: unknown, or its value is missing or wrong", argv[i]);
            return false;
        }
        i += !flag;
    }
    return true;
}

/* --- datagrams --- */

/* A data message, RFC 2661 3.1. What a LAC sends goes back to it, with --echo. */
static void on_frame(struct daemon *daemon, uint8_t *data, size_t len)
{
    uint16_t flags = get_u16(data);
    size_t ids = flags & 0x4000 ? 4 : 2, at = ids + 4;
    at += flags & 0x0800 ? 4 : 0; /* Ns, Nr */
    if (flags & 0x0200)           /* Offset Size */
        at += 2 + (len >= at + 2 ? get_u16(data + at) : 0u);
    if ((flags & 0x4000) && get_u16(data + 2) < len)
        len = get_u16(data + 2); /* what stands behind is not of it */
    if ((flags & 0x800f) != 2 || len <= at)
        return;
    struct tunnel *tunnel = tunnel_find(daemon, get_u16(data + ids));
    if (!tunnel)
        return;
    tunnel->channel.heard = daemon->now;
    struct call *call = call_find(tunnel, get_u16(data + ids + 2));
    if (!call) {
#ifdef ATTACHED_HA
        l2tpha_attach_orphan(tunnel->handle, get_u16(data + ids + 2), l2tpha_pair_now());
#endif
        return;
    }
    if (!call->up || !daemon->echo)
        return;
    uint8_t *echo = data + at - 6;
    put_u16(echo, 2);
    put_u16(echo + 2, tunnel->peers_id);
    put_u16(echo + 4, call->peers_id);
    (void)sendto(daemon->udp, echo, len - at + 6, MSG_DONTWAIT,
                 (const struct sockaddr *)&tunnel->peer, sizeof(tunnel->peer));
}

static void on_control(struct daemon *daemon, const uint8_t *data, size_t len,
                       const struct sockaddr_in *peer)
{
    struct message message;
#ifdef ATTACHED_HA
    ha_feed(daemon, data, len, peer);
    return;
#endif
    if (!message_parse(data, len, &message))
        return;
    struct tunnel *tunnel = message.tunnel_id != 0
                                ? tunnel_find(daemon, message.tunnel_id)
                                : tunnel_find_asked(daemon, peer, message.peers_tunnel);
    if (tunnel && !tunnel_is_of(tunnel, peer))
        return;
    if (tunnel && channel_receive(tunnel, &message))
        machine_message(tunnel, &message);
    else if (!tunnel && message.tunnel_id == 0 && message.type == SCCRQ)
        machine_request(daemon, peer, &message);
}

static void read_udp(struct daemon *daemon)
{
    uint8_t data[DATAGRAM_MAX];
    for (int i = 0; i < READS; i++) {
        struct sockaddr_in peer = {0};
        socklen_t peer_len = sizeof(peer);
        ssize_t len = recvfrom(daemon->udp, data, sizeof(data), MSG_DONTWAIT,
                               (struct sockaddr *)&peer, &peer_len);
        if (len < 0 && errno == EAGAIN)
            return;
        if (len < 8) /* a peer that is not there ends nothing: it may come back */
            continue;
        daemon->datagrams++;
        if (data[0] & 0x80)
            on_control(daemon, data, (size_t)len, &peer);
        else
            on_frame(daemon, data, (size_t)len);
    }
}

const char *daemon_open(struct daemon *daemon)
{
    int room = 4 << 20;
    daemon->udp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(daemon->udp, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
    if (bind(daemon->udp, (struct sockaddr *)&daemon->listen, sizeof(daemon->listen)) == 0)
        return NULL;
    const char *why = strerror(errno);
    close(daemon->udp);
    daemon->udp = -1;
    return why;
}

/* --- its life --- */

void daemon_leave(struct daemon *daemon)
{
    if (daemon->leaving)
        daemon->quit = true;
    daemon->status = daemon->leaving ? EXIT_FAILURE : EXIT_SUCCESS;
    daemon->leaving = true;
    for (struct tunnel *tunnel = daemon->tunnels, *next; tunnel; tunnel = next) {
        next = tunnel->next;
        if (tunnel->state <= TUNNEL_UP)
            machine_stop(tunnel, 6, 0);
    }
}

static void wait_for_work(struct daemon *daemon, struct pollfd *fds, size_t count,
                          const sigset_t *while_waiting)
{
    uint64_t due = machine_deadline(daemon), now = clock_us();
    uint64_t us = due > now ? due - now : 0;
    struct timespec wait = {.tv_sec = (time_t)(us / SECOND), .tv_nsec = (long)(us % SECOND) * 1000};
    if (ppoll(fds, count, due == NEVER ? NULL : &wait, while_waiting) < 0)
        for (size_t i = 0; i < count; i++)
            fds[i].revents = 0;
}

static void turn(struct daemon *daemon, struct control *control, const sigset_t *while_waiting)
{
    enum { UDP, PAIR, CONTROL };
    struct pollfd fds[CONTROL + CONTROL_FDS] = {{.fd = daemon->udp, .events = POLLIN},
                                                {.fd = -1, .events = POLLIN}};
#ifdef ATTACHED_HA
    fds[UDP].fd = l2tpha_pair_reads(daemon->pair) ? daemon->udp : -1;
    fds[PAIR].fd = l2tpha_pair_fd(daemon->pair);
#endif
    control_watch(control, fds + CONTROL);
    wait_for_work(daemon, fds, CONTROL + CONTROL_FDS, while_waiting);
    daemon->now = clock_us();
    if (stops > 0)
        daemon_leave(daemon);
    stops = 0;
#ifdef ATTACHED_HA
    l2tpha_pair_catch_up(daemon->pair); /* it may have been stopped, and replaced */
    fds[UDP].revents = l2tpha_pair_reads(daemon->pair) ? fds[UDP].revents : 0;
#endif
    if (fds[UDP].revents)
        read_udp(daemon);
    control_serve(control, fds + CONTROL);
    machine_turn(daemon);
#ifdef ATTACHED_HA
    daemon->quit = !l2tpha_pair_service(daemon->pair) || daemon->quit;
    daemon->status |= !l2tpha_pair_status(daemon->pair);
#endif
    if (daemon->leaving && !machine_is_leaving(daemon))
        daemon->quit = true;
}

static const char *start(struct daemon *daemon, struct control *control)
{
    const char *why = control_start(control, daemon);
#ifdef ATTACHED_HA
    return why ? why : ha_start(daemon);
#endif
    return why ? why : daemon_open(daemon);
}

/* Signals come while it waits, and at no other time. */
static void take_signals(sigset_t *while_waiting)
{
    struct sigaction action = {.sa_handler = on_stop};
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGINT);
    sigprocmask(SIG_BLOCK, &blocked, while_waiting);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
}

int main(int argc, char **argv)
{
    struct daemon daemon = {.name = "attached_daemon", .hello_s = 60, .retries = 5, .udp = -1};
    struct control control;
    sigset_t while_waiting;
    parse_address("0.0.0.0", &daemon.listen);
    if (!parse_options(&daemon, argc, argv))
        return 2;
    take_signals(&while_waiting);
    daemon.now = clock_us();
    const char *why = start(&daemon, &control);
    if (why) {
        log_line("cannot start: %s", why);
        daemon.status = EXIT_FAILURE;
        daemon.quit = true;
    }
    while (!daemon.quit)
        turn(&daemon, &control, &while_waiting);
    while (daemon.tunnels)
        tunnel_free(daemon.tunnels);
#ifdef ATTACHED_HA
    if (daemon.leaving && l2tpha_pair_reads(daemon.pair))
        l2tpha_pair_leave(daemon.pair);
    l2tpha_pair_free(daemon.pair);
#endif
    if (daemon.udp >= 0)
        close(daemon.udp);
    control_done(&control, "shutdown", daemon.status == EXIT_SUCCESS ? NULL : "it has failed");
    control_stop(&control);
    return daemon.status;
}
