/* SPDX-License-Identifier: MIT */
/* What goes wrong, and when. */
#include "sim/reign.h"

#define LATE (12 * SECOND) /* a host that is late all that time */

static const enum reign_fault_kind mix[] = {
    FAULT_STOP,     FAULT_STOP,     FAULT_STOP,     FAULT_STOP,          FAULT_STOP_BOTH,
    FAULT_HANG,     FAULT_CUT,      FAULT_KILL,     FAULT_SWITCHOVER,    FAULT_SWITCHOVER,
    FAULT_TAKEOVER, FAULT_TAKEOVER, FAULT_TAKEOVER, FAULT_TAKEOVER_BOTH, FAULT_SLOW,
};
static const enum reign_fault_kind work[] = {FAULT_CALL,    FAULT_CALL,  FAULT_CALL,
                                             FAULT_HANG_UP, FAULT_HELLO, FAULT_NODE_HANGS_UP};

static void add(struct reigns *reigns, struct reign_fault fault)
{
    unsigned at = reigns->fault_count;

    if (at == REIGN_FAULTS)
        return;
    reigns->fault_count++;
    for (; at && reigns->faults[at - 1].at > fault.at; at--)
        reigns->faults[at] = reigns->faults[at - 1];
    reigns->faults[at] = fault;
}

static uint64_t any_time(struct world *world)
{
    return world_chance(world, 50)   ? world_below(world, 400 * MS)
           : world_chance(world, 70) ? world_below(world, 2 * SECOND)
                                     : world_below(world, 6 * SECOND);
}

/* One fault or two or three within a short time, with calls around them. */
static void burst(struct reigns *reigns, uint64_t at)
{
    struct world *world = &reigns->world;

    for (uint64_t i = world_between(world, 1, 3); i; i--)
        add(reigns, (struct reign_fault){
                        .at = at + world_below(world, world_chance(world, 70) ? 20 * MS : SECOND),
                        .kind = mix[world_below(world, sizeof(mix) / sizeof(mix[0]))],
                        .box = (uint8_t)(world_chance(world, 70) ? world_between(world, 2, 3)
                                                                 : world_below(world, 2)),
                        .number = any_time(world),
                        .steps = 1 + world_below(world, UINT64_C(1) << world_between(world, 1, 7)),
                        .flag = world_chance(world, 40)});
    for (uint64_t i = world_between(world, 1, 5); i; i--)
        add(reigns, (struct reign_fault){
                        .at = at + world_below(world, world_chance(world, 50) ? 30 * MS : SECOND),
                        .kind = work[world_below(world, sizeof(work) / sizeof(work[0]))],
                        .box = (uint8_t)world_below(world, reigns->peer_count)});
}

void reign_plan(struct reigns *reigns)
{
    struct world *world = &reigns->world;

    reigns->local = world_chance(world, 40);
    reigns->peer_count = world_chance(world, 70) ? 1 : REIGN_PEERS;
    reigns->fresh_ms = world_chance(world, 40) ? 10000 : (uint32_t)world_between(world, 100, 3000);
    reigns->net.faults = (struct net_faults){
        .loss = world_chance(world, 60) ? 0 : (unsigned)world_between(world, 1, 20),
        .duplicate = world_chance(world, 70) ? 0 : (unsigned)world_between(world, 1, 20),
        .delay = world_between(world, 10, 10 * MS),
        .jitter = world_chance(world, 50) ? 0 : world_between(world, 1, 20 * MS)};
    reigns->wires.delay =
        reigns->local ? 5 : world_between(world, 10, world_chance(world, 30) ? 60 * MS : 5 * MS);
    reigns->wires.jitter =
        reigns->local ? 20 : world_between(world, 1, world_chance(world, 30) ? 20 * MS : 2 * MS);
    uint64_t at = 300 * MS;
    for (uint64_t bursts = world_between(world, 1, 5); bursts; bursts--) {
        burst(reigns, at);
        at +=
            world_chance(world, 50) ? world_below(world, 500 * MS) : world_below(world, 6 * SECOND);
    }
    reigns->end = at + SECOND;
}

/* --- carrying it out --- */

static struct box *pick(struct reigns *reigns, const struct reign_fault *fault)
{
    bool serves = box_serves(&reigns->boxes[0]);

    if (fault->box < 2)
        return &reigns->boxes[fault->box];
    return &reigns->boxes[(fault->box == 2) != serves];
}

static void stop(struct box *box, uint64_t steps, uint64_t time)
{
    box->stop_in = steps;
    box->stop_for = 60 * MS + time;
}

static void later(struct reigns *reigns, enum reign_fault_kind kind, uint64_t delay, uint8_t box)
{
    if (reigns->fault_count == REIGN_FAULTS)
        return;
    unsigned at = reigns->fault_count++;
    struct reign_fault fault = {.at = reigns->world.now + delay, .kind = kind, .box = box};
    for (; at > reigns->next_fault && reigns->faults[at - 1].at > fault.at; at--)
        reigns->faults[at] = reigns->faults[at - 1];
    reigns->faults[at] = fault;
}

static void hang(struct reigns *reigns, const struct reign_fault *fault)
{
    bool both = fault->kind == FAULT_CUT;

    if (reigns->local) /* one box: nothing hangs but its processes */
        return;
    world_say(&reigns->world, "wire", "%s", both ? "is cut" : "hangs");
    wires_hang(&reigns->wires, fault->box & 1, true);
    if (both)
        wires_hang(&reigns->wires, !(fault->box & 1), true);
    later(reigns, FAULT_HEAL, 50 * MS + fault->number, 0);
    if (!both || !fault->flag)
        return;
    later(reigns, FAULT_CALL, fault->number / 8, 0);     /* the active goes on, */
    later(reigns, FAULT_TAKEOVER, fault->number / 2, 0); /* and the other is promoted */
}

static void heal(struct reigns *reigns)
{
    wires_hang(&reigns->wires, 0, false);
    wires_hang(&reigns->wires, 1, false);
    box_mark(&reigns->boxes[0]);
    box_mark(&reigns->boxes[1]);
    world_say(&reigns->world, "wire", "is healed");
}

static void kill_box(struct reigns *reigns, struct box *box, const struct reign_fault *fault)
{
    if (!box->node)
        return;
    box->follows = false;
    box->ended_at = reigns->world.now;
    box_mark(box_other(reigns, box));
    box_kill(reigns, box, !reigns->local && fault->flag);
    box->restart_at = reigns->world.now + fault->number;
}

/* Some steps take long; or so many that every turn is late, and then the other loses its power. */
static void slow_down(struct reigns *reigns, struct box *box, const struct reign_fault *fault)
{
    struct reign_fault dies = {.number = LATE, .flag = true};

    box->slow = box->slow ? 0 : (unsigned)world_between(&reigns->world, 1, fault->flag ? 60 : 8);
    box->slow_us = fault->flag ? 90 * MS : 500 * MS;
    if (!box->slow || fault->number % 4 != 0)
        return;
    box->slow = 100;
    box->slow_us = (fault->flag ? 60 : 120) * MS;
    kill_box(reigns, box_other(reigns, box), &dies);
    if (reigns->end < reigns->world.now + LATE)
        reigns->end = reigns->world.now + LATE;
}

static void work_of(struct reigns *reigns, const struct reign_fault *fault)
{
    struct peer *peer = &reigns->peers[fault->box];
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

void reign_fault(struct reigns *reigns, const struct reign_fault *fault)
{
    struct box *box = pick(reigns, fault);

    switch (fault->kind) {
    case FAULT_STOP:
        stop(box, fault->steps, fault->number);
        return;
    case FAULT_STOP_BOTH:
        stop(&reigns->boxes[0], fault->steps, fault->number);
        stop(&reigns->boxes[1], 1 + world_below(&reigns->world, fault->steps),
             any_time(&reigns->world));
        return;
    case FAULT_HANG:
    case FAULT_CUT:
        hang(reigns, fault);
        return;
    case FAULT_HEAL:
        heal(reigns);
        return;
    case FAULT_KILL:
        kill_box(reigns, box, fault);
        return;
    case FAULT_SWITCHOVER:
        program_order(&reigns->boxes[!box_serves(&reigns->boxes[0])], ORDER_SWITCHOVER, false);
        return;
    case FAULT_TAKEOVER_BOTH:
        program_order(&reigns->boxes[0], ORDER_TAKEOVER, fault->flag);
        program_order(&reigns->boxes[1], ORDER_TAKEOVER, true);
        return;
    case FAULT_TAKEOVER:
        program_order(&reigns->boxes[box_serves(&reigns->boxes[0])], ORDER_TAKEOVER, fault->flag);
        return;
    case FAULT_SLOW:
        slow_down(reigns, box, fault);
        return;
    case FAULT_NODE_HANGS_UP:
        box->hangs_up = true;
        return;
    default:
        work_of(reigns, fault);
        return;
    }
}
