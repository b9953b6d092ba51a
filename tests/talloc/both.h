/* SPDX-License-Identifier: MIT */
/* A program that has two allocators: the library's own and libtalloc. */
#ifndef TESTS_TALLOC_BOTH_H
#define TESTS_TALLOC_BOTH_H

#include <l2tpha/l2tpha.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

/* What has libtalloc. */
void use_system(void);

static inline int give_random(void *user, uint8_t *dst, size_t len)
{
    (void)user;
    memset(dst, 0x5a, len);
    return 0;
}

static inline int make_node(void *parent, struct l2tpha_node **node)
{
    const struct l2tpha_host host = {.size = sizeof(host), .random = give_random};
    struct l2tpha_config config;

    l2tpha_config_init(&config);
    config.name = "both";
    return l2tpha_node_new(parent, &config, &host, 0, node);
}

#endif
