/* SPDX-License-Identifier: MIT */
#include "contract/stores.h"

#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ITEM_LEN 24
#define TURNS 100000

struct stores stores;

void stores_begin(void)
{
    fixture_setup();
    stores = (struct stores){.item_len = ITEM_LEN};
    KIND.begin();
}

void stores_end(void)
{
    for (unsigned i = 0; i < STORES; i++)
        stores_close(i);
    KIND.end();
    fixture_teardown();
}

int stores_open(unsigned process)
{
    int error = KIND.make(process, &stores.list[process]);
    const struct l2tpha_store *made = stores.list[process];

    return error ? error : made->open(made->user, &stores.why);
}

void stores_close(unsigned process)
{
    if (stores.list[process])
        stores.list[process]->free(stores.list[process]->user);
    stores.list[process] = NULL;
}

void stores_kill(unsigned process, bool power)
{
    KIND.kill(process, power);
    stores_close(process);
}

/* --- writing --- */

int stores_stream(unsigned process, uint64_t epoch, uint32_t *stream)
{
    stores.confirmed = 0;
    stores.whole = false;
    stores.status = L2TPHA_OK;
    return stores.list[process]->begin(stores.list[process]->user, epoch, stream);
}

static void fill(char *item, uint64_t position)
{
    memset(item, 'a' + (int)(position % 26), stores.item_len);
    snprintf(item, ITEM_LEN, "item %llu", (unsigned long long)position);
}

void stores_append(unsigned process, uint32_t stream, uint64_t first, uint64_t last)
{
    const struct l2tpha_store *to = stores.list[process];
    char *item = malloc(stores.item_len);

    for (uint64_t i = first; i <= last; i++) {
        fill(item, i);
        int error =
            to->append(to->user, stream, i, (uint8_t *)item, stores.item_len, i == STORES_WHOLE);
        if (error) { /* what would follow has no place */
            stores.status = error;
            break;
        }
    }
    free(item);
}

int stores_drop(unsigned process, uint32_t stream, bool keep)
{
    return stores.list[process]->drop(stores.list[process]->user, stream, keep);
}

static bool take_events(const struct l2tpha_store *store)
{
    struct l2tpha_store_event event;
    bool any = false;

    while (store->event(store->user, &event)) {
        any = true;
        if (event.kind == L2TPHA_STORE_MARKED) {
            stores.marked++;
            stores.mark_status = event.status;
            continue;
        }
        if (event.position > stores.confirmed)
            stores.confirmed = event.position;
        stores.whole |= event.whole;
        if (event.status)
            stores.status = event.status;
    }
    return any;
}

bool stores_turn(unsigned process)
{
    const struct l2tpha_store *of = stores.list[process];

    assert_ok(of->commit(of->user));
    bool any = KIND.turn(process);
    return take_events(of) || any;
}

void stores_settle(unsigned process)
{
    (void)take_events(stores.list[process]);
    for (int turns = 0; stores_turn(process); turns++)
        ck_assert_int_lt(turns, TURNS);
}

void stores_write(unsigned process, uint64_t epoch)
{
    uint32_t stream;

    stores.confirmed = 0;
    stores.status = stores_open(process);
    if (!stores.status)
        stores.status = stores_stream(process, epoch, &stream);
    for (uint64_t i = 1; i <= STORES_ITEMS && !stores.status; i += 2) {
        stores_append(process, stream, i, i + 1);
        stores_settle(process);
    }
}

void stores_write_all(void)
{
    stores_write(0, 7);
    assert_ok(stores.status);
    ck_assert_uint_eq(stores.confirmed, STORES_ITEMS);
    ck_assert(stores.whole);
}

int stores_mark(unsigned process)
{
    stores.marked = 0;
    assert_ok(stores.list[process]->mark_stale(stores.list[process]->user));
    stores_settle(process);
    ck_assert_uint_eq(stores.marked, 1);
    return stores.mark_status;
}

/* --- reading --- */

int stores_take(void *user, const uint8_t *data, size_t len)
{
    char *item = malloc(stores.item_len);

    (void)user;
    fill(item, ++stores.items);
    ck_assert_uint_eq(len, stores.item_len);
    ck_assert_mem_eq(data, item, len);
    free(item);
    return L2TPHA_OK;
}

int stores_read(unsigned process, bool mend)
{
    int error = stores_open(process);
    const struct l2tpha_store *made = stores.list[process];

    stores.items = 0;
    stores.found = (struct l2tpha_store_found){0};
    return error ? error : made->read(made->user, mend, stores_take, NULL, &stores.found);
}

int stores_look(unsigned process)
{
    int error = KIND.make(process, &stores.list[process]);
    const struct l2tpha_store *made = stores.list[process];

    stores.items = 0;
    return error ? error : made->look(made->user, stores_take, NULL, &stores.found, &stores.why);
}

void stores_assert_found(bool stale)
{
    ck_assert(stores.found.any);
    ck_assert_int_eq(stores.found.stale, stale);
    ck_assert(!stores.found.torn);
    ck_assert_uint_eq(stores.items, STORES_ITEMS);
    ck_assert_uint_eq(stores.found.items, STORES_ITEMS);
    ck_assert(KIND.seals ? stores.found.bytes > STORES_ITEMS * stores.item_len
                         : stores.found.bytes == STORES_ITEMS * stores.item_len);
}

void stores_read_back(bool stale)
{
    assert_ok(stores_read(2, false));
    stores_assert_found(stale);
    stores_close(2);
}
