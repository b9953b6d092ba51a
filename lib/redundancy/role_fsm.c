/* SPDX-License-Identifier: MIT */
/* Roles and what changes them. A node that serves is protected in one role only,
 * L2TPHA_ROLE_ACTIVE: on the way there and after the loss of its standby it says that it is not. A
 * fenced node never serves again by itself. */
#include "redundancy/role_fsm.h"

#include "base/assert.h"

static const char *const state_names[] = {
    [0] = "unknown", /* no role has the value 0 */
    [L2TPHA_ROLE_ACTIVE_SOLO] = "active-solo",
    [L2TPHA_ROLE_ACTIVE_BULK] = "active-bulk",
    [L2TPHA_ROLE_ACTIVE] = "active",
    [L2TPHA_ROLE_STANDBY_COLD] = "standby-cold",
    [L2TPHA_ROLE_STANDBY_BULK] = "standby-bulk",
    [L2TPHA_ROLE_STANDBY_HOT] = "standby-hot",
    [L2TPHA_ROLE_OUT_OF_SYNC] = "out-of-sync",
    [L2TPHA_ROLE_FENCED] = "fenced",
    [L2TPHA_ROLE_UNHEARD] = "standby-unheard",
    [L2TPHA_ROLE_CUT_OFF] = "standby-cut-off",
};

static const char *const event_names[ROLE_EVENTS] = {
    [ROLE_COPY_STARTED] = "copy started",
    [ROLE_IN_SYNC] = "in sync",
    [ROLE_STANDBY_LOST] = "standby lost",
    [ROLE_COPY_BEGINS] = "copy begins",
    [ROLE_COPY_COMPLETE] = "copy complete",
    [ROLE_LOST_THREAD] = "lost thread",
    [ROLE_UNHEARD] = "unheard",
    [ROLE_HEARD] = "heard",
    [ROLE_CUT_OFF] = "cut off",
    [ROLE_TAKEOVER] = "takeover",
    [ROLE_TAKEOVER_STALE] = "takeover from a stale copy",
    [ROLE_TAKEOVER_EMPTY] = "takeover from nothing",
    [ROLE_FENCE] = "fence",
};

_Static_assert(ROLE_EVENTS < FSM_ANY, "rows can name all");

/* Each time as active has an epoch of its own; one that ends it is newer. */
static int take_newer(void *object, void *argument)
{
    struct role *role = object;
    const uint64_t *epoch = argument;

    if (*epoch <= role->epoch)
        return L2TPHA_ERR_STALE_EPOCH;
    role->epoch = *epoch;
    return L2TPHA_OK;
}

static int follow(void *object, void *argument)
{
    struct role *role = object;
    const uint64_t *epoch = argument;

    if (*epoch < role->epoch)
        return L2TPHA_ERR_STALE_EPOCH;
    role->epoch = *epoch;
    return L2TPHA_OK;
}

static int refuse(void *object, void *argument)
{
    (void)object;
    (void)argument;
    return L2TPHA_ERR_NOT_IN_SYNC;
}

static void enter(void *object, uint8_t next, void *argument)
{
    struct role *role = object;
    enum l2tpha_role from = role->state;

    (void)argument;
    ASSERT(role->log, next != 0 && from != L2TPHA_ROLE_FENCED);
    role->state = (enum l2tpha_role)next;
    role->reason = role->why;
    if (role->changed)
        role->changed(role->user, role, from);
}

#define SOLO L2TPHA_ROLE_ACTIVE_SOLO
#define COPYING L2TPHA_ROLE_ACTIVE_BULK
#define ACTIVE L2TPHA_ROLE_ACTIVE
#define COLD L2TPHA_ROLE_STANDBY_COLD
#define FILLING L2TPHA_ROLE_STANDBY_BULK
#define HOT L2TPHA_ROLE_STANDBY_HOT
#define OUT_OF_SYNC L2TPHA_ROLE_OUT_OF_SYNC
#define FENCED L2TPHA_ROLE_FENCED
#define UNHEARD L2TPHA_ROLE_UNHEARD
#define CUT_OFF L2TPHA_ROLE_CUT_OFF

static const struct fsm_row rows[] = {
    FSM_ROW_SILENT(SOLO, ROLE_COPY_STARTED, COPYING),
    FSM_ROW_SILENT(SOLO, ROLE_STANDBY_LOST, FSM_SAME),
    FSM_ROW(SOLO, ROLE_FENCE, FENCED, take_newer),

    FSM_ROW_SILENT(COPYING, ROLE_COPY_STARTED, FSM_SAME),
    FSM_ROW_SILENT(COPYING, ROLE_IN_SYNC, ACTIVE),
    FSM_ROW_SILENT(COPYING, ROLE_STANDBY_LOST, SOLO),
    FSM_ROW(COPYING, ROLE_FENCE, FENCED, take_newer),

    FSM_ROW_SILENT(ACTIVE, ROLE_COPY_STARTED, COPYING),
    FSM_ROW_SILENT(ACTIVE, ROLE_STANDBY_LOST, SOLO),
    FSM_ROW(ACTIVE, ROLE_FENCE, FENCED, take_newer),

    FSM_ROW(COLD, ROLE_COPY_BEGINS, FILLING, follow),
    FSM_ROW(COLD, ROLE_LOST_THREAD, OUT_OF_SYNC, follow),
    FSM_ROW(COLD, ROLE_TAKEOVER, FSM_SAME, refuse),
    FSM_ROW(COLD, ROLE_TAKEOVER_STALE, FSM_SAME, refuse),
    FSM_ROW(COLD, ROLE_TAKEOVER_EMPTY, SOLO, take_newer),

    FSM_ROW(FILLING, ROLE_COPY_BEGINS, FSM_SAME, follow),
    FSM_ROW_SILENT(FILLING, ROLE_COPY_COMPLETE, HOT),
    FSM_ROW(FILLING, ROLE_LOST_THREAD, OUT_OF_SYNC, follow),
    FSM_ROW(FILLING, ROLE_TAKEOVER, FSM_SAME, refuse),
    FSM_ROW(FILLING, ROLE_TAKEOVER_STALE, SOLO, take_newer),
    FSM_ROW(FILLING, ROLE_TAKEOVER_EMPTY, SOLO, take_newer),

    FSM_ROW(HOT, ROLE_COPY_BEGINS, FILLING, follow),
    FSM_ROW(HOT, ROLE_LOST_THREAD, OUT_OF_SYNC, follow),
    FSM_ROW_SILENT(HOT, ROLE_UNHEARD, UNHEARD),
    FSM_ROW_SILENT(HOT, ROLE_CUT_OFF, CUT_OFF),
    FSM_ROW(HOT, ROLE_TAKEOVER, SOLO, take_newer),
    FSM_ROW(HOT, ROLE_TAKEOVER_STALE, SOLO, take_newer),
    FSM_ROW(HOT, ROLE_TAKEOVER_EMPTY, SOLO, take_newer),

    FSM_ROW(UNHEARD, ROLE_COPY_BEGINS, FILLING, follow),
    FSM_ROW(UNHEARD, ROLE_LOST_THREAD, OUT_OF_SYNC, follow),
    FSM_ROW_SILENT(UNHEARD, ROLE_HEARD, HOT),
    FSM_ROW_SILENT(UNHEARD, ROLE_CUT_OFF, CUT_OFF),
    FSM_ROW(UNHEARD, ROLE_TAKEOVER, SOLO, take_newer),
    FSM_ROW(UNHEARD, ROLE_TAKEOVER_STALE, SOLO, take_newer),
    FSM_ROW(UNHEARD, ROLE_TAKEOVER_EMPTY, SOLO, take_newer),

    FSM_ROW(CUT_OFF, ROLE_COPY_BEGINS, FILLING, follow),
    FSM_ROW_SILENT(CUT_OFF, ROLE_COPY_COMPLETE, HOT),
    FSM_ROW(CUT_OFF, ROLE_LOST_THREAD, OUT_OF_SYNC, follow),
    FSM_ROW(CUT_OFF, ROLE_TAKEOVER, SOLO, take_newer),
    FSM_ROW(CUT_OFF, ROLE_TAKEOVER_STALE, SOLO, take_newer),
    FSM_ROW(CUT_OFF, ROLE_TAKEOVER_EMPTY, SOLO, take_newer),

    FSM_ROW(OUT_OF_SYNC, ROLE_COPY_BEGINS, FILLING, follow),
    FSM_ROW(OUT_OF_SYNC, ROLE_LOST_THREAD, FSM_SAME, follow),
    FSM_ROW(OUT_OF_SYNC, ROLE_TAKEOVER, FSM_SAME, refuse),
    FSM_ROW(OUT_OF_SYNC, ROLE_TAKEOVER_STALE, SOLO, take_newer),
    FSM_ROW(OUT_OF_SYNC, ROLE_TAKEOVER_EMPTY, SOLO, take_newer),
};

const struct fsm role_fsm = {
    .name = "role",
    .section = "docs/replication-link.md",
    .state_names = state_names,
    .event_names = event_names,
    .rows = rows,
    .row_count = sizeof(rows) / sizeof(rows[0]),
    .state_count = sizeof(state_names) / sizeof(state_names[0]),
    .event_count = ROLE_EVENTS,
    .failed_event = FSM_ANY,
    .enter = enter,
};
