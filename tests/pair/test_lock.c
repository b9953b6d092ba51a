/* SPDX-License-Identifier: MIT */
#include "fixture.h"
#include "pair/lock.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[32];
static char first_path[64], second_path[64], lock_path[80];
static struct endpoint first_end, second_end;
static struct lock first, second; /* of the nodes of a pair */

static void make_folder(void)
{
    strcpy(folder, "/tmp/l2tpha.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(first_path, sizeof(first_path), "%s/a", folder);
    snprintf(second_path, sizeof(second_path), "%s/b", folder);
    snprintf(lock_path, sizeof(lock_path), "%s/a.lock", folder);
    endpoint_unix(first_path, &first_end);
    endpoint_unix(second_path, &second_end);
    first = (struct lock){.listen = &first_end, .connect = &second_end, .fd = -1};
    second = (struct lock){.listen = &second_end, .connect = &first_end, .fd = -1};
}

static void remove_folder(void)
{
    unlink(lock_path);
    ck_assert_int_eq(rmdir(folder), 0); /* nothing else was made */
}

START_TEST(one_of_the_two_holds_it)
{
    struct stat found;
    ck_assert(lock_take(&first));
    ck_assert(lock_take(&first));
    ck_assert(!lock_take(&second));
    ck_assert_int_eq(stat(lock_path, &found), 0);
    ck_assert_uint_eq(found.st_mode & 077, 0);
    lock_let_go(&first);
    ck_assert(lock_take(&second));
    ck_assert(!lock_take(&first));
    lock_let_go(&second);
}
END_TEST

START_TEST(without_a_path_there_is_nothing_to_hold)
{
    first_end = (struct endpoint){.kind = ENDPOINT_NONE};
    ck_assert(lock_take(&first));
    ck_assert_int_eq(first.fd, -1);
    lock_note(&first, 9);
    ck_assert_uint_eq(lock_epoch(&first), 0);
}
END_TEST

START_TEST(a_folder_that_is_not_there_gives_no_lock)
{
    endpoint_unix("/none/a", &first_end);
    ck_assert(!lock_take(&first));
    lock_note(&first, 9);
    ck_assert_uint_eq(lock_epoch(&first), 0);
}
END_TEST

START_TEST(the_newest_epoch_is_kept)
{
    static const uint64_t epochs[] = {1, 7, 3, 0, UINT64_C(77) << 40, 8};
    uint64_t newest = 0;
    ck_assert(lock_take(&first)); /* whoever holds it */
    for (size_t i = 0; i < sizeof(epochs) / sizeof(epochs[0]); i++) {
        lock_note(&second, epochs[i]);
        newest = epochs[i] > newest ? epochs[i] : newest;
        ck_assert_uint_eq(lock_epoch(&first), newest);
    }
    lock_let_go(&first);
    ck_assert_uint_eq(lock_epoch(&second), newest);
}
END_TEST

START_TEST(what_is_no_epoch_is_none)
{
    int fd = open(lock_path, O_WRONLY | O_CREAT, 0600);
    ck_assert_int_eq(write(fd, "not a number", 12), 12);
    close(fd);
    ck_assert_uint_eq(lock_epoch(&first), 0);
    lock_note(&first, 5);
    ck_assert_uint_eq(lock_epoch(&second), 5);
    fd = open(lock_path, O_WRONLY | O_TRUNC);
    ck_assert_int_eq(write(fd, "99999999999999999999999", 23), 23);
    close(fd);
    ck_assert_uint_eq(lock_epoch(&first), 0);
    unlink(lock_path);
    ck_assert_int_eq(symlink("/dev/null", lock_path), 0);
    lock_note(&first, 6);
    ck_assert_uint_eq(lock_epoch(&first), 0);
}
END_TEST

Suite *suite_lock(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("lock", &tcase);
    tcase_add_checked_fixture(tcase, make_folder, remove_folder);
    tcase_add_test(tcase, one_of_the_two_holds_it);
    tcase_add_test(tcase, without_a_path_there_is_nothing_to_hold);
    tcase_add_test(tcase, a_folder_that_is_not_there_gives_no_lock);
    tcase_add_test(tcase, the_newest_epoch_is_kept);
    tcase_add_test(tcase, what_is_no_epoch_is_none);
    return suite;
}
