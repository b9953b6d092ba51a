/* SPDX-License-Identifier: MIT */
#include "info.h"
#include "pair.h"

struct l2tpha_redundancy_info info_of(const struct l2tpha_pair *pair)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};
    l2tpha_redundancy_get(pair->node, &info);
    return info;
}

bool has_exact_copy(const struct l2tpha_pair *pair)
{
    return pair->exact && info_of(pair).role == L2TPHA_ROLE_CUT_OFF;
}

bool replaces(const struct l2tpha_pair *pair)
{
    return pair->options.replaces;
}

const char *option_name(const struct l2tpha_pair *pair, const char *option)
{
    return replaces(pair) ? "--replace" : option;
}

bool is_standby(const struct l2tpha_pair *pair)
{
    switch (info_of(pair).role) {
    case L2TPHA_ROLE_STANDBY_COLD:
    case L2TPHA_ROLE_STANDBY_BULK:
    case L2TPHA_ROLE_STANDBY_HOT:
    case L2TPHA_ROLE_OUT_OF_SYNC:
    case L2TPHA_ROLE_UNHEARD:
    case L2TPHA_ROLE_CUT_OFF:
        return true;
    default:
        return false;
    }
}

uint64_t behind_us(const struct l2tpha_pair *pair)
{
    return info_of(pair).role == L2TPHA_ROLE_STANDBY_HOT ? 0 : l2tpha_pair_now() - pair->hot_at;
}

bool is_offered(const struct l2tpha_pair *pair)
{
    return pair->switchover == SWITCHOVER_OFFERED || has_handed(pair);
}

bool has_handed(const struct l2tpha_pair *pair)
{
    return pair->switchover == SWITCHOVER_HANDED;
}
