/* SPDX-License-Identifier: MIT */
/* A build without libl2tpha-store: an option that asks for a store is refused. */
#include "pair.h"
#include "storing.h"

const char *storing_open(struct l2tpha_pair *pair)
{
    return pair->options.store == NULL ? NULL : l2tpha_strerror(L2TPHA_ERR_UNSUPPORTED);
}

const char *storing_restore(struct l2tpha_pair *pair, bool *restored, enum l2tpha_trust *trust)
{
    (void)pair, (void)trust;
    *restored = false;
    return NULL;
}

const char *storing_begin(struct l2tpha_pair *pair)
{
    (void)pair;
    return NULL;
}

void storing_end(struct l2tpha_pair *pair)
{
    (void)pair;
}

void storing_retire(struct l2tpha_pair *pair)
{
    (void)pair;
}

void storing_free(struct l2tpha_pair *pair)
{
    (void)pair;
}

bool storing_take(struct l2tpha_pair *pair, const struct l2tpha_output *output)
{
    (void)pair, (void)output;
    return false;
}

bool storing_service(struct l2tpha_pair *pair)
{
    (void)pair;
    return false;
}

uint64_t storing_deadline(const struct l2tpha_pair *pair)
{
    (void)pair;
    return L2TPHA_NEVER;
}

bool l2tpha_pair_storage(const struct l2tpha_pair *pair, struct l2tpha_storage_info *info)
{
    (void)pair, (void)info;
    return false;
}
