/* SPDX-License-Identifier: MIT */
#include "redundancy/role.h"

#include "base/assert.h"
#include "redundancy/role_fsm.h"

void role_init(struct role *role, enum l2tpha_role first, uint64_t epoch)
{
    *role = (struct role){.state = first, .reason = "started", .epoch = epoch};
}

int role_step(struct role *role, enum role_event event, uint64_t epoch, const char *reason)
{
    uint64_t before = role->epoch;

    ASSERT(role->log, event < ROLE_EVENTS);
    role->why = reason;
    int error = fsm_step(&role_fsm, (uint8_t)role->state, (uint8_t)event, role, &epoch);
    ASSERT(role->log, role->epoch >= before);
    return error == L2TPHA_ERR_UNEXPECTED ? L2TPHA_ERR_ROLE : error;
}

bool role_serves(enum l2tpha_role role)
{
    return role == L2TPHA_ROLE_ACTIVE_SOLO || role == L2TPHA_ROLE_ACTIVE_BULK ||
           role == L2TPHA_ROLE_ACTIVE;
}

uint64_t l2tpha_epoch_next(uint64_t newest, uint32_t rank)
{
    if (rank > ROLE_RANK_MAX)
        return newest + 1;
    uint64_t next = (newest & ~(uint64_t)ROLE_RANK_MAX) | rank;
    return next > newest ? next : next + ROLE_RANK_MAX + 1;
}

bool role_follows(enum l2tpha_role role)
{
    return role_fsm.state_count > (unsigned)role && !role_serves(role) &&
           role != L2TPHA_ROLE_FENCED && role != 0;
}

const char *l2tpha_role_name(enum l2tpha_role role)
{
    unsigned value = (unsigned)role;
    return role_fsm.state_names[value < role_fsm.state_count ? value : 0];
}
