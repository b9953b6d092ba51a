/* SPDX-License-Identifier: MIT */
/* The part with the library's allocator: a node hangs in a tree of the program's. */
#include <talloc.h>

#include "both.h"

#ifndef L2TPHA_TALLOC_BUILTIN
#error "the library was installed with an allocator of its own, and its talloc.h is not found"
#endif

int main(void)
{
    TALLOC_CTX *tree = talloc_new(NULL);
    struct l2tpha_node *node = NULL;

    CHECK(make_node(tree, &node) == L2TPHA_OK);
    CHECK(talloc_parent(node) == tree);
    use_system();
    CHECK(talloc_total_blocks(tree) > 10);
    CHECK(talloc_total_size(tree) > 10000);
    CHECK(talloc_free(node) == 0);
    CHECK(talloc_total_blocks(tree) == 1);
    CHECK(make_node(tree, &node) == L2TPHA_OK);
    CHECK(talloc_free(tree) == 0);
    return 0;
}
