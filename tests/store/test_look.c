/* SPDX-License-Identifier: MIT */
/* A look into a store beside its writer: a beginning of what is written, at every step of the disk,
 * and nothing of it is changed. */
#include "store/file_store.h"

#include "fixture.h"
#include "store/fake_disk.h"
#include "store/segment.h"

#include <string.h>

#define ITEMS 30
#define WHOLE_AT 10

static struct fake_disk fake;
static struct disk disk, looked_at;
static struct fake_worker worker, idle;
static struct l2tpha_store *store;
static uint64_t looked; /* items */
static uint64_t confirmed;
static bool older; /* there is another segment, with all ITEMS */
static struct l2tpha_store_found found;
static uint32_t torn_reads;
static uint8_t *torn; /* an octet that is another one for so many reads */

static void begin(void)
{
    const char *why;

    fixture_setup();
    fake_disk_init(&fake, root, 1);
    disk = looked_at = fake_disk_of(&fake);
    struct worker made = fake_worker_of(&worker, &disk);
    assert_ok(file_store_new(root, &disk, &made, &store));
    assert_ok(store->open(store->user, &why));
    confirmed = 0;
    older = false;
    torn_reads = 0;
}

static void end(void)
{
    store->free(store->user);
    fake_disk_free(&fake);
    fixture_teardown();
}

static int take(void *user, const uint8_t *data, size_t len)
{
    (void)user;
    looked++;
    ck_assert_uint_eq(data[0], (uint8_t)looked);
    ck_assert_uint_eq(len, 1 + looked % 64);
    return L2TPHA_OK;
}

static int look(l2tpha_store_item fn)
{
    struct worker made = fake_worker_of(&idle, &looked_at);
    struct l2tpha_store *other;
    const char *why = NULL;
    uint64_t calls = fake.calls;
    bool locked = fake.locked;

    looked = 0;
    assert_ok(file_store_new(root, &looked_at, &made, &other));
    int error = other->look(other->user, fn, NULL, &found, &why);
    other->free(other->user);
    ck_assert_uint_eq(fake.calls, calls);
    fake.locked = locked; /* the fake has one for all */
    return error;
}

/* What is found has all that was confirmed, and says of what else that it may not have been. */
static void assert_prefix(void)
{
    assert_ok(look(take));
    ck_assert_uint_eq(looked, found.items);
    if (confirmed >= WHOLE_AT)
        ck_assert(found.any);
    if (!found.any || (older && found.items == ITEMS))
        return;
    ck_assert_uint_ge(found.items, confirmed);
    ck_assert_uint_le(found.items - found.unproven, confirmed);
    ck_assert(!found.stale && !found.fault);
}

static void write_items(uint32_t stream, uint64_t from, uint64_t to)
{
    struct l2tpha_store_event event;
    uint8_t body[64];

    for (uint64_t i = from; i <= to; i++) {
        memset(body, (int)i, sizeof(body));
        assert_ok(store->append(store->user, stream, i, body, 1 + i % sizeof(body), i == WHOLE_AT));
        assert_ok(store->commit(store->user));
        assert_prefix();
        while (fake_worker_step(&worker))
            assert_prefix();
        while (store->event(store->user, &event))
            confirmed = event.position;
        assert_prefix();
    }
}

static uint32_t begin_stream(void)
{
    uint32_t stream;

    assert_ok(store->begin(store->user, 9, &stream));
    return stream;
}

/* Until another copy is whole, the one before it counts. */
START_TEST(two_segments)
{
    uint32_t second;

    write_items(begin_stream(), 1, ITEMS);
    second = begin_stream();
    confirmed = 0;
    older = true;
    write_items(second, 1, WHOLE_AT);
    ck_assert_uint_eq(found.items, WHOLE_AT);
    ck_assert_uint_eq(found.unproven, 1); /* nothing behind it says more */
}
END_TEST

static int64_t read_torn(void *user, int file, uint64_t at, uint8_t *dst, size_t len)
{
    if (torn_reads > 0 && --torn_reads == 0)
        *torn ^= 1;
    return disk.read(user, file, at, dst, len);
}

/* Where an item begins. */
static size_t place_of(uint64_t number)
{
    size_t at = SEGMENT_HEADER;

    for (uint64_t i = 1; i < number; i++)
        at += segment_item_size(1 + i % 64);
    return at;
}

/* It was being written when it was read, and what is behind it was there a moment later. */
START_TEST(what_was_torn_is_read_again)
{
    write_items(begin_stream(), 1, ITEMS);
    looked_at.read = read_torn;
    torn = &fake_disk_newest(&fake)->cache[place_of(WHOLE_AT + 3) + SEGMENT_ITEM_HEAD];
    for (uint32_t reads = 1; reads < 7; reads++) {
        *torn ^= 1;
        torn_reads = reads; /* the last of which has the octet as it was */
        int error = look(take);
        if (torn_reads > 0)
            *torn ^= 1;
        torn_reads = 0;
        /* the header, twice, the items, and the items once more */
        assert_error(error, reads <= 4 ? L2TPHA_OK : L2TPHA_ERR_RECORD);
        ck_assert_uint_eq(looked, reads <= 4 ? ITEMS : WHOLE_AT + 2);
    }
}
END_TEST

/* What is before it is given back, and the place is told. */
START_TEST(damage)
{
    struct fake_file *file;

    write_items(begin_stream(), 1, ITEMS);
    file = fake_disk_newest(&fake);
    size_t at = place_of(WHOLE_AT + 3);
    file->cache[at + 40] ^= 1;
    assert_error(look(take), L2TPHA_ERR_RECORD);
    ck_assert(found.any && found.stale);
    ck_assert_uint_eq(found.fault_at, at);
    ck_assert_uint_eq(looked, WHOLE_AT + 2);
    file->cache[at + 40] ^= 1;
    file->cache[3] ^= 1; /* of the header */
    assert_error(look(take), L2TPHA_ERR_RECORD);
    ck_assert(!found.any && found.stale);
    ck_assert_uint_eq(looked, 0);
    file->cache[3] ^= 1;
}
END_TEST

Suite *suite_look(void);
Suite *suite_look(void)
{
    Suite *suite = suite_create("look");
    TCase *tcase = tcase_create("look");

    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_test(tcase, two_segments);
    tcase_add_test(tcase, what_was_torn_is_read_again);
    tcase_add_test(tcase, damage);
    suite_add_tcase(suite, tcase);
    return suite;
}
