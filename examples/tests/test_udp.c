/* SPDX-License-Identifier: MIT */
/* The socket: addresses where it is bound to none, errors, and many datagrams at once. */
#include "common/udp.h"
#include "fixture.h"
#include "pair/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

static struct l2tpha_address parse(const char *text)
{
    struct l2tpha_address address;
    ck_assert_ptr_null(address_parse(text, 0, &address));
    return address;
}

/* The only one that is there. Its length, or -1. */
static ssize_t receive(struct udp *udp, struct l2tpha_path *path)
{
    const struct udp_datagram *datagrams;
    size_t count = udp_receive(udp, &datagrams);
    ck_assert_uint_le(count, 1);
    if (count == 0)
        return -1;
    *path = datagrams[0].path;
    return (ssize_t)datagrams[0].len;
}

static void send_one(struct udp *udp, const struct l2tpha_path *path, const char *text)
{
    ck_assert_uint_eq(udp_queue(udp, path, text, 1, text + 1, strlen(text) - 1), 0);
    ck_assert_uint_eq(udp_waiting(udp), 1);
    ck_assert_uint_eq(udp_flush(udp), 0);
    ck_assert_uint_eq(udp_waiting(udp), 0);
}

/* Say something to our socket's port at this address. Returns the socket that did. */
static int say(const struct udp *udp, const char *text)
{
    const struct timeval patience = {.tv_sec = 10};
    struct l2tpha_address bound, target = parse(text);
    struct sockaddr_storage own, to;
    socklen_t len;
    udp_address(udp, &bound);
    address_to_socket(&bound, &own);
    len = address_to_socket(&target, &to);
    if (to.ss_family == AF_INET)
        ((struct sockaddr_in *)&to)->sin_port = ((struct sockaddr_in *)&own)->sin_port;
    else
        ((struct sockaddr_in6 *)&to)->sin6_port = ((struct sockaddr_in6 *)&own)->sin6_port;
    int fd = socket(to.ss_family, SOCK_DGRAM, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    ck_assert_int_eq(sendto(fd, "ask", 3, 0, (const struct sockaddr *)&to, len), 3);
    return fd;
}

static void expect_answer(int fd, const char *from)
{
    char data[16], shown[ADDRESS_TEXT_MAX];
    struct sockaddr_storage source = {0};
    socklen_t len = sizeof(source);
    struct l2tpha_address address;
    ck_assert_int_eq(recvfrom(fd, data, sizeof(data), 0, (struct sockaddr *)&source, &len), 6);
    ck_assert_mem_eq(data, "answer", 6);
    address_from_socket(&source, &address);
    address_text(&address, shown);
    *strrchr(shown, ':') = '\0';
    ck_assert_str_eq(shown, from);
    close(fd);
}

static const struct {
    const char *listen, *target, *from;
    bool told; /* path->local */
} rows[] = {
    {"0.0.0.0:0", "127.0.0.1:0", "127.0.0.1", true},
    {"0.0.0.0:0", "127.0.0.2:0", "127.0.0.2", true},
    {"0.0.0.0:0", "127.9.8.7:0", "127.9.8.7", true},
    {"127.0.0.3:0", "127.0.0.3:0", "127.0.0.3", false},
    {"[::]:0", "[::1]:0", "[::1]", true},
    {"[::]:0", "127.0.0.2:0", "127.0.0.2", true},
};

static void share(int fd, int on)
{
    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
}

START_TEST(answers_leave_from_where_the_question_came_to)
{
    struct l2tpha_address listen = parse(rows[_i].listen);
    struct l2tpha_path path;
    struct udp *udp = udp_open(root, &listen);
    if (udp == NULL && listen.len == sizeof(struct sockaddr_in6))
        return; /* a system without IPv6 */
    ck_assert_ptr_nonnull(udp);
    int fd = say(udp, rows[_i].target);
    ck_assert_int_eq(receive(udp, &path), 3);
    ck_assert_int_eq(address_family(&path.local) != AF_UNSPEC, rows[_i].told);
    send_one(udp, &path, "answer");
    expect_answer(fd, rows[_i].from);
    ck_assert_int_eq(receive(udp, &path), -1);
    talloc_free(udp);
}
END_TEST

/* The standby has the active's socket, and the path from the record. */
START_TEST(an_inherited_socket_answers_from_there_too)
{
    struct l2tpha_address listen = parse("0.0.0.0:0");
    struct l2tpha_path path;
    struct udp *active = udp_open(root, &listen);
    ck_assert_ptr_nonnull(active);
    int fd = say(active, "127.0.0.2:0");
    ck_assert_int_eq(receive(active, &path), 3);
    struct udp *standby = udp_adopt(root, dup(udp_fd(active)));
    talloc_free(active);
    send_one(standby, &path, "answer");
    expect_answer(fd, "127.0.0.2");
    talloc_free(standby);
}
END_TEST

/* Where nothing is known the route decides. */
START_TEST(what_is_no_answer_leaves_by_the_route)
{
    struct l2tpha_address any = parse("0.0.0.0:0"), peer = parse("127.0.0.1:0");
    struct l2tpha_path path = {.local = {.len = 0}};
    struct udp *udp = udp_open(root, &any), *other = udp_open(root, &peer);
    udp_address(other, &path.remote);
    send_one(udp, &path, "x");
    ck_assert_int_eq(receive(other, &path), 1);
    talloc_free(udp);
    talloc_free(other);
}
END_TEST

static const char *const families[] = {"127.0.0.1:0", "[::1]:0"};

/* The port is closed; whatever came back of that, what is sent next leaves, and the socket is not
 * left with something to be read. */
START_TEST(a_closed_port_is_told_and_disturbs_nothing)
{
    struct l2tpha_address loopback = parse(families[_i]);
    struct l2tpha_path closed = {.local = {.len = 0}}, open = closed, from;
    struct udp *udp = udp_open(root, &loopback), *other = udp_open(root, &loopback);
    struct pollfd ready = {.events = POLLIN};
    if (udp == NULL && _i == 1)
        return; /* a system without IPv6 */
    udp_watch(udp);
    ck_assert_int_eq(udp_trouble(udp), 0);
    udp_address(other, &closed.remote);
    talloc_free(other);
    other = udp_open(root, &loopback);
    udp_address(other, &open.remote);
    ready.fd = udp_fd(udp);
    for (int i = 0; i < 3; i++) {
        send_one(udp, &closed, "lost");
        ck_assert_int_eq(poll(&ready, 1, 10000), 1);
        if (i > 0)
            ck_assert_int_eq(receive(udp, &from), -1);
        send_one(udp, &open, "kept");
        ck_assert_int_eq(receive(other, &from), 4);
        ck_assert_int_eq(receive(udp, &from), -1);
        ck_assert_int_eq(udp_trouble(udp), ECONNREFUSED);
        ck_assert_int_eq(poll(&ready, 1, 0), 0);
    }
    udp_address(udp, &open.remote);
    send_one(other, &open, "word");
    ck_assert_int_eq(receive(udp, &from), 4);
    ck_assert_int_eq(udp_trouble(udp), 0);
    talloc_free(udp);
    talloc_free(other);
}
END_TEST

/* A port that changes hands, and comes back, is never free. */
START_TEST(a_shared_port_is_the_last_ones)
{
    struct l2tpha_address listen = parse("127.0.0.4:0"), bound;
    struct l2tpha_path path;
    struct udp *old = udp_open(root, &listen);
    udp_address(old, &bound);
    ck_assert_ptr_null(udp_open_beside(root, &bound));
    share(udp_fd(old), true);
    ck_assert_ptr_null(udp_open(root, &bound));
    struct udp *next = udp_open_beside(root, &bound);
    ck_assert_ptr_nonnull(next);
    close(say(old, "127.0.0.4:0"));
    ck_assert_int_eq(receive(next, &path), 3);
    ck_assert_int_eq(receive(old, &path), -1);
    ck_assert_ptr_null(udp_open_beside(root, &bound)); /* the next one is nobody's to share */
    talloc_free(next);
    close(say(old, "127.0.0.4:0"));
    ck_assert_int_eq(receive(old, &path), 3);
    share(udp_fd(old), false);
    ck_assert_ptr_null(udp_open_beside(root, &bound));
    talloc_free(old);
}
END_TEST

START_TEST(whose_address_it_is_can_be_known)
{
    struct l2tpha_address here = parse("127.0.0.1:1701"), gone = parse("192.0.2.77:1701");
    ck_assert(address_is_here(&here));
    ck_assert(!address_is_here(&gone));
}
END_TEST

/* --- many at once --- */

#define MANY 150
#define NONE UINT8_MAX
#define LONG 5000 /* does not wait */

static struct l2tpha_path path_to(const struct udp *udp)
{
    struct l2tpha_path path = {.local = {.len = 0}};
    udp_address(udp, &path.remote);
    return path;
}

/* A number and so many octets, all alike. */
static size_t queue_numbered(struct udp *udp, const struct l2tpha_path *path, uint8_t number,
                             size_t len)
{
    static uint8_t body[UDP_DATAGRAM_MAX];
    memset(body, number, len);
    return udp_queue(udp, path, &number, 1, body, len);
}

/* All that has come, in the order of their numbers from first on, but for those skipped. */
static void expect_numbered(struct udp *udp, uint8_t first, uint8_t behind, uint8_t skipped)
{
    const struct udp_datagram *datagrams;
    size_t count;
    while (first < behind) {
        count = udp_receive(udp, &datagrams);
        ck_assert_uint_ge(count, 1);
        ck_assert_uint_le(count, UDP_BATCH);
        for (size_t i = 0; i < count; i++, first++) {
            first += first == skipped;
            ck_assert_uint_eq(datagrams[i].data[0], first);
            ck_assert_uint_eq(datagrams[i].data[datagrams[i].len - 1], first);
        }
    }
    ck_assert_uint_eq(first, behind);
    ck_assert_uint_eq(udp_receive(udp, &datagrams), 0);
}

START_TEST(many_arrive_in_their_order)
{
    struct l2tpha_address loopback = parse("127.0.0.1:0");
    struct udp *from = udp_open(root, &loopback), *to = udp_open(root, &loopback);
    struct l2tpha_path path = path_to(to);
    const struct udp_datagram *datagrams;
    for (uint8_t i = 0; i < MANY; i++)
        ck_assert_uint_eq(queue_numbered(from, &path, i, i % 50 == 20 ? LONG : i), 0);
    ck_assert_uint_eq(udp_flush(from), 0);
    ck_assert_uint_eq(udp_flush(from), 0);
    ck_assert_uint_eq(udp_receive(to, &datagrams), UDP_BATCH);
    ck_assert_uint_eq(datagrams[20].len, LONG + 1);
    ck_assert_uint_eq(datagrams[UDP_BATCH - 1].data[0], UDP_BATCH - 1);
    expect_numbered(to, UDP_BATCH, MANY, NONE);
    talloc_free(from);
    talloc_free(to);
}
END_TEST

/* One that the system does not take: it is counted, and those behind it leave. */
START_TEST(one_that_is_refused_stops_no_other)
{
    static const uint8_t places[] = {0, 3, 9};
    struct l2tpha_address loopback = parse("127.0.0.1:0");
    struct udp *from = udp_open(root, &loopback), *to = udp_open(root, &loopback);
    struct l2tpha_path path = path_to(to), nowhere = {.remote = parse("[::1]:1701")};
    uint8_t bad = places[_i / 2];
    bool is_long = _i % 2;
    size_t lost = 0;
    if (is_long)
        nowhere = path;
    for (uint8_t i = 0; i < 10; i++)
        lost += queue_numbered(from, i == bad ? &nowhere : &path, i,
                               i == bad && is_long ? UDP_DATAGRAM_MAX - 1 : 10);
    lost += udp_flush(from);
    ck_assert_uint_eq(lost, 1);
    ck_assert_uint_eq(udp_waiting(from), 0);
    expect_numbered(to, 0, bad == 9 ? 9 : 10, bad);
    ck_assert_int_eq(udp_trouble(from) != 0, !is_long);
    talloc_free(from);
    talloc_free(to);
}
END_TEST

/* What came back of others does not count for those that are sent now. */
START_TEST(a_closed_port_costs_the_others_nothing)
{
    struct l2tpha_address loopback = parse("127.0.0.1:0");
    struct udp *from = udp_open(root, &loopback), *to = udp_open(root, &loopback);
    struct udp *gone = udp_open(root, &loopback);
    struct l2tpha_path open = path_to(to), closed = path_to(gone);
    talloc_free(gone);
    udp_watch(from);
    for (int round = 0; round < 3; round++) {
        for (uint8_t i = 0; i < 40; i++)
            ck_assert_uint_eq(queue_numbered(from, i % 3 == 1 ? &closed : &open, i / 3, 10), 0);
        ck_assert_uint_eq(udp_flush(from), 0);
        const struct udp_datagram *datagrams;
        ck_assert_uint_eq(udp_receive(to, &datagrams), 27);
        ck_assert_uint_eq(udp_receive(from, &datagrams), 0);
        ck_assert_int_eq(udp_trouble(from), ECONNREFUSED);
    }
    talloc_free(from);
    talloc_free(to);
}
END_TEST

START_TEST(what_is_dropped_is_not_sent)
{
    struct l2tpha_address loopback = parse("127.0.0.1:0");
    struct udp *from = udp_open(root, &loopback), *to = udp_open(root, &loopback);
    struct l2tpha_path path = path_to(to);
    for (uint8_t i = 0; i < 5; i++)
        queue_numbered(from, &path, i, 10);
    ck_assert_uint_eq(udp_drop(from), 5);
    ck_assert_uint_eq(udp_flush(from), 0);
    queue_numbered(from, &path, 5, 10);
    ck_assert_uint_eq(udp_flush(from), 0);
    expect_numbered(to, 5, 6, NONE);
    talloc_free(from);
    talloc_free(to);
}
END_TEST

/* Each of a batch has addresses of its own, both ways. */
START_TEST(answers_of_a_batch_leave_from_their_own_addresses)
{
    static const char *const hosts[] = {"127.0.0.1", "127.0.0.2", "127.9.8.7", "127.0.0.1"};
    struct l2tpha_address listen = parse("0.0.0.0:0");
    struct udp *udp = udp_open(root, &listen);
    const struct udp_datagram *datagrams;
    char text[32];
    int fds[4];
    for (int i = 0; i < 4; i++) {
        snprintf(text, sizeof(text), "%s:0", hosts[i]);
        fds[i] = say(udp, text);
    }
    ck_assert_uint_eq(udp_receive(udp, &datagrams), 4);
    for (int i = 0; i < 4; i++)
        ck_assert_uint_eq(udp_queue(udp, &datagrams[i].path, "answer", 6, NULL, 0), 0);
    ck_assert_uint_eq(udp_flush(udp), 0);
    for (int i = 0; i < 4; i++)
        expect_answer(fds[i], hosts[i]);
    talloc_free(udp);
}
END_TEST

/* Whatever it was made for: it neither blocks, nor is it inherited or shared, and an error that
 * nobody reads does not stay on it. */
START_TEST(a_socket_of_anybody_becomes_like_one_of_our_own)
{
    struct l2tpha_address here = parse("127.0.0.1");
    struct sockaddr_storage bound;
    socklen_t len = address_to_socket(&here, &bound), size = sizeof(int);
    struct l2tpha_path path = {.remote = parse("127.0.0.1:9")};
    int fd = socket(AF_INET, SOCK_DGRAM, 0), on = 1, shared;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&bound, len), 0);
    address_to_socket(&path.remote, &bound);
    ck_assert_int_eq(sendto(fd, "x", 1, 0, (const struct sockaddr *)&bound, len), 1);
    struct pollfd told = {.fd = fd};
    ck_assert_int_eq(poll(&told, 1, 10000), 1); /* nobody is there */
    struct udp *udp = udp_take(root, fd);
    ck_assert_int_eq(udp_fd(udp), fd);
    ck_assert_int_eq(poll(&told, 1, 0), 0);
    ck_assert_int_eq(receive(udp, &path), -1);
    ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
    ck_assert_int_eq(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
    ck_assert_int_eq(getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &shared, &size), 0);
    ck_assert_int_eq(shared, 0);
    struct udp *own = udp_open(root, &here);
    ck_assert_uint_eq(udp_room(udp), udp_room(own));
    talloc_free(own);
    talloc_free(udp);
    ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
}
END_TEST

Suite *suite_udp(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("udp", &tcase);
    tcase_add_loop_test(tcase, answers_leave_from_where_the_question_came_to, 0,
                        (int)(sizeof(rows) / sizeof(rows[0])));
    tcase_add_test(tcase, an_inherited_socket_answers_from_there_too);
    tcase_add_test(tcase, a_socket_of_anybody_becomes_like_one_of_our_own);
    tcase_add_test(tcase, what_is_no_answer_leaves_by_the_route);
    tcase_add_test(tcase, a_shared_port_is_the_last_ones);
    tcase_add_test(tcase, whose_address_it_is_can_be_known);
    tcase_add_loop_test(tcase, a_closed_port_is_told_and_disturbs_nothing, 0, 2);
    tcase_add_test(tcase, many_arrive_in_their_order);
    tcase_add_loop_test(tcase, one_that_is_refused_stops_no_other, 0, 6);
    tcase_add_test(tcase, a_closed_port_costs_the_others_nothing);
    tcase_add_test(tcase, what_is_dropped_is_not_sent);
    tcase_add_test(tcase, answers_of_a_batch_leave_from_their_own_addresses);
    return suite;
}
