/* SPDX-License-Identifier: MIT */
/* Descriptors that a service manager hands over: how many, how they are called, and whether one is
 * the socket that is wanted. */
#include "common/listen_fds.h"
#include "common/udp.h"
#include "fixture.h"
#include "pair/address.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SELF 4242

static const struct {
    const char *pid, *fds;
    unsigned count;
    const char *why; /* a part of what is said; NULL = nothing is wrong */
} words[] = {
    {NULL, NULL, 0, NULL},
    {NULL, "1", 0, NULL},
    {"4242", NULL, 0, NULL},
    {"4242", "0", 0, NULL},
    {"4242", "1", 1, NULL},
    {"4242", "64", 64, NULL},
    {"4242", "65", 0, "LISTEN_FDS"},
    {"4242", "99999999999999999999", 0, "LISTEN_FDS"},
    {"4242", "4294967297", 0, "LISTEN_FDS"},
    {"4242", "-1", 0, "LISTEN_FDS"},
    {"4242", "", 0, "LISTEN_FDS"},
    {"4242", "1x", 0, "LISTEN_FDS"},
    {"4242", " 1", 0, "LISTEN_FDS"},
    {"4241", "1", 0, "another process"},
    {"4294971538", "1", 0, "no process id"}, /* 4242 in 32 bits */
    {"0", "1", 0, "no process id"},
    {"", "1", 0, "no process id"},
    {"4242 ", "1", 0, "no process id"},
};

START_TEST(what_the_environment_says)
{
    struct listen_fds found;
    const char *why = listen_fds_parse(words[_i].pid, words[_i].fds, NULL, SELF, &found);
    ck_assert_uint_eq(found.count, words[_i].count);
    ck_assert_int_eq(why != NULL, words[_i].why != NULL);
    if (why != NULL)
        ck_assert_ptr_nonnull(strstr(why, words[_i].why));
}
END_TEST

START_TEST(names_are_told_apart_by_colons)
{
    static const struct {
        const char *names;
        unsigned index;
        const char *name;
    } rows[] = {
        {NULL, 0, ""},   {"", 0, ""},     {"a", 0, "a"},        {"a", 1, ""},
        {"a:b", 0, "a"}, {"a:b", 1, "b"}, {"a::l2tp-0", 1, ""}, {"a::l2tp-0", 2, "l2tp-0"},
        {"a:", 1, ""},   {":", 7, ""},
    };
    char name[LISTEN_FDS_NAME_MAX + 1], longest[LISTEN_FDS_NAME_MAX + 2];
    struct listen_fds found;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ck_assert_ptr_null(listen_fds_parse("4242", "8", rows[i].names, SELF, &found));
        ck_assert_str_eq(listen_fds_name(&found, rows[i].index, name), rows[i].name);
    }
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    ck_assert_ptr_null(listen_fds_parse("4242", "1", longest, SELF, &found));
    ck_assert_str_eq(listen_fds_name(&found, 0, name), ""); /* too long */
    ck_assert_ptr_null(listen_fds_parse("4242", "1", longest + 1, SELF, &found));
    ck_assert_str_eq(listen_fds_name(&found, 0, name), longest + 1);
}
END_TEST

static struct l2tpha_address parse(const char *text)
{
    struct l2tpha_address address;
    ck_assert_ptr_null(address_parse(text, 0, &address));
    return address;
}

static void assert_wrong(int fd, const struct l2tpha_address *wanted, const char *part)
{
    char text[LISTEN_FDS_WHY_MAX];
    const char *why = listen_fds_check(fd, wanted, text);
    ck_assert_ptr_nonnull(why);
    ck_assert_msg(strstr(why, part) != NULL, "'%s' says nothing of '%s'", why, part);
}

START_TEST(a_socket_that_is_wanted)
{
    static const char *const places[] = {"127.0.0.1", "0.0.0.0", "::1"};
    char why[LISTEN_FDS_WHY_MAX];
    struct l2tpha_address any_port = parse(places[_i]), bound;
    struct udp *udp = udp_open(root, &any_port);
    ck_assert_ptr_nonnull(udp);
    udp_address(udp, &bound);
    ck_assert_ptr_null(listen_fds_check(udp_fd(udp), &bound, why));
    ck_assert_ptr_null(listen_fds_check(udp_fd(udp), &any_port, why));
    talloc_free(udp);
}
END_TEST

START_TEST(others_are_not)
{
    struct l2tpha_address here = parse("127.0.0.1:1"), any_port = parse("127.0.0.1"), bound;
    struct l2tpha_address elsewhere = parse("127.0.0.2"), everywhere = parse("0.0.0.0");
    struct udp *udp = udp_open(root, &any_port);
    int tcp = socket(AF_INET, SOCK_STREAM, 0), bare = socket(AF_INET, SOCK_DGRAM, 0);
    int local = socket(AF_UNIX, SOCK_DGRAM, 0), ends[2];
    struct sockaddr_storage to;
    udp_address(udp, &bound);
    ck_assert_int_eq(pipe(ends), 0);
    assert_wrong(tcp, &here, "no UDP socket");
    assert_wrong(local, &here, "no UDP socket");
    assert_wrong(ends[0], &here, "no socket");
    assert_wrong(bare, &any_port, "is bound to 0.0.0.0:0");
    assert_wrong(bare, &everywhere, "is bound to 0.0.0.0:0");
    assert_wrong(udp_fd(udp), &here, "and --listen says 127.0.0.1:1");
    assert_wrong(udp_fd(udp), &elsewhere, "is bound to 127.0.0.1:");
    assert_wrong(udp_fd(udp), &everywhere, "is bound to 127.0.0.1:");
    socklen_t len = address_to_socket(&bound, &to);
    ck_assert_int_eq(connect(udp_fd(udp), (const struct sockaddr *)&to, len), 0);
    assert_wrong(udp_fd(udp), &bound, "connected");
    talloc_free(udp);
    close(tcp);
    close(bare);
    close(local);
    close(ends[0]);
    close(ends[1]);
    assert_wrong(ends[1], &here, "not open");
}
END_TEST

Suite *suite_listen_fds(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("listen_fds", &tcase);
    tcase_add_loop_test(tcase, what_the_environment_says, 0,
                        (int)(sizeof(words) / sizeof(words[0])));
    tcase_add_test(tcase, names_are_told_apart_by_colons);
    tcase_add_loop_test(tcase, a_socket_that_is_wanted, 0, 3);
    tcase_add_test(tcase, others_are_not);
    return suite;
}
