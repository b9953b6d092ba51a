/* SPDX-License-Identifier: MIT */
#include "sim/reign.h"

#include <stdio.h>
#include <string.h>

#define PEACE (120 * SECOND)
#define OPERATOR (2 * SECOND) /* how often one looks whether somebody serves */
#define SPINS 20000

static uint64_t next_event(const struct reigns *reigns)
{
    uint64_t at = net_deadline(&reigns->net);

    for (unsigned i = 0; i < 2; i++)
        at = sooner(at, box_deadline(reigns, &reigns->boxes[i]));
    for (unsigned i = 0; i < reigns->peer_count; i++)
        at = sooner(at, peer_deadline(&reigns->peers[i]));
    if (reigns->next_fault < reigns->fault_count)
        at = sooner(at, reigns->faults[reigns->next_fault].at);
    return at;
}

static void deliver(struct reigns *reigns, struct packet *packet)
{
    if (packet->to == NET_NODE) {
        box_receive(reigns, packet);
        return;
    }
    peer_receive(&reigns->peers[packet->to - NET_PEER], packet->data, packet->len);
    net_give_back(&reigns->net, packet);
}

static void note_roles(struct reigns *reigns)
{
    for (unsigned i = 0; i < 2; i++) {
        struct box *box = &reigns->boxes[i];
        enum l2tpha_role role = box_role(box);
        bool follows = box->node && !box_serves(box) && role != L2TPHA_ROLE_STANDBY_COLD &&
                       role != L2TPHA_ROLE_FENCED;
        if (box->follows && !follows) {
            box->ended_at = reigns->world.now;
            box_mark(box_other(reigns, box));
        }
        box->follows = follows;
    }
}

static void step(struct reigns *reigns, uint64_t at)
{
    struct world *world = &reigns->world;

    reigns->spins = at > world->now ? 0 : reigns->spins + 1;
    if (reigns->spins > SPINS)
        world_fail(world, "work is due without end");
    if (at > world->now)
        world->now = at;
    if (net_deadline(&reigns->net) <= world->now)
        deliver(reigns, net_take(&reigns->net));
    while (reigns->next_fault < reigns->fault_count &&
           reigns->faults[reigns->next_fault].at <= world->now) {
        struct reign_fault fault = reigns->faults[reigns->next_fault++];
        reign_fault(reigns, &fault);
    }
    for (unsigned i = 0; i < reigns->peer_count; i++)
        peer_expire(&reigns->peers[i]);
    unsigned first = (unsigned)world_below(world, 2);
    for (unsigned i = 0; i < 2 && !world->failed; i++) {
        struct box *box = &reigns->boxes[first ^ i];
        if (box_deadline(reigns, box) > world->now)
            continue;
        box_step(reigns, box);
        note_roles(reigns);
        judge_claims(reigns);
        judge_split(reigns);
    }
}

static void run_until(struct reigns *reigns, uint64_t time)
{
    uint64_t at;

    while (!reigns->world.failed && (at = next_event(reigns)) <= time)
        step(reigns, at);
    if (!reigns->world.failed && reigns->world.now < time)
        reigns->world.now = time;
}

static void begin(struct reigns *reigns)
{
    static const struct peer_options peer = {.side = L2TPHA_LAC,
                                             .habits = {.keeps_future = true,
                                                        .acks_future = true,
                                                        .window = 16,
                                                        .first = SECOND,
                                                        .cap = 4 * SECOND}};

    net_init(&reigns->net, &reigns->world);
    oracle_init(&reigns->oracle, &reigns->world);
    wires_init(&reigns->wires, &reigns->world, 0, 0);
    reign_plan(reigns);
    reigns->clean = true;
    for (unsigned i = 0; i < 2; i++) {
        struct box *box = &reigns->boxes[i];
        *box = (struct box){.place = i, .known = 1};
        box->root = talloc_named_const(NULL, 0, "box");
        snprintf(box->name, sizeof(box->name), "box %u", i);
        box_start(reigns, box, i == 1);
    }
    for (unsigned i = 0; i < reigns->peer_count; i++) {
        peer_begin(&reigns->peers[i], &reigns->world, &reigns->net, &reigns->oracle, NET_PEER + i,
                   &peer);
        peer_open_tunnel(&reigns->peers[i]);
    }
}

/* Nothing goes wrong any more, and an operator sees to it that one serves. */
static void make_peace(struct reigns *reigns)
{
    struct world *world = &reigns->world;
    uint64_t limit = world->now + PEACE;

    reigns->net.faults.loss = reigns->net.faults.duplicate = 0;
    reigns->fault_count = reigns->next_fault = 0;
    wires_hang(&reigns->wires, 0, false);
    wires_hang(&reigns->wires, 1, false);
    for (unsigned i = 0; i < 2; i++) {
        struct box *box = &reigns->boxes[i];
        box_mark(box);
        box->slow = 0;
        box->stop_in = 0;
        if (!box->node)
            box->restart_at = world->now;
    }
    uint64_t look = world->now + OPERATOR;
    while (!world->failed && !judge_at_rest(reigns)) {
        uint64_t at = next_event(reigns);
        if (at > limit)
            world_fail(world, "it finds no rest: %s and %s",
                       l2tpha_role_name(box_role(&reigns->boxes[0])),
                       l2tpha_role_name(box_role(&reigns->boxes[1])));
        else
            step(reigns, at);
        if (world->now < look)
            continue;
        look = world->now + OPERATOR;
        if (!box_serves(&reigns->boxes[0]) && !box_serves(&reigns->boxes[1]))
            program_order(&reigns->boxes[world_below(world, 2)], ORDER_TAKEOVER, true);
    }
}

static void end(struct reigns *reigns)
{
    for (unsigned i = 0; i < 2; i++) {
        struct box *box = &reigns->boxes[i];
        box_kill(reigns, box, true);
        if (talloc_total_blocks(box->root) != 1)
            world_fail(&reigns->world, "%zu blocks of memory are left",
                       talloc_total_blocks(box->root) - 1);
        talloc_free(box->root);
    }
    wires_free(&reigns->wires);
    net_free(&reigns->net);
}

bool reign_run_seed(struct reigns *reigns, uint64_t seed, bool verbose)
{
    memset(reigns, 0, sizeof(*reigns));
    reigns->world =
        (struct world){.state = seed * UINT64_C(0x2545f4914f6cdd1d) + 1, .verbose = verbose};
    begin(reigns);
    while (!reigns->world.failed && reigns->world.now < reigns->end) /* a fault may put it off */
        run_until(reigns, reigns->end);
    make_peace(reigns);
    if (!reigns->world.failed)
        judge_end(reigns);
    end(reigns);
    return !reigns->world.failed;
}
