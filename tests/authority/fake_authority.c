/* SPDX-License-Identifier: MIT */
#include "authority/fake_authority.h"

#include <string.h>

#define PATIENCE (700 * MS) /* of a node's adapter */

static const char *const names[] = {"look", "take", "change", "renew", "leave"};

static uint64_t clock_of(const struct fake_authority *server)
{
    return server->world->now * server->rate / 1000000;
}

bool fake_authority_is_leased(const struct fake_authority *server)
{
    return server->leased_until > clock_of(server);
}

/* --- ways --- */

static void put(struct fake_authority *server, const struct fake_parcel *parcel)
{
    struct world *world = server->world;
    uint64_t delay = server->delay + world_below(world, server->delay + 1);

    if (world_chance(world, server->late)) /* a request that is given up, perhaps */
        delay += world_below(world, world_chance(world, 50) ? 300 * MS : 8 * SECOND);
    for (unsigned i = 0; i < FAKE_PARCELS; i++)
        if (!server->parcels[i].at) {
            server->parcels[i] = *parcel;
            server->parcels[i].at = world->now + 1 + delay;
            server->due = sooner(server->due, server->parcels[i].at);
            return;
        }
}

static void post(struct fake_authority *server, const struct fake_parcel *parcel)
{
    if (world_chance(server->world, server->loss))
        return;
    put(server, parcel);
    if (world_chance(server->world, server->duplicate))
        put(server, parcel);
}

/* --- what it does --- */

static int carry_out_take(struct fake_authority *server, const struct fake_parcel *parcel)
{
    if (parcel->revision != server->claim.revision)
        return L2TPHA_ERR_FENCED;
    if (fake_authority_is_leased(server))
        return L2TPHA_ERR_EXISTS;
    server->from_member = false;
    server->from_void = server->claim.epoch && !server->claim.count;
    for (uint32_t i = 0; i < server->claim.count; i++)
        if (strcmp(server->claim.in_sync[i], parcel->claim.owner) == 0)
            server->from_member = true;
    server->claim = parcel->claim;
    server->claim.revision = parcel->revision + 1;
    server->leased_until = clock_of(server) + parcel->ttl_ms * MS;
    server->lease_takes = parcel->takes;
    server->leased_at = server->world->now;
    return L2TPHA_OK;
}

static int carry_out_change(struct fake_authority *server, const struct fake_parcel *parcel)
{
    if (parcel->revision != server->claim.revision || parcel->epoch != server->claim.epoch)
        return L2TPHA_ERR_FENCED;
    server->claim = parcel->claim;
    server->claim.revision = parcel->revision + 1;
    server->voids += !server->claim.count;
    return L2TPHA_OK;
}

static int carry_out_beside(struct fake_authority *server, const struct fake_parcel *parcel)
{
    const char *name = server->nodes[parcel->node].name;

    if (parcel->epoch != server->claim.epoch || strcmp(name, server->claim.owner) != 0)
        return L2TPHA_ERR_FENCED;
    if (!fake_authority_is_leased(server))
        return L2TPHA_ERR_NOT_FOUND;
    if (parcel->kind == FAKE_RENEW) {
        server->leased_until = clock_of(server) + parcel->ttl_ms * MS;
        server->leased_at = server->world->now;
    } else if (server->lease_takes <= parcel->takes)
        server->leased_until = 0;
    return L2TPHA_OK;
}

static int carry_out(struct fake_authority *server, const struct fake_parcel *parcel)
{
    switch (parcel->kind) {
    case FAKE_TAKE:
        return carry_out_take(server, parcel);
    case FAKE_CHANGE:
        return carry_out_change(server, parcel);
    case FAKE_RENEW:
    case FAKE_LEAVE:
        return carry_out_beside(server, parcel);
    default:
        return L2TPHA_OK;
    }
}

static void answer(struct fake_authority *server, struct fake_parcel parcel)
{
    const struct fake_node *node = &server->nodes[parcel.node];

    parcel.status = carry_out(server, &parcel);
    parcel.claim = server->claim;
    parcel.claim.leased = fake_authority_is_leased(server);
    if (parcel.status && world_chance(server->world, 30))
        parcel.claim = (struct l2tpha_claim){.epoch = 0};
    world_say(server->world, "authority", "%s of %s: %s; epoch %llu of '%s', %u in sync, %s",
              names[parcel.kind], node->name, l2tpha_strerror(parcel.status),
              (unsigned long long)server->claim.epoch, server->claim.owner, server->claim.count,
              fake_authority_is_leased(server) ? "leased" : "free");
    if (!parcel.status && parcel.kind != FAKE_LOOK && node->asks[0].id != parcel.id &&
        node->asks[1].id != parcel.id)
        server->unknown++;
    parcel.answer = true;
    post(server, &parcel);
}

static void tell(struct fake_node *node, const struct fake_parcel *parcel, int status)
{
    struct l2tpha_authority_event *event = &node->events[node->event_count++];

    *event = (struct l2tpha_authority_event){.status = status, .claim = parcel->claim};
    event->kind = parcel->kind == FAKE_LOOK     ? L2TPHA_AUTHORITY_LOOKED
                  : parcel->kind == FAKE_TAKE   ? L2TPHA_AUTHORITY_TOOK
                  : parcel->kind == FAKE_CHANGE ? L2TPHA_AUTHORITY_CHANGED
                  : parcel->kind == FAKE_RENEW  ? L2TPHA_AUTHORITY_RENEWED
                                                : L2TPHA_AUTHORITY_LEFT;
}

static void take_answer(struct fake_node *node, const struct fake_parcel *parcel)
{
    struct fake_ask *ask = &node->asks[parcel->kind >= FAKE_RENEW];

    if (ask->id != parcel->id)
        return;
    ask->id = 0;
    tell(node, parcel, parcel->status);
}

static void arrive(struct fake_authority *server, struct fake_parcel *at)
{
    struct fake_parcel parcel = *at;
    struct fake_node *node = &server->nodes[parcel.node];

    if (node->cut) { /* it comes when the way is there again, or never */
        at->at = world_chance(server->world, 70) ? 0 : server->world->now + 100 * MS;
        return;
    }
    at->at = 0;
    if (parcel.answer)
        take_answer(node, &parcel);
    else
        answer(server, parcel);
}

void fake_authority_run(struct fake_authority *server)
{
    if (server->due > server->world->now)
        return;
    for (unsigned i = 0; i < FAKE_PARCELS; i++)
        if (server->parcels[i].at && server->parcels[i].at <= server->world->now)
            arrive(server, &server->parcels[i]);
    server->due = L2TPHA_NEVER;
    for (unsigned i = 0; i < FAKE_PARCELS; i++)
        if (server->parcels[i].at)
            server->due = sooner(server->due, server->parcels[i].at);
}

uint64_t fake_authority_deadline(const struct fake_authority *server)
{
    return server->due;
}

/* --- a node's end --- */

static int request(struct fake_node *node, enum fake_kind kind, const struct l2tpha_claim *claim,
                   uint64_t revision, uint64_t now)
{
    static const struct l2tpha_claim none;
    struct fake_authority *server = node->server;
    struct fake_ask *ask = &node->asks[kind >= FAKE_RENEW];

    if (ask->id)
        return L2TPHA_ERR_STATE;
    *ask = (struct fake_ask){.id = ++server->ids, .kind = kind, .until = now + PATIENCE};
    struct fake_parcel parcel = {.node = node->place,
                                 .id = ask->id,
                                 .kind = kind,
                                 .claim = claim ? *claim : none,
                                 .revision = revision,
                                 .epoch = node->epoch,
                                 .takes = node->takes,
                                 .ttl_ms = node->ttl_ms};
    post(server, &parcel);
    return L2TPHA_OK;
}

static int ask_look(void *user, uint64_t now)
{
    return request(user, FAKE_LOOK, NULL, 0, now);
}

static int ask_take(void *user, const struct l2tpha_claim *claim, uint64_t revision,
                    uint32_t ttl_ms, uint64_t now)
{
    struct fake_node *node = user;

    node->epoch = claim->epoch;
    node->takes++;
    node->ttl_ms = ttl_ms;
    return request(node, FAKE_TAKE, claim, revision, now);
}

static int ask_change(void *user, const struct l2tpha_claim *claim, uint64_t revision, uint64_t now)
{
    return request(user, FAKE_CHANGE, claim, revision, now);
}

static int ask_renew(void *user, uint64_t now)
{
    return request(user, FAKE_RENEW, NULL, 0, now);
}

static int ask_leave(void *user, uint64_t now)
{
    return request(user, FAKE_LEAVE, NULL, 0, now);
}

static void give_up(struct fake_node *node, struct fake_ask *ask)
{
    const struct fake_parcel parcel = {.kind = ask->kind};

    ask->id = 0;
    tell(node, &parcel, L2TPHA_ERR_TIMEOUT);
}

static bool take_event(void *user, struct l2tpha_authority_event *event, uint64_t now)
{
    struct fake_node *node = user;

    for (unsigned i = 0; i < 2; i++)
        if (node->asks[i].id && node->asks[i].until <= now)
            give_up(node, &node->asks[i]);
    if (!node->event_count)
        return false;
    *event = node->events[0];
    memmove(node->events, node->events + 1, --node->event_count * sizeof(node->events[0]));
    return true;
}

static int descriptor(void *user)
{
    (void)user;
    return -1;
}

static uint64_t deadline(void *user)
{
    const struct fake_node *node = user;
    uint64_t due = node->event_count ? 0 : L2TPHA_NEVER;

    for (unsigned i = 0; i < 2; i++)
        if (node->asks[i].id)
            due = sooner(due, node->asks[i].until);
    return due;
}

void fake_authority_forget(struct fake_authority *server, unsigned place)
{
    struct fake_node *node = &server->nodes[place];

    node->asks[0].id = node->asks[1].id = 0;
    node->event_count = 0;
    node->epoch = 0;
}

const struct l2tpha_authority *fake_authority_of(struct fake_authority *server, unsigned place,
                                                 const char *name)
{
    struct fake_node *node = &server->nodes[place];

    node->server = server;
    node->place = place;
    node->name = name;
    node->authority = (struct l2tpha_authority){.size = sizeof(node->authority),
                                                .name = "fake",
                                                .user = node,
                                                .look = ask_look,
                                                .take = ask_take,
                                                .change = ask_change,
                                                .renew = ask_renew,
                                                .leave = ask_leave,
                                                .event = take_event,
                                                .fd = descriptor,
                                                .deadline = deadline};
    return &node->authority;
}

void fake_authority_init(struct fake_authority *server, struct world *world)
{
    *server =
        (struct fake_authority){.world = world, .rate = 1000000, .delay = MS, .due = L2TPHA_NEVER};
}
