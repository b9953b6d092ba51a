/* SPDX-License-Identifier: MIT */
/* Two clients behind one NAT, by IPsec: one socket address, one tunnel id. The mark of the security
 * association goes behind the socket address, and comes back with what is to be sent. */
#include "mark.h"

#include <l2tpha/l2tpha.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

/* What a host does with each datagram that it receives: its peer's address, and the mark. */
static void set_peer(struct l2tpha_address *to, const void *address, size_t len, uint32_t mark)
{
    memset(to, 0, sizeof(*to));
    to->len = (uint8_t)(len + sizeof(mark));
    memcpy(to->bytes, address, len);
    memcpy(to->bytes + len, &mark, sizeof(mark));
}

/* ... and with each that it sends: how long the socket address is, and the mark to send it with. */
static size_t get_peer(const struct l2tpha_address *from, uint32_t *mark)
{
    size_t len = from->len - sizeof(*mark);

    memcpy(mark, from->bytes + len, sizeof(*mark));
    return len;
}

static int any(void *user, uint8_t *dst, size_t len)
{
    static uint32_t state = 1;

    (void)user;
    for (size_t i = 0; i < len; i++)
        dst[i] = (uint8_t)((state = state * 1664525 + 1013904223) >> 24);
    return 0;
}

/* Each client is told something, with its own mark. */
static int are_both_answered(struct l2tpha_node *node, size_t address_len)
{
    struct l2tpha_output outputs[16];
    unsigned answered = 0;
    uint32_t mark;
    size_t count;

    while ((count = l2tpha_poll(node, outputs, 16, 2000)) > 0)
        for (size_t i = 0; i < count; i++) {
            if (outputs[i].kind != L2TPHA_OUTPUT_DATAGRAM || outputs[i].len <= 12)
                continue;
            if (get_peer(&outputs[i].path->remote, &mark) == address_len)
                answered |= 1u << mark;
        }
    return answered == (1u << 1 | 1u << 2);
}

static int serve(const void *address, size_t len)
{
    static const uint8_t sccrq[] = {
        0xc8, 0x02, 0, 61, 0, 0,  0,   0,    0,    0,  0, 0, /* header */
        0x80, 8,    0, 0,  0, 0,  0,   1,                    /* Message Type */
        0x80, 8,    0, 0,  0, 2,  1,   0,    0x80, 10, 0, 0, 0, 3, 0,
        0,    0,    3,                                                /* version, framing */
        0x80, 7,    0, 0,  0, 7,  'c', 0x80, 8,    0,  0, 0, 9, 0, 1, /* name, tunnel id 1 */
        0x80, 8,    0, 0,  0, 10, 0,   8};                            /* window */
    const struct l2tpha_host host = {.size = sizeof(host), .random = any};
    struct l2tpha_config config;
    struct l2tpha_path path = {0};
    struct l2tpha_node *node;

    l2tpha_config_init(&config);
    config.name = "lns";
    int error = l2tpha_node_new(NULL, &config, &host, 1000, &node);
    if (error) {
        fprintf(stderr, "node: %s\n", l2tpha_strerror(error));
        return 1;
    }
    for (uint32_t mark = 1; mark <= 2 && !error; mark++) {
        set_peer(&path.remote, address, len, mark);
        error = l2tpha_feed(node, &path, sccrq, sizeof(sccrq), 2000);
    }
    int answered = !error && are_both_answered(node, len);
    l2tpha_node_free(node);
    if (!answered)
        fprintf(stderr, "two clients with one address of %zu bytes: not both are answered\n", len);
    return !answered;
}

int check_marks(void)
{
    const struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = 1701};
    const struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = 1701};

    return serve(&v4, sizeof(v4)) || serve(&v6, sizeof(v6));
}
