/* SPDX-License-Identifier: MIT */
#include "keeping.h"

#include "etcd/store_private.h"
#include "fixture.h"

#include <stdio.h>
#include <string.h>

#define ITEM_LEN 24
#define TURNS 20000

struct keeping keeping;

static uint64_t now(void *user)
{
    (void)user;
    return alarm_now() + keeping.skipped;
}

/* What would wait only for a time does not. */
static void skip_pauses(void)
{
    for (unsigned i = 0; i < KEEPING_STORES; i++) {
        const struct etcd_store *store = keeping.stores[i] ? keeping.stores[i]->user : NULL;
        if (store && store->ask.under_way && store->ask.again_at > now(NULL))
            keeping.skipped += store->ask.again_at - now(NULL);
    }
}

static void turn(int fd)
{
    skip_pauses();
    if (cluster.silent)
        keeping.skipped += SECOND / 4;
    cluster_turn(fd, cluster.silent ? 0 : 1);
}

static void wait_for(void *user, const struct alarm *alarm)
{
    (void)user;
    turn(alarm_fd(alarm));
}

void keeping_begin(void)
{
    fixture_setup();
    keeping = (struct keeping){.item_len = ITEM_LEN};
    cluster_open(3);
}

void keeping_end(void)
{
    memset(cluster.faults, 0, sizeof(cluster.faults));
    for (unsigned i = 0; i < KEEPING_STORES; i++)
        keeping_close(i);
    cluster_close();
    fixture_teardown();
}

static int make(unsigned which)
{
    const struct clock clock = {.now = now, .wait = wait_for};
    struct etcd_store *store;
    int error = etcd_store_new(root, cluster_place("g"), NULL, &clock, &store);

    if (!error)
        keeping.stores[which] = &store->store;
    return error;
}

int keeping_open(unsigned which)
{
    int error = make(which);
    const struct l2tpha_store *made = keeping.stores[which];

    return error ? error : made->open(made->user, &keeping.why);
}

void keeping_close(unsigned store)
{
    if (keeping.stores[store])
        keeping.stores[store]->free(keeping.stores[store]->user);
    keeping.stores[store] = NULL;
}

void keeping_kill(unsigned which)
{
    struct etcd_store *store = keeping.stores[which]->user;

    store->streams.owns = store->streams.sweeps = store->streams.mark_asked = false;
    keeping_close(which);
}

int keeping_stream(unsigned store, uint64_t epoch, uint32_t *stream)
{
    keeping.confirmed = 0;
    keeping.whole = false;
    keeping.status = L2TPHA_OK;
    return keeping.stores[store]->begin(keeping.stores[store]->user, epoch, stream);
}

static void fill(char *item, uint64_t position)
{
    memset(item, 'a' + (int)(position % 26), keeping.item_len);
    snprintf(item, ITEM_LEN, "item %llu", (unsigned long long)position);
}

void keeping_append(unsigned store, uint32_t stream, uint64_t first, uint64_t last)
{
    const struct l2tpha_store *to = keeping.stores[store];
    char *item = talloc_size(root, keeping.item_len);

    for (uint64_t i = first; i <= last && !keeping.status; i++) {
        fill(item, i);
        keeping.status =
            to->append(to->user, stream, i, (uint8_t *)item, keeping.item_len, i == KEEPING_WHOLE);
    }
    talloc_free(item);
}

static bool take_events(const struct l2tpha_store *store)
{
    struct l2tpha_store_event event;
    bool any = false;

    while (store->event(store->user, &event)) {
        any = true;
        if (event.kind == L2TPHA_STORE_MARKED) {
            keeping.marked++;
            keeping.mark_status = event.status;
            continue;
        }
        if (event.position > keeping.confirmed)
            keeping.confirmed = event.position;
        keeping.whole |= event.whole;
        if (event.status)
            keeping.status = event.status;
    }
    return any;
}

void keeping_settle(unsigned which)
{
    const struct l2tpha_store *of = keeping.stores[which];
    const struct etcd_store *store = of->user;
    bool any = take_events(of);

    for (int turns = 0; turns < TURNS; turns++) {
        assert_ok(of->commit(of->user));
        if (!any && !store->ask.under_way)
            return;
        if (store->ask.under_way)
            turn(of->fd(of->user));
        any = take_events(of);
    }
    ck_abort_msg("it does not come to an end");
}

void keeping_write(unsigned store, uint64_t epoch)
{
    uint32_t stream;

    keeping.status = keeping_open(store);
    if (!keeping.status)
        keeping.status = keeping_stream(store, epoch, &stream);
    for (uint64_t i = 1; i <= KEEPING_ITEMS && !keeping.status; i += 2) {
        keeping_append(store, stream, i, i + 1);
        keeping_settle(store);
    }
}

int keeping_mark(unsigned store)
{
    keeping.marked = 0;
    assert_ok(keeping.stores[store]->mark_stale(keeping.stores[store]->user));
    keeping_settle(store);
    ck_assert_uint_eq(keeping.marked, 1);
    return keeping.mark_status;
}

int keeping_take(void *user, const uint8_t *data, size_t len)
{
    char *item = talloc_size(root, keeping.item_len);

    (void)user;
    fill(item, ++keeping.items);
    ck_assert_uint_eq(len, keeping.item_len);
    ck_assert_mem_eq(data, item, len);
    talloc_free(item);
    return L2TPHA_OK;
}

int keeping_read(unsigned store, bool mend)
{
    int error = keeping_open(store);

    keeping.items = 0;
    keeping.found = (struct l2tpha_store_found){0};
    return error ? error
                 : keeping.stores[store]->read(keeping.stores[store]->user, mend, keeping_take,
                                               NULL, &keeping.found);
}

void keeping_assert_found(bool stale)
{
    ck_assert(keeping.found.any);
    ck_assert_int_eq(keeping.found.stale, stale);
    ck_assert_uint_eq(keeping.items, KEEPING_ITEMS);
    ck_assert_uint_eq(keeping.found.items, KEEPING_ITEMS);
    ck_assert_uint_eq(keeping.found.bytes, KEEPING_ITEMS * keeping.item_len);
}

void keeping_write_all(void)
{
    keeping_write(0, 7);
    assert_ok(keeping.status);
    ck_assert_uint_eq(keeping.confirmed, KEEPING_ITEMS);
    ck_assert(keeping.whole);
}

bool keeping_is_exact(void)
{
    const char *key;

    for (uint32_t i = 0; (key = cluster_key("l2tpha/g/store/", i)); i++)
        if (strstr(key, "/exact"))
            return true;
    return false;
}

void keeping_read_back(bool stale)
{
    assert_ok(keeping_read(2, false));
    keeping_assert_found(stale);
    keeping_close(2);
}

int keeping_look(unsigned store)
{
    int error = make(store);
    const struct l2tpha_store *made = keeping.stores[store];

    keeping.items = 0;
    return error ? error : made->look(made->user, keeping_take, NULL, &keeping.found, &keeping.why);
}
