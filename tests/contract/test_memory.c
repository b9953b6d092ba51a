/* SPDX-License-Identifier: MIT */
/* Memory that is not to be had, for stores in servers: each allocation of a store's life fails
 * once. What was confirmed is there, and nothing is leaked. The server's own do not fail. */
#include "contract/stores.h"

#include "fixture.h"
#ifdef MEMORY_JSON
#include <jansson.h>
#include <stdlib.h>
#endif

#define SOME (STORES_WHOLE + 1)

static unsigned fail_at, count;
static bool serves; /* the server is at work */

static bool fails(void)
{
    return !serves && ++count == fail_at;
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

#ifdef MEMORY_JSON
void __real_cluster_turn(int fd, int wait_ms);
void __wrap_cluster_turn(int fd, int wait_ms);
void __wrap_cluster_turn(int fd, int wait_ms)
{
    serves = true;
    __real_cluster_turn(fd, wait_ms);
    serves = false;
}

static void *allocate(size_t size)
{
    return fails() ? NULL : malloc(size);
}
#endif

static void allocations_fail_at(unsigned number)
{
    fail_at = number;
    count = 0;
}

static void begin(void)
{
    allocations_fail_at(0);
#ifdef MEMORY_JSON
    json_set_alloc_funcs(allocate, free);
#endif
    stores_begin();
}

/* What is asked of another server, when an answer could not be read, may succeed. */
static void assert_told(int status, bool failed)
{
    ck_assert(status != L2TPHA_OK ? failed : !failed || KIND.repeats);
}

/* A copy, and one checkpoint more. */
static void write_some(void)
{
    uint32_t stream;

    stores.whole = false;
    stores.confirmed = 0;
    stores.status = stores_open(0);
    if (!stores.status)
        stores.status = stores_stream(0, 7, &stream);
    for (uint64_t i = 1; i <= SOME && !stores.status; i += STORES_WHOLE) {
        stores_append(0, stream, i, i == 1 ? STORES_WHOLE : SOME);
        stores_settle(0);
    }
}

START_TEST(a_writer_has_no_memory)
{
    unsigned number = 0;
    bool failed;

    do {
        KIND.clear();
        allocations_fail_at(++number);
        write_some();
        failed = count >= number;
        allocations_fail_at(0);
        assert_told(stores.status, failed);
        uint64_t kept = stores.whole ? stores.confirmed : 0;
        stores_close(0);
        assert_ok(stores_read(1, false));
        ck_assert_uint_ge(stores.items, kept);
        ck_assert(!stores.found.stale);
        stores_close(1);
    } while (failed);
    ck_assert_uint_eq(stores.items, SOME);
    ck_assert_uint_gt(number, 30);
}
END_TEST

START_TEST(a_reader_has_no_memory)
{
    unsigned number = 0;
    bool failed;

    KIND.clear();
    write_some();
    assert_ok(stores.status);
    stores_close(0);
    do {
        allocations_fail_at(++number);
        int error = stores_read(1, false);
        failed = count >= number;
        allocations_fail_at(0);
        assert_told(error, failed);
        ck_assert(error || stores.items == SOME);
        stores_close(1);
    } while (failed);
    ck_assert_uint_eq(stores.items, SOME);
    ck_assert_uint_gt(number, 30);
}
END_TEST

Suite *suite_memory(void);
Suite *suite_memory(void)
{
    Suite *suite = suite_create("memory");
    TCase *tcase = tcase_create("memory");

    tcase_add_checked_fixture(tcase, begin, stores_end);
    tcase_add_test(tcase, a_writer_has_no_memory);
    tcase_add_test(tcase, a_reader_has_no_memory);
    suite_add_tcase(suite, tcase);
    return suite;
}
