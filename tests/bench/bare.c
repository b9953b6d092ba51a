/* SPDX-License-Identifier: MIT */
#include "bench/bare.h"

#include <l2tpha/seal.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ 65536
#define ACK 21
#define BYTES_MAX 256

/* --- timing --- */

static int by_value(const void *a, const void *b)
{
    uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;

    return one < other ? -1 : one > other;
}

void timing_begin(struct timing *timing, const struct load *load)
{
    *timing = (struct timing){.said = calloc(load->count, sizeof(uint64_t)),
                              .took = calloc(load->count, sizeof(uint64_t))};
    check(timing->said && timing->took ? L2TPHA_OK : L2TPHA_ERR_NOMEM, "timing");
    timing->began = wall_ns();
}

uint32_t timing_room(const struct timing *timing, const struct load *load)
{
    uint32_t room = load->window - (timing->made - timing->done);
    uint64_t due = load->count;

    if (load->rate)
        due = (wall_ns() - timing->began) * load->rate / 1000000000u + 1;
    due = due < load->count ? due : load->count;
    due = due > timing->made ? due - timing->made : 0;
    room = room < due ? room : (uint32_t)due;
    return room < load->together ? room : load->together;
}

void timing_say(struct timing *timing)
{
    timing->said[timing->made++] = wall_ns();
}

void timing_done(struct timing *timing)
{
    timing->ended = wall_ns();
    timing->took[timing->done] = timing->ended - timing->said[timing->done];
    timing->done++;
}

struct figures timing_end(struct timing *timing)
{
    uint32_t count = timing->done;

    qsort(timing->took, count, sizeof(timing->took[0]), by_value);
    struct figures figures = {.rate = count * 1e9 / (double)(timing->ended - timing->began),
                              .median_us = (double)timing->took[count / 2] / 1e3,
                              .p99_us = (double)timing->took[(uint64_t)count * 99 / 100] / 1e3};
    free(timing->said);
    free(timing->took);
    return figures;
}

/* --- a stream, sealed or not --- */

struct end {
    int fd;
    struct l2tpha_seal *seal;
};

static int draw(void *user, uint8_t *dst, size_t len)
{
    (void)user;
    return getrandom(dst, len, 0) == (ssize_t)len ? 0 : -1;
}

static void put(int fd, const uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(fd, data, len, MSG_NOSIGNAL);
        check(sent <= 0 ? L2TPHA_ERR_HOST : L2TPHA_OK, "bare stream");
        data += sent;
        len -= (size_t)sent;
    }
}

static void flush(const struct end *end)
{
    const uint8_t *data;
    size_t len = l2tpha_seal_poll(end->seal, &data);

    if (len == 0)
        return;
    put(end->fd, data, len);
    l2tpha_seal_sent(end->seal, len);
}

static void say(const struct end *end, const uint8_t *data, size_t len)
{
    size_t used;

    if (!end->seal) {
        put(end->fd, data, len);
        return;
    }
    check(l2tpha_seal_write(end->seal, data, len, &used, 0), "seal");
    check(used < len ? L2TPHA_ERR_STATE : L2TPHA_OK, "seal");
    flush(end);
}

/* Bytes of plaintext that have come. */
static size_t hear(const struct end *end, int flags)
{
    static uint8_t data[READ];
    struct l2tpha_bytes plain;
    size_t used, heard = 0;

    ssize_t got = recv(end->fd, data, sizeof(data), flags);
    if (got <= 0 || !end->seal)
        return got > 0 ? (size_t)got : 0;
    for (size_t at = 0; at < (size_t)got; at += used, heard += plain.len)
        check(l2tpha_seal_feed(end->seal, data + at, (size_t)got - at, &used, &plain, 0), "seal");
    return heard;
}

static void seal_end(struct end *end, enum way way, bool accept)
{
    struct l2tpha_seal_options options = {
        .size = sizeof(options), .crypto = way_crypto(), .accept = accept, .random = draw};
    struct l2tpha_seal_keys *keys;
    struct l2tpha_seal_info info = {.size = sizeof(info)};

    if (!way_keys(way))
        return;
    check(
        l2tpha_seal_keys_new(NULL, way_crypto(), way_keys(way), strlen(way_keys(way)), NULL, &keys),
        "keys");
    options.keys = keys;
    check(l2tpha_seal_new(NULL, &options, 0, &end->seal), "seal");
    for (l2tpha_seal_get(end->seal, &info); info.state != L2TPHA_SEAL_OPEN;
         l2tpha_seal_get(end->seal, &info)) {
        flush(end);
        if (accept && info.state == L2TPHA_SEAL_ANSWERED)
            return;
        if (info.state != L2TPHA_SEAL_OPEN)
            (void)hear(end, 0);
    }
    flush(end);
}

static void connect_tcp(int ends[2])
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    int on = 1, listener = socket(AF_INET, SOCK_STREAM, 0);

    ends[0] = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&at, len) || listen(listener, 1) ||
        getsockname(listener, (struct sockaddr *)&at, &len) ||
        connect(ends[0], (struct sockaddr *)&at, len))
        check(L2TPHA_ERR_HOST, "tcp");
    ends[1] = accept(listener, NULL, NULL);
    for (int i = 0; i < 2; i++)
        setsockopt(ends[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    close(listener);
}

/* --- there and back --- */

struct bare {
    enum way way;
    uint32_t bytes;
    const struct load *load;
    int ends[2];
    struct figures *figures; /* shared by the processes */
};

static void run_echo(void *argument)
{
    const struct bare *bare = argument;
    struct end end = {.fd = bare->ends[1]};
    uint64_t bytes = 0;
    uint8_t ack[ACK] = {0};

    seal_end(&end, bare->way, true);
    for (size_t got; (got = hear(&end, 0)) > 0 || end.seal;) {
        uint64_t before = bytes / bare->bytes, whole = (bytes += got) / bare->bytes;
        memcpy(ack, &whole, sizeof(whole));
        if (whole > before)
            say(&end, ack, sizeof(ack));
    }
}

/* Acks may come in pieces and many at a time: what counts is how many have come whole. */
struct acks {
    uint8_t tail[ACK];
    size_t held;
};

static uint64_t hear_acks(const struct end *end, struct acks *acks, int flags)
{
    static uint8_t data[READ];
    struct l2tpha_bytes plain = {data, 0};
    uint64_t whole = 0;
    size_t used;

    ssize_t got = recv(end->fd, data, sizeof(data), flags);
    for (size_t at = 0; got > 0 && at < (size_t)got; at += used) {
        used = (size_t)got - at;
        plain = (struct l2tpha_bytes){data + at, used};
        if (end->seal)
            check(l2tpha_seal_feed(end->seal, data + at, (size_t)got - at, &used, &plain, 0),
                  "seal");
        for (size_t i = 0; i < plain.len; i++) {
            acks->tail[acks->held++] = plain.data[i];
            if (acks->held < ACK)
                continue;
            memcpy(&whole, acks->tail, sizeof(whole));
            acks->held = 0;
        }
    }
    return whole;
}

static void exchange(const struct end *end, uint32_t bytes, const struct load *load,
                     struct timing *timing)
{
    static uint8_t frames[BYTES_MAX * 64];
    struct acks acks = {.held = 0};

    while (timing->done < load->count) {
        uint32_t more = timing_room(timing, load);
        for (uint32_t i = 0; i < more; i++)
            timing_say(timing);
        if (more > 0)
            say(end, frames, (size_t)more * bytes);
        bool waits = timing_room(timing, load) == 0;
        struct pollfd ready = {.fd = end->fd, .events = POLLIN};
        if (waits && timing->made == timing->done) /* the next one is not due yet */
            continue;
        if (waits && poll(&ready, 1, load->rate ? 0 : 1000) < 0)
            continue;
        uint64_t whole = hear_acks(end, &acks, MSG_DONTWAIT);
        while (timing->done < whole)
            timing_done(timing);
    }
}

static void run_bare(void *argument)
{
    struct bare *bare = argument;
    struct timing timing;

    if (bare->way == WAY_UNIX)
        check(socketpair(AF_UNIX, SOCK_STREAM, 0, bare->ends) ? L2TPHA_ERR_HOST : L2TPHA_OK,
              "unix");
    else
        connect_tcp(bare->ends);
    struct process echo = process_fork(run_echo, bare);
    struct end end = {.fd = bare->ends[0]};
    close(bare->ends[1]);
    process_begin(&echo);
    seal_end(&end, bare->way, false);
    timing_begin(&timing, bare->load);
    uint64_t here = clock_ns(), there = process_ns(&echo);
    exchange(&end, bare->bytes, bare->load, &timing);
    here = clock_ns() - here;
    there = process_ns(&echo) - there;
    *bare->figures = timing_end(&timing);
    process_end(&echo);
    if (bare->load->rate) /* it has looked at the clock all the time */
        return;
    bare->figures->here_ns = (double)here / bare->load->count;
    bare->figures->there_ns = (double)there / bare->load->count;
}

struct figures bare_run(struct nodes *nodes, enum way way, uint32_t bytes, const struct load *load)
{
    struct bare bare = {.way = way, .bytes = bytes, .load = load};

    check(bytes > BYTES_MAX || load->together > 64 ? L2TPHA_ERR_LIMIT : L2TPHA_OK, "bare");
    bare.figures = mmap(NULL, sizeof(*bare.figures), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    check(bare.figures == MAP_FAILED ? L2TPHA_ERR_NOMEM : L2TPHA_OK, "bare");
    struct process process = process_fork(run_bare, &bare);
    process_begin(&process);
    while (!process_is_over(&process)) {
        if (nodes)
            nodes_turn(nodes, true);
        else
            (void)poll(NULL, 0, 1);
    }
    struct figures figures = *bare.figures;
    munmap(bare.figures, sizeof(*bare.figures));
    return figures;
}
