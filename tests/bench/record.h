/* SPDX-License-Identifier: MIT */
/* What a session's record costs with a serializer. */
#ifndef BENCH_RECORD_H
#define BENCH_RECORD_H

#include <l2tpha/serializer.h>

struct record_cost {
    double encode_ns;
    double decode_ns;
    double part_ns; /* of each record of a part of a copy that is read, its header included */
    double bytes;
};

/* The best of many rounds. */
struct record_cost record_cost(const struct l2tpha_serializer *serializer);

#endif
