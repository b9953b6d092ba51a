/* SPDX-License-Identifier: MIT */
/* A build without libl2tpha-authority: options with an authority are refused, so there is never a
 * lease. */
#include "leasing.h"
#include "pair.h"

bool leasing_is_used(const struct l2tpha_pair *pair)
{
    (void)pair;
    return false;
}

const char *leasing_begin(struct l2tpha_pair *pair)
{
    (void)pair;
    return NULL;
}

void leasing_end(struct l2tpha_pair *pair)
{
    (void)pair;
}

void leasing_free(struct l2tpha_pair *pair)
{
    (void)pair;
}

void leasing_check(struct l2tpha_pair *pair)
{
    (void)pair;
}

bool leasing_reads(const struct l2tpha_pair *pair)
{
    (void)pair;
    return true;
}

void leasing_service(struct l2tpha_pair *pair)
{
    (void)pair;
}

bool leasing_event(struct l2tpha_pair *pair, struct l2tpha_lease_event *event)
{
    (void)pair, (void)event;
    return false;
}

uint64_t leasing_deadline(const struct l2tpha_pair *pair)
{
    (void)pair;
    return L2TPHA_NEVER;
}

struct l2tpha_lease_info leasing_info(const struct l2tpha_pair *pair)
{
    (void)pair;
    return (struct l2tpha_lease_info){.size = sizeof(struct l2tpha_lease_info), .reason = ""};
}

bool leasing_has(const struct l2tpha_pair *pair, enum l2tpha_lease_state state)
{
    (void)pair, (void)state;
    return false;
}

bool leasing_includes(const struct l2tpha_pair *pair)
{
    (void)pair;
    return false;
}

void leasing_want(struct l2tpha_pair *pair, enum l2tpha_lease_want want)
{
    (void)pair, (void)want;
}

int leasing_leave(struct l2tpha_pair *pair)
{
    (void)pair;
    return L2TPHA_ERR_UNSUPPORTED;
}

int leasing_return(struct l2tpha_pair *pair)
{
    (void)pair;
    return L2TPHA_ERR_UNSUPPORTED;
}

int leasing_add(struct l2tpha_pair *pair, uint32_t rank, uint32_t consumer)
{
    (void)pair, (void)rank, (void)consumer;
    return L2TPHA_ERR_UNSUPPORTED;
}

void leasing_drop(struct l2tpha_pair *pair, uint32_t rank)
{
    (void)pair, (void)rank;
}

bool leasing_drop_consumer(struct l2tpha_pair *pair, uint32_t consumer)
{
    (void)pair, (void)consumer;
    return false;
}

bool leasing_protects(const struct l2tpha_pair *pair, uint32_t rank)
{
    (void)pair, (void)rank;
    return true;
}

bool l2tpha_pair_lease(const struct l2tpha_pair *pair, struct l2tpha_lease_info *info)
{
    (void)pair, (void)info;
    return false;
}
