/* SPDX-License-Identifier: MIT */
#include "redundancy/role.h"

void role_init(struct role *role, enum l2tpha_role first, uint64_t epoch)
{
    *role = (struct role){.state = first, .reason = "started", .epoch = epoch};
}

int role_step(struct role *role, enum role_event event, uint64_t epoch, const char *reason)
{
    role->why = reason;
    int error = fsm_step(&role_fsm, (uint8_t)role->state, (uint8_t)event, role, &epoch);
    return error == L2TPHA_ERR_UNEXPECTED ? L2TPHA_ERR_ROLE : error;
}

bool role_serves(enum l2tpha_role role)
{
    return role == L2TPHA_ROLE_ACTIVE_SOLO || role == L2TPHA_ROLE_ACTIVE_BULK ||
           role == L2TPHA_ROLE_ACTIVE;
}

const char *l2tpha_role_name(enum l2tpha_role role)
{
    unsigned value = (unsigned)role;
    return role_fsm.state_names[value < role_fsm.state_count ? value : 0];
}
