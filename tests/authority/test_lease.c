/* SPDX-License-Identifier: MIT */
/* A lease, question by question: the authority says what the test wants it to say. */
#include "fixture.h"
#include "info.h"

#include <l2tpha/l2tpha.h>

#include <l2tpha/authority.h>
#include <l2tpha/consumer.h>
#include <string.h>

#define MS UINT64_C(1000)
#define UNTIL (4300 * MS) /* of five seconds */

enum ask { NOTHING, LOOK, TAKE, CHANGE, RENEW, LEAVE };

/* What it was asked last, and what it will say. */
static struct {
    enum ask asked, beside;
    struct l2tpha_claim claim; /* to be put in place */
    uint64_t revision;
    struct l2tpha_authority_event events[4];
    unsigned count;
} script;

static struct l2tpha_node *node;
static struct l2tpha_lease *lease;
static uint64_t now;
static struct l2tpha_authority authority;

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

static void turn(uint64_t after)
{
    now += after;
    l2tpha_lease_service(lease, now);
}

/* The answer to what was asked last. */
static void answer(enum ask what, int status, const struct l2tpha_claim *claim)
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

static struct l2tpha_claim claim_by(const char *owner, uint64_t epoch, uint64_t revision,
                                    const char *other)
{
    struct l2tpha_claim claim = {.epoch = epoch, .revision = revision, .count = 1 + !!other};

    strcpy(claim.owner, owner);
    strcpy(claim.in_sync[0], owner);
    if (other)
        strcpy(claim.in_sync[1], other);
    return claim;
}

static struct l2tpha_claim asked_for(uint64_t revision, bool leased)
{
    struct l2tpha_claim claim = script.claim;

    claim.revision = revision;
    claim.leased = leased;
    return claim;
}

static enum l2tpha_lease_state state(void)
{
    struct l2tpha_lease_info info = {.size = sizeof(info)};

    l2tpha_lease_get(lease, &info);
    return info.state;
}

/* The next event is this one. */
static struct l2tpha_lease_event told(unsigned kind)
{
    struct l2tpha_lease_event said = {.epoch = 0};

    ck_assert(l2tpha_lease_event(lease, &said));
    ck_assert_uint_eq(said.kind, kind);
    return said;
}

static void nothing_told(void)
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
static void fill(uint64_t epoch)
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
static void drain(void)
{
    struct l2tpha_output output;

    while (l2tpha_poll(node, &output, 1, now))
        if (output.kind == L2TPHA_OUTPUT_CHECKPOINT)
            assert_ok(l2tpha_consumer_done(node, output.consumer, output.position, 0, now));
}

static uint32_t add_standby(const char *name)
{
    const struct l2tpha_consumer_options options = {
        .size = sizeof(options), .name = name, .gates = true};
    uint32_t id;

    assert_ok(l2tpha_consumer_add(node, &options, now, &id));
    assert_ok(l2tpha_lease_add(lease, name, id));
    assert_ok(l2tpha_consumer_copy(node, id, now));
    drain();
    return id;
}

static void begin(void)
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

static void end(void)
{
    l2tpha_lease_free(lease);
    l2tpha_node_free(node);
    fixture_teardown();
}

/* The claim is there to be taken, and this node may. */
static void ask_to_take(void)
{
    struct l2tpha_claim claim = claim_by("a", 257, 7, "b");

    fill(257);
    answer(LOOK, 0, &claim);
    ck_assert_int_eq(script.asked, TAKE);
    ck_assert_int_eq(state(), L2TPHA_LEASE_TAKING);
    ck_assert(!l2tpha_lease_reads(lease));
    nothing_told();
}

static void serve(void)
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

/* --- taking --- */

START_TEST(there_is_no_claim)
{
    static const struct l2tpha_claim none;

    answer(LOOK, 0, &none);
    ck_assert_int_eq(script.asked, TAKE);
    ck_assert_uint_eq(script.revision, 0);
    ck_assert_uint_eq(script.claim.epoch, 258);
    ck_assert_uint_eq(script.claim.count, 1);
    ck_assert_str_eq(script.claim.owner, "b");
    struct l2tpha_claim claim = asked_for(1, true);
    uint64_t sent = now;
    now += 700 * MS;
    answer(TAKE, 0, &claim);
    ck_assert_int_eq(told(L2TPHA_LEASE_TOOK).trust, L2TPHA_TRUST_EMPTY);
    ck_assert_uint_eq(l2tpha_lease_until(lease), sent + UNTIL);
}
END_TEST

START_TEST(who_is_not_in_sync)
{
    struct l2tpha_claim claim = claim_by("a", 257, 7, "c");

    fill(257);
    answer(LOOK, 0, &claim);
    ck_assert_int_eq(script.asked, NOTHING);
    ck_assert_int_eq(state(), L2TPHA_LEASE_WATCHING);
    l2tpha_lease_want(lease, L2TPHA_LEASE_SERVE_STALE, now);
    turn(0);
    answer(LOOK, 0, &claim);
    ck_assert_int_eq(script.asked, TAKE);
    claim = asked_for(8, true);
    answer(TAKE, 0, &claim);
    ck_assert_int_eq(told(L2TPHA_LEASE_TOOK).trust, L2TPHA_TRUST_STALE);
}
END_TEST

START_TEST(who_has_no_copy)
{
    struct l2tpha_claim claim = claim_by("a", 257, 7, "b");

    answer(LOOK, 0, &claim); /* by its name: it has begun anew */
    ck_assert_int_eq(script.asked, NOTHING);
}
END_TEST

START_TEST(a_lease_runs)
{
    struct l2tpha_claim claim = claim_by("a", 257, 7, "b");

    fill(257);
    claim.leased = true;
    answer(LOOK, 0, &claim);
    ck_assert_int_eq(script.asked, NOTHING);
    turn(500 * MS);
    claim.leased = false;
    answer(LOOK, 0, &claim);
    ck_assert_int_eq(script.asked, TAKE);
}
END_TEST

START_TEST(a_node_made_too_early)
{
    struct l2tpha_claim claim = claim_by("a", 513, 7, "b");

    answer(LOOK, 0, &claim);
    ck_assert_uint_eq(told(L2TPHA_LEASE_OVER).epoch, 513);
}
END_TEST

/* Nobody knows what came of it, and it was carried out: the time of a renewal counts. */
START_TEST(a_take_without_an_answer)
{
    struct l2tpha_lease_event took;

    ask_to_take();
    struct l2tpha_claim claim = asked_for(8, true);
    answer(TAKE, L2TPHA_ERR_TIMEOUT, NULL);
    nothing_told();
    turn(200 * MS);
    answer(LOOK, 0, &claim);
    nothing_told();
    uint64_t sent = now;
    answer(RENEW, 0, NULL);
    took = told(L2TPHA_LEASE_TOOK);
    ck_assert_int_eq(took.trust, L2TPHA_TRUST_EXACT);
    ck_assert_uint_eq(took.epoch, 258);
    ck_assert_uint_eq(l2tpha_lease_until(lease), sent + UNTIL);
}
END_TEST

/* It was not, and still may be: the same is asked again, of the same revision. */
START_TEST(a_take_that_may_still_come)
{
    struct l2tpha_claim before = claim_by("a", 257, 7, "b");

    ask_to_take();
    struct l2tpha_claim claim = asked_for(8, true);
    answer(TAKE, L2TPHA_ERR_TIMEOUT, NULL);
    turn(200 * MS);
    answer(LOOK, 0, &before);
    ck_assert_int_eq(script.asked, TAKE);
    ck_assert_uint_eq(script.claim.epoch, claim.epoch);
    ck_assert_uint_eq(script.revision, 7);
    answer(TAKE, L2TPHA_ERR_FENCED, &claim); /* the first one has come */
    nothing_told();
    answer(RENEW, 0, NULL);
    told(L2TPHA_LEASE_TOOK);
}
END_TEST

START_TEST(another_was_first)
{
    struct l2tpha_claim other = claim_by("c", 259, 8, NULL);

    ask_to_take();
    answer(TAKE, _i ? L2TPHA_ERR_TIMEOUT : L2TPHA_ERR_FENCED, NULL);
    turn(200 * MS);
    other.leased = true;
    answer(LOOK, 0, &other);
    ck_assert_int_eq(state(), L2TPHA_LEASE_WATCHING);
    ck_assert(l2tpha_lease_reads(lease));
    nothing_told();
}
END_TEST

START_TEST(an_older_claim_is_not_seen)
{
    struct l2tpha_claim claim = claim_by("a", 257, 7, "c"), old = claim_by("a", 257, 6, "b");

    fill(257);
    answer(LOOK, 0, &claim);
    turn(500 * MS);
    answer(LOOK, 0, &old);
    ck_assert_int_eq(script.asked, NOTHING);
}
END_TEST

/* --- holding --- */

/* A process that was stopped sees it at its first call. */
START_TEST(a_lease_ends)
{
    serve();
    uint64_t until = l2tpha_lease_until(lease);
    ck_assert(l2tpha_lease_check(lease, until - 1));
    now = until;
    ck_assert(!l2tpha_lease_check(lease, now));
    ck_assert(info_of(node).held);
    ck_assert(!l2tpha_lease_check(lease, now + 1));
    told(L2TPHA_LEASE_ENDED);
    nothing_told();
    ck_assert_uint_eq(l2tpha_lease_until(lease), 0);
    turn(0);
    struct l2tpha_claim claim = asked_for(8, false);
    answer(LOOK, 0, &claim); /* still ours: it is taken once more, under its epoch */
    ck_assert_int_eq(script.asked, TAKE);
    ck_assert_uint_eq(script.claim.epoch, 258);
    ck_assert_uint_eq(script.revision, 8);
    claim.revision = 9;
    answer(TAKE, 0, &claim);
    told(L2TPHA_LEASE_BACK);
    ck_assert(!info_of(node).held);
}
END_TEST

START_TEST(it_is_renewed)
{
    serve();
    uint64_t first = l2tpha_lease_until(lease);
    turn(1500 * MS);
    uint64_t sent = now;
    answer(RENEW, L2TPHA_ERR_TIMEOUT, NULL);
    ck_assert_uint_eq(l2tpha_lease_until(lease), first);
    turn(200 * MS);
    sent = now;
    now += 300 * MS;
    answer(RENEW, 0, NULL);
    ck_assert_uint_eq(l2tpha_lease_until(lease), sent + UNTIL);
}
END_TEST

START_TEST(the_claim_is_anothers)
{
    struct l2tpha_claim other = claim_by("c", 515, 9, NULL);

    serve();
    turn(1500 * MS);
    answer(RENEW, L2TPHA_ERR_FENCED, NULL);
    ck_assert(info_of(node).held); /* before it is known whose */
    answer(LOOK, 0, &other);
    ck_assert_uint_eq(told(L2TPHA_LEASE_OVER).epoch, 515);
    ck_assert_int_eq(info_of(node).role, L2TPHA_ROLE_FENCED);
    ck_assert(!l2tpha_lease_check(lease, now));
}
END_TEST

/* --- standbys --- */

static void assert_asks(uint64_t revision, unsigned count)
{
    ck_assert_int_eq(script.asked, CHANGE);
    ck_assert_uint_eq(script.revision, revision);
    ck_assert_uint_eq(script.claim.count, count);
}

START_TEST(a_standby_is_added_and_removed)
{
    serve();
    uint32_t id = add_standby("c");
    turn(0);
    assert_asks(8, 2);
    ck_assert_str_eq(script.claim.in_sync[1], "c");
    ck_assert(!l2tpha_lease_protects(lease, "c"));
    struct l2tpha_claim claim = asked_for(9, true);
    answer(CHANGE, 0, &claim);
    ck_assert(l2tpha_lease_protects(lease, "c"));
    ck_assert_int_eq(script.asked, NOTHING);
    assert_ok(l2tpha_consumer_leave(node, id, now));
    ck_assert_int_eq(info_of(node).role, L2TPHA_ROLE_ACTIVE_BULK); /* outputs wait */
    turn(0);
    assert_asks(9, 1);
    claim = asked_for(10, true);
    answer(CHANGE, 0, &claim);
    ck_assert_int_eq(info_of(node).role, L2TPHA_ROLE_ACTIVE_SOLO);
    assert_ok(l2tpha_lease_drop(lease, "c", now));
    struct l2tpha_consumer_info info = {.size = sizeof(info)};
    assert_error(l2tpha_consumer_get(node, id, &info), L2TPHA_ERR_NOT_FOUND);
}
END_TEST

/* What was sent and not answered may come at any time: outputs wait until it cannot. */
START_TEST(a_change_without_an_answer)
{
    serve();
    uint32_t id = add_standby("c");
    turn(0);
    answer(CHANGE, L2TPHA_ERR_TIMEOUT, NULL);
    assert_ok(l2tpha_consumer_leave(node, id, now));
    turn(200 * MS);
    struct l2tpha_claim claim = claim_by("b", 258, 8, NULL);
    claim.leased = true;
    answer(LOOK, 0, &claim); /* it has not come yet */
    assert_asks(8, 1);
    ck_assert_int_eq(info_of(node).role, L2TPHA_ROLE_ACTIVE_BULK);
    claim.revision = 9;
    answer(CHANGE, 0, &claim);
    ck_assert_int_eq(info_of(node).role, L2TPHA_ROLE_ACTIVE_SOLO);
}
END_TEST

START_TEST(two_changes_in_one)
{
    serve();
    uint32_t id = add_standby("c");
    turn(0);
    struct l2tpha_claim claim = asked_for(9, true);
    add_standby("a");
    assert_ok(l2tpha_consumer_leave(node, id, now));
    answer(CHANGE, 0, &claim);
    assert_asks(9, 2);
    ck_assert_str_eq(script.claim.in_sync[0], "a");
    ck_assert_str_eq(script.claim.in_sync[1], "b");
}
END_TEST

/* --- handing over --- */

START_TEST(given_back_and_wanted_again)
{
    serve();
    assert_error(l2tpha_lease_return(lease, now), L2TPHA_ERR_STATE);
    assert_ok(l2tpha_lease_leave(lease, now));
    ck_assert(info_of(node).held);
    turn(0);
    ck_assert_int_eq(script.beside, LEAVE);
    assert_ok(l2tpha_lease_return(lease, now));
    struct l2tpha_claim claim = asked_for(8, true);
    turn(0);
    answer(LOOK, 0, &claim); /* what was given back may end at any time */
    answer(LEAVE, L2TPHA_ERR_TIMEOUT, NULL);
    turn(200 * MS);
    ck_assert_int_eq(script.beside, NOTHING);
    claim.leased = false;
    answer(LOOK, 0, &claim);
    ck_assert_int_eq(script.asked, TAKE);
    claim.revision = 9;
    answer(TAKE, 0, &claim);
    told(L2TPHA_LEASE_BACK);
    ck_assert(!info_of(node).held);
}
END_TEST

START_TEST(given_back_and_taken)
{
    struct l2tpha_claim other = claim_by("c", 515, 9, NULL);

    serve();
    assert_ok(l2tpha_lease_leave(lease, now));
    turn(0);
    answer(LEAVE, 0, NULL);
    told(L2TPHA_LEASE_GIVEN);
    answer(LOOK, 0, &other);
    told(L2TPHA_LEASE_OVER);
    ck_assert_int_eq(info_of(node).role, L2TPHA_ROLE_FENCED);
}
END_TEST

/* --- what is refused --- */

START_TEST(options)
{
    struct l2tpha_lease_options bad = {.size = sizeof(bad), .authority = &authority, .name = "b"};
    char name[L2TPHA_CLAIM_NAME_MAX + 2] = "";
    struct l2tpha_lease *made;

    bad.ttl_ms = 1000;
    bad.renew_ms = 700; /* it would end before */
    assert_error(l2tpha_lease_new(root, &bad, &made), L2TPHA_ERR_INVALID);
    bad.renew_ms = 690;
    assert_ok(l2tpha_lease_new(root, &bad, &made));
    l2tpha_lease_free(made);
    bad.name = memset(name, 'x', sizeof(name) - 1);
    assert_error(l2tpha_lease_new(root, &bad, &made), L2TPHA_ERR_INVALID);
    bad.name = "";
    assert_error(l2tpha_lease_new(root, &bad, &made), L2TPHA_ERR_INVALID);
    assert_error(l2tpha_lease_begin(lease, node, now), L2TPHA_ERR_STATE);
    assert_error(l2tpha_lease_add(lease, "b", 1), L2TPHA_ERR_INVALID);
    assert_ok(l2tpha_lease_add(lease, "c", 1));
    assert_ok(l2tpha_lease_add(lease, "c", 1));
    assert_error(l2tpha_lease_add(lease, "c", 2), L2TPHA_ERR_EXISTS);
    assert_error(l2tpha_lease_add(lease, "d", 1), L2TPHA_ERR_EXISTS);
    assert_error(l2tpha_lease_drop(lease, "d", now), L2TPHA_ERR_NOT_FOUND);
    for (uint32_t i = 2; i < L2TPHA_CLAIM_NODES_MAX; i++) {
        const char more[] = {'0', (char)('0' + i), '\0'};
        assert_ok(l2tpha_lease_add(lease, more, i));
    }
    assert_error(l2tpha_lease_add(lease, "one too many", 9), L2TPHA_ERR_LIMIT);
}
END_TEST

Suite *suite_lease(void);
Suite *suite_lease(void)
{
    Suite *suite = suite_create("lease");
    TCase *tcase = tcase_create("lease");

    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_test(tcase, there_is_no_claim);
    tcase_add_test(tcase, who_is_not_in_sync);
    tcase_add_test(tcase, who_has_no_copy);
    tcase_add_test(tcase, a_lease_runs);
    tcase_add_test(tcase, a_node_made_too_early);
    tcase_add_test(tcase, a_take_without_an_answer);
    tcase_add_test(tcase, a_take_that_may_still_come);
    tcase_add_loop_test(tcase, another_was_first, 0, 2);
    tcase_add_test(tcase, an_older_claim_is_not_seen);
    tcase_add_test(tcase, a_lease_ends);
    tcase_add_test(tcase, it_is_renewed);
    tcase_add_test(tcase, the_claim_is_anothers);
    tcase_add_test(tcase, a_standby_is_added_and_removed);
    tcase_add_test(tcase, a_change_without_an_answer);
    tcase_add_test(tcase, two_changes_in_one);
    tcase_add_test(tcase, given_back_and_wanted_again);
    tcase_add_test(tcase, given_back_and_taken);
    tcase_add_test(tcase, options);
    suite_add_tcase(suite, tcase);
    return suite;
}
