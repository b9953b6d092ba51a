/* SPDX-License-Identifier: MIT */
/* Memory that is not to be had: each allocation of a store's life fails once. What was confirmed is
 * there, and nothing is leaked. */
#include "redis/redis_private.h"
#include "redis/world.h"

#include "fixture.h"

static unsigned fail_at, count;

static bool fails(void)
{
    return ++count == fail_at;
}

void *__real__talloc_zero(const void *parent, size_t size, const char *name);
void *__wrap__talloc_zero(const void *parent, size_t size, const char *name);
void *__wrap__talloc_zero(const void *parent, size_t size, const char *name)
{
    return fails() ? NULL : __real__talloc_zero(parent, size, name);
}

void *__real__talloc_zero_array(const void *parent, size_t size, unsigned number, const char *name);
void *__wrap__talloc_zero_array(const void *parent, size_t size, unsigned number, const char *name);
void *__wrap__talloc_zero_array(const void *parent, size_t size, unsigned number, const char *name)
{
    return fails() ? NULL : __real__talloc_zero_array(parent, size, number, name);
}

void *__real_talloc_named_const(const void *parent, size_t size, const char *name);
void *__wrap_talloc_named_const(const void *parent, size_t size, const char *name);
void *__wrap_talloc_named_const(const void *parent, size_t size, const char *name)
{
    return fails() ? NULL : __real_talloc_named_const(parent, size, name);
}

void *__real__talloc_realloc(const void *parent, void *block, size_t size, const char *name);
void *__wrap__talloc_realloc(const void *parent, void *block, size_t size, const char *name);
void *__wrap__talloc_realloc(const void *parent, void *block, size_t size, const char *name)
{
    return fails() ? NULL : __real__talloc_realloc(parent, block, size, name);
}

char *__real_talloc_strdup(const void *parent, const char *text);
char *__wrap_talloc_strdup(const void *parent, const char *text);
char *__wrap_talloc_strdup(const void *parent, const char *text)
{
    return fails() ? NULL : __real_talloc_strdup(parent, text);
}

static void allocations_fail_at(unsigned number)
{
    fail_at = number;
    count = 0;
}

static void begin(void)
{
    allocations_fail_at(0);
    stores_begin();
    world.options.password = world.server.password = "sesame";
    world.options.user = "u";
}

START_TEST(a_writer_has_no_memory)
{
    unsigned number = 0;

    do {
        fake_server_restart(&world.server, true);
        stores.whole = false;
        allocations_fail_at(++number);
        stores_write(0, 7);
        bool failed = count >= number;
        allocations_fail_at(0);
        ck_assert_int_eq(stores.status != L2TPHA_OK, failed);
        uint64_t kept = stores.whole ? stores.confirmed : 0;
        stores_close(0);
        assert_ok(stores_read(1, false));
        ck_assert_uint_ge(stores.items, kept);
        stores_close(1);
    } while (stores.status);
    ck_assert_uint_gt(number, 30);
}
END_TEST

START_TEST(a_reader_has_no_memory)
{
    unsigned number = 0;
    int error;

    stores_write(0, 7);
    assert_ok(stores.status);
    stores_close(0);
    do {
        allocations_fail_at(++number);
        error = stores_read(1, false);
        bool failed = count >= number;
        allocations_fail_at(0);
        ck_assert_int_eq(error != L2TPHA_OK, failed);
        stores_close(1);
    } while (error);
    ck_assert_uint_eq(stores.items, STORES_ITEMS);
    ck_assert_uint_gt(number, 30);
}
END_TEST

Suite *suite_memory(void);
Suite *suite_memory(void)
{
    Suite *suite = suite_create("memory");
    TCase *tcase = tcase_create("memory");

    tcase_add_checked_fixture(tcase, begin, world_end);
    tcase_add_test(tcase, a_writer_has_no_memory);
    tcase_add_test(tcase, a_reader_has_no_memory);
    suite_add_tcase(suite, tcase);
    return suite;
}
