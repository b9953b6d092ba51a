/* SPDX-License-Identifier: MIT */
/* What a session's record costs with each serializer of this build, beside proto. Build without
 * sanitizers. */
#include "bench/record.h"

#ifdef TESTS_CBOR
#include <l2tpha/cbor.h>
#endif
#ifdef TESTS_JSON
#include <l2tpha/json.h>
#endif
#include <stdio.h>

static void show(const struct l2tpha_serializer *serializer)
{
    struct record_cost cost = record_cost(serializer);

    printf("%-8s encode %8.1f ns  decode %8.1f ns  in a part %8.1f ns  %4.0f bytes\n",
           serializer->name, cost.encode_ns, cost.decode_ns, cost.part_ns, cost.bytes);
}

int main(void)
{
    show(l2tpha_serializer_proto());
#ifdef TESTS_CBOR
    show(l2tpha_serializer_cbor());
#endif
#ifdef TESTS_JSON
    show(l2tpha_serializer_json());
#endif
    return 0;
}
