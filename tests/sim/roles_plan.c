/* SPDX-License-Identifier: MIT */
/* What goes wrong, and when. */
#include "sim/roles.h"

#define LATE (12 * SECOND) /* a host that is late all that time */

static const enum roles_fault_kind mix[] = {
    FAULT_STOP,     FAULT_STOP,     FAULT_STOP,     FAULT_STOP,          FAULT_STOP_BOTH,
    FAULT_HANG,     FAULT_CUT,      FAULT_KILL,     FAULT_SWITCHOVER,    FAULT_SWITCHOVER,
    FAULT_TAKEOVER, FAULT_TAKEOVER, FAULT_TAKEOVER, FAULT_TAKEOVER_BOTH, FAULT_SLOW,
};
static const enum roles_fault_kind work[] = {FAULT_CALL,    FAULT_CALL,  FAULT_CALL,
                                             FAULT_HANG_UP, FAULT_HELLO, FAULT_NODE_HANGS_UP};

static void add(struct roles *roles, struct roles_fault fault)
{
    unsigned at = roles->fault_count;

    if (at == ROLES_FAULTS)
        return;
    roles->fault_count++;
    for (; at && roles->faults[at - 1].at > fault.at; at--)
        roles->faults[at] = roles->faults[at - 1];
    roles->faults[at] = fault;
}

static uint64_t any_time(struct world *world)
{
    return world_chance(world, 50)   ? world_below(world, 400 * MS)
           : world_chance(world, 70) ? world_below(world, 2 * SECOND)
                                     : world_below(world, 6 * SECOND);
}

/* One fault or two or three within a short time, with calls around them. */
static void burst(struct roles *roles, uint64_t at)
{
    struct world *world = &roles->world;

    for (uint64_t i = world_between(world, 1, 3); i; i--)
        add(roles, (struct roles_fault){
                       .at = at + world_below(world, world_chance(world, 70) ? 20 * MS : SECOND),
                       .kind = mix[world_below(world, sizeof(mix) / sizeof(mix[0]))],
                       .box = (uint8_t)(world_chance(world, 70) ? world_between(world, 2, 3)
                                                                : world_below(world, 2)),
                       .number = any_time(world),
                       .steps = 1 + world_below(world, UINT64_C(1) << world_between(world, 1, 7)),
                       .flag = world_chance(world, 40)});
    for (uint64_t i = world_between(world, 1, 5); i; i--)
        add(roles, (struct roles_fault){
                       .at = at + world_below(world, world_chance(world, 50) ? 30 * MS : SECOND),
                       .kind = work[world_below(world, sizeof(work) / sizeof(work[0]))],
                       .box = (uint8_t)world_below(world, roles->peer_count)});
}

void roles_plan(struct roles *roles)
{
    struct world *world = &roles->world;

    roles->local = world_chance(world, 40);
    roles->peer_count = world_chance(world, 70) ? 1 : ROLES_PEERS;
    roles->fresh_ms = world_chance(world, 40) ? 10000 : (uint32_t)world_between(world, 100, 3000);
    roles->net.faults = (struct net_faults){
        .loss = world_chance(world, 60) ? 0 : (unsigned)world_between(world, 1, 20),
        .duplicate = world_chance(world, 70) ? 0 : (unsigned)world_between(world, 1, 20),
        .delay = world_between(world, 10, 10 * MS),
        .jitter = world_chance(world, 50) ? 0 : world_between(world, 1, 20 * MS)};
    roles->wires.delay =
        roles->local ? 5 : world_between(world, 10, world_chance(world, 30) ? 60 * MS : 5 * MS);
    roles->wires.jitter =
        roles->local ? 20 : world_between(world, 1, world_chance(world, 30) ? 20 * MS : 2 * MS);
    uint64_t at = 300 * MS;
    for (uint64_t bursts = world_between(world, 1, 5); bursts; bursts--) {
        burst(roles, at);
        at +=
            world_chance(world, 50) ? world_below(world, 500 * MS) : world_below(world, 6 * SECOND);
    }
    roles->end = at + SECOND;
}

/* --- carrying it out --- */

static struct box *pick(struct roles *roles, const struct roles_fault *fault)
{
    bool serves = box_serves(&roles->boxes[0]);

    if (fault->box < 2)
        return &roles->boxes[fault->box];
    return &roles->boxes[(fault->box == 2) != serves];
}

static void stop(struct box *box, uint64_t steps, uint64_t time)
{
    box->stop_in = steps;
    box->stop_for = 60 * MS + time;
}

static void later(struct roles *roles, enum roles_fault_kind kind, uint64_t delay, uint8_t box)
{
    if (roles->fault_count == ROLES_FAULTS)
        return;
    unsigned at = roles->fault_count++;
    struct roles_fault fault = {.at = roles->world.now + delay, .kind = kind, .box = box};
    for (; at > roles->next_fault && roles->faults[at - 1].at > fault.at; at--)
        roles->faults[at] = roles->faults[at - 1];
    roles->faults[at] = fault;
}

static void hang(struct roles *roles, const struct roles_fault *fault)
{
    bool both = fault->kind == FAULT_CUT;

    if (roles->local) /* one box: nothing hangs but its processes */
        return;
    world_say(&roles->world, "wire", "%s", both ? "is cut" : "hangs");
    wires_hang(&roles->wires, fault->box & 1, true);
    if (both)
        wires_hang(&roles->wires, !(fault->box & 1), true);
    later(roles, FAULT_HEAL, 50 * MS + fault->number, 0);
    if (!both || !fault->flag)
        return;
    later(roles, FAULT_CALL, fault->number / 8, 0);     /* the active goes on, */
    later(roles, FAULT_TAKEOVER, fault->number / 2, 0); /* and the other is promoted */
}

static void heal(struct roles *roles)
{
    wires_hang(&roles->wires, 0, false);
    wires_hang(&roles->wires, 1, false);
    box_mark(&roles->boxes[0]);
    box_mark(&roles->boxes[1]);
    world_say(&roles->world, "wire", "is healed");
}

static void kill_box(struct roles *roles, struct box *box, const struct roles_fault *fault)
{
    if (!box->node)
        return;
    box->follows = false;
    box->ended_at = roles->world.now;
    box_mark(box_other(roles, box));
    box_kill(roles, box, !roles->local && fault->flag);
    box->restart_at = roles->world.now + fault->number;
}

/* Some steps take long; or so many that every turn is late, and then the other loses its power. */
static void slow_down(struct roles *roles, struct box *box, const struct roles_fault *fault)
{
    struct roles_fault dies = {.number = LATE, .flag = true};

    box->slow = box->slow ? 0 : (unsigned)world_between(&roles->world, 1, fault->flag ? 60 : 8);
    box->slow_us = fault->flag ? 90 * MS : 500 * MS;
    if (!box->slow || fault->number % 4 != 0)
        return;
    box->slow = 100;
    box->slow_us = (fault->flag ? 60 : 120) * MS;
    kill_box(roles, box_other(roles, box), &dies);
    if (roles->end < roles->world.now + LATE)
        roles->end = roles->world.now + LATE;
}

static void work_of(struct roles *roles, const struct roles_fault *fault)
{
    struct peer *peer = &roles->peers[fault->box];
    struct peer_tunnel *tunnel = peer_tunnel(peer);
    struct peer_session *session;

    if (!tunnel || peer_channel_room(&tunnel->channel) < 8)
        return;
    if (fault->kind == FAULT_CALL && tunnel->session_count < PEER_SESSIONS - 1)
        peer_open_session(peer, tunnel);
    if (fault->kind == FAULT_HELLO)
        peer_hello(peer, tunnel);
    if (fault->kind == FAULT_HANG_UP && (session = peer_pick(peer, tunnel, PEER_ESTABLISHED)))
        peer_close_session(peer, tunnel, session);
}

void roles_fault(struct roles *roles, const struct roles_fault *fault)
{
    struct box *box = pick(roles, fault);

    switch (fault->kind) {
    case FAULT_STOP:
        stop(box, fault->steps, fault->number);
        return;
    case FAULT_STOP_BOTH:
        stop(&roles->boxes[0], fault->steps, fault->number);
        stop(&roles->boxes[1], 1 + world_below(&roles->world, fault->steps),
             any_time(&roles->world));
        return;
    case FAULT_HANG:
    case FAULT_CUT:
        hang(roles, fault);
        return;
    case FAULT_HEAL:
        heal(roles);
        return;
    case FAULT_KILL:
        kill_box(roles, box, fault);
        return;
    case FAULT_SWITCHOVER:
        program_order(&roles->boxes[!box_serves(&roles->boxes[0])], ORDER_SWITCHOVER, false);
        return;
    case FAULT_TAKEOVER_BOTH:
        program_order(&roles->boxes[0], ORDER_TAKEOVER, fault->flag);
        program_order(&roles->boxes[1], ORDER_TAKEOVER, true);
        return;
    case FAULT_TAKEOVER:
        program_order(&roles->boxes[box_serves(&roles->boxes[0])], ORDER_TAKEOVER, fault->flag);
        return;
    case FAULT_SLOW:
        slow_down(roles, box, fault);
        return;
    case FAULT_NODE_HANGS_UP:
        box->hangs_up = true;
        return;
    default:
        work_of(roles, fault);
        return;
    }
}
