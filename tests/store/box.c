/* SPDX-License-Identifier: MIT */
#include "store/box.h"

#include "fixture.h"
#include "node/node.h"

#include <l2tpha/failover.h>
#include <string.h>

#define MS UINT64_C(1000)

static const struct l2tpha_path from_lac = {.remote = {.len = 1, .bytes = {1}}};
static const struct l2tpha_path from_lns = {.remote = {.len = 1, .bytes = {2}}};

uint32_t box_random(struct box *box, uint32_t below)
{
    box->seed = box->seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(box->seed >> 33) % below;
}

static void take_line(void *user, const char *text)
{
    struct box *box = user;

    strncpy(box->line, text, sizeof(box->line) - 1);
}

static int open_store(struct box *box)
{
    const char *why;

    struct worker worker = fake_worker_of(&box->worker, &box->disk);
    assert_ok(file_store_new(root, &box->disk, &worker, &box->store));
    assert_ok(box->store->open(box->store->user, &why));
    struct l2tpha_storage_options options = {.size = sizeof(options),
                                             .store = box->store,
                                             .holds_for_ever = box->holds_for_ever,
                                             .tail_bytes = box->tail_bytes,
                                             .user = box,
                                             .log = take_line};
    assert_ok(l2tpha_storage_new(root, &options, &box->storage));
    return L2TPHA_OK;
}

void box_open(struct box *box, uint64_t seed)
{
    box->seed = seed;
    bench_open(&box->pair, false);
    box->pair.seed = seed + 1;
    fake_disk_init(&box->fake, root, seed + 2);
    box->disk = fake_disk_of(&box->fake);
    open_store(box);
    assert_ok(l2tpha_storage_begin(box->storage, box->pair.lns, box->pair.now));
}

static void close_store(struct box *box)
{
    l2tpha_storage_free(box->storage);
    box->store->free(box->store->user);
    box->storage = NULL;
}

void box_close(struct box *box)
{
    close_store(box);
    fake_disk_free(&box->fake);
    bench_close(&box->pair);
}

enum l2tpha_storage_state box_state(const struct box *box)
{
    struct l2tpha_storage_info info = {.size = sizeof(info)};

    l2tpha_storage_get(box->storage, &info);
    return info.state;
}

/* --- what the LAC does --- */

void box_dial(struct box *box)
{
    const struct l2tpha_tunnel_options options = {.size = sizeof(options), .path = from_lns};
    struct l2tpha_tunnel *tunnel;

    assert_ok(l2tpha_tunnel_open(box->pair.lac, &options, box->pair.now, &tunnel));
}

static struct l2tpha_tunnel *some_tunnel(struct box *box)
{
    struct l2tpha_tunnel *tunnel = l2tpha_tunnel_next(box->pair.lac, NULL), *next;

    while (tunnel && box_random(box, 3) > 0 && (next = l2tpha_tunnel_next(box->pair.lac, tunnel)))
        tunnel = next;
    return tunnel;
}

void box_act(struct box *box)
{
    const struct l2tpha_session_options call = {
        .size = sizeof(call), .call = L2TPHA_CALL_INCOMING, .framing = 1, .tx_speed = 64000};
    const struct l2tpha_disconnect why = {.size = sizeof(why), .result = 3};
    struct l2tpha_tunnel *tunnel = some_tunnel(box);
    struct l2tpha_session *session;

    if (!tunnel)
        return;
    session = l2tpha_session_next(tunnel, NULL);
    if (session && box_random(box, 3) == 0)
        box->hung_up += !l2tpha_session_close(session, &why, box->pair.now);
    else
        box->begun += !l2tpha_session_open(tunnel, &call, box->pair.now, &session);
}

/* --- turns --- */

static bool poll_lac(struct box *box)
{
    struct l2tpha_output output;

    if (!l2tpha_poll(box->pair.lac, &output, 1, box->pair.now))
        return false;
    if (output.kind == L2TPHA_OUTPUT_DATAGRAM)
        l2tpha_feed(box->pair.lns, &from_lac, output.data, output.len, box->pair.now);
    return true;
}

static bool poll_lns(struct box *box)
{
    struct l2tpha_output output;

    if (!l2tpha_poll(box->pair.lns, &output, 1, box->pair.now))
        return false;
    if (output.kind == L2TPHA_OUTPUT_DATAGRAM)
        l2tpha_feed(box->pair.lac, &from_lns, output.data, output.len, box->pair.now);
    else if (output.kind == L2TPHA_OUTPUT_CHECKPOINT)
        assert_true(l2tpha_storage_output(box->storage, &output));
    return true;
}

bool box_turn(struct box *box)
{
    bool any = poll_lac(box);

    any = poll_lns(box) || any;
    l2tpha_storage_service(box->storage, box->pair.now);
    return any;
}

bool box_disk(struct box *box)
{
    return !box->stalls && fake_worker_step(&box->worker);
}

void box_settle(struct box *box)
{
    bool any;

    do {
        any = box_turn(box);
        any = box_disk(box) || any;
        l2tpha_storage_service(box->storage, box->pair.now);
    } while (any || box->worker.done);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

void box_pass(struct box *box, uint64_t us)
{
    uint64_t end = box->pair.now + us;

    do {
        uint64_t due = earlier(l2tpha_deadline(box->pair.lac), l2tpha_deadline(box->pair.lns));
        due = earlier(due, l2tpha_storage_deadline(box->storage));
        box->pair.now = due <= box->pair.now ? box->pair.now : earlier(due, end);
        l2tpha_expire(box->pair.lac, box->pair.now);
        l2tpha_expire(box->pair.lns, box->pair.now);
        box_settle(box);
    } while (box->pair.now < end);
}

/* --- deaths --- */

static int begin_again(struct box *box)
{
    struct bench *pair = &box->pair;

    open_store(box);
    pair->lns = bench_standby(pair);
    int error = l2tpha_storage_restore(box->storage, pair->lns, false, pair->now, &box->found);
    if (error)
        return error;
    if (!box->found.any) { /* it was never in sync */
        l2tpha_node_free(pair->lns);
        bench_active(pair);
        return l2tpha_storage_begin(box->storage, pair->lns, pair->now);
    }
    assert_ok(l2tpha_storage_begin(box->storage, pair->lns, pair->now));
    return l2tpha_takeover_as(
        pair->lns, 0, box->found.stale ? L2TPHA_TRUST_STALE : L2TPHA_TRUST_EXACT, pair->now);
}

int box_die(struct box *box, bool power)
{
    box->deaths++;
    l2tpha_storage_end(box->storage);
    l2tpha_node_free(box->pair.lns);
    if (power)
        fake_disk_cut(&box->fake);
    else
        fake_disk_killed(&box->fake);
    box->worker.job = NULL;
    close_store(box);
    return begin_again(box);
}

/* --- what is found --- */

static struct l2tpha_tunnel_record record_of(const struct l2tpha_tunnel *tunnel)
{
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};

    l2tpha_tunnel_get(tunnel, &record);
    return record;
}

static bool after(uint16_t a, uint16_t b)
{
    return (int16_t)(uint16_t)(a - b) > 0;
}

const char *box_has_left(const struct box *box)
{
    struct l2tpha_tunnel *tunnel = NULL;

    while ((tunnel = l2tpha_tunnel_next(box->pair.lac, tunnel))) {
        struct l2tpha_tunnel_record lac = record_of(tunnel);
        if (!lac.remote_id || lac.state > L2TPHA_TUNNEL_ESTABLISHED)
            continue;
        struct l2tpha_tunnel *other = l2tpha_tunnel_find(box->pair.lns, lac.remote_id);
        if (!other)
            return "a tunnel that the peer knows is not restored";
        struct l2tpha_tunnel_record lns = record_of(other);
        if (after(lac.nr, lns.ns))
            return "the peer has a message that is not restored";
        if (after(lac.acked, lns.nr))
            return "a message is acknowledged and not restored";
    }
    return NULL;
}

static const char *call_differs(const struct l2tpha_session *session, const struct l2tpha_node *far)
{
    struct l2tpha_session_record mine = {.size = sizeof(mine)}, theirs = {.size = sizeof(theirs)};
    struct l2tpha_tunnel_record tunnel = record_of(l2tpha_session_tunnel(session));
    struct l2tpha_session *other;

    l2tpha_session_get(session, &mine);
    other = l2tpha_session_find(far, tunnel.remote_id, mine.remote_id);
    if (mine.state != L2TPHA_SESSION_ESTABLISHED)
        return "a call is half up";
    if (!other)
        return "a call is at one end only";
    l2tpha_session_get(other, &theirs);
    return theirs.remote_id == mine.local_id ? NULL : "a call is another one at the other end";
}

static const char *calls_differ(const struct l2tpha_node *near, const struct l2tpha_node *far)
{
    struct l2tpha_tunnel *tunnel = NULL;
    const char *why = NULL;

    while (!why && (tunnel = l2tpha_tunnel_next(near, tunnel))) {
        struct l2tpha_session *session = NULL;
        if (record_of(tunnel).state != L2TPHA_TUNNEL_ESTABLISHED)
            return "a tunnel is not up";
        while (!why && (session = l2tpha_session_next(tunnel, session)))
            why = call_differs(session, far);
    }
    return why;
}

const char *box_differs(const struct box *box)
{
    const char *why = calls_differ(box->pair.lac, box->pair.lns);

    return why ? why : calls_differ(box->pair.lns, box->pair.lac);
}
