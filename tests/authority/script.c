/* SPDX-License-Identifier: MIT */
#include "authority/script.h"

struct script script;
struct l2tpha_node *node;
struct l2tpha_lease *lease;
uint64_t now;
struct l2tpha_authority authority;

/* --- the authority --- */

static int ask(enum ask *place, enum ask what)
{
    ck_assert_int_eq(*place, NOTHING);
    *place = what;
    return L2TPHA_OK;
}

static int look(void *user, uint64_t at)
{
    (void)user, (void)at;
    return ask(&script.asked, LOOK);
}

static int put(enum ask what, const struct l2tpha_claim *claim, uint64_t revision)
{
    script.claim = *claim;
    script.revision = revision;
    return ask(&script.asked, what);
}

static int take(void *user, const struct l2tpha_claim *claim, uint64_t revision, uint32_t ttl_ms,
                uint64_t at)
{
    (void)user, (void)at;
    ck_assert_uint_eq(ttl_ms, 5000);
    return put(TAKE, claim, revision);
}

static int change(void *user, const struct l2tpha_claim *claim, uint64_t revision, uint64_t at)
{
    (void)user, (void)at;
    return put(CHANGE, claim, revision);
}

static int renew(void *user, uint64_t at)
{
    (void)user, (void)at;
    return ask(&script.beside, RENEW);
}

static int leave(void *user, uint64_t at)
{
    (void)user, (void)at;
    return ask(&script.beside, LEAVE);
}

static bool event(void *user, struct l2tpha_authority_event *said, uint64_t at)
{
    (void)user, (void)at;
    if (!script.count)
        return false;
    *said = script.events[--script.count];
    return true;
}

static int descriptor(void *user)
{
    (void)user;
    return -1;
}

static uint64_t deadline(void *user)
{
    (void)user;
    return L2TPHA_NEVER;
}

/* --- what a test says --- */

void turn(uint64_t after)
{
    now += after;
    l2tpha_lease_service(lease, now);
}

/* The answer to what was asked last. */
void answer(enum ask what, int status, const struct l2tpha_claim *claim)
{
    static const int kinds[] = {[LOOK] = L2TPHA_AUTHORITY_LOOKED,
                                [TAKE] = L2TPHA_AUTHORITY_TOOK,
                                [CHANGE] = L2TPHA_AUTHORITY_CHANGED,
                                [RENEW] = L2TPHA_AUTHORITY_RENEWED,
                                [LEAVE] = L2TPHA_AUTHORITY_LEFT};
    struct l2tpha_authority_event *said = &script.events[script.count++];
    enum ask *place = what >= RENEW ? &script.beside : &script.asked;

    ck_assert_int_eq(*place, what);
    *place = NOTHING;
    *said = (struct l2tpha_authority_event){.status = status};
    said->kind = kinds[what];
    if (claim)
        said->claim = *claim;
    turn(10 * MS);
}

struct l2tpha_claim claim_by(const char *owner, uint64_t epoch, uint64_t revision,
                             const char *other)
{
    struct l2tpha_claim claim = {.epoch = epoch, .revision = revision, .count = 1 + !!other};

    strcpy(claim.owner, owner);
    strcpy(claim.in_sync[0], owner);
    if (other)
        strcpy(claim.in_sync[1], other);
    return claim;
}

struct l2tpha_claim asked_for(uint64_t revision, bool leased)
{
    struct l2tpha_claim claim = script.claim;

    claim.revision = revision;
    claim.leased = leased;
    return claim;
}

enum l2tpha_lease_state state(void)
{
    struct l2tpha_lease_info info = {.size = sizeof(info)};

    l2tpha_lease_get(lease, &info);
    return info.state;
}

/* The next event is this one. */
struct l2tpha_lease_event told(unsigned kind)
{
    struct l2tpha_lease_event said = {.epoch = 0};

    ck_assert(l2tpha_lease_event(lease, &said));
    ck_assert_uint_eq(said.kind, kind);
    return said;
}

void nothing_told(void)
{
    struct l2tpha_lease_event said;

    ck_assert(!l2tpha_lease_event(lease, &said));
}

/* --- nodes --- */

static int chance(void *user, uint8_t *dst, size_t len)
{
    (void)user;
    memset(dst, 5, len);
    return 0;
}

static struct l2tpha_node *make_node(uint32_t rank, bool standby, uint64_t epoch)
{
    const struct l2tpha_host host = {.size = sizeof(host), .random = chance};
    struct l2tpha_config config;
    struct l2tpha_node *made;

    l2tpha_config_init(&config);
    config.name = "node";
    config.rank = rank;
    config.standby = standby;
    config.epoch = epoch;
    assert_ok(l2tpha_node_new(root, &config, &host, now, &made));
    return made;
}

/* It has all that an active of this epoch and rank 1 has. */
void fill(uint64_t epoch)
{
    struct l2tpha_node *active = make_node(1, false, epoch);
    struct l2tpha_output output;

    assert_ok(l2tpha_checkpoint_bulk(active, now));
    while (l2tpha_poll(active, &output, 1, now))
        if (output.kind == L2TPHA_OUTPUT_CHECKPOINT) {
            assert_ok(l2tpha_checkpoint_apply(node, output.data, output.len, now, NULL));
            assert_ok(l2tpha_checkpoint_done(active, output.position, 0, now));
        }
    ck_assert_int_eq(info_of(node).role, L2TPHA_ROLE_STANDBY_HOT);
    l2tpha_node_free(active);
}

/* The node's outputs, confirmed by whom they are for. */
void drain(void)
{
    struct l2tpha_output output;

    while (l2tpha_poll(node, &output, 1, now))
        if (output.kind == L2TPHA_OUTPUT_CHECKPOINT)
            assert_ok(l2tpha_consumer_done(node, output.consumer, output.position, 0, now));
}

void script_setup(void)
{
    fixture_setup();
    memset(&script, 0, sizeof(script));
    now = 1000 * MS;
    authority = (struct l2tpha_authority){.size = sizeof(authority),
                                          .name = "script",
                                          .look = look,
                                          .take = take,
                                          .change = change,
                                          .renew = renew,
                                          .leave = leave,
                                          .event = event,
                                          .fd = descriptor,
                                          .deadline = deadline};
    const struct l2tpha_lease_options options = {
        .size = sizeof(options), .authority = &authority, .name = "b"};
    assert_ok(l2tpha_lease_new(root, &options, &lease));
    node = make_node(2, true, 257);
    assert_ok(l2tpha_lease_begin(lease, node, now));
    l2tpha_lease_want(lease, L2TPHA_LEASE_SERVE, now);
    turn(0);
}

void script_teardown(void)
{
    l2tpha_lease_free(lease);
    l2tpha_node_free(node);
    fixture_teardown();
}

/* The claim is there to be taken, and this node may. */
void ask_to_take(void)
{
    struct l2tpha_claim claim = claim_by("a", 257, 7, "b");

    fill(257);
    answer(LOOK, 0, &claim);
    ck_assert_int_eq(script.asked, TAKE);
    ck_assert_int_eq(state(), L2TPHA_LEASE_TAKING);
    ck_assert(!l2tpha_lease_reads(lease));
    nothing_told();
}

void serve(void)
{
    struct l2tpha_lease_event took;

    ask_to_take();
    struct l2tpha_claim claim = asked_for(8, true);
    answer(TAKE, 0, &claim);
    took = told(L2TPHA_LEASE_TOOK);
    ck_assert_int_eq(took.trust, L2TPHA_TRUST_EXACT);
    assert_ok(l2tpha_takeover_as(node, took.epoch, took.trust, now));
    drain();
    ck_assert(l2tpha_lease_check(lease, now));
}
