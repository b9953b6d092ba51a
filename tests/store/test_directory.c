/* SPDX-License-Identifier: MIT */
/* A store in a directory of the system's. */
#include "fixture.h"

#include <l2tpha/store.h>

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/l2tpha-store-XXXXXX";
static char path[64];
static uint64_t items;

static void begin(void)
{
    fixture_setup();
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/store", folder);
    items = 0;
}

static void end(void)
{
    char command[96];

    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    ck_assert_int_eq(system(command), 0);
    fixture_teardown();
}

static struct l2tpha_store *make(void)
{
    struct l2tpha_store *store;

    assert_ok(l2tpha_file_store_new(root, path, &store));
    return store;
}

static void assert_refused(const char *expected)
{
    struct l2tpha_store *store = make();
    const char *why = NULL;

    ck_assert_int_ne(store->open(store->user, &why), L2TPHA_OK);
    ck_assert_msg(strstr(why, expected) != NULL, "%s", why);
    store->free(store->user);
}

static int count(void *user, const uint8_t *data, size_t len)
{
    (void)user, (void)data, (void)len;
    items++;
    return L2TPHA_OK;
}

/* Until all of it is on the disk. */
static void await(struct l2tpha_store *store, uint64_t position)
{
    struct pollfd ready = {.fd = store->fd(store->user), .events = POLLIN};
    struct l2tpha_store_event event = {0};

    while (event.position < position) {
        assert_ok(store->commit(store->user));
        ck_assert_int_eq(poll(&ready, 1, 10000), 1);
        while (store->event(store->user, &event))
            assert_ok(event.status);
    }
    ck_assert(event.whole);
}

static void write_some(struct l2tpha_store *store, uint64_t many)
{
    uint32_t stream;

    assert_ok(store->begin(store->user, 3, &stream));
    for (uint64_t i = 1; i <= many; i++)
        assert_ok(store->append(store->user, stream, i, (const uint8_t *)"octets", 6, i == 2));
    await(store, many);
}

/* Beside whoever has it. */
static void look(uint64_t many)
{
    struct l2tpha_store *store = make();
    struct l2tpha_store_found found;
    const char *why;

    items = 0;
    assert_ok(store->look(store->user, count, NULL, &found, &why));
    ck_assert(found.any && !found.stale && !found.torn);
    ck_assert_uint_eq(items, many);
    store->free(store->user);
    items = 0;
}

START_TEST(written_and_read)
{
    struct l2tpha_store *store = make();
    struct l2tpha_store_found found;
    struct stat status;
    char name[96];
    const char *why;

    assert_ok(store->open(store->user, &why));
    write_some(store, 20000);
    assert_refused("another process has it");
    look(20000);
    store->free(store->user);
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_int_eq(status.st_mode & 0777, 0700);
    snprintf(name, sizeof(name), "%s/0000000000000001.seg", path);
    ck_assert_int_eq(stat(name, &status), 0);
    ck_assert_int_eq(status.st_mode & 0777, 0600);
    store = make();
    assert_ok(store->open(store->user, &why));
    assert_ok(store->read(store->user, false, count, NULL, &found));
    ck_assert(found.any && !found.stale && !found.torn);
    ck_assert_uint_eq(items, 20000);
    store->free(store->user);
}
END_TEST

START_TEST(older_segments_go)
{
    const char *why;
    DIR *stream;
    unsigned files = 0;

    for (int i = 0; i < 5; i++) {
        struct l2tpha_store *store = make();
        struct l2tpha_store_found found;
        assert_ok(store->open(store->user, &why));
        assert_ok(store->read(store->user, false, count, NULL, &found));
        write_some(store, 5);
        assert_ok(store->commit(store->user)); /* which ends before it is free */
        store->free(store->user);
    }
    ck_assert_ptr_nonnull(stream = opendir(path));
    for (const struct dirent *entry; (entry = readdir(stream));)
        files += strstr(entry->d_name, ".seg") != NULL;
    closedir(stream);
    ck_assert_uint_eq(files, 1);
}
END_TEST

START_TEST(directories_that_will_not_do)
{
    int file;

    ck_assert_int_eq(mkdir(path, 0755), 0);
    assert_refused("mode 0700 is wanted");
    ck_assert_int_eq(rmdir(path), 0);
    ck_assert_int_ge(file = open(path, O_CREAT | O_WRONLY, 0600), 0);
    close(file);
    assert_refused("Not a directory");
    snprintf(path, sizeof(path), "%s/nothing", folder);
    struct l2tpha_store *store = make();
    struct l2tpha_store_found found;
    const char *why = NULL;
    ck_assert_int_ne(store->look(store->user, count, NULL, &found, &why), L2TPHA_OK);
    ck_assert_ptr_nonnull(strstr(why, "No such file"));
    store->free(store->user);
    ck_assert_int_ne(access(path, F_OK), 0); /* nothing was made */
    snprintf(path, sizeof(path), "%s/no/such", folder);
    assert_refused("No such file");
}
END_TEST

START_TEST(too_many_segments)
{
    char name[96];

    ck_assert_int_eq(mkdir(path, 0700), 0);
    for (unsigned i = 1; i <= 65; i++) {
        snprintf(name, sizeof(name), "%s/%016x.seg", path, i);
        int file = open(name, O_CREAT | O_WRONLY, 0600);
        ck_assert_int_ge(file, 0);
        close(file);
    }
    assert_refused("too many");
}
END_TEST

Suite *suite_directory(void);
Suite *suite_directory(void)
{
    Suite *suite = suite_create("directory");
    TCase *tcase = tcase_create("directory");

    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_test(tcase, written_and_read);
    tcase_add_test(tcase, older_segments_go);
    tcase_add_test(tcase, directories_that_will_not_do);
    tcase_add_test(tcase, too_many_segments);
    suite_add_tcase(suite, tcase);
    return suite;
}
