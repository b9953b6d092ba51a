/* SPDX-License-Identifier: MIT */
#include "fixture.h"
#include "pair/address.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

static const struct {
    const char *text;
    const char *shown; /* NULL = refused */
} texts[] = {
    {"192.0.2.1", "192.0.2.1:1701"},
    {"192.0.2.1:0", "192.0.2.1:0"},
    {"192.0.2.1:65535", "192.0.2.1:65535"},
    {"192.0.2.1:65536", NULL},
    {"192.0.2.1:99999999999999999999", NULL},
    {"192.0.2.1:", NULL},
    {"192.0.2.1:-1", NULL},
    {"192.0.2.1:+1", NULL},
    {"192.0.2.1: 1", NULL},
    {"192.0.2.1:17x", NULL},
    {"192.0.2.1x", NULL},
    {"192.0.2.256", NULL},
    {"192.0.2", NULL},
    {"", NULL},
    {":1701", NULL},
    {"localhost", NULL},
    {"::", "[::]:1701"},
    {"2001:db8::1", "[2001:db8::1]:1701"},
    {"[2001:db8::1]", "[2001:db8::1]:1701"},
    {"[2001:db8::1]:5", "[2001:db8::1]:5"},
    {"[::1%lo]:5", "[::1%lo]:5"},
    {"[::1%no-such-interface]:5", NULL},
    {"[2001:db8::1", NULL},
    {"[2001:db8::1]5", NULL},
    {"[2001:db8::1]:", NULL},
    {"[]:5", NULL},
    {"[192.0.2.1]:5", NULL},
    {"2001:db8::g", NULL},
    {"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd:eeee:ffff:0000:1111", NULL},
};
#define TEXTS (int)(sizeof(texts) / sizeof(texts[0]))

START_TEST(addresses_are_parsed_or_refused)
{
    struct l2tpha_address address = {0};
    char shown[ADDRESS_TEXT_MAX];
    const char *why = address_parse(texts[_i].text, 1701, &address);
    if (texts[_i].shown == NULL) {
        ck_assert_msg(why != NULL, "'%s' was taken", texts[_i].text);
        ck_assert_uint_eq(address.len, 0);
        return;
    }
    ck_assert_msg(why == NULL, "'%s': %s", texts[_i].text, why);
    ck_assert_str_eq(address_text(&address, shown), texts[_i].shown);
}
END_TEST

/* The library compares bytes: what the kernel left in the padding must not count. */
START_TEST(padding_is_dropped)
{
    struct l2tpha_address parsed, received;
    struct sockaddr_storage socket;
    ck_assert_ptr_null(address_parse("192.0.2.1:1701", 0, &parsed));
    memset(&socket, 0xff, sizeof(socket));
    struct sockaddr_in *in = (struct sockaddr_in *)&socket;
    in->sin_family = AF_INET;
    in->sin_port = htons(1701);
    in->sin_addr.s_addr = htonl(0xc0000201);
    memset(&received, 0xff, sizeof(received));
    address_from_socket(&socket, &received);
    ck_assert_mem_eq(&parsed, &received, sizeof(parsed));
}
END_TEST

START_TEST(addresses_survive_the_socket)
{
    struct l2tpha_address before, after;
    struct sockaddr_storage socket;
    ck_assert_ptr_null(address_parse("[2001:db8::5]:77", 0, &before));
    ck_assert_int_eq(address_family(&before), AF_INET6);
    ck_assert_uint_eq(address_to_socket(&before, &socket), sizeof(struct sockaddr_in6));
    address_from_socket(&socket, &after);
    ck_assert_mem_eq(&before, &after, sizeof(before));
    memset(&before, 0, sizeof(before));
    ck_assert_int_eq(address_family(&before), AF_UNSPEC);
    ck_assert_uint_eq(address_to_socket(&before, &socket), 0);
}
END_TEST

START_TEST(one_host_has_many_ports)
{
    static const char *const same[][2] = {{"192.0.2.1:1", "192.0.2.1:2"},
                                          {"[2001:db8::1]:1", "[2001:db8::1]:2"}};
    static const char *const others[][2] = {{"192.0.2.1:1", "192.0.2.2:1"},
                                            {"[2001:db8::1]:1", "[2001:db8::2]:1"},
                                            {"[::1%lo]:1", "[::1]:1"},
                                            {"192.0.2.1:1", "[::ffff:192.0.2.1]:1"}};
    struct l2tpha_address a, b, nothing = {0};
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        ck_assert_ptr_null(address_parse(same[i][0], 0, &a));
        ck_assert_ptr_null(address_parse(same[i][1], 0, &b));
        ck_assert(address_same_host(&a, &b));
        ck_assert(!address_same_host(&a, &nothing));
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        ck_assert_ptr_null(address_parse(others[i][0], 0, &a));
        ck_assert_ptr_null(address_parse(others[i][1], 0, &b));
        ck_assert(!address_same_host(&a, &b));
    }
}
END_TEST

START_TEST(endpoints_are_parsed)
{
    struct endpoint endpoint;
    char shown[ENDPOINT_TEXT_MAX];
    ck_assert_ptr_null(endpoint_parse("unix:/run/l2tpha", &endpoint));
    ck_assert_str_eq(endpoint_text(&endpoint, shown), "/run/l2tpha");
    ck_assert_int_eq(endpoint.kind, ENDPOINT_UNIX);
    ck_assert_str_eq(((struct sockaddr_un *)&endpoint.socket)->sun_path, "/run/l2tpha");
    ck_assert_ptr_null(endpoint_parse("tcp:192.0.2.1:5000", &endpoint));
    ck_assert_int_eq(endpoint.kind, ENDPOINT_TCP);
    ck_assert_uint_eq(endpoint.len, sizeof(struct sockaddr_in));
    ck_assert_ptr_null(endpoint_parse("tcp:[::1]:5000", &endpoint));
    ck_assert_uint_eq(endpoint.len, sizeof(struct sockaddr_in6));
    ck_assert_str_eq(endpoint_text(&endpoint, shown), "[::1]:5000");
}
END_TEST

START_TEST(endpoints_are_refused)
{
    static const char *const wrong[] = {"",          "unix:",           "unix",
                                        "tcp:",      "tcp:192.0.2.1",   "tcp:192.0.2.1:0",
                                        "tcp:[::1]", "udp:192.0.2.1:5", "/run/l2tpha"};
    struct endpoint endpoint;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        ck_assert_msg(endpoint_parse(wrong[i], &endpoint) != NULL, "'%s' was taken", wrong[i]);
}
END_TEST

/* localhost is in every system's own table. */
START_TEST(names_are_looked_up)
{
    struct l2tpha_address address;
    char shown[ADDRESS_TEXT_MAX];
    ck_assert_ptr_null(address_resolve("localhost:5", 1701, AF_INET, &address));
    ck_assert_str_eq(address_text(&address, shown), "127.0.0.1:5");
    ck_assert_ptr_null(address_resolve("localhost", 1701, AF_INET, &address));
    ck_assert_str_eq(address_text(&address, shown), "127.0.0.1:1701");
    ck_assert_ptr_null(address_resolve("[::1%lo]:5", 1701, AF_INET, &address));
    ck_assert_str_eq(address_text(&address, shown), "[::1%lo]:5");
    ck_assert_str_eq(address_resolve("localhost:x", 1701, AF_UNSPEC, &address),
                     "the port is not a number");
    ck_assert_str_eq(address_resolve("127.0.0.256", 1701, AF_UNSPEC, &address),
                     "not an IPv4 or IPv6 address in numbers");
    ck_assert_ptr_nonnull(address_resolve("no..where", 1701, AF_UNSPEC, &address));
    ck_assert_ptr_nonnull(address_resolve("", 1701, AF_UNSPEC, &address));
}
END_TEST

START_TEST(longest_unix_path)
{
    struct endpoint endpoint;
    char path[109];
    memset(path, 'a', sizeof(path));
    path[108] = '\0';
    ck_assert_ptr_nonnull(endpoint_unix(path, &endpoint));
    path[107] = '\0';
    ck_assert_ptr_null(endpoint_unix(path, &endpoint));
}
END_TEST

Suite *suite_address(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("address", &tcase);
    tcase_add_loop_test(tcase, addresses_are_parsed_or_refused, 0, TEXTS);
    tcase_add_test(tcase, padding_is_dropped);
    tcase_add_test(tcase, addresses_survive_the_socket);
    tcase_add_test(tcase, one_host_has_many_ports);
    tcase_add_test(tcase, endpoints_are_parsed);
    tcase_add_test(tcase, endpoints_are_refused);
    tcase_add_test(tcase, names_are_looked_up);
    tcase_add_test(tcase, longest_unix_path);
    return suite;
}
