/* SPDX-License-Identifier: MIT */
/* Takeover over real sockets, and copies over a path with a round trip time. The takeover runs in
 * two processes: a LAC with all tunnels, which sends data on their calls in turn; and an LNS, which
 * echoes it, with a standby in the same process that takes over. The copy runs in virtual time to
 * which each end's real processor time is added, as if each had a core of its own. */
#define _GNU_SOURCE
#include "bench/pair.h"
#include "node/node.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64
#define PAYLOAD 16
#define SETUP_AHEAD 256

static void report(const char *what, double value, const char *unit, const char *must,
                   const char *goal)
{
    printf("%-52s %12.1f %-8s must %-8s goal %s\n", what, value, unit, must, goal);
}

/* --- a process with one node and a socket --- */

struct host {
    struct l2tpha_node *node;
    struct l2tpha_node *standby;
    int fd;
    uint32_t overflowed; /* datagrams that found the socket full */
    uint32_t tunnels_up;
    uint64_t done_at; /* TAKEOVER_DONE */
    void (*frame)(struct host *host, const struct l2tpha_frame *frame);
    uint8_t data[2048];
};

static uint64_t clock_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000;
}

static int open_socket(struct sockaddr_in *bound)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), on = 1, bytes = 8 << 20;
    socklen_t len = sizeof(*bound);

    *bound = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
    (void)setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof(on));
    check(bind(fd, (struct sockaddr *)bound, sizeof(*bound)) ||
                  getsockname(fd, (struct sockaddr *)bound, &len)
              ? L2TPHA_ERR_HOST
              : L2TPHA_OK,
          "socket");
    return fd;
}

static struct l2tpha_address address_of(const struct sockaddr_in *in)
{
    struct l2tpha_address address = {.len = 6};

    memcpy(address.bytes, &in->sin_addr, 4);
    memcpy(address.bytes + 4, &in->sin_port, 2);
    return address;
}

static void send_to(const struct host *host, const struct l2tpha_path *path, const uint8_t *data,
                    size_t len)
{
    struct sockaddr_in to = {.sin_family = AF_INET};

    memcpy(&to.sin_addr, path->remote.bytes, 4);
    memcpy(&to.sin_port, path->remote.bytes + 4, 2);
    (void)sendto(host->fd, data, len, 0, (struct sockaddr *)&to, sizeof(to));
}

static ssize_t receive(struct host *host, struct l2tpha_path *path)
{
    uint8_t beside[CMSG_SPACE(sizeof(uint32_t))];
    struct sockaddr_in from;
    struct iovec part = {host->data, sizeof(host->data)};
    struct msghdr message = {.msg_name = &from,
                             .msg_namelen = sizeof(from),
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = beside,
                             .msg_controllen = sizeof(beside)};
    ssize_t len = recvmsg(host->fd, &message, 0);
    const struct cmsghdr *header = len < 0 ? NULL : CMSG_FIRSTHDR(&message);

    if (header && header->cmsg_type == SO_RXQ_OVFL)
        memcpy(&host->overflowed, CMSG_DATA(header), sizeof(host->overflowed));
    if (len >= 0)
        *path = (struct l2tpha_path){.remote = address_of(&from)};
    return len;
}

static void read_some(struct host *host)
{
    struct l2tpha_frame frame;
    struct l2tpha_path path;
    ssize_t len;

    for (int i = 0; i < BATCH && (len = receive(host, &path)) >= 0; i++) {
        uint64_t now = clock_us();
        int error = l2tpha_feed(host->node, &path, host->data, (size_t)len, now);
        if (error == L2TPHA_ERR_DATA_MESSAGE &&
            !l2tpha_data_receive(host->node, &path, host->data, (size_t)len, now, &frame))
            host->frame(host, &frame);
    }
}

static void take_event(struct host *host, const struct l2tpha_event *event)
{
    host->tunnels_up += event->kind == L2TPHA_EVENT_TUNNEL_UP;
    if (event->kind == L2TPHA_EVENT_TAKEOVER_DONE)
        host->done_at = clock_us();
}

static bool let_out(struct host *host)
{
    struct l2tpha_output outputs[BATCH];
    size_t count = l2tpha_poll(host->node, outputs, BATCH, clock_us());
    uint64_t number = 0;

    for (size_t i = 0; i < count; i++) {
        if (outputs[i].kind == L2TPHA_OUTPUT_DATAGRAM)
            send_to(host, outputs[i].path, outputs[i].data, outputs[i].len);
        else if (outputs[i].kind == L2TPHA_OUTPUT_EVENT)
            take_event(host, outputs[i].event);
        else if (host->standby) {
            check(l2tpha_checkpoint_apply(host->standby, outputs[i].data, outputs[i].len,
                                          clock_us(), NULL),
                  "apply");
            number = outputs[i].position;
        }
    }
    if (number)
        check(l2tpha_checkpoint_done(host->node, number, 0, clock_us()), "done");
    return count > 0;
}

/* One turn of a host's loop: reading between the batches that it sends. */
static void turn(struct host *host, uint64_t wait_us)
{
    struct pollfd fd = {.fd = host->fd, .events = POLLIN};
    uint64_t due = l2tpha_deadline(host->node), now = clock_us();

    if (due < now + wait_us)
        wait_us = due > now ? due - now : 0;
    struct timespec wait = {.tv_nsec = (long)wait_us * 1000};
    (void)ppoll(&fd, 1, &wait, NULL);
    read_some(host);
    (void)l2tpha_expire(host->node, clock_us());
    while (let_out(host))
        read_some(host);
}

static int urandom(void *user, uint8_t *dst, size_t len)
{
    static uint64_t state = 7;

    (void)user;
    for (size_t i = 0; i < len; i++)
        dst[i] = (uint8_t)((state = state * 6364136223846793005u + 1442695040888963407u) >> 56);
    return 0;
}

static struct l2tpha_node *make_node(const char *name, bool standby)
{
    struct l2tpha_host callbacks = {.size = sizeof(callbacks), .random = urandom};
    struct l2tpha_config config;
    struct l2tpha_node *node;

    l2tpha_config_init(&config);
    config.name = name;
    config.standby = standby;
    config.failover = L2TPHA_FAILOVER_SILENT;
    check(l2tpha_node_new(NULL, &config, &callbacks, clock_us(), &node), "node");
    return node;
}

/* --- takeover: the LAC's process --- */

/* What the two processes tell each other. */
struct shared {
    struct sockaddr_in lns;
    volatile uint32_t ready;  /* all tunnels are up */
    volatile uint32_t stop;   /* enough */
    volatile uint64_t gap_us; /* the longest time in which no frame came back */
    volatile uint64_t sent, echoed, worst_us;
    volatile uint32_t overflowed, tunnels_left;
};

static struct shared *shared;
static uint64_t echoed_at;

static void take_echo(struct host *host, const struct l2tpha_frame *frame)
{
    uint64_t now = clock_us(), sent;

    (void)host;
    memcpy(&sent, frame->payload, sizeof(sent));
    if (echoed_at && now - echoed_at > shared->gap_us)
        shared->gap_us = now - echoed_at;
    if (now - sent > shared->worst_us)
        shared->worst_us = now - sent;
    echoed_at = now;
    shared->echoed++;
}

static void send_frame(struct host *host, struct l2tpha_session *session)
{
    uint8_t frame[L2TPHA_DATA_HEADER_MAX + PAYLOAD] = {0};
    const struct l2tpha_path *path;
    uint64_t now = clock_us();
    size_t len;

    if (!session || l2tpha_data_send(session, PAYLOAD, false, frame, &len, &path, now))
        return;
    memcpy(frame + len, &now, sizeof(now));
    send_to(host, path, frame, len + PAYLOAD);
    shared->sent++;
}

static void set_up(struct host *host, uint32_t tunnels)
{
    struct l2tpha_tunnel_options options = {.size = sizeof(options),
                                            .path.remote = address_of(&shared->lns)};
    struct l2tpha_session_options call = {
        .size = sizeof(call), .call = L2TPHA_CALL_INCOMING, .framing = 1, .tx_speed = 64000};
    struct l2tpha_tunnel *tunnel;
    struct l2tpha_session *session;

    for (uint32_t opened = 0; host->tunnels_up < tunnels; turn(host, 1000))
        while (opened < tunnels && opened < host->tunnels_up + SETUP_AHEAD) {
            check(l2tpha_tunnel_open(host->node, &options, clock_us(), &tunnel), "tunnel");
            check(l2tpha_session_open(tunnel, &call, clock_us(), &session), "session");
            opened++;
        }
    for (uint64_t end = clock_us() + 500000; clock_us() < end;)
        turn(host, 1000);
}

static void run_lac(uint32_t tunnels, uint32_t frames_per_ms)
{
    struct host host = {.node = make_node("lac", false), .frame = take_echo};
    struct sockaddr_in own;
    struct l2tpha_tunnel *tunnel = NULL;
    uint64_t next = 0;

    host.fd = open_socket(&own);
    set_up(&host, tunnels);
    shared->ready = 1;
    while (!shared->stop) {
        uint64_t now = clock_us();
        for (next = next ? next : now; next <= now; next += 1000)
            for (uint32_t i = 0; i < frames_per_ms; i++) {
                tunnel = l2tpha_tunnel_next(host.node, tunnel);
                send_frame(&host, tunnel ? l2tpha_session_next(tunnel, NULL) : NULL);
            }
        turn(&host, next - now);
    }
    shared->overflowed = host.overflowed;
    for (tunnel = NULL; (tunnel = l2tpha_tunnel_next(host.node, tunnel));)
        shared->tunnels_left++;
}

/* --- takeover: the LNS's process --- */

static void echo(struct host *host, const struct l2tpha_frame *frame)
{
    uint8_t back[L2TPHA_DATA_HEADER_MAX + PAYLOAD];
    const struct l2tpha_path *path;
    size_t len;

    if (l2tpha_data_send(frame->session, frame->len, false, back, &len, &path, clock_us()))
        return;
    memcpy(back + len, frame->payload, frame->len);
    send_to(host, path, back, len + frame->len);
}

static void run_for(struct host *host, uint64_t us)
{
    for (uint64_t end = clock_us() + us; clock_us() < end;)
        turn(host, 1000);
}

static void report_takeover(const struct host *host, uint64_t began, uint64_t call_us)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};

    l2tpha_redundancy_get(host->node, &info);
    report("takeover over UDP: the call", (double)call_us / 1e3, "ms", "-", "-");
    report("... data outage", (double)shared->gap_us / 1e3, "ms", "200", "50");
    report("... longest way of a frame and back", (double)shared->worst_us / 1e3, "ms", "-", "-");
    report("... all confirmed after", host->done_at ? (double)(host->done_at - began) / 1e3 : 1e9,
           "ms", "5000", "1000");
    report("... datagrams dropped for want of reading, LNS", host->overflowed, "", "0", "0");
    report("... the same at the LAC", shared->overflowed, "", "0", "0");
    report("... frames without an echo", (double)(shared->sent - shared->echoed), "", "-", "-");
    if (info.resyncing || shared->tunnels_left != info.tunnels)
        check(L2TPHA_ERR_STATE, "takeover lost something");
}

static void run_lns(struct host *host, uint32_t tunnels)
{
    host->node = make_node("lns", false);
    host->standby = make_node("lns", true);
    host->frame = echo;
    check(l2tpha_checkpoint_bulk(host->node, clock_us()), "bulk");
    while (!shared->ready)
        turn(host, 1000);
    run_for(host, 500000);
    shared->gap_us = shared->worst_us = 0;
    run_for(host, 2000000);
    report("65,000 calls over UDP: longest gap in the data", (double)shared->gap_us / 1e3, "ms",
           "-", "-");
    shared->gap_us = shared->worst_us = 0;
    uint64_t began = clock_us();
    host->node = host->standby;
    host->standby = NULL;
    check(l2tpha_takeover(host->node, 2, began), "takeover");
    uint64_t call_us = clock_us() - began;
    run_for(host, 6000000);
    shared->stop = 1;
    run_for(host, 300000);
    while (wait(NULL) < 0 && errno == EINTR)
        ;
    printf("%u tunnels of one call\n", tunnels);
    report_takeover(host, began, call_us);
}

static void bench_udp(void)
{
    enum { TUNNELS = 65000, FRAMES_PER_MS = 10 };
    struct host host = {0};

    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    check(shared == MAP_FAILED ? L2TPHA_ERR_NOMEM : L2TPHA_OK, "memory");
    host.fd = open_socket(&shared->lns);
    fflush(stdout);
    pid_t lac = fork();
    if (lac == 0) {
        close(host.fd);
        run_lac(TUNNELS, FRAMES_PER_MS);
        _exit(0);
    }
    run_lns(&host, TUNNELS);
}

/* --- a copy --- */

#define PROBES 200000
#define PROBE_US 500 /* a call of a peer so often */

/* Confirmations on their way back; the standby's work is done as soon as it is sent. */
struct ack {
    uint64_t at;
    uint64_t number;
};

struct copy {
    struct bench pair;
    uint64_t delay;      /* one way */
    uint64_t now;        /* the active's */
    uint64_t standby_at; /* when the standby is done with what it has */
    struct ack acks[4096];
    uint32_t first, last;
    struct l2tpha_tunnel *tunnel; /* who calls next, at the LAC */
    uint64_t probe_at;            /* when */
    uint32_t asked_of;            /* tunnel of the LNS that owes an answer; 0 = none */
    uint32_t latencies[PROBES];
    uint32_t probes;
    uint32_t busy; /* longest turn of the active */
};

static void apply(struct copy *copy, const struct l2tpha_output *output)
{
    uint64_t start = clock_ns();
    uint64_t arrives = copy->now + copy->delay;

    check(l2tpha_checkpoint_apply(copy->pair.standby, output->data, output->len, arrives, NULL),
          "apply");
    copy->standby_at = (copy->standby_at > arrives ? copy->standby_at : arrives) +
                       (clock_ns() - start + 999) / 1000;
    copy->acks[copy->last++ % 4096] =
        (struct ack){copy->standby_at + copy->delay, output->position};
    if (copy->last - copy->first > 4096)
        check(L2TPHA_ERR_LIMIT, "acknowledgements");
}

static void call_in(struct copy *copy)
{
    struct l2tpha_session_options call = {
        .size = sizeof(call), .call = L2TPHA_CALL_INCOMING, .framing = 1, .tx_speed = 64000};
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};
    struct l2tpha_session *session;

    copy->tunnel = l2tpha_tunnel_next(copy->pair.lac, copy->tunnel);
    if (!copy->tunnel)
        copy->tunnel = l2tpha_tunnel_next(copy->pair.lac, NULL);
    check(l2tpha_session_open(copy->tunnel, &call, copy->pair.now, &session), "session");
    l2tpha_tunnel_get(copy->tunnel, &record);
    copy->asked_of = record.remote_id;
}

/* The answer leaves: the next caller comes at the next tick after. */
static void answered(struct copy *copy, uint64_t now)
{
    copy->asked_of = 0;
    if (copy->probes < PROBES)
        copy->latencies[copy->probes++] = (uint32_t)(now - copy->probe_at);
    while (copy->probe_at <= now)
        copy->probe_at += PROBE_US;
}

/* One turn of the active's loop; what the standby does meanwhile is not its time. */
static void turn_active(struct copy *copy)
{
    struct l2tpha_node *node = copy->pair.lns;
    uint64_t began = copy->now, start = clock_ns(), others = 0;
    struct l2tpha_output output;

    while (copy->first != copy->last && copy->acks[copy->first % 4096].at <= copy->now)
        check(l2tpha_checkpoint_done(node, copy->acks[copy->first++ % 4096].number, 0, copy->now),
              "done");
    if (!copy->asked_of && copy->probe_at <= copy->now)
        call_in(copy);
    bench_speak(&copy->pair, copy->now);
    if (l2tpha_deadline(node) <= copy->now)
        check(l2tpha_expire(node, copy->now), "expire");
    while (l2tpha_poll(node, &output, 1, copy->now) > 0) {
        uint64_t now = began + (clock_ns() - start - others) / 1000, from = clock_ns();
        if (output.kind == L2TPHA_OUTPUT_CHECKPOINT) {
            copy->now = now;
            apply(copy, &output);
        } else if (output.kind == L2TPHA_OUTPUT_DATAGRAM) {
            if (output.tunnel_id == copy->asked_of)
                answered(copy, now);
            bench_hear(&copy->pair, &output);
        }
        others += clock_ns() - from;
    }
    copy->now = began + (clock_ns() - start - others) / 1000 + 1;
    if (copy->now - began > copy->busy)
        copy->busy = (uint32_t)(copy->now - began);
}

static uint64_t next_event(const struct copy *copy)
{
    uint64_t at = l2tpha_deadline(copy->pair.lns);

    if (copy->first != copy->last && copy->acks[copy->first % 4096].at < at)
        at = copy->acks[copy->first % 4096].at;
    return !copy->asked_of && copy->probe_at < at ? copy->probe_at : at;
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void bench_copy_of(uint32_t tunnels, uint32_t sessions, uint64_t round_trip_us,
                          const char *must, const char *goal)
{
    static struct copy copy;
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};

    copy = (struct copy){.delay = round_trip_us / 2};
    bench_open(&copy.pair, false);
    bench_calls(&copy.pair, tunnels, sessions, 16);
    copy.pair.standby = bench_standby(&copy.pair);
    copy.now = copy.standby_at = copy.probe_at = copy.pair.now;
    check(l2tpha_checkpoint_bulk(copy.pair.lns, copy.now), "bulk");
    do {
        turn_active(&copy);
        uint64_t next = next_event(&copy);
        copy.now = next > copy.now && next != L2TPHA_NEVER ? next : copy.now;
        l2tpha_redundancy_get(copy.pair.lns, &info);
    } while (info.role == L2TPHA_ROLE_ACTIVE_BULK);
    if (info.role != L2TPHA_ROLE_ACTIVE)
        check(L2TPHA_ERR_STATE, "the standby was given up");
    qsort(copy.latencies, copy.probes, sizeof(copy.latencies[0]), by_size);
    printf("copy of %u sessions in %u tunnels, round trip %llu ms\n", tunnels * sessions, tunnels,
           (unsigned long long)round_trip_us / 1000);
    report("... in sync after", (double)(copy.now - copy.pair.now) / 1e3, "ms", must, goal);
    report("... a call of a peer answered meanwhile, p50", copy.latencies[copy.probes / 2] / 1e3,
           "ms", "-", "-");
    report("... the same, p99", copy.latencies[copy.probes * 99ull / 100] / 1e3, "ms", "-", "5");
    report("... the same, longest", copy.latencies[copy.probes - 1] / 1e3, "ms", "-", "-");
    report("... longest turn of the active's loop", copy.busy / 1e3, "ms", "-", "-");
    bench_close(&copy.pair);
}

static void bench_copy(void)
{
    bench_copy_of(3125, 16, 10000, "-", "110");
    bench_copy_of(62500, 16, 10000, "4000", "1000");
    bench_copy_of(62500, 16, 0, "-", "-");
}

static const struct {
    const char *name;
    void (*run)(void);
} parts[] = {{"udp", bench_udp}, {"copy", bench_copy}};

/* All parts, or those named. */
int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        bool wanted = argc == 1;
        for (int j = 1; j < argc; j++)
            wanted = wanted || strcmp(argv[j], parts[i].name) == 0;
        if (wanted)
            parts[i].run();
    }
    return 0;
}
