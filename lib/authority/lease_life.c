/* SPDX-License-Identifier: MIT */
/* A lease's beginning and end, and what is known of it. */
#include "authority/lease_node.h"
#include "authority/members.h"

#include <string.h>

#define TTL_MS 5000
#define RENEW_MS 1500

static void forget_node(struct l2tpha_lease *lease)
{
    lease->node = NULL;
    if (lease->want == L2TPHA_LEASE_SERVE_STALE)
        lease->want = L2TPHA_LEASE_SERVE;
    lease->state = L2TPHA_LEASE_WATCHING;
    lease->reason = "no node";
    lease->looked = lease->holds = lease->confirm = lease->give = lease->retake_only = false;
    lease->unknown = lease->look_next = lease->empties = false;
    lease->outdated = true;
    lease->floor = lease->until = lease->epoch = 0;
    lease->events = 0;
    lease->try_at = 0;
    memset(lease->members, 0, sizeof(lease->members));
}

int l2tpha_lease_new(TALLOC_CTX *parent, const struct l2tpha_lease_options *options,
                     struct l2tpha_lease **made)
{
    if (!options || options->size != sizeof(*options) || !options->authority || !options->name ||
        !*options->name || strlen(options->name) > L2TPHA_CLAIM_NAME_MAX || !made)
        return L2TPHA_ERR_INVALID;
    struct l2tpha_lease *lease = talloc_zero(parent, struct l2tpha_lease);
    if (!lease)
        return L2TPHA_ERR_NOMEM;
    lease->options = *options;
    if (!lease->options.ttl_ms)
        lease->options.ttl_ms = TTL_MS;
    if (!lease->options.renew_ms)
        lease->options.renew_ms = RENEW_MS;
    lease->options.name = talloc_strdup(lease, options->name);
    int error = lease->options.name ? L2TPHA_OK : L2TPHA_ERR_NOMEM;
    uint64_t counts_ms = lease->options.ttl_ms / 10 * UINT64_C(9);
    if (!error && counts_ms <= lease->options.renew_ms + UINT64_C(200))
        error = L2TPHA_ERR_INVALID;
    if (error) {
        talloc_free(lease);
        return error;
    }
    forget_node(lease);
    *made = lease;
    return L2TPHA_OK;
}

void l2tpha_lease_free(struct l2tpha_lease *lease)
{
    talloc_free(lease);
}

int l2tpha_lease_begin(struct l2tpha_lease *lease, struct l2tpha_node *node, uint64_t now)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};

    if (lease->node)
        return L2TPHA_ERR_STATE;
    if (l2tpha_node_config(node)->rank == L2TPHA_RANK_NONE)
        return L2TPHA_ERR_INVALID;
    l2tpha_redundancy_get(node, &info);
    if (info.role != L2TPHA_ROLE_STANDBY_COLD && info.role != L2TPHA_ROLE_STANDBY_HOT)
        return L2TPHA_ERR_ROLE;
    forget_node(lease);
    lease->node = node;
    lease->floor = info.epoch;
    lease->try_at = now;
    lease->reason = "the claim is not known yet";
    return L2TPHA_OK;
}

void l2tpha_lease_end(struct l2tpha_lease *lease)
{
    forget_node(lease);
}

/* --- what is known --- */

bool l2tpha_lease_event(struct l2tpha_lease *lease, struct l2tpha_lease_event *event)
{
    for (unsigned kind = L2TPHA_LEASE_TOOK; kind <= L2TPHA_LEASE_OVER; kind++) {
        if (!(lease->events & 1u << kind))
            continue;
        lease->events &= ~(1u << kind);
        *event = (struct l2tpha_lease_event){.epoch = kind == L2TPHA_LEASE_OVER ? lease->other
                                                                                : lease->epoch,
                                             .trust = lease->trust};
        event->kind = kind;
        return true;
    }
    return false;
}

int l2tpha_lease_fd(const struct l2tpha_lease *lease)
{
    const struct l2tpha_authority *authority = lease->options.authority;

    return authority->fd(authority->user);
}

uint64_t l2tpha_lease_until(const struct l2tpha_lease *lease)
{
    return lease->state == L2TPHA_LEASE_HELD ? lease->until : 0;
}

static const char *reason(const struct l2tpha_lease *lease)
{
    if (lease->state != L2TPHA_LEASE_HELD || !lease->node)
        return lease->reason;
    if (lease->unknown)
        return "what came of a change is not known";
    return members_differ(lease) ? "the claim is to be changed" : "";
}

void l2tpha_lease_get(const struct l2tpha_lease *lease, struct l2tpha_lease_info *info)
{
    struct l2tpha_lease_info now = {.size = info->size,
                                    .state = lease->state,
                                    .reason = reason(lease),
                                    .looked = lease->looked,
                                    .claim = lease->claim,
                                    .epoch = lease->epoch,
                                    .until = l2tpha_lease_until(lease),
                                    .renewed = lease->renewed,
                                    .ended = lease->ended,
                                    .changes = lease->changes,
                                    .failures = lease->failures,
                                    .status = lease->status,
                                    .looks = lease->looks};

    memcpy(info, &now, info->size < sizeof(now) ? info->size : sizeof(now));
}

const char *l2tpha_lease_state_name(enum l2tpha_lease_state number)
{
    static const char *const names[] = {
        [L2TPHA_LEASE_WATCHING] = "watching", [L2TPHA_LEASE_TAKING] = "taking",
        [L2TPHA_LEASE_HELD] = "held",         [L2TPHA_LEASE_LOST] = "lost",
        [L2TPHA_LEASE_LEFT] = "left",         [L2TPHA_LEASE_FENCED] = "fenced",
    };

    return (unsigned)number < sizeof(names) / sizeof(names[0]) ? names[number] : "unknown";
}
