/* SPDX-License-Identifier: MIT */
#include "common/tell.h"
#include "fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define START UINT64_C(5000000)
#define SECOND UINT64_C(1000000)

static int ends[2];

/* Into a pipe instead of stdout. */
static void begin(void)
{
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    int kept = dup(STDOUT_FILENO);
    ck_assert_int_eq(dup2(ends[1], STDOUT_FILENO), STDOUT_FILENO);
    tell_open();
    ck_assert_int_eq(dup2(kept, STDOUT_FILENO), STDOUT_FILENO);
    close(kept);
}

static const char *said(void)
{
    static char text[8192];
    ssize_t len = read(ends[0], text, sizeof(text) - 1);
    text[len > 0 ? len : 0] = '\0';
    return text;
}

static void end(void)
{
    tell_close();
    close(ends[0]);
    close(ends[1]);
}

static unsigned lines(const char *text)
{
    unsigned count = 0;
    for (; (text = strchr(text, '\n')) != NULL; text++)
        count++;
    return count;
}

START_TEST(of_too_many_roles_the_last_is_told)
{
    begin();
    tell_role("active", START);
    ck_assert_str_eq(said(), "role active\n");
    for (int i = 0; i < 1000; i++)
        tell_role(i % 2 ? "active-solo" : "active-bulk", START + 10);
    ck_assert_uint_eq(lines(said()), TELL_ROLES_PER_S - 1);
    ck_assert_uint_eq(tell_role_deadline(), START + SECOND);
    tell_role(NULL, START + SECOND - 1);
    ck_assert_str_eq(said(), "");
    tell_role(NULL, START + SECOND);
    ck_assert_str_eq(said(), "role active-solo\n");
    ck_assert_uint_eq(tell_role_deadline(), UINT64_MAX);
    tell_role(NULL, START + 2 * SECOND);
    ck_assert_str_eq(said(), "");
    end();
}
END_TEST

Suite *suite_tell(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("tell", &tcase);
    tcase_add_test(tcase, of_too_many_roles_the_last_is_told);
    return suite;
}
