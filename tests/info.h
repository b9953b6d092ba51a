/* SPDX-License-Identifier: MIT */
/* What a node says of its role, its copy and what it holds. */
#ifndef TESTS_INFO_H
#define TESTS_INFO_H

#include <l2tpha/redundancy.h>

static inline struct l2tpha_redundancy_info info_of(const struct l2tpha_node *node)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};

    l2tpha_redundancy_get(node, &info);
    return info;
}

#endif
