/* SPDX-License-Identifier: MIT */
#include "sim/roles.h"

#include <stdio.h>
#include <string.h>

#define PEACE (120 * SECOND)
#define OPERATOR (2 * SECOND) /* how often one looks whether somebody serves */
#define SPINS 20000

static uint64_t next_event(const struct roles *roles)
{
    uint64_t at = net_deadline(&roles->net);

    for (unsigned i = 0; i < 2; i++)
        at = sooner(at, box_deadline(roles, &roles->boxes[i]));
    for (unsigned i = 0; i < roles->peer_count; i++)
        at = sooner(at, peer_deadline(&roles->peers[i]));
    if (roles->next_fault < roles->fault_count)
        at = sooner(at, roles->faults[roles->next_fault].at);
    return at;
}

static void deliver(struct roles *roles, struct packet *packet)
{
    if (packet->to == NET_NODE) {
        box_receive(roles, packet);
        return;
    }
    peer_receive(&roles->peers[packet->to - NET_PEER], packet->data, packet->len);
    net_give_back(&roles->net, packet);
}

static void note_roles(struct roles *roles)
{
    for (unsigned i = 0; i < 2; i++) {
        struct box *box = &roles->boxes[i];
        enum l2tpha_role role = box_role(box);
        bool follows = box->node && !box_serves(box) && role != L2TPHA_ROLE_STANDBY_COLD &&
                       role != L2TPHA_ROLE_FENCED;
        if (box->follows && !follows) {
            box->ended_at = roles->world.now;
            box_mark(box_other(roles, box));
        }
        box->follows = follows;
    }
}

static void judge_machines(struct roles *roles, const struct box *box)
{
    const char *fault =
        box->node && box_serves(box) && !box->restoring ? machines_fault(box->node, false) : NULL;

    if (fault)
        world_fail(&roles->world, "%s: %s", box->name, fault);
}

static void step(struct roles *roles, uint64_t at)
{
    struct world *world = &roles->world;

    roles->spins = at > world->now ? 0 : roles->spins + 1;
    if (roles->spins > SPINS)
        world_fail(world, "work is due without end");
    if (at > world->now)
        world->now = at;
    if (net_deadline(&roles->net) <= world->now)
        deliver(roles, net_take(&roles->net));
    while (roles->next_fault < roles->fault_count &&
           roles->faults[roles->next_fault].at <= world->now) {
        struct roles_fault fault = roles->faults[roles->next_fault++];
        roles_fault(roles, &fault);
    }
    for (unsigned i = 0; i < roles->peer_count; i++)
        peer_expire(&roles->peers[i]);
    unsigned first = (unsigned)world_below(world, 2);
    for (unsigned i = 0; i < 2 && !world->failed; i++) {
        struct box *box = &roles->boxes[first ^ i];
        if (box_deadline(roles, box) > world->now)
            continue;
        box_step(roles, box);
        note_roles(roles);
        judge_machines(roles, box);
        judge_claims(roles);
        judge_split(roles);
    }
}

static void run_until(struct roles *roles, uint64_t time)
{
    uint64_t at;

    while (!roles->world.failed && (at = next_event(roles)) <= time)
        step(roles, at);
    if (!roles->world.failed && roles->world.now < time)
        roles->world.now = time;
}

static void begin(struct roles *roles)
{
    static const struct peer_options peer = {.side = L2TPHA_LAC,
                                             .habits = {.keeps_future = true,
                                                        .acks_future = true,
                                                        .window = 16,
                                                        .first = SECOND,
                                                        .cap = 4 * SECOND}};

    net_init(&roles->net, &roles->world);
    oracle_init(&roles->oracle, &roles->world);
    wires_init(&roles->wires, &roles->world, 0, 0);
    roles_plan(roles);
    roles->clean = true;
    for (unsigned i = 0; i < 2; i++) {
        struct box *box = &roles->boxes[i];
        *box = (struct box){.place = i, .known = 1};
        box->root = talloc_named_const(NULL, 0, "box");
        snprintf(box->name, sizeof(box->name), "box %u", i);
        box_start(roles, box, i == 1);
    }
    for (unsigned i = 0; i < roles->peer_count; i++) {
        peer_begin(&roles->peers[i], &roles->world, &roles->net, &roles->oracle, NET_PEER + i,
                   &peer);
        peer_open_tunnel(&roles->peers[i]);
    }
}

/* Nothing goes wrong any more, and an operator sees to it that one serves. */
static void make_peace(struct roles *roles)
{
    struct world *world = &roles->world;
    uint64_t limit = world->now + PEACE;

    roles->net.faults.loss = roles->net.faults.duplicate = 0;
    roles->fault_count = roles->next_fault = 0;
    wires_hang(&roles->wires, 0, false);
    wires_hang(&roles->wires, 1, false);
    for (unsigned i = 0; i < 2; i++) {
        struct box *box = &roles->boxes[i];
        box_mark(box);
        box->slow = 0;
        box->stop_in = 0;
        if (!box->node)
            box->restart_at = world->now;
    }
    uint64_t look = world->now + OPERATOR;
    while (!world->failed && !judge_at_rest(roles)) {
        uint64_t at = next_event(roles);
        if (at > limit)
            world_fail(world, "it finds no rest: %s and %s",
                       l2tpha_role_name(box_role(&roles->boxes[0])),
                       l2tpha_role_name(box_role(&roles->boxes[1])));
        else
            step(roles, at);
        if (world->now < look)
            continue;
        look = world->now + OPERATOR;
        if (!box_serves(&roles->boxes[0]) && !box_serves(&roles->boxes[1]))
            program_order(&roles->boxes[world_below(world, 2)], ORDER_TAKEOVER, true);
    }
}

static void end(struct roles *roles)
{
    for (unsigned i = 0; i < 2; i++) {
        struct box *box = &roles->boxes[i];
        box_kill(roles, box, true);
        if (talloc_total_blocks(box->root) != 1)
            world_fail(&roles->world, "%zu blocks of memory are left",
                       talloc_total_blocks(box->root) - 1);
        talloc_free(box->root);
    }
    wires_free(&roles->wires);
    net_free(&roles->net);
}

bool roles_run_seed(struct roles *roles, uint64_t seed, bool verbose)
{
    memset(roles, 0, sizeof(*roles));
    roles->world =
        (struct world){.state = seed * UINT64_C(0x2545f4914f6cdd1d) + 1, .verbose = verbose};
    begin(roles);
    while (!roles->world.failed && roles->world.now < roles->end) /* a fault may put it off */
        run_until(roles, roles->end);
    make_peace(roles);
    if (!roles->world.failed)
        judge_end(roles);
    end(roles);
    return !roles->world.failed;
}
