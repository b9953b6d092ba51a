/* SPDX-License-Identifier: MIT */
#include "base/log.h"
#include "fixture.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

/* The last line that the host was told. */
static struct {
    unsigned lines;
    struct l2tpha_log_line line;
    char text[1024];
} heard;

static void hear(void *user, const struct l2tpha_log_line *line)
{
    ck_assert_ptr_eq(user, &heard);
    heard.lines++;
    heard.line = *line;
    snprintf(heard.text, sizeof(heard.text), "%s", line->text);
}

static const struct l2tpha_host host = {.size = sizeof(host), .user = &heard, .log = hear};
static const struct l2tpha_host deaf_host = {.size = sizeof(deaf_host)};

START_TEST(line_carries_all)
{
    struct log log = {&host, L2TPHA_LOG_EVENT | L2TPHA_LOG_RF, 1234567, NULL, NULL};

    log_line(&log, L2TPHA_LOG_RF, 11, 22, "role %s, epoch %d", "active", 3);
    ck_assert_uint_eq(heard.lines, 1);
    ck_assert_int_eq(heard.line.category, L2TPHA_LOG_RF);
    ck_assert_uint_eq(heard.line.now, 1234567);
    ck_assert_uint_eq(heard.line.tunnel_id, 11);
    ck_assert_uint_eq(heard.line.session_id, 22);
    ck_assert_str_eq(heard.text, "role active, epoch 3");
    ck_assert_str_eq(heard.line.format, "role %s, epoch %d");
}
END_TEST

START_TEST(unwanted_category_is_not_told)
{
    struct log log = {&host, L2TPHA_LOG_EVENT, 0, NULL, NULL},
               deaf = {&deaf_host, L2TPHA_LOG_EVENT, 0, NULL, NULL};

    ck_assert(log_wanted(&log, L2TPHA_LOG_EVENT));
    ck_assert(!log_wanted(&log, L2TPHA_LOG_FSM));
    ck_assert(!log_wanted(&deaf, L2TPHA_LOG_EVENT));
    log_line(&log, L2TPHA_LOG_FSM, 0, 0, "state");
    log_line(&deaf, L2TPHA_LOG_EVENT, 0, 0, "event");
    ck_assert_uint_eq(heard.lines, 0);
}
END_TEST

START_TEST(long_text_is_cut)
{
    struct log log = {&host, L2TPHA_LOG_DETAIL, 0, NULL, NULL};
    char text[601];

    memset(text, 'x', sizeof(text));
    text[511 + _i] = '\0'; /* 511, 512, 513 bytes */
    log_line(&log, L2TPHA_LOG_DETAIL, 0, 0, "%s", text);
    if (_i < 2) {
        ck_assert_str_eq(heard.text, text);
        return;
    }
    ck_assert_uint_eq(strlen(heard.text), 512);
    ck_assert_mem_eq(heard.text, text, 509);
    ck_assert_str_eq(heard.text + 509, "...");
}
END_TEST

/* The C locale has no multibyte form of the euro sign. */
START_TEST(text_that_cannot_be_formatted_leaves_a_mark)
{
    struct log log = {&host, L2TPHA_LOG_ERROR, 0, NULL, NULL};

    log_line(&log, L2TPHA_LOG_ERROR, 0, 0, "%lc", (wint_t)0x20ac);
    ck_assert_str_eq(heard.text, "...");
}
END_TEST

Suite *suite_log(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("log", &tcase);
    tcase_add_test(tcase, line_carries_all);
    tcase_add_test(tcase, unwanted_category_is_not_told);
    tcase_add_loop_test(tcase, long_text_is_cut, 0, 3);
    tcase_add_test(tcase, text_that_cannot_be_formatted_leaves_a_mark);
    return suite;
}
