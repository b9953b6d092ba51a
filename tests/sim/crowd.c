/* SPDX-License-Identifier: MIT */
#include "sim/crowd.h"

#include "attached/daemon.h"
#include "node/node.h"

#include <stdlib.h>
#include <string.h>

#define BATCH 64
#define TURNS_MAX 10000 /* of the hosts' loops in a millisecond: it must come to an end */

static const struct l2tpha_path from_lac = {.remote = {.len = 1, .bytes = {1}}};
static const struct l2tpha_path from_lns = {.remote = {.len = 1, .bytes = {2}}};

/* Their addresses mark calls. */
static int hung_up; /* the host has ended it */
static int first;   /* it was up before there was a standby */

/* --- ways --- */

static void send(struct crowd *crowd, struct crowd_way *way, const uint8_t *data, size_t len,
                 uint64_t number)
{
    struct crowd_parcel *parcel = malloc(sizeof(*parcel) + (data ? len : 0));

    check(parcel ? L2TPHA_OK : L2TPHA_ERR_NOMEM, "parcel");
    *parcel =
        (struct crowd_parcel){.at = crowd->world.now + crowd->delay, .number = number, .len = len};
    if (data)
        memcpy(parcel->data, data, len);
    if (!way->first)
        way->end = &way->first;
    *way->end = parcel;
    way->end = &parcel->next;
}

/* To be freed; NULL = nothing has arrived. */
static struct crowd_parcel *take(struct crowd_way *way, uint64_t now)
{
    struct crowd_parcel *parcel = way->first;

    if (!parcel || parcel->at > now)
        return NULL;
    way->first = parcel->next;
    return parcel;
}

static void clear(struct crowd_way *way)
{
    struct crowd_parcel *parcel;

    while ((parcel = take(way, L2TPHA_NEVER)))
        free(parcel);
}

static void follow(struct crowd *crowd, struct l2tpha_node *node, const struct crowd_parcel *parcel)
{
    int error =
        node ? l2tpha_checkpoint_apply(node, parcel->data, parcel->len, crowd->world.now, NULL)
             : L2TPHA_OK;
    if (error)
        world_fail(&crowd->world, "a checkpoint is refused: %s", l2tpha_strerror(error));
}

static bool replicate(struct crowd *crowd, uint64_t until)
{
    struct crowd_parcel *parcel;
    bool any = false;

    for (; (parcel = take(&crowd->to_standby, until)); any = true) {
        follow(crowd, crowd->pair.standby, parcel);
        follow(crowd, crowd->third, parcel);
        send(crowd, &crowd->to_active, NULL, parcel->len, parcel->number);
        free(parcel);
    }
    for (; (parcel = take(&crowd->to_active, crowd->world.now)); any = true) {
        crowd->unconfirmed -= parcel->len;
        l2tpha_checkpoint_done(crowd->pair.lns, parcel->number, 0, crowd->world.now);
        free(parcel);
    }
    return any;
}

static bool arrive(struct crowd *crowd, struct crowd_way *way, struct l2tpha_node *node,
                   const struct l2tpha_path *path)
{
    struct crowd_parcel *parcel;
    bool any = false;

    for (int i = 0; i < BATCH && (parcel = take(way, crowd->world.now)); i++, any = true) {
        host_feed(node, path, parcel->data, parcel->len, crowd->world.now);
        free(parcel);
    }
    return any;
}

/* --- hosts --- */

/* All tunnels stay, and at the LAC only those calls end that its host ends, and some that were not
 * up yet when the active died. */
static void hear(struct crowd *crowd, const struct l2tpha_node *node,
                 const struct l2tpha_event *event)
{
    bool at_lac = node == crowd->pair.lac;

    if (event->kind == L2TPHA_EVENT_TUNNEL_DOWN)
        world_fail(&crowd->world, "tunnel %u is down at the %s: %s", event->tunnel_id,
                   at_lac ? "LAC" : "LNS", event->text);
    if (event->kind == L2TPHA_EVENT_SESSION_DOWN && at_lac && event->user != &hung_up) {
        crowd->lost++;
        if (event->user == &first)
            world_fail(&crowd->world, "call %u/%u, up from the first, is lost: %s",
                       event->tunnel_id, event->session_id, event->text);
        world_say(&crowd->world, "LAC", "%u/%u lost: %s", event->tunnel_id, event->session_id,
                  event->text);
    }
}

static void ship(struct crowd *crowd, const struct l2tpha_output *output)
{
    crowd->unconfirmed += output->len;
    if (crowd->unconfirmed > crowd->most_unconfirmed)
        crowd->most_unconfirmed = crowd->unconfirmed;
    send(crowd, &crowd->to_standby, output->data, output->len, output->position);
}

static bool let_out(struct crowd *crowd, struct l2tpha_node *node, struct crowd_way *way)
{
    struct l2tpha_output outputs[BATCH];
    size_t count = l2tpha_poll(node, outputs, BATCH, crowd->world.now);

    for (size_t i = 0; i < count; i++) {
        if (outputs[i].kind == L2TPHA_OUTPUT_EVENT) {
            hear(crowd, node, outputs[i].event);
            host_told(node, outputs[i].event);
        } else if (outputs[i].kind == L2TPHA_OUTPUT_CHECKPOINT) {
            ship(crowd, &outputs[i]);
        } else if (world_below(&crowd->world, 1000) >= crowd->loss) {
            send(crowd, way, outputs[i].data, outputs[i].len, 0);
        }
    }
    return count > 0;
}

/* One turn of a host's loop: whether there was anything to do. */
static bool turn(struct crowd *crowd, struct l2tpha_node *node, struct crowd_way *in,
                 const struct l2tpha_path *from, struct crowd_way *out)
{
    bool any = arrive(crowd, in, node, from);

    if (host_deadline(node) <= crowd->world.now) {
        host_expire(node, crowd->world.now);
        any = true;
    }
    return let_out(crowd, node, out) || any;
}

/* The LAC's host opens a call, or ends one. */
static void act(struct crowd *crowd)
{
    const struct l2tpha_session_options call = {
        .size = sizeof(call), .call = L2TPHA_CALL_INCOMING, .framing = 1, .tx_speed = 64000};
    const struct l2tpha_disconnect why = {.size = sizeof(why), .result = 3};
    struct world *world = &crowd->world;
    struct l2tpha_tunnel *tunnel =
        l2tpha_tunnel_find(crowd->pair.lac, crowd->ids[world_below(world, crowd->tunnels)]);
    struct l2tpha_session_record record = {.size = sizeof(record)};
    struct l2tpha_session *session;

    if (!tunnel)
        return;
    if (world_chance(world, 50)) {
        crowd->opened += host_session_open(tunnel, &call, world->now, &session) == L2TPHA_OK;
        return;
    }
    session = l2tpha_session_next(tunnel, NULL);
    if (!session || l2tpha_session_user(session) == &hung_up)
        return;
    l2tpha_session_get(session, &record);
    if (record.state != L2TPHA_SESSION_ESTABLISHED)
        return;
    l2tpha_session_set_user(session, &hung_up);
    check(host_session_close(session, &why, world->now), "close");
    crowd->closed++;
}

void crowd_tick(struct crowd *crowd)
{
    struct bench *pair = &crowd->pair;
    unsigned turns = 0;
    bool any = true;

    pair->now = crowd->world.now += MS;
    if (!crowd->quiet)
        act(crowd);
    while (any && turns++ < TURNS_MAX) {
        any = turn(crowd, pair->lac, &crowd->to_lac, &from_lns, &crowd->to_lns);
        if (crowd->down)
            continue;
        any |= turn(crowd, pair->lns, &crowd->to_lns, &from_lac, &crowd->to_lac);
        any |= replicate(crowd, crowd->world.now);
    }
    if (turns > TURNS_MAX)
        world_fail(&crowd->world, "the hosts' loops do not come to rest");
}

/* --- beginning and end --- */

static void install(struct l2tpha_node *node, bool is_lns)
{
    const struct daemon_hooks hooks = {0}; /* without habits, which are about single messages */

    machines_install(node, is_lns);
    machines_attach(node, is_lns, is_lns ? "lns" : "lac", NULL, &hooks);
}

static void mark_calls(struct l2tpha_tunnel *tunnel)
{
    struct l2tpha_session *session = NULL;

    while ((session = l2tpha_session_next(tunnel, session)))
        l2tpha_session_set_user(session, &first);
}

static const struct bench_host crowd_host = {.configure = machines_configure,
                                             .made = install,
                                             .feed = host_feed,
                                             .told = host_told,
                                             .deadline = host_deadline,
                                             .expire = host_expire,
                                             .open_tunnel = host_tunnel_open,
                                             .open_session = host_session_open};

void crowd_open(struct crowd *crowd)
{
    struct l2tpha_tunnel *tunnel = NULL;
    uint32_t count = 0;

    bench_open_with(&crowd->pair, &crowd_host, world_random(&crowd->world));
    bench_calls(&crowd->pair, crowd->tunnels, crowd->calls, 16);
    crowd->world.now = crowd->pair.now;
    crowd->ids = calloc(crowd->tunnels, sizeof(*crowd->ids));
    check(crowd->ids ? L2TPHA_OK : L2TPHA_ERR_NOMEM, "ids");
    while ((tunnel = l2tpha_tunnel_next(crowd->pair.lac, tunnel)) && count < crowd->tunnels) {
        crowd->ids[count++] = l2tpha_tunnel_id(tunnel);
        mark_calls(tunnel);
    }
    check(count == crowd->tunnels ? L2TPHA_OK : L2TPHA_ERR_STATE, "tunnels");
}

static void end_machines(const struct l2tpha_node *node)
{
    if (node)
        machines_end(node);
}

void crowd_close(struct crowd *crowd)
{
    clear(&crowd->to_lac);
    clear(&crowd->to_lns);
    clear(&crowd->to_standby);
    clear(&crowd->to_active);
    free(crowd->ids);
    end_machines(crowd->pair.lac);
    end_machines(crowd->pair.lns);
    end_machines(crowd->pair.standby);
    end_machines(crowd->third);
    bench_close(&crowd->pair);
}

void crowd_kill(struct crowd *crowd)
{
    crowd->down = true;
    while (crowd->to_standby.first) {
        struct crowd_parcel *parcel = take(&crowd->to_standby, L2TPHA_NEVER);
        follow(crowd, crowd->pair.standby, parcel);
        follow(crowd, crowd->third, parcel);
        free(parcel);
    }
    clear(&crowd->to_active);
    crowd->unconfirmed = 0;
    machines_end(crowd->pair.lns);
    l2tpha_node_free(crowd->pair.lns);
    crowd->pair.lns = NULL;
}

bool crowd_is_still(const struct crowd *crowd)
{
    return !crowd->to_lac.first && !crowd->to_lns.first && !crowd->to_standby.first;
}
