/* SPDX-License-Identifier: MIT */
/* A file store by itself: which segment is read, which go, and what is damage. */
#include "store/file_store.h"

#include "fixture.h"
#include "store/fake_disk.h"
#include "store/segment.h"

#include <string.h>

#define ITEMS 40
#define WHOLE_AT 10

static struct fake_disk fake;
static struct disk disk;
static struct fake_worker worker;
static struct l2tpha_store *store;
static uint64_t read_items;

static void open_store(void)
{
    const char *why;
    struct worker made = fake_worker_of(&worker, &disk);

    assert_ok(file_store_new(root, &disk, &made, &store));
    assert_ok(store->open(store->user, &why));
}

static void begin(void)
{
    fixture_setup();
    fake_disk_init(&fake, root, 1);
    disk = fake_disk_of(&fake);
    open_store();
}

static void end(void)
{
    store->free(store->user);
    fake_disk_free(&fake);
    fixture_teardown();
}

static void reopen(void)
{
    store->free(store->user);
    fake_disk_killed(&fake);
    open_store();
}

/* All that waits goes to the disk. */
static void settle(void)
{
    struct l2tpha_store_event event;

    do {
        assert_ok(store->commit(store->user));
        while (fake_worker_step(&worker))
            ;
        while (store->event(store->user, &event))
            assert_ok(event.status);
    } while (worker.job || worker.done);
    assert_ok(store->commit(store->user));
    while (fake_worker_step(&worker))
        ;
    while (store->event(store->user, &event))
        ;
}

static void write_items(uint32_t stream, uint64_t from, uint64_t to)
{
    uint8_t body[64];

    for (uint64_t i = from; i <= to; i++) {
        memset(body, (int)i, sizeof(body));
        assert_ok(store->append(store->user, stream, i, body, 1 + i % sizeof(body), i == WHOLE_AT));
        if (i % 3 == 0)
            settle();
    }
    settle();
}

static int take(void *user, const uint8_t *data, size_t len)
{
    uint64_t number = ++read_items;

    (void)user;
    ck_assert_uint_eq(data[0], (uint8_t)number);
    ck_assert_uint_eq(len, 1 + number % 64);
    return L2TPHA_OK;
}

static int count(void *user, const uint8_t *data, size_t len)
{
    (void)user, (void)data, (void)len;
    return L2TPHA_OK;
}

static struct l2tpha_store_found read_again(bool mend, int expected)
{
    struct l2tpha_store_found found;

    reopen();
    read_items = 0;
    assert_error(store->read(store->user, mend, take, NULL, &found), expected);
    return found;
}

static uint32_t begin_stream(void)
{
    uint32_t stream;

    assert_ok(store->begin(store->user, 9, &stream));
    return stream;
}

/* The newest whole one, though a newer one was begun. */
START_TEST(the_newest_that_is_whole)
{
    uint32_t first = begin_stream(), second;
    struct l2tpha_store_found found;

    write_items(first, 1, ITEMS);
    second = begin_stream();
    write_items(second, 1, WHOLE_AT - 1);
    uint32_t third;
    assert_error(store->begin(store->user, 9, &third), L2TPHA_ERR_LIMIT);
    found = read_again(false, L2TPHA_OK);
    ck_assert_uint_eq(found.items, ITEMS);
    settle(); /* the other one goes */
    ck_assert_uint_eq(fake_disk_newest(&fake)->number, 1);
    write_items(begin_stream(), 1, WHOLE_AT);
    found = read_again(false, L2TPHA_OK);
    ck_assert_uint_eq(found.items, WHOLE_AT);
}
END_TEST

/* It was asked for while the disk was at what makes another copy whole: that one is no older than
 * what was served. */
START_TEST(a_late_mark)
{
    uint32_t stream = begin_stream();

    write_items(stream, 1, ITEMS);
    assert_ok(store->drop(store->user, stream, true));
    stream = begin_stream();
    settle();
    for (uint64_t i = 1; i <= WHOLE_AT; i++)
        assert_ok(store->append(store->user, stream, i, (const uint8_t *)"octet", 1 + i % 64 % 5,
                                i == WHOLE_AT));
    assert_ok(store->commit(store->user));
    assert_ok(store->mark_stale(store->user));
    settle();
    reopen();
    struct l2tpha_store_found found;
    assert_ok(store->read(store->user, false, count, NULL, &found));
    ck_assert(found.any && !found.stale);
    ck_assert_uint_eq(found.items, WHOLE_AT);
}
END_TEST

/* An octet of the file is another one: it is told, or it is one of the last items. */
static void read_damaged(size_t at)
{
    struct l2tpha_store_found found = read_again(true, L2TPHA_OK);
    uint64_t whole_before = read_items;

    if (found.fault) {
        ck_assert(found.stale);
        ck_assert_uint_le(found.fault_at, at);
        found = read_again(false, L2TPHA_ERR_RECORD);
        ck_assert_uint_eq(read_items, 0);
    } else if (found.any) {
        ck_assert(!found.stale);
        ck_assert_uint_ge(whole_before, ITEMS - 1); /* in the last commit, or in nothing */
    } else {                                        /* no copy is whole before it */
        ck_assert_uint_eq(whole_before, 0);
    }
}

START_TEST(damage)
{
    struct fake_file *file;

    write_items(begin_stream(), 1, ITEMS);
    file = fake_disk_newest(&fake);
    for (size_t at = SEGMENT_HEADER; at < SEGMENT_HEADER + 2500; at += 5) {
        ck_assert_uint_lt(at, file->len);
        file->cache[at] ^= 0x10;
        read_damaged(at);
        file->cache[at] ^= 0x10;
    }
    ck_assert_uint_eq(read_again(false, L2TPHA_OK).items, ITEMS);
}
END_TEST

START_TEST(damage_of_the_header)
{
    struct l2tpha_store_found found;

    write_items(begin_stream(), 1, ITEMS);
    for (size_t at = 0; at < 52; at++) {
        fake_disk_newest(&fake)->cache[at] ^= 1;
        found = read_again(false, L2TPHA_ERR_RECORD);
        ck_assert_ptr_nonnull(found.fault);
        found = read_again(true, L2TPHA_OK);
        ck_assert(!found.any && found.stale);
        fake_disk_newest(&fake)->cache[at] ^= 1;
    }
    ck_assert_uint_eq(read_again(false, L2TPHA_OK).items, ITEMS);
}
END_TEST

Suite *suite_file_store(void);
Suite *suite_file_store(void)
{
    Suite *suite = suite_create("file_store");
    TCase *tcase = tcase_create("file_store");

    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_test(tcase, the_newest_that_is_whole);
    tcase_add_test(tcase, a_late_mark);
    tcase_add_test(tcase, damage);
    tcase_add_test(tcase, damage_of_the_header);
    suite_add_tcase(suite, tcase);
    return suite;
}
