/* SPDX-License-Identifier: MIT */
/* The part with libtalloc: its nodes have no parent, and the library ends them. */
#include <talloc.h>

#include "both.h"

#ifdef L2TPHA_TALLOC_BUILTIN
#error "this is not libtalloc's talloc.h"
#endif

void use_system(void)
{
    TALLOC_CTX *tree = talloc_new(NULL);
    struct l2tpha_node *node = NULL;

    CHECK(talloc_asprintf(tree, "%s", "of libtalloc"));
    CHECK(make_node(NULL, &node) == L2TPHA_OK);
    CHECK(talloc_total_blocks(tree) == 2);
    l2tpha_node_free(node);
    CHECK(make_node(tree, &node) == L2TPHA_ERR_NOMEM); /* a parent of the other kind is seen */
    CHECK(talloc_total_blocks(tree) == 2);
    CHECK(talloc_free(tree) == 0);
}
