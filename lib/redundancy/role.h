/* SPDX-License-Identifier: MIT */
/* What the node is, why, and under which epoch. Everything that changes it is an event of the table
 * in role_fsm.c. */
#ifndef REDUNDANCY_ROLE_H
#define REDUNDANCY_ROLE_H

#include "base/log.h"

#include <l2tpha/redundancy.h>

enum role_event {
    ROLE_COPY_STARTED,   /* active: a bulk copy for a standby has been started */
    ROLE_IN_SYNC,        /* active: the standby has confirmed the whole copy */
    ROLE_STANDBY_LOST,   /* active: gone, silent, or it refused */
    ROLE_COPY_BEGINS,    /* standby: BULK_BEGIN was applied */
    ROLE_COPY_COMPLETE,  /* standby: BULK_END was verified, or RESUME */
    ROLE_LOST_THREAD,    /* standby: a checkpoint is missing or a digest is wrong */
    ROLE_UNHEARD,        /* standby: nothing is heard of the active, or was while we were away */
    ROLE_HEARD,          /* standby: it has been heard again */
    ROLE_CUT_OFF,        /* standby: the stream has ended */
    ROLE_TAKEOVER,       /* standby: it is to serve */
    ROLE_TAKEOVER_STALE, /* standby: likewise, from what it held once */
    ROLE_TAKEOVER_EMPTY, /* standby: likewise, from nothing */
    ROLE_FENCE,          /* active: a newer epoch serves elsewhere */
    ROLE_EVENTS
};

struct role {
    enum l2tpha_role state;
    const char *reason; /* static text: why it is in that state */
    uint64_t epoch;     /* own while serving, else the newest one known to have served */
    const char *why;    /* reason of the event that is being dispatched */
    /* Told after each change; NULL = nobody wants to know. */
    void (*changed)(void *user, const struct role *role, enum l2tpha_role from);
    void *user;
    const struct log *log; /* says and counts what does not hold; NULL = nobody does */
};

/* first = L2TPHA_ROLE_ACTIVE_SOLO or L2TPHA_ROLE_STANDBY_COLD; set changed, user and log
 * afterwards. */
void role_init(struct role *role, enum l2tpha_role first, uint64_t epoch);
/* The one way in which a role changes. epoch matters for the takeovers and ROLE_FENCE, which need a
 * newer one, and ROLE_COPY_BEGINS and ROLE_LOST_THREAD, which need one that is not older
 * (L2TPHA_ERR_STALE_EPOCH); elsewhere 0. reason is static text.
 * L2TPHA_ERR_NOT_IN_SYNC = takeover of a replica that is not complete; L2TPHA_ERR_ROLE = the event
 * makes no sense in this role. On an error nothing has changed. */
int role_step(struct role *role, enum role_event event, uint64_t epoch, const char *reason);

/* Whether a node in this role answers peers. */
bool role_serves(enum l2tpha_role role);
/* Whether it is a standby of any kind. */
bool role_follows(enum l2tpha_role role);

#define ROLE_RANK_MAX 255u /* the low 8 bits of an epoch */

#endif
