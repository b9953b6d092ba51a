/* SPDX-License-Identifier: MIT */
#include "authority/members.h"

#include <l2tpha/consumer.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct member *members_find(struct l2tpha_lease *lease, const char *name)
{
    for (unsigned i = 0; i < MEMBERS; i++)
        if (lease->members[i].name[0] && strcmp(lease->members[i].name, name) == 0)
            return &lease->members[i];
    return NULL;
}

/* From then on it holds all that leaves. */
static bool is_in_sync(const struct l2tpha_lease *lease, const struct member *member)
{
    struct l2tpha_consumer_info info = {.size = offsetof(struct l2tpha_consumer_info, lag)};

    return member->name[0] && !member->goes &&
           l2tpha_consumer_get(lease->node, member->consumer, &info) == L2TPHA_OK && info.gates &&
           info.state == L2TPHA_CONSUMER_IN_SYNC;
}

static struct l2tpha_claim wanted(const struct l2tpha_lease *lease)
{
    struct l2tpha_claim claim = claim_of(lease->options.name, lease->epoch);

    for (unsigned i = 0; i < MEMBERS; i++)
        if (is_in_sync(lease, &lease->members[i]))
            (void)claim_add(&claim, lease->members[i].name);
    return claim;
}

struct l2tpha_claim members_claim(struct l2tpha_lease *lease, uint64_t now)
{
    struct l2tpha_claim claim = claim_of(lease->options.name, lease->epoch);

    for (unsigned i = 0; i < MEMBERS; i++) {
        struct member *member = &lease->members[i];
        if (!is_in_sync(lease, member))
            continue;
        if (!member->holds)
            member->holds = l2tpha_consumer_hold(lease->node, member->consumer, true, now) == 0;
        if (member->holds)
            (void)claim_add(&claim, member->name);
    }
    return claim;
}

bool members_differ(const struct l2tpha_lease *lease)
{
    struct l2tpha_claim claim = wanted(lease);

    return !claim_has_same(&claim, &lease->claim);
}

void members_release(struct l2tpha_lease *lease, uint64_t now)
{
    if (!lease->node || lease->unknown || lease->asked == ASKED_CHANGE)
        return;
    for (unsigned i = 0; i < MEMBERS; i++) {
        struct member *member = &lease->members[i];
        if (claim_has(&lease->claim, member->name) || is_in_sync(lease, member))
            continue;
        if (member->holds) {
            (void)l2tpha_consumer_hold(lease->node, member->consumer, false, now);
            lease->called = true;
        }
        member->holds = false;
        if (!member->goes)
            continue;
        (void)l2tpha_consumer_remove(lease->node, member->consumer, now);
        *member = (struct member){.consumer = 0};
    }
}

int l2tpha_lease_add(struct l2tpha_lease *lease, const char *name, uint32_t consumer)
{
    struct member *free = NULL;

    if (!name || !*name || strlen(name) > L2TPHA_CLAIM_NAME_MAX ||
        strcmp(name, lease->options.name) == 0)
        return L2TPHA_ERR_INVALID;
    if (!lease->node)
        return L2TPHA_ERR_STATE;
    for (unsigned i = 0; i < MEMBERS; i++) {
        struct member *member = &lease->members[i];
        bool same = strcmp(member->name, name) == 0;
        if (same && member->consumer == consumer && !member->goes)
            return L2TPHA_OK;
        if (same || (member->name[0] && member->consumer == consumer))
            return L2TPHA_ERR_EXISTS;
        if (!member->name[0] && !free)
            free = member;
    }
    if (!free)
        return L2TPHA_ERR_LIMIT;
    *free = (struct member){.consumer = consumer};
    snprintf(free->name, sizeof(free->name), "%s", name);
    return L2TPHA_OK;
}

int l2tpha_lease_drop(struct l2tpha_lease *lease, const char *name, uint64_t now)
{
    struct member *member = members_find(lease, name);

    if (!member)
        return L2TPHA_ERR_NOT_FOUND;
    member->goes = true;
    members_release(lease, now);
    return L2TPHA_OK;
}

bool l2tpha_lease_protects(const struct l2tpha_lease *lease, const char *name)
{
    return lease->state == L2TPHA_LEASE_HELD && strcmp(name, lease->options.name) != 0 &&
           claim_has(&lease->claim, name);
}
