/* SPDX-License-Identifier: MIT */
/* Two pairs over tcp of this machine, with keys. */
#include "crypto/crypto.h"
#include "fixture.h"

#include <l2tpha/l2tpha.h>
#include <l2tpha/pair.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NODES 2
#define STRANGERS 40
#define PLACES 32 /* for those who have proven nothing */
#define PATIENCE_US UINT64_C(10000000)
#define SECRET_1 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define SECRET_2 "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff"
#define BEYOND " beyond loopback: nothing protects the stream without keys\n"
#define KEY_1 "key 1 " SECRET_1 "\n"
#define KEY_2 "key 2 " SECRET_2 "\n"

struct side {
    struct l2tpha_pair *pair;
    int socket;
    char lines[4096]; /* of its log */
};

static struct side sides[NODES];
static struct l2tpha_config config;
static char urls[NODES][48];

static bool open_socket(void *user, bool beside, const char **why)
{
    struct side *side = user;
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    (void)beside;
    side->socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    *why = NULL;
    return bind(side->socket, (struct sockaddr *)&any, sizeof(any)) == 0;
}

static void take_outputs(void *user, const struct l2tpha_output *outputs, size_t count)
{
    (void)user, (void)outputs, (void)count;
}

static void take_line(void *user, enum l2tpha_log_category category, const char *text)
{
    struct side *side = user;
    size_t len = strlen(side->lines);
    (void)category;
    snprintf(side->lines + len, sizeof(side->lines) - len, "%s\n", text);
}

/* A port that is free now: nobody else on this machine takes it in between, it is hoped. */
static uint16_t free_port(void)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(any);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&any, sizeof(any)), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&any, &len), 0);
    close(fd);
    return ntohs(any.sin_port);
}

static struct l2tpha_pair_options options_of(size_t at, const char *keys)
{
    return (struct l2tpha_pair_options){.size = sizeof(struct l2tpha_pair_options),
                                        .role = at == 0 ? L2TPHA_PAIR_ACTIVE : L2TPHA_PAIR_STANDBY,
                                        .listen = urls[at],
                                        .connect = urls[1 - at],
                                        .takeover_manual = true,
                                        .config = &config,
                                        .fd = &sides[at].socket,
                                        .keys = keys,
                                        .crypto = tests_crypto(),
                                        .host = {.size = sizeof(struct l2tpha_pair_host),
                                                 .user = &sides[at],
                                                 .open = open_socket,
                                                 .outputs = take_outputs,
                                                 .log = take_line}};
}

/* ---- no memory ---- */

/* Of all buffers of the two, the core's included, the one that fails; 0 = none. */
static unsigned long fail_at, allocations;

void *__real__talloc_array(const void *parent, size_t size, unsigned count, const char *name);
void *__wrap__talloc_array(const void *parent, size_t size, unsigned count, const char *name);
void *__wrap__talloc_array(const void *parent, size_t size, unsigned count, const char *name)
{
    return fail_at != 0 && ++allocations == fail_at
               ? NULL
               : __real__talloc_array(parent, size, count, name);
}

static bool try_to_begin(size_t at, const char *keys)
{
    struct l2tpha_pair_options options = options_of(at, keys);
    return l2tpha_pair_new(&options, &sides[at].pair) == L2TPHA_OK &&
           l2tpha_pair_start(sides[at].pair) == NULL;
}

static void begin(size_t at, const char *keys)
{
    struct l2tpha_pair_options options = options_of(at, keys);
    sides[at].lines[0] = '\0';
    assert_ok(l2tpha_pair_new(&options, &sides[at].pair));
    const char *why = l2tpha_pair_start(sides[at].pair);
    ck_assert_msg(why == NULL, "%s", why);
}

static void end(size_t at)
{
    l2tpha_pair_free(sides[at].pair);
    if (sides[at].socket >= 0)
        close(sides[at].socket);
    sides[at] = (struct side){.socket = -1};
}

static void serve(void)
{
    struct pollfd ready[NODES];
    for (size_t i = 0; i < NODES; i++)
        ready[i] = (struct pollfd){.fd = sides[i].pair != NULL ? l2tpha_pair_fd(sides[i].pair) : -1,
                                   .events = POLLIN};
    poll(ready, NODES, 100);
    for (size_t i = 0; i < NODES; i++)
        if (sides[i].pair != NULL)
            (void)l2tpha_pair_service(sides[i].pair);
}

static enum l2tpha_role role_of(size_t at)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};
    l2tpha_redundancy_get(l2tpha_pair_node(sides[at].pair), &info);
    return info.role;
}

static struct l2tpha_pair_info info_of(size_t at)
{
    struct l2tpha_pair_info info = {.size = sizeof(info)};
    l2tpha_pair_get(sides[at].pair, &info);
    return info;
}

static void wait_for_sync(void)
{
    uint64_t until = l2tpha_pair_now() + PATIENCE_US;
    while ((role_of(1) != L2TPHA_ROLE_STANDBY_HOT || role_of(0) != L2TPHA_ROLE_ACTIVE) &&
           l2tpha_pair_now() < until)
        serve();
    ck_assert_int_eq(role_of(1), L2TPHA_ROLE_STANDBY_HOT);
    ck_assert_int_eq(role_of(0), L2TPHA_ROLE_ACTIVE);
}

/* Until one has said so in its log; and what is no link has not become one. */
static void wait_for_line(size_t at, const char *text)
{
    uint64_t until = l2tpha_pair_now() + PATIENCE_US;
    while (strstr(sides[at].lines, text) == NULL && l2tpha_pair_now() < until)
        serve();
    ck_assert_msg(strstr(sides[at].lines, text) != NULL, "%s", sides[at].lines);
}

static void setup(void)
{
    l2tpha_config_init(&config);
    config.name = "pair";
    config.commit_timeout_ms = 1000;
    for (size_t i = 0; i < NODES; i++) {
        sides[i] = (struct side){.socket = -1};
        snprintf(urls[i], sizeof(urls[i]), "tcp:127.0.0.1:%u", free_port());
    }
}

static void teardown(void)
{
    for (size_t i = 0; i < NODES; i++)
        end(i);
}

/* Both suites, and none. */
static const struct {
    const char *keys;
    uint32_t id;
} ways[] = {{KEY_1, 1}, {KEY_2 KEY_1 "suite aes\n", 2}, {NULL, 0}};

START_TEST(a_standby_follows_over_tcp)
{
    begin(0, ways[_i].keys);
    begin(1, ways[_i].keys);
    wait_for_sync();
    for (size_t i = 0; i < NODES; i++) {
        ck_assert(info_of(i).met);
        ck_assert_uint_eq(info_of(i).key_id, ways[_i].id);
    }
    ck_assert_ptr_null(l2tpha_pair_takeover(sides[1].pair, false));
    uint64_t until = l2tpha_pair_now() + PATIENCE_US;
    while ((role_of(1) > L2TPHA_ROLE_ACTIVE || role_of(0) <= L2TPHA_ROLE_ACTIVE) &&
           l2tpha_pair_now() < until)
        serve();
    ck_assert_int_le(role_of(1), L2TPHA_ROLE_ACTIVE);
    ck_assert_int_gt(role_of(0), L2TPHA_ROLE_ACTIVE);
}
END_TEST

START_TEST(who_has_another_key_or_none_is_refused)
{
    static const char unknown[] =
        "closed by the other end in the handshake: it does not know this key, or has ended";
    static const struct {
        const char *active, *standby;
        const char *told[NODES];
    } strangers[] = {
        {KEY_1,
         "key 1 " SECRET_2,
         {"the peer has another key of this id, or the handshake was changed", unknown}},
        {KEY_1, KEY_2, {"no key has the id that the peer connects with", unknown}},
        {KEY_1,
         NULL,
         {"the peer does not seal its stream", "closed by the other end before its hello"}},
        {NULL,
         KEY_1,
         {"the peer seals its stream, and this node has no key",
          "the peer does not seal its stream"}},
    };
    char line[160];
    begin(0, strangers[_i].active);
    begin(1, strangers[_i].standby);
    for (size_t i = 0; i < NODES; i++) {
        snprintf(line, sizeof(line), "replication link: %s\n", strangers[_i].told[i]);
        wait_for_line(i, line);
    }
    for (int i = 0; i < 20; i++)
        serve();
    for (size_t i = 0; i < NODES; i++) {
        ck_assert_str_eq(info_of(i).refusal, strangers[_i].told[i]);
        ck_assert_uint_gt(info_of(i).refused, 1);
        snprintf(line, sizeof(line), "replication link: %s\n", strangers[_i].told[i]);
        const char *first = strstr(sides[i].lines, line);
        ck_assert_msg(strstr(first + 1, "replication link:") == NULL, "%s", sides[i].lines);
    }
    ck_assert_int_eq(role_of(0), L2TPHA_ROLE_ACTIVE_SOLO);
    ck_assert_int_eq(role_of(1), L2TPHA_ROLE_STANDBY_COLD);
    ck_assert(!info_of(0).met && !info_of(1).met);
}
END_TEST

static int connect_to(const char *url)
{
    struct sockaddr_in there = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    there.sin_port = htons((uint16_t)atoi(strrchr(url, ':') + 1));
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&there, sizeof(there)), 0);
    return fd;
}

START_TEST(what_was_refused_is_over_when_there_is_a_stream)
{
    begin(1, KEY_2);
    wait_for_line(1, "Connection refused");
    ck_assert_str_eq(info_of(1).refusal, "Connection refused");
    ck_assert_uint_eq(info_of(1).refused, 0); /* no stream at all */
    begin(0, KEY_1);
    wait_for_line(0, "no key has the id");
    ck_assert_ptr_null(l2tpha_pair_set_keys(sides[0].pair, KEY_2 "suite aes"));
    wait_for_sync();
    for (size_t i = 0; i < NODES; i++) {
        ck_assert_ptr_null(info_of(i).refusal);
        ck_assert_uint_gt(info_of(i).refused, 0);
        ck_assert_uint_eq(info_of(i).key_id, 2);
    }
    uint64_t before = info_of(0).refused, until = l2tpha_pair_now() + PATIENCE_US;
    int stranger = connect_to(urls[0]); /* beside it: counted, and no reason of anything */
    ck_assert_int_eq(send(stranger, "nonsense of somebody", 20, MSG_NOSIGNAL), 20);
    while (info_of(0).refused == before && l2tpha_pair_now() < until)
        serve();
    close(stranger);
    ck_assert_uint_eq(info_of(0).refused, before + 1);
    end(1);
    while (info_of(0).met && l2tpha_pair_now() < until)
        serve();
    ck_assert(!info_of(0).met);
    ck_assert_ptr_null(info_of(0).refusal);
    ck_assert_ptr_null(strstr(sides[0].lines, "does not seal"));
}
END_TEST

/* Strangers that call and say nothing, or the beginning of a handshake. */
START_TEST(who_proves_no_key_leaves_in_time)
{
    static const uint8_t beginning[] = {'L', '2', 'H', 'A', 2, 1, 0, 0, 0, 1, 9};
    uint8_t byte;
    int fds[STRANGERS];
    begin(0, KEY_1);
    for (size_t i = 0; i < STRANGERS; i++) {
        fds[i] = connect_to(urls[0]);
        ck_assert_int_ge(send(fds[i], beginning, i % (sizeof(beginning) + 1), MSG_NOSIGNAL), 0);
        serve();
    }
    ck_assert_uint_ge(info_of(0).refused, STRANGERS - PLACES);
    uint64_t until = l2tpha_pair_now() + PATIENCE_US;
    while (info_of(0).refused < STRANGERS && l2tpha_pair_now() < until)
        serve();
    for (size_t i = 0; i < STRANGERS; i++) {
        ck_assert_int_le(recv(fds[i], &byte, 1, MSG_DONTWAIT), 0);
        close(fds[i]);
    }
    ck_assert_uint_eq(info_of(0).refused, STRANGERS);
    ck_assert_str_eq(info_of(0).refusal, "no proof of a key in time");
    ck_assert_ptr_null(strstr(sides[0].lines, "replication link"));
    begin(1, KEY_1);
    wait_for_sync();
}
END_TEST

START_TEST(keys_are_changed_while_the_stream_lives)
{
    begin(0, KEY_1);
    begin(1, KEY_1);
    wait_for_sync();
    ck_assert_ptr_null(l2tpha_pair_set_keys(sides[0].pair, KEY_2 KEY_1));
    ck_assert_ptr_null(l2tpha_pair_set_keys(sides[1].pair, KEY_2));
    ck_assert_str_eq(l2tpha_pair_set_keys(sides[1].pair, KEY_1 "\nkey 2 00"),
                     "line 3: a key of less than 64 hexadecimal digits");
    ck_assert_str_eq(l2tpha_pair_set_keys(sides[1].pair, ""), "no key");
    for (int i = 0; i < 20; i++)
        serve();
    wait_for_sync();
    ck_assert_uint_eq(info_of(1).key_id, 1);
    end(1);
    begin(1, KEY_2);
    wait_for_sync();
    ck_assert_uint_eq(info_of(0).key_id, 2);
    ck_assert_uint_eq(info_of(1).key_id, 2);
}
END_TEST

/* A stream that ends for that is followed by another one. */
START_TEST(a_buffer_that_is_not_to_be_had_costs_a_stream)
{
    unsigned long made, turns = 0;
    fail_at = 1;
    do {
        allocations = 0;
        if (try_to_begin(0, KEY_1) && try_to_begin(1, KEY_1))
            wait_for_sync();
        made = allocations;
        teardown();
        turns++;
    } while (made >= fail_at++);
    ck_assert_uint_gt(turns, 4); /* two buffers at each end */
    fail_at = 0;
}
END_TEST

START_TEST(keys_protect_where_insecure_would_be_wanted)
{
    struct l2tpha_pair_options options = options_of(0, NULL);
    struct l2tpha_pair *pair;
    for (int i = 0; i < 2; i++) {
        options = options_of(0, NULL);
        *(i == 0 ? &options.listen : &options.connect) = "tcp:192.0.2.1:4000";
        sides[0].lines[0] = '\0';
        assert_error(l2tpha_pair_new(&options, &pair), L2TPHA_ERR_INVALID);
        ck_assert_str_eq(sides[0].lines, i == 0 ? "listen" BEYOND : "connect" BEYOND);
        options.keys = KEY_1;
        assert_ok(l2tpha_pair_new(&options, &pair));
        l2tpha_pair_free(pair);
        options.keys = NULL, options.insecure = true;
        assert_ok(l2tpha_pair_new(&options, &pair));
        l2tpha_pair_free(pair);
    }
    options.keys = "\nkey 1 00";
    sides[0].lines[0] = '\0';
    assert_error(l2tpha_pair_new(&options, &pair), L2TPHA_ERR_INVALID);
    ck_assert_str_eq(sides[0].lines, "keys: line 2: a key of less than 64 hexadecimal digits\n");
    options.keys = KEY_1, options.crypto = NULL;
    assert_error(l2tpha_pair_new(&options, &pair), L2TPHA_ERR_CRYPTO);
    options = options_of(0, NULL);
    assert_ok(l2tpha_pair_new(&options, &pair));
    ck_assert_str_eq(l2tpha_pair_set_keys(pair, KEY_1), "this pair was made without keys");
    l2tpha_pair_free(pair);
}
END_TEST

Suite *suite_sealed(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("sealed", &tcase);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, a_standby_follows_over_tcp, 0, 3);
    tcase_add_loop_test(tcase, who_has_another_key_or_none_is_refused, 0, 4);
    tcase_add_test(tcase, what_was_refused_is_over_when_there_is_a_stream);
    tcase_add_test(tcase, who_proves_no_key_leaves_in_time);
    tcase_add_test(tcase, keys_are_changed_while_the_stream_lives);
    tcase_add_test(tcase, a_buffer_that_is_not_to_be_had_costs_a_stream);
    tcase_add_test(tcase, keys_protect_where_insecure_would_be_wanted);
    return suite;
}
