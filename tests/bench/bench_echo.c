/* SPDX-License-Identifier: MIT */
/* What a tunnel that is set up over UDP, and a frame that is echoed, cost the program at the other
 * end, in time of the processor, and how many of them there are in a second: of a program that does
 * nothing but echo (the floor, by one call a datagram and by many), and of an LNS whose command
 * line is given. The load comes from this process, from so many ports as there are peers. */
#define _GNU_SOURCE
#include "bench/pair.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64
#define AHEAD 256 /* frames on their way */
#define PEERS 16
#define TUNNELS 16
#define CALLS 16 /* of each */
#define SETUPS 20000
#define SETUPS_AHEAD 200
#define FRAME 48 /* header included */
#define SECONDS 3
#define ROUNDS 3
#define LOST_MS 100
#define START_S 10

static void report(const char *what, double value, const char *unit)
{
    printf("%-52s %12.2f %s\n", what, value, unit);
}

static uint64_t clock_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000;
}

static uint64_t processor_us(pid_t pid)
{
    struct timespec used;
    clockid_t clock;

    if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &used))
        return 0;
    return (uint64_t)used.tv_sec * 1000000u + (uint64_t)used.tv_nsec / 1000;
}

static int open_socket(struct sockaddr_in *bound)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), bytes = 4 << 20;
    socklen_t len = sizeof(*bound);

    *bound = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
    check(bind(fd, (struct sockaddr *)bound, sizeof(*bound)) ||
                  getsockname(fd, (struct sockaddr *)bound, &len)
              ? L2TPHA_ERR_HOST
              : L2TPHA_OK,
          "socket");
    return fd;
}

/* --- many datagrams --- */

struct many {
    struct mmsghdr messages[BATCH];
    struct iovec parts[BATCH];
    struct sockaddr_in peers[BATCH];
    uint8_t data[BATCH][2048];
};

static int receive(int fd, struct many *many, unsigned max, int flags)
{
    for (unsigned i = 0; i < max; i++) {
        many->parts[i] = (struct iovec){many->data[i], sizeof(many->data[i])};
        many->messages[i].msg_hdr = (struct msghdr){.msg_name = &many->peers[i],
                                                    .msg_namelen = sizeof(many->peers[i]),
                                                    .msg_iov = &many->parts[i],
                                                    .msg_iovlen = 1};
    }
    return recvmmsg(fd, many->messages, max, flags, NULL);
}

static void send_all(int fd, struct many *many, unsigned count)
{
    for (unsigned at = 0; at < count;) {
        int sent = sendmmsg(fd, many->messages + at, count - at, 0);
        at += sent > 0 ? (unsigned)sent : 1;
    }
}

/* --- the floor --- */

static void echo_by_one(int fd)
{
    static uint8_t data[2048];
    struct sockaddr_in from;
    struct iovec part;
    struct msghdr message = {.msg_name = &from, .msg_iov = &part, .msg_iovlen = 1};

    for (;;) {
        part = (struct iovec){data, sizeof(data)};
        message.msg_namelen = sizeof(from);
        ssize_t len = recvmsg(fd, &message, 0);
        part.iov_len = len > 0 ? (size_t)len : 0;
        (void)sendmsg(fd, &message, 0);
    }
}

static void echo_by_many(int fd)
{
    static struct many many;

    for (;;) {
        int got = receive(fd, &many, BATCH, MSG_WAITFORONE);
        for (int i = 0; i < got; i++)
            many.parts[i].iov_len = many.messages[i].msg_len;
        send_all(fd, &many, got > 0 ? (unsigned)got : 0);
    }
}

static pid_t start_echo(struct sockaddr_in *at, void (*echo)(int fd))
{
    int fd = open_socket(at);
    pid_t pid = fork();

    if (pid == 0)
        echo(fd);
    close(fd);
    return pid;
}

/* --- the load --- */

struct load {
    int fds[PEERS];
    struct sockaddr_in to;
    struct l2tpha_node *lac;
    uint32_t calls_up;
    uint32_t tunnels_up;
    uint32_t failed;
    uint8_t frames[TUNNELS * CALLS][FRAME];
    uint8_t peer_of[TUNNELS * CALLS];
    uint32_t count;
    struct many in, out;
    uint32_t next;
    uint64_t echoed;
    uint64_t lost;
};

static int cheap_random(void *user, uint8_t *dst, size_t len)
{
    uint64_t *state = user;

    for (size_t i = 0; i < len; i++)
        dst[i] = (uint8_t)((*state = *state * 6364136223846793005u + 1442695040888963407u) >> 56);
    return 0;
}

/* Which of our sockets it is, is the local address. */
static struct l2tpha_path path_of(const struct sockaddr_in *in, int peer)
{
    struct l2tpha_path path = {.remote.len = sizeof(*in), .local.len = 1};

    memcpy(path.remote.bytes, in, sizeof(*in));
    path.local.bytes[0] = (uint8_t)peer;
    return path;
}

static void open_peers(struct load *load)
{
    struct sockaddr_in own;

    for (int i = 0; i < PEERS; i++)
        load->fds[i] = open_socket(&own);
}

static void close_peers(const struct load *load)
{
    for (int i = 0; i < PEERS; i++)
        close(load->fds[i]);
}

static void take(struct load *load, int peer, int got)
{
    struct l2tpha_path path = path_of(&load->to, peer);

    for (int i = 0; i < got; i++) {
        if (!(load->in.data[i][0] & 0x80))
            load->echoed++;
        else if (load->lac)
            l2tpha_feed(load->lac, &path, load->in.data[i], load->in.messages[i].msg_len,
                        clock_us());
    }
}

static void let_out(struct load *load)
{
    struct l2tpha_output output;

    if (!load->lac)
        return;
    l2tpha_expire(load->lac, clock_us());
    while (l2tpha_poll(load->lac, &output, 1, clock_us()) > 0) {
        if (output.kind == L2TPHA_OUTPUT_DATAGRAM)
            (void)sendto(load->fds[output.path->local.bytes[0]], output.data, output.len, 0,
                         (struct sockaddr *)&load->to, sizeof(load->to));
        else if (output.kind == L2TPHA_OUTPUT_EVENT) {
            load->calls_up += output.event->kind == L2TPHA_EVENT_SESSION_UP;
            load->tunnels_up += output.event->kind == L2TPHA_EVENT_TUNNEL_UP;
            load->failed += output.event->kind == L2TPHA_EVENT_TUNNEL_DOWN;
        }
    }
}

static bool wait_for_more(struct load *load, int ms)
{
    struct pollfd fds[PEERS];

    for (int i = 0; i < PEERS; i++)
        fds[i] = (struct pollfd){.fd = load->fds[i], .events = POLLIN};
    if (poll(fds, PEERS, ms) <= 0)
        return false;
    for (int i = 0; i < PEERS; i++)
        if (fds[i].revents)
            take(load, i, receive(load->fds[i], &load->in, BATCH, MSG_DONTWAIT));
    return true;
}

static void write_frame(struct load *load, uint16_t tunnel, uint16_t session)
{
    struct l2tpha_header header = {.has_length = true,
                                   .version = 2,
                                   .length = FRAME,
                                   .tunnel_id = tunnel,
                                   .session_id = session};
    size_t len;

    check(l2tpha_header_encode(&header, load->frames[load->count++], FRAME, &len), "header");
}

static void open_tunnel(struct load *load, int peer, int calls)
{
    struct l2tpha_tunnel_options options = {.size = sizeof(options),
                                            .path = path_of(&load->to, peer)};
    struct l2tpha_session_options call = {
        .size = sizeof(call), .call = L2TPHA_CALL_INCOMING, .framing = 1, .tx_speed = 64000};
    struct l2tpha_tunnel *tunnel;
    struct l2tpha_session *session;

    check(l2tpha_tunnel_open(load->lac, &options, clock_us(), &tunnel), "tunnel");
    for (int s = 0; s < calls; s++)
        check(l2tpha_session_open(tunnel, &call, clock_us(), &session), "session");
}

static void open_calls(struct load *load)
{
    struct l2tpha_tunnel_record of_tunnel = {.size = sizeof(of_tunnel)};
    struct l2tpha_session_record of_call = {.size = sizeof(of_call)};
    struct l2tpha_session *session;
    uint64_t until = clock_us() + START_S * UINT64_C(1000000);
    uint32_t place = 0;

    for (int t = 0; t < TUNNELS; t++)
        open_tunnel(load, t % PEERS, CALLS);
    while (load->calls_up < TUNNELS * CALLS && !load->failed && clock_us() < until) {
        let_out(load);
        wait_for_more(load, 10);
    }
    if (load->calls_up != TUNNELS * CALLS)
        check(L2TPHA_ERR_TIMEOUT, "calls");
    while ((session = l2tpha_session_walk(load->lac, &place))) {
        l2tpha_tunnel_get(l2tpha_session_tunnel(session), &of_tunnel);
        l2tpha_session_get(session, &of_call);
        load->peer_of[load->count] = of_tunnel.path.local.bytes[0];
        write_frame(load, (uint16_t)of_tunnel.remote_id, (uint16_t)of_call.remote_id);
    }
}

/* As many at a time as come from one peer. */
static void send_frames(struct load *load)
{
    struct many *out = &load->out;
    int peer = load->peer_of[load->next % load->count];

    for (unsigned i = 0; i < BATCH; i++) {
        while (load->peer_of[load->next % load->count] != peer)
            load->next++;
        out->parts[i] = (struct iovec){load->frames[load->next++ % load->count], FRAME};
        out->messages[i].msg_hdr = (struct msghdr){.msg_name = &load->to,
                                                   .msg_namelen = sizeof(load->to),
                                                   .msg_iov = &out->parts[i],
                                                   .msg_iovlen = 1};
    }
    send_all(load->fds[peer], out, BATCH);
    load->next += CALLS;
}

/* For so long: as many as come back, with AHEAD on their way. */
static void run(struct load *load, uint64_t us)
{
    uint64_t end = clock_us() + us, sent = load->echoed;

    while (clock_us() < end) {
        while (sent - load->echoed <= AHEAD - BATCH) {
            send_frames(load);
            sent += BATCH;
        }
        if (!wait_for_more(load, LOST_MS)) {
            load->lost += sent - load->echoed;
            sent = load->echoed;
        }
        let_out(load);
    }
    while (load->echoed < sent && wait_for_more(load, LOST_MS))
        ;
}

static void measure(const char *what, struct load *load, pid_t pid)
{
    double best = 1e30, fastest = 0;

    for (int round = 0; round < ROUNDS; round++) {
        uint64_t before = processor_us(pid), echoed = load->echoed, from = clock_us();
        run(load, SECONDS * UINT64_C(1000000));
        double used = (double)(processor_us(pid) - before);
        double frames = (double)(load->echoed - echoed), each = used / frames;
        double rate = frames / (double)(clock_us() - from) * 1e6;
        best = each < best ? each : best;
        fastest = rate > fastest ? rate : fastest;
    }
    report(what, best, "us a frame");
    report("... frames echoed", fastest, "1/s");
    if (load->lost)
        report("... lost", (double)load->lost, "");
}

/* Tunnels with a call: as many as come up, with SETUPS_AHEAD of them on their way. */
static void set_up(struct load *load, pid_t pid)
{
    uint64_t before = processor_us(pid), from = clock_us();
    uint32_t opened = 0, begin = load->calls_up;

    while (load->calls_up - begin < SETUPS && !load->failed) {
        for (; opened < SETUPS && opened - (load->calls_up - begin) < SETUPS_AHEAD; opened++)
            open_tunnel(load, (int)(opened % PEERS), 1);
        let_out(load);
        wait_for_more(load, 1);
    }
    if (load->failed)
        check(L2TPHA_ERR_STATE, "tunnels");
    report("tunnel with a call set up by the program",
           (double)(processor_us(pid) - before) / SETUPS, "us a tunnel");
    report("... set up", SETUPS * 1e6 / (double)(clock_us() - from), "1/s");
}

/* --- the parts --- */

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
}

static void bench_floor(const char *what, void (*echo)(int fd))
{
    static struct load load;

    memset(&load, 0, sizeof(load));
    pid_t pid = start_echo(&load.to, echo);
    open_peers(&load);
    for (int i = 0; i < TUNNELS * CALLS; i++) {
        load.peer_of[i] = (uint8_t)(i / CALLS % PEERS);
        write_frame(&load, (uint16_t)(i / CALLS + 1), (uint16_t)(i + 1));
    }
    measure(what, &load, pid);
    end(pid);
    close_peers(&load);
}

static pid_t start_program(char **argv)
{
    pid_t pid = fork();

    if (pid)
        return pid;
    int null = open("/dev/null", O_RDWR);
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    execv(argv[0], argv);
    _exit(127);
}

/* PORT PROGRAM ARGUMENT...: it listens there. */
static void bench_program(char **argv)
{
    static struct load load;
    static uint64_t seed;
    struct l2tpha_host callbacks = {
        .size = sizeof(callbacks), .user = &seed, .random = cheap_random};
    struct l2tpha_config config;

    seed = clock_us();
    l2tpha_config_init(&config);
    config.name = "lac";
    load = (struct load){.to = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)atoi(argv[0])),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
    open_peers(&load);
    pid_t pid = start_program(argv + 1);
    (void)usleep(500000);
    check(l2tpha_node_new(NULL, &config, &callbacks, clock_us(), &load.lac), "node");
    open_calls(&load);
    measure("data frame echoed by the program", &load, pid);
    set_up(&load, pid);
    end(pid);
    l2tpha_node_free(load.lac);
    close_peers(&load);
}

int main(int argc, char **argv)
{
    if (argc == 2 || (argc > 1 && atoi(argv[1]) == 0)) {
        fprintf(stderr, "usage: bench_echo [PORT PROGRAM ARGUMENT...]\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    bench_floor("floor: echo, one call a datagram", echo_by_one);
    bench_floor("floor: echo, many in a call", echo_by_many);
    if (argc > 2)
        bench_program(argv + 1);
    return 0;
}
