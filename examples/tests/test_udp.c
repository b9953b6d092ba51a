/* SPDX-License-Identifier: MIT */
/* A socket bound to no address, on a host that has several. */
#include "common/address.h"
#include "common/udp.h"
#include "fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

static struct l2tpha_address parse(const char *text)
{
    struct l2tpha_address address;
    ck_assert_ptr_null(address_parse(text, 0, &address));
    return address;
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

START_TEST(answers_leave_from_where_the_question_came_to)
{
    static uint8_t data[UDP_DATAGRAM_MAX];
    struct l2tpha_address listen = parse(rows[_i].listen);
    struct l2tpha_path path;
    struct udp *udp = udp_open(root, &listen);
    if (udp == NULL && listen.len == sizeof(struct sockaddr_in6))
        return; /* a system without IPv6 */
    ck_assert_ptr_nonnull(udp);
    int fd = say(udp, rows[_i].target);
    ck_assert_int_eq(udp_receive(udp, data, &path), 3);
    ck_assert_int_eq(address_family(&path.local) != AF_UNSPEC, rows[_i].told);
    ck_assert(udp_send(udp, &path, "ans", 3, "wer", 3));
    expect_answer(fd, rows[_i].from);
    ck_assert_int_eq(udp_receive(udp, data, &path), -1);
    talloc_free(udp);
}
END_TEST

/* The standby has the active's socket, and the path from the record. */
START_TEST(an_inherited_socket_answers_from_there_too)
{
    static uint8_t data[UDP_DATAGRAM_MAX];
    struct l2tpha_address listen = parse("0.0.0.0:0");
    struct l2tpha_path path;
    struct udp *active = udp_open(root, &listen);
    ck_assert_ptr_nonnull(active);
    int fd = say(active, "127.0.0.2:0");
    ck_assert_int_eq(udp_receive(active, data, &path), 3);
    struct udp *standby = udp_adopt(root, dup(udp_fd(active)));
    talloc_free(active);
    ck_assert(udp_send(standby, &path, "answer", 6, NULL, 0));
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
    static uint8_t data[UDP_DATAGRAM_MAX];
    udp_address(other, &path.remote);
    ck_assert(udp_send(udp, &path, "x", 1, NULL, 0));
    ck_assert_int_eq(udp_receive(other, data, &path), 1);
    talloc_free(udp);
    talloc_free(other);
}
END_TEST

static const char *const families[] = {"127.0.0.1:0", "[::1]:0"};

/* The port is closed; whatever came back of that, what is sent next leaves, and the socket is not
 * left with something to be read. */
START_TEST(a_closed_port_is_told_and_disturbs_nothing)
{
    static uint8_t data[UDP_DATAGRAM_MAX];
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
        ck_assert(udp_send(udp, &closed, "lost", 4, NULL, 0));
        ck_assert_int_eq(poll(&ready, 1, 10000), 1);
        if (i > 0)
            ck_assert_int_eq(udp_receive(udp, data, &from), -1);
        ck_assert(udp_send(udp, &open, "kept", 4, NULL, 0));
        ck_assert_int_eq(udp_receive(other, data, &from), 4);
        ck_assert_int_eq(udp_receive(udp, data, &from), -1);
        ck_assert_int_eq(udp_trouble(udp), ECONNREFUSED);
        ck_assert_int_eq(poll(&ready, 1, 0), 0);
    }
    udp_address(udp, &open.remote);
    ck_assert(udp_send(other, &open, "word", 4, NULL, 0));
    ck_assert_int_eq(udp_receive(udp, data, &from), 4);
    ck_assert_int_eq(udp_trouble(udp), 0);
    talloc_free(udp);
    talloc_free(other);
}
END_TEST

/* A port that changes hands, and comes back, is never free. */
START_TEST(a_shared_port_is_the_last_ones)
{
    static uint8_t data[UDP_DATAGRAM_MAX];
    struct l2tpha_address listen = parse("127.0.0.4:0"), bound;
    struct l2tpha_path path;
    struct udp *old = udp_open(root, &listen);
    udp_address(old, &bound);
    ck_assert_ptr_null(udp_open_beside(root, &bound));
    udp_share(old, true);
    ck_assert_ptr_null(udp_open(root, &bound));
    struct udp *next = udp_open_beside(root, &bound);
    ck_assert_ptr_nonnull(next);
    close(say(old, "127.0.0.4:0"));
    ck_assert_int_eq(udp_receive(next, data, &path), 3);
    ck_assert_int_eq(udp_receive(old, data, &path), -1);
    ck_assert_ptr_null(udp_open_beside(root, &bound)); /* the next one is nobody's to share */
    talloc_free(next);
    close(say(old, "127.0.0.4:0"));
    ck_assert_int_eq(udp_receive(old, data, &path), 3);
    udp_share(old, false);
    ck_assert_ptr_null(udp_open_beside(root, &bound));
    talloc_free(old);
}
END_TEST

START_TEST(whose_address_it_is_can_be_known)
{
    struct l2tpha_address here = parse("127.0.0.1:1701"), gone = parse("192.0.2.77:1701");
    ck_assert(udp_is_here(&here));
    ck_assert(!udp_is_here(&gone));
}
END_TEST

Suite *suite_udp(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("udp", &tcase);
    tcase_add_loop_test(tcase, answers_leave_from_where_the_question_came_to, 0,
                        (int)(sizeof(rows) / sizeof(rows[0])));
    tcase_add_test(tcase, an_inherited_socket_answers_from_there_too);
    tcase_add_test(tcase, what_is_no_answer_leaves_by_the_route);
    tcase_add_test(tcase, a_shared_port_is_the_last_ones);
    tcase_add_test(tcase, whose_address_it_is_can_be_known);
    tcase_add_loop_test(tcase, a_closed_port_is_told_and_disturbs_nothing, 0, 2);
    return suite;
}
