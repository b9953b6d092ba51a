/* SPDX-License-Identifier: MIT */
#include "authority/lease_node.h"

#include <l2tpha/tunnel.h>
#include <stdarg.h>
#include <stdio.h>

#define MS UINT64_C(1000)
#define MARGIN_US (200 * MS) /* what was given out before is on the wire by then */
#define LINE_TEXT 200

void lease_say(const struct l2tpha_lease *lease, const char *format, ...)
{
    char text[LINE_TEXT];
    va_list args;

    if (!lease->options.log)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    lease->options.log(lease->options.user, text);
}

void lease_node_tell(struct l2tpha_lease *lease, unsigned kind)
{
    lease->events |= 1u << kind;
}

/* No clock is compared with another: the authority's count begins after this one, and rates differ
 * by less than a tenth. */
uint64_t lease_node_until(const struct l2tpha_lease *lease, uint64_t asked_at)
{
    return asked_at + lease->options.ttl_ms * MS / 10 * 9 - MARGIN_US;
}

static bool is_serving(const struct l2tpha_redundancy_info *info)
{
    return info->role == L2TPHA_ROLE_ACTIVE_SOLO || info->role == L2TPHA_ROLE_ACTIVE_BULK ||
           info->role == L2TPHA_ROLE_ACTIVE;
}

bool lease_node_serves(const struct l2tpha_lease *lease)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};

    l2tpha_redundancy_get(lease->node, &info);
    return is_serving(&info);
}

/* A tunnel whose peer has stopped it is over: its copies are acknowledged, that is all. */
bool lease_node_is_empty(const struct l2tpha_lease *lease)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};
    struct l2tpha_tunnel *tunnel = NULL;

    l2tpha_redundancy_get(lease->node, &info);
    while ((tunnel = l2tpha_tunnel_next(lease->node, tunnel))) {
        struct l2tpha_tunnel_record record = {.size = sizeof(record)};
        l2tpha_tunnel_get(tunnel, &record);
        if (record.state != L2TPHA_TUNNEL_STOPPED)
            return false;
    }
    return is_serving(&info) && !info.handing_over;
}

bool l2tpha_lease_reads(const struct l2tpha_lease *lease)
{
    if (lease->state == L2TPHA_LEASE_WATCHING || lease->state == L2TPHA_LEASE_FENCED)
        return true;
    return lease_node_serves(lease);
}

void lease_node_hold(struct l2tpha_lease *lease, uint64_t now)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};

    if (!lease->node)
        return;
    l2tpha_redundancy_get(lease->node, &info);
    if (is_serving(&info) && !info.held)
        lease->holds = l2tpha_hold(lease->node, now) == L2TPHA_OK;
}

static void release(struct l2tpha_lease *lease, uint64_t now)
{
    if (lease->node && lease->holds)
        (void)l2tpha_release(lease->node, now);
    lease->holds = false;
    lease->called = true;
}

bool lease_node_begin(struct l2tpha_lease *lease, uint64_t asked_at, uint64_t now)
{
    enum l2tpha_lease_state before = lease->state;
    uint64_t until = lease_node_until(lease, asked_at);

    if (until <= now)
        return false;
    lease->until = until > lease->until ? until : lease->until;
    lease->state = L2TPHA_LEASE_HELD;
    lease->confirm = lease->retake_only = false;
    lease->reason = "";
    lease->renewed++;
    if (before == L2TPHA_LEASE_HELD)
        return true;
    release(lease, now);
    lease_say(lease, "authority: %s, epoch %llu",
              before == L2TPHA_LEASE_TAKING ? "the claim is ours" : "the lease runs again",
              (unsigned long long)lease->epoch);
    lease_node_tell(lease, before == L2TPHA_LEASE_TAKING ? L2TPHA_LEASE_TOOK : L2TPHA_LEASE_BACK);
    return true;
}

void lease_node_lose(struct l2tpha_lease *lease, const char *why, uint64_t now)
{
    if (lease->state != L2TPHA_LEASE_HELD)
        return;
    lease->state = L2TPHA_LEASE_LOST;
    lease->reason = why;
    lease->until = 0;
    lease->ended++;
    lease->look_next = true;
    lease->try_at = now;
    lease->events &= ~(1u << L2TPHA_LEASE_BACK);
    lease_node_hold(lease, now);
    lease_say(lease, "authority: nothing leaves: %s", why);
    lease_node_tell(lease, L2TPHA_LEASE_ENDED);
}

void lease_node_end(struct l2tpha_lease *lease, uint64_t now)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};

    lease->state = L2TPHA_LEASE_FENCED;
    lease->empties = false;
    lease->until = 0;
    lease->reason = "";
    lease->other = lease->claim.epoch;
    lease->events = 0;
    lease_say(lease, "authority: '%s' serves in epoch %llu", lease->claim.owner,
              (unsigned long long)lease->claim.epoch);
    lease_node_tell(lease, L2TPHA_LEASE_OVER);
    if (!lease->node)
        return;
    l2tpha_redundancy_get(lease->node, &info);
    uint64_t newer = info.epoch < lease->other ? lease->other : info.epoch + 1;
    if (is_serving(&info))
        (void)l2tpha_fence(lease->node, newer, now);
}
