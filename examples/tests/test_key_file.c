/* SPDX-License-Identifier: MIT */
#include "common/key_file.h"
#include "fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BYTE 'x'
#define PATIENCE_S 5 /* whoever waits for a writer waits for ever */

static char folder[] = "/tmp/key-file-XXXXXX", path[64];
static struct key_file file;

static void make_folder(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/key", folder);
    alarm(PATIENCE_S);
}

static void remove_folder(void)
{
    alarm(0);
    (void)unlink(path);
    (void)rmdir(path);
    rmdir(folder);
    memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
}

static void put(const void *text, size_t len, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, len), (ssize_t)len);
    ck_assert_int_eq(fchmod(fd, mode), 0);
    close(fd);
}

static void check_wiped(void)
{
    for (size_t i = 0; i < sizeof(file.text); i++)
        ck_assert_int_eq(file.text[i], 0);
}

static void check_refused(const char *expected)
{
    memset(file.text, BYTE, sizeof(file.text));
    const char *why = key_file_read(&file, path);
    ck_assert_msg(why != NULL, "taken");
    ck_assert_str_eq(why, expected);
}

static const char others[] = "others than its owner may use it: its mode must be 0600";

static const struct {
    mode_t mode;
    bool taken;
} modes[] = {
    {0600, true},  {0400, true},  {0700, true},  {0640, false}, {0604, false}, {0620, false},
    {0602, false}, {0610, false}, {0601, false}, {0644, false}, {0666, false}, {0000, true},
};
#define MODES (int)(sizeof(modes) / sizeof(modes[0]))

START_TEST(a_file_of_its_owner_alone_is_read)
{
    put("key 1 secret\n", 13, modes[_i].mode);
    if (!modes[_i].taken) {
        check_refused(others);
        check_wiped();
    } else if (modes[_i].mode != 0 || geteuid() == 0) {
        ck_assert_ptr_null(key_file_read(&file, path));
        ck_assert_str_eq(file.text, "key 1 secret\n");
        key_file_wipe(&file);
        check_wiped();
    }
}
END_TEST

START_TEST(only_a_regular_file_is_read)
{
    check_refused("No such file or directory");
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    check_refused("not a regular file"); /* nobody writes */
    check_wiped();
    int writer = open(path, O_RDWR);
    ck_assert_int_eq(write(writer, "key 1 00\n", 9), 9);
    check_refused("not a regular file");
    close(writer);
    unlink(path);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    check_refused("not a regular file");
    rmdir(path);
    ck_assert_int_eq(symlink("/dev/zero", path), 0);
    check_refused("not a regular file");
    unlink(path);
    ck_assert_int_eq(symlink(path, path), 0);
    check_refused("Too many levels of symbolic links");
}
END_TEST

START_TEST(a_link_leads_to_the_file_that_counts)
{
    char target[80];
    put("key", 3, 0640);
    snprintf(target, sizeof(target), "%s.1", path);
    ck_assert_int_eq(rename(path, target), 0);
    ck_assert_int_eq(symlink(target, path), 0);
    check_refused(others);
    ck_assert_int_eq(chmod(target, 0600), 0);
    ck_assert_ptr_null(key_file_read(&file, path));
    ck_assert_str_eq(file.text, "key");
    unlink(target);
}
END_TEST

START_TEST(its_length_is_bounded)
{
    static char text[KEY_FILE_MAX + 1];
    memset(text, BYTE, sizeof(text));
    put(text, KEY_FILE_MAX, 0600);
    ck_assert_ptr_null(key_file_read(&file, path));
    ck_assert_uint_eq(strlen(file.text), KEY_FILE_MAX);
    put(text, KEY_FILE_MAX + 1, 0600);
    check_refused("longer than 16384 bytes");
    check_wiped();
    put("", 0, 0600);
    ck_assert_ptr_null(key_file_read(&file, path));
    ck_assert_str_eq(file.text, "");
}
END_TEST

/* What stands behind it would not be seen. */
START_TEST(a_byte_of_zero_is_refused)
{
    put("#\nkey 1 \0\nkey 2\n", 16, 0600);
    check_refused("line 2: a byte of zero");
    check_wiped();
    put("", 1, 0600);
    check_refused("line 1: a byte of zero");
}
END_TEST

START_TEST(another_users_file_is_refused)
{
    if (geteuid() != 0) {
        printf("not tried: only root can give a file away\n");
        return;
    }
    put("key", 3, 0600);
    ck_assert_int_eq(chown(path, 65534, (gid_t)-1), 0);
    check_refused("another user's file");
    check_wiped();
    ck_assert_int_eq(chmod(folder, 0711), 0);
    ck_assert_int_eq(seteuid(65534), 0);
    const char *own = key_file_read(&file, path);
    ck_assert_int_eq(seteuid(0), 0);
    ck_assert_ptr_null(own);
}
END_TEST

Suite *suite_key_file(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("key_file", &tcase);
    tcase_add_checked_fixture(tcase, make_folder, remove_folder);
    tcase_add_loop_test(tcase, a_file_of_its_owner_alone_is_read, 0, MODES);
    tcase_add_test(tcase, only_a_regular_file_is_read);
    tcase_add_test(tcase, a_link_leads_to_the_file_that_counts);
    tcase_add_test(tcase, its_length_is_bounded);
    tcase_add_test(tcase, a_byte_of_zero_is_refused);
    tcase_add_test(tcase, another_users_file_is_refused);
    return suite;
}
