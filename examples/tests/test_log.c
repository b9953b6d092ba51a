/* SPDX-License-Identifier: MIT */
#include "common/log.h"
#include "fixture.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int ends[2];
static struct log test_log;

static bool find_peer(void *user, uint32_t tunnel_id, struct log_peer *peer)
{
    (void)user;
    strcpy(peer->name, "lac \"q\" \\x1b");
    strcpy(peer->address, "192.0.2.1:1701");
    return tunnel_id == 7;
}

/* A log that goes into a pipe instead of stderr. */
static void open_log(bool json)
{
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    int kept = dup(STDERR_FILENO);
    ck_assert_int_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    log_open(&test_log, root, json);
    ck_assert_int_eq(dup2(kept, STDERR_FILENO), STDERR_FILENO);
    close(kept);
    test_log.find_peer = find_peer;
}

static void end_log(void)
{
    log_close(&test_log);
    memset(&test_log, 0, sizeof(test_log));
    close(ends[0]);
    close(ends[1]);
}

static const char *next_line(void)
{
    static char line[8192];
    size_t len = 0;
    while (len < sizeof(line) - 1 && read(ends[0], line + len, 1) == 1 && line[len] != '\n')
        len++;
    line[len] = '\0';
    return line;
}

static const struct log_entry entry = {.category = L2TPHA_LOG_EVENT,
                                       .tunnel_id = 7,
                                       .session_id = 9,
                                       .event = "session down",
                                       .result = 2,
                                       .error = 4,
                                       .by_peer = true,
                                       .text = "no \"place\""};

START_TEST(a_line_of_text)
{
    open_log(false);
    log_write(&test_log, &entry);
    const char *line = next_line();
    /* 2024-05-17T09:30:00.250123Z */
    ck_assert_uint_eq(strcspn(line, " "), 27);
    ck_assert_int_eq(line[26], 'Z');
    ck_assert_str_eq(line + 27, " event tunnel 7 session 9: session down: no \"place\", result 2 "
                                "error 4 (by the peer) [lac \"q\" \\x1b 192.0.2.1:1701]");
    log_say(&test_log, L2TPHA_LOG_RF, "stepped %s", "down");
    ck_assert_str_eq(next_line() + 27, " rf: stepped down");
    end_log();
}
END_TEST

START_TEST(a_line_of_json)
{
    json_error_t where;
    open_log(true);
    log_write(&test_log, &entry);
    json_t *line = json_loads(next_line(), 0, &where);
    ck_assert_msg(line != NULL, "%s", where.text);
#define TEXT(key) json_string_value(json_object_get(line, key))
#define NUMBER(key) json_integer_value(json_object_get(line, key))
    ck_assert_uint_eq(strlen(TEXT("time")), 27);
    ck_assert_str_eq(TEXT("level"), "info");
    ck_assert_str_eq(TEXT("category"), "event");
    ck_assert_str_eq(TEXT("event"), "session down");
    ck_assert_str_eq(TEXT("text"), "no \"place\"");
    ck_assert_str_eq(TEXT("peer_name"), "lac \"q\" \\x1b");
    ck_assert_str_eq(TEXT("peer_address"), "192.0.2.1:1701");
    ck_assert_int_eq(NUMBER("tunnel_id"), 7);
    ck_assert_int_eq(NUMBER("session_id"), 9);
    ck_assert_int_eq(NUMBER("result"), 2);
    ck_assert_int_eq(NUMBER("error"), 4);
    json_decref(line);
    log_about(&test_log, L2TPHA_LOG_ERROR, 8, 0, "bytes \xff \x1b\n%s", "");
    line = json_loads(next_line(), 0, &where);
    ck_assert_msg(line != NULL, "%s", where.text);
    ck_assert_str_eq(TEXT("level"), "error");
    ck_assert_ptr_null(TEXT("peer_name"));
    json_decref(line);
    end_log();
}
END_TEST

START_TEST(what_was_lost_is_said)
{
    unsigned lost = 0;
    const char *line;
    open_log(_i == 1);
    while (log_lost(&test_log) < 5)
        log_say(&test_log, L2TPHA_LOG_RF, "%0200d", 0);
    while (sink_kept(test_log.sink) > 0) {
        next_line();
        sink_flush(test_log.sink);
    }
    for (int i = 0; i < 20; i++)
        next_line();
    log_say(&test_log, L2TPHA_LOG_RF, "again");
    log_say(&test_log, L2TPHA_LOG_RF, "last");
    while (strstr(line = next_line(), "again") == NULL)
        ck_assert_ptr_nonnull(strstr(line, "0000"));
    line = next_line();
    ck_assert_ptr_nonnull(strstr(line, "error"));
    line = strstr(line, " lines of the log were lost");
    ck_assert_ptr_nonnull(line);
    ck_assert_int_eq(sscanf(line - 1, "%u", &lost), 1);
    ck_assert_uint_eq(lost, 5);
    ck_assert_ptr_nonnull(strstr(next_line(), "last"));
    end_log();
}
END_TEST

START_TEST(a_log_that_is_not_open_takes_anything)
{
    struct log nowhere = {0};
    log_write(&nowhere, &entry);
    log_say(&nowhere, L2TPHA_LOG_RF, "x");
    ck_assert_uint_eq(log_lost(&nowhere), 0);
    log_close(&nowhere);
}
END_TEST

Suite *suite_log(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("log", &tcase);
    tcase_add_test(tcase, a_line_of_text);
    tcase_add_test(tcase, a_line_of_json);
    tcase_add_loop_test(tcase, what_was_lost_is_said, 0, 2);
    tcase_add_test(tcase, a_log_that_is_not_open_takes_anything);
    return suite;
}
