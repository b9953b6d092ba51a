/* SPDX-License-Identifier: MIT */
/* One port of many nodes: whose a datagram is, and that it gets there, in order. */
#include "fixture.h"
#include "pair/address.h"
#include "threads/port.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NODES 4
#define READERS 3
#define DATAGRAMS 20000
#define LEAST_IDS 513 /* 512 are for recovery tunnels */

static struct l2tpha_path path_of(const char *text)
{
    struct l2tpha_path path = {.local = {.len = 0}};
    ck_assert_ptr_null(address_parse(text, 0, &path.remote));
    return path;
}

static size_t write_header(uint8_t dst[12], bool control, uint16_t tunnel)
{
    struct l2tpha_header header = {.control = control,
                                   .has_length = true,
                                   .has_sequence = true,
                                   .version = 2,
                                   .length = 12,
                                   .tunnel_id = tunnel};
    size_t len;
    assert_ok(l2tpha_header_encode(&header, dst, 12, &len));
    return len;
}

START_TEST(each_id_has_one_node)
{
    struct l2tpha_path path = path_of("192.0.2.1:1701");
    unsigned nodes = 1 + (unsigned)_i;
    struct port *port = port_new(root, nodes);
    uint8_t data[12];
    ck_assert_uint_eq(port_first_id(port, 0), 1);
    ck_assert_uint_eq(port_last_id(port, nodes - 1), 65535);
    for (unsigned node = 0; node < nodes; node++) {
        uint32_t first = port_first_id(port, node), last = port_last_id(port, node);
        ck_assert_uint_ge(last - first + 1, LEAST_IDS);
        if (node > 0)
            ck_assert_uint_eq(first, port_last_id(port, node - 1) + 1);
        for (uint32_t id = first; id <= last; id += id + 7 < last ? 7 : 1) {
            size_t len = write_header(data, id % 2, (uint16_t)id);
            ck_assert_uint_eq(port_owner(port, &path, data, len), node);
        }
    }
    talloc_free(port);
}
END_TEST

static size_t write_request(uint8_t *dst, size_t cap, const struct l2tpha_tunnel_recovery *recovery)
{
    struct l2tpha_builder builder;
    size_t len;
    l2tpha_builder_begin(&builder, dst, cap, L2TPHA_MESSAGE_SCCRQ, 0, 0);
    l2tpha_builder_put_u8pair(&builder, L2TPHA_AVP_PROTOCOL_VERSION, 1, 0);
    l2tpha_builder_put_u32(&builder, L2TPHA_AVP_FRAMING_CAPABILITIES, 3);
    l2tpha_builder_put_bytes(&builder, L2TPHA_AVP_HOST_NAME, "peer", 4);
    l2tpha_builder_put_u16(&builder, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, 77);
    if (recovery != NULL)
        l2tpha_builder_put_tunnel_recovery(&builder, recovery);
    assert_ok(l2tpha_builder_end(&builder, &len));
    return len;
}

/* Any node at first; whoever has the old tunnel when one is to be recovered. */
START_TEST(a_request_goes_by_its_address_or_the_tunnel_that_it_recovers)
{
    struct port *port = port_new(root, NODES), *successor = port_new(root, NODES);
    unsigned counts[NODES] = {0};
    uint8_t data[256], garbage[3] = {0xc8, 9, 0};
    char text[32];
    for (int peer = 0; peer < 400; peer++) {
        snprintf(text, sizeof(text), "192.0.2.%d:%d", 1 + peer % 20, 1701 + peer / 20);
        struct l2tpha_path path = path_of(text);
        unsigned owner = port_owner(port, &path, data, write_request(data, sizeof(data), NULL));
        ck_assert_uint_lt(owner, NODES);
        counts[owner]++;
        ck_assert_uint_eq(port_owner(successor, &path, data, sizeof(data)), owner);
        ck_assert_uint_lt(port_owner(port, &path, garbage, sizeof(garbage)), NODES);
        struct l2tpha_tunnel_recovery recovery = {.tunnel_id = 9,
                                                  .remote_tunnel_id = 1 + 163 * (uint32_t)peer};
        size_t len = write_request(data, sizeof(data), &recovery);
        unsigned old = port_owner(port, &path, data, len);
        ck_assert_uint_ge(recovery.remote_tunnel_id, port_first_id(port, old));
        ck_assert_uint_le(recovery.remote_tunnel_id, port_last_id(port, old));
    }
    for (int node = 0; node < NODES; node++)
        ck_assert_uint_gt(counts[node], 400 / NODES / 2);
    talloc_free(port);
    talloc_free(successor);
}
END_TEST

/* ---- inboxes ---- */

static struct udp *from, *to;
static struct l2tpha_path target;

static void open_sockets(void)
{
    struct l2tpha_path loopback = path_of("127.0.0.1:0");
    from = udp_open(root, &loopback.remote);
    to = udp_open(root, &loopback.remote);
    memset(&target, 0, sizeof(target));
    udp_address(to, &target.remote);
}

static void close_sockets(void)
{
    talloc_free(from);
    talloc_free(to);
}

static void send_numbered(uint16_t tunnel, uint32_t number, size_t len)
{
    static uint8_t data[4096];
    write_header(data, false, tunnel);
    memcpy(data + 12, &number, sizeof(number));
    ck_assert_uint_eq(udp_queue(from, &target, data, 12 + len, NULL, 0), 0);
}

static bool rings(const struct port *port, unsigned node)
{
    struct pollfd bell = {.fd = port_bell(port, node), .events = POLLIN};
    return poll(&bell, 1, 0) == 1;
}

START_TEST(those_of_others_are_told)
{
    struct port *port = port_new(root, 2);
    struct inbox_batch *batch;
    open_sockets();
    for (uint32_t i = 0; i < 10; i++)
        send_numbered((uint16_t)port_first_id(port, i % 2), i, 4);
    ck_assert_uint_eq(udp_flush(from), 0);
    port_read(port, 0, to);
    ck_assert(!rings(port, 0));
    ck_assert(rings(port, 1));
    for (unsigned node = 0; node < 2; node++) {
        batch = port_take(port, node);
        ck_assert_uint_eq(batch->count, 5);
        for (uint32_t i = 0; i < 5; i++) {
            ck_assert_uint_eq(batch->datagrams[i].data[12], 2 * i + node);
            ck_assert_ptr_nonnull(batch->datagrams[i].frame);
            ck_assert_uint_eq(address_port(&batch->datagrams[i].path->remote),
                              address_port(&batch->paths[0].remote));
        }
        ck_assert_uint_eq(port_take(port, node)->count, 0);
    }
    talloc_free(port);
    close_sockets();
}
END_TEST

/* What finds it full is lost and counted, and the rest stays. */
START_TEST(an_inbox_is_bounded)
{
    struct port *port = port_new(root, 2);
    size_t len = _i == 0 ? 4 : 2000, fit = _i == 0 ? INBOX_DATAGRAMS : INBOX_BYTES / (12 + 2000);
    open_sockets();
    for (uint32_t i = 0; i < fit + 10; i++) {
        send_numbered((uint16_t)port_first_id(port, 1), i, len);
        if (i % 32 == 31 || i == fit + 9) {
            ck_assert_uint_eq(udp_flush(from), 0);
            port_read(port, 0, to);
        }
    }
    ck_assert_uint_eq(port_lost(port, 1), 10);
    struct inbox_batch *batch = port_take(port, 1);
    ck_assert_uint_eq(batch->count, fit);
    ck_assert_uint_eq(batch->datagrams[fit - 1].data[12], (fit - 1) % 256);
    ck_assert_uint_eq(port_take(port, 1)->count, 0);
    talloc_free(port);
    close_sockets();
}
END_TEST

static struct port *shared;
static atomic_bool over;

static void *read_on(void *user)
{
    struct udp *own = udp_adopt(NULL, dup(udp_fd(to)));
    while (!over)
        port_read(shared, (unsigned)(uintptr_t)user, own);
    talloc_free(own);
    return NULL;
}

static void check_order(struct inbox_batch *batch, uint32_t next[NODES], unsigned node)
{
    for (size_t i = 0; i < batch->count; i++) {
        uint32_t number;
        memcpy(&number, batch->datagrams[i].data + 12, sizeof(number));
        assert_true(number == next[node]);
        next[node] += NODES;
    }
}

/* Whoever reads, and however many do. */
START_TEST(those_of_a_node_stay_in_order)
{
    uint32_t next[NODES] = {0, 1, 2, 3};
    pthread_t readers[READERS];
    open_sockets();
    shared = port_new(root, NODES);
    over = false;
    for (uintptr_t i = 0; i < READERS; i++)
        ck_assert_int_eq(pthread_create(&readers[i], NULL, read_on, (void *)i), 0);
    for (uint32_t sent = 0; next[0] < DATAGRAMS || next[NODES - 1] < DATAGRAMS;) {
        for (int i = 0; i < 32 && sent < DATAGRAMS && sent < next[0] + 512; i++, sent++)
            send_numbered((uint16_t)port_first_id(shared, sent % NODES), sent, 4);
        ck_assert_uint_eq(udp_flush(from), 0);
        for (unsigned node = 0; node < NODES; node++)
            check_order(port_take(shared, node), next, node);
    }
    over = true;
    for (int i = 0; i < READERS; i++)
        ck_assert_int_eq(pthread_join(readers[i], NULL), 0);
    for (unsigned node = 0; node < NODES; node++)
        ck_assert_uint_eq(port_lost(shared, node), 0);
    talloc_free(shared);
    close_sockets();
}
END_TEST

Suite *suite_port(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("port", &tcase);
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, each_id_has_one_node, 0, PORT_NODES_MAX);
    tcase_add_test(tcase, a_request_goes_by_its_address_or_the_tunnel_that_it_recovers);
    tcase_add_test(tcase, those_of_others_are_told);
    tcase_add_loop_test(tcase, an_inbox_is_bounded, 0, 2);
    tcase_add_test(tcase, those_of_a_node_stay_in_order);
    return suite;
}
