/* SPDX-License-Identifier: MIT */
/* A host's loop. */
#include "attached/daemon.h"
#include "sim/roles.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define READS 6 /* pieces of the stream, and datagrams, in one turn */
#define AWAKE (60 * MS)
#define TURN (100 * MS) /* of a host that is in time */
#define SEEK (700 * MS)

static void install(struct roles *roles, struct box *box)
{
    const struct daemon_hooks hooks = {.user = &roles->world, .random = world_draw};

    machines_install(box->node, true);
    machines_attach(box->node, true, "node", NULL, &hooks);
}

void box_start(struct roles *roles, struct box *box, bool standby)
{
    const struct l2tpha_host host = {.size = sizeof(host),
                                     .user = &roles->world,
                                     .random = world_draw,
                                     .admit_session = world_admit,
                                     .log = roles->world.verbose ? world_log : NULL};
    struct l2tpha_config config;

    world_config(&config);
    config.name = "node";
    config.window = 16;
    config.retransmit_ms = 500;
    config.retries = 60;
    config.setup_ms = config.answer_ms = 3600 * 1000;
    config.hello_ms = 3000;
    config.debug = roles->world.verbose ? L2TPHA_LOG_RF | L2TPHA_LOG_RESYNC : 0;
    config.failover_capability = false;
    config.standby = standby;
    config.fresh_ms = roles->fresh_ms;
    config.rank = box->place + 1;
    config.epoch = box->known;
    machines_configure(&config, true);
    int error = l2tpha_node_new(box->root, &config, &host, roles->world.now, &box->node);
    if (error)
        world_fail(&roles->world, "no node: %s", l2tpha_strerror(error));
    else
        install(roles, box);
    box->restoring = false;
    box->wire = box->backlog = NO_WIRE;
    box->told = ORDER_NONE;
    box->given = box->stepped_down = false;
    box->next = STEPS;
    box->at = box->retry_at = roles->world.now;
    box->restart_at = L2TPHA_NEVER;
    box->asleep = false;
    box->called = true;
    box->handed_at = 0;
    world_say(&roles->world, box->name, "=== starts as a %s ===", standby ? "standby" : "active");
    if (!standby)
        judge_began(roles, box, true);
}

struct box *box_other(struct roles *roles, const struct box *box)
{
    return &roles->boxes[!box->place];
}

enum l2tpha_role box_role(const struct box *box)
{
    return box->node ? info_of(box->node).role : L2TPHA_ROLE_FENCED;
}

bool box_serves(const struct box *box)
{
    enum l2tpha_role role = box_role(box);

    return role == L2TPHA_ROLE_ACTIVE || role == L2TPHA_ROLE_ACTIVE_SOLO ||
           role == L2TPHA_ROLE_ACTIVE_BULK;
}

static void drop_batch(struct box *box)
{
    for (unsigned i = box->batch_next; i < box->batch_count; i++)
        free(box->batch[i].data);
    box->batch_count = box->batch_next = 0;
}

static void drop_inbox(struct roles *roles, struct box *box)
{
    for (unsigned i = 0; i < box->inbox_count; i++)
        net_give_back(&roles->net, box->inbox[i]);
    box->inbox_count = 0;
}

void box_drop_link(struct roles *roles, struct box *box)
{
    if (box->link)
        l2tpha_link_free(box->link, roles->world.now);
    box->link = NULL;
    if (box->wire != NO_WIRE) {
        if (box_serves(box)) /* over unix the active that lives says so */
            roles->wires.all[box->wire].alone = true;
        wires_close(&roles->wires, box->wire, box->place, true);
    }
    box->wire = NO_WIRE;
    if (box->phase == PHASE_ANNOUNCED && !box->stepped_down) { /* on another stream, once more */
        box->phase = PHASE_SEEK;
        box->phase_until = roles->world.now + SEEK;
    }
    box->retry_at = roles->world.now + world_between(&roles->world, 20 * MS, 300 * MS);
}

void box_kill(struct roles *roles, struct box *box, bool power)
{
    if (!box->node)
        return;
    world_say(&roles->world, box->name, "=== dies ===");
    roles->sums.deaths++;
    machines_end(box->node);
    talloc_free(box->node); /* its links with it */
    box->node = NULL;
    box->link = NULL;
    if (box->wire != NO_WIRE) {
        if (power)
            stream_cut(&roles->wires.all[box->wire].way[!box->place]);
        wires_close(&roles->wires, box->wire, box->place, !power);
    }
    if (box->backlog != NO_WIRE)
        wires_close(&roles->wires, box->backlog, box->place, !power);
    box->wire = box->backlog = NO_WIRE;
    drop_batch(box);
    if (power || !roles->local)
        drop_inbox(roles, box);
    box->at = L2TPHA_NEVER;
}

/* --- input --- */

void box_receive(struct roles *roles, struct packet *packet)
{
    struct box *box = &roles->boxes[roles->owner];

    if (roles->local && !box_serves(box) && box_serves(box_other(roles, box)))
        box = box_other(roles, box);
    if ((!box->node && !roles->local) || box->inbox_count == ROLES_INBOX)
        net_give_back(&roles->net, packet);
    else
        box->inbox[box->inbox_count++] = packet;
}

/* The one socket that both have. */
static void take_inbox(struct box *box, struct box *other)
{
    while (!box_serves(other) && other->inbox_count && box->inbox_count < ROLES_INBOX)
        box->inbox[box->inbox_count++] = other->inbox[--other->inbox_count];
}

static void read_socket(struct roles *roles, struct box *box)
{
    struct l2tpha_path path;

    if (!box_serves(box)) {
        if (!roles->local)
            drop_inbox(roles, box);
        return;
    }
    if (box->restoring)
        return;
    if (roles->local)
        take_inbox(box, box_other(roles, box));
    unsigned count = box->inbox_count < READS ? box->inbox_count : READS;
    for (unsigned i = 0; i < count; i++) {
        struct packet *packet = box->inbox[i];
        net_address(NET_NODE, &path.local);
        net_address(packet->from, &path.remote);
        host_feed(box->node, &path, packet->data, packet->len, roles->world.now);
        box->called = true;
        net_give_back(&roles->net, packet);
    }
    box->inbox_count -= count;
    memmove(box->inbox, box->inbox + count, box->inbox_count * sizeof(box->inbox[0]));
}

static void new_link(struct roles *roles, struct box *box)
{
    const struct l2tpha_link_options options = {.size = sizeof(options), .ranks_differ = true};

    box->called = true;
    int error = l2tpha_link_new(box->node, &options, roles->world.now, &box->link);
    if (error == L2TPHA_ERR_ROLE) /* fenced */
        box_drop_link(roles, box);
    else if (error)
        world_fail(&roles->world, "no link: %s", l2tpha_strerror(error));
}

/* Who has a stream takes no other. */
static void accept_stream(struct roles *roles, struct box *box)
{
    if (box->backlog == NO_WIRE)
        return;
    if (box->wire != NO_WIRE) {
        wires_close(&roles->wires, box->backlog, box->place, true);
        box->backlog = NO_WIRE;
        return;
    }
    box->wire = box->backlog;
    box->backlog = NO_WIRE;
    new_link(roles, box);
}

static void connect_stream(struct roles *roles, struct box *box)
{
    struct box *other = box_other(roles, box);

    box->retry_at = roles->world.now + world_between(&roles->world, 50 * MS, 400 * MS);
    if (!other->node || other->backlog != NO_WIRE)
        return;
    int wire = wires_connect(&roles->wires, box->place);
    if (wire == NO_WIRE)
        return;
    box->wire = other->backlog = wire;
    new_link(roles, box);
}

static void read_link(struct roles *roles, struct box *box)
{
    struct unit *unit;

    accept_stream(roles, box);
    if (box->wire == NO_WIRE && box->retry_at <= roles->world.now)
        connect_stream(roles, box);
    for (unsigned i = 0; i < READS && box->link; i++) {
        if (!(unit = wires_read(&roles->wires, box->wire, box->place)))
            break;
        int error = l2tpha_link_feed(box->link, unit->data, unit->len, roles->world.now);
        box->called = true;
        free(unit);
        if (error)
            program_link_failed(roles, box, error);
    }
    if (box->link && wires_ended(&roles->wires, box->wire, box->place)) {
        box->called = true;
        program_stream_ended(roles, box);
    }
}

/* --- output --- */

static void flush_link(struct roles *roles, struct box *box)
{
    const uint8_t *data;
    size_t len;

    while (box->link && (len = l2tpha_link_poll(box->link, &data, roles->world.now))) {
        wires_write(&roles->wires, box->wire, box->place, data, len);
        l2tpha_link_sent(box->link, len);
    }
    box->called |= box->link != NULL;
}

static bool keep_output(struct roles *roles, struct box *box, const struct l2tpha_output *output)
{
    struct roles_output *kept = &box->batch[box->batch_count];

    if (output->kind == L2TPHA_OUTPUT_EVENT) {
        world_say(&roles->world, box->name, "event '%s' %u %s",
                  l2tpha_event_name(output->event->kind), (unsigned)output->event->tunnel_id,
                  output->event->text ? output->event->text : "");
        host_told(box->node, output->event);
        return true;
    }
    *kept = (struct roles_output){.kind = output->kind,
                                  .position = output->position,
                                  .tunnel_id = output->tunnel_id,
                                  .len = output->len,
                                  .data = malloc(output->len)};
    if (!kept->data)
        return false;
    memcpy(kept->data, output->data, output->len);
    if (output->kind == L2TPHA_OUTPUT_DATAGRAM)
        kept->to = net_place(&output->path->remote);
    box->batch_count++;
    return true;
}

/* Over unix an active that is alone says so before it acts on what that has set free. */
static void poll_node(struct roles *roles, struct box *box)
{
    struct l2tpha_output outputs[ROLES_BATCH];

    size_t count = l2tpha_poll(box->node, outputs, ROLES_BATCH, roles->world.now);
    box->called = true;
    box->batch_count = box->batch_next = 0;
    if (box->restoring && count == 0) { /* all that is resent has left */
        box->restoring = false;
        machines_restore(box->node, roles->world.now);
    }
    for (size_t i = 0; i < count; i++)
        if (!keep_output(roles, box, &outputs[i]))
            world_fail(&roles->world, "out of memory");
    if (box->wire != NO_WIRE && box_role(box) == L2TPHA_ROLE_ACTIVE_SOLO)
        roles->wires.all[box->wire].alone = true;
    if (box->wire != NO_WIRE && box_role(box) == L2TPHA_ROLE_ACTIVE)
        roles->wires.all[box->wire].alone = false;
}

static void act_on(struct roles *roles, struct box *box, struct roles_output *output)
{
    if (output->kind == L2TPHA_OUTPUT_DATAGRAM) {
        judge_sent(roles, box, output->tunnel_id, output->data, output->len);
        roles->owner = box->place;
        net_send(&roles->net, NET_NODE, output->to, output->data, output->len);
    } else if (box->link) {
        int error = l2tpha_link_send(box->link, output->position, output->data, output->len,
                                     roles->world.now);
        if (error && error != L2TPHA_ERR_STATE)
            program_link_failed(roles, box, error);
        flush_link(roles, box);
    }
    free(output->data);
    output->data = NULL;
}

/* --- the loop --- */

void box_mark(struct box *box)
{
    box->lived_mark = box->lived;
}

static void note_turn(struct roles *roles, struct box *box)
{
    uint64_t time = roles->world.now - box->turned;

    if (time > TURN)
        box->late_at = roles->world.now;
    box->lived += time > TURN ? TURN : time;
    box->turned = roles->world.now;
}

static void shuffle(struct roles *roles, struct box *box)
{
    note_turn(roles, box);
    for (unsigned i = 0; i < STEPS; i++) {
        unsigned at = (unsigned)world_below(&roles->world, i + 1);
        box->order[i] = box->order[at];
        box->order[at] = (uint8_t)i;
    }
    box->next = 0;
}

static void expire_link(struct roles *roles, struct box *box)
{
    if (!box->link)
        return;
    int error = l2tpha_link_expire(box->link, roles->world.now);
    box->called = true;
    if (error)
        program_link_failed(roles, box, error);
}

static void make_step(struct roles *roles, struct box *box)
{
    if (box->batch_next < box->batch_count) {
        act_on(roles, box, &box->batch[box->batch_next++]);
        return;
    }
    if (box->next >= STEPS)
        shuffle(roles, box);
    switch (box->order[box->next++]) {
    case STEP_LINK_IN:
        read_link(roles, box);
        break;
    case STEP_SOCKET:
        read_socket(roles, box);
        break;
    case STEP_EXPIRE:
        host_expire(box->node, roles->world.now);
        box->called = true;
        break;
    case STEP_LINK_EXPIRE:
        expire_link(roles, box);
        break;
    case STEP_POLL:
        poll_node(roles, box);
        break;
    case STEP_LINK_OUT:
        flush_link(roles, box);
        break;
    default:
        program_step(roles, box);
        break;
    }
}

/* How long until the next step, if all goes well. */
static uint64_t pace(struct roles *roles, struct box *box)
{
    if (box->stop_in && --box->stop_in == 0) {
        roles->sums.stops++;
        world_say(&roles->world, box->name, "is stopped for %llu ms",
                  (unsigned long long)(box->stop_for / MS));
        return box->stop_for;
    }
    if (world_chance(&roles->world, box->slow))
        return world_below(&roles->world, box->slow_us);
    return world_below(&roles->world, 30);
}

void box_step(struct roles *roles, struct box *box)
{
    if (box->restart_at <= roles->world.now) {
        box_start(roles, box, true);
        return;
    }
    if (!box->node)
        return;
    if (box->asleep) {
        box->asleep = box->called = false;
        box->late_at = roles->world.now;
        world_say(&roles->world, box->name, "wakes");
    }
    make_step(roles, box);
    uint64_t wait = pace(roles, box);
    box->at = roles->world.now + wait;
    box->asleep = wait > AWAKE;
}

uint64_t box_deadline(const struct roles *roles, const struct box *box)
{
    if (!box->node)
        return box->restart_at;
    if (box->next < STEPS || box->batch_next < box->batch_count)
        return box->at;
    uint64_t due = box->restoring ? box->at : host_deadline(box->node);
    if (box->link)
        due = sooner(due, sooner(l2tpha_link_deadline(box->link),
                                 wires_deadline(&roles->wires, box->wire, box->place)));
    else
        due = sooner(due, box->retry_at);
    if (box->backlog != NO_WIRE || box->batch_count || (box->inbox_count && box_serves(box)))
        due = box->at;
    due = sooner(due, program_deadline(box));
    return due > box->at ? due : box->at;
}
