/* SPDX-License-Identifier: MIT */
#include "common/log.h"
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
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
    char text[201] = "";
    open_log(_i == 1);
    memset(text, '0', sizeof(text) - 1);
    while (log_lost(&test_log) < 5)
        log_write(&test_log, &(struct log_entry){.category = L2TPHA_LOG_RF, .text = text});
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

static uint64_t virtual_now;

static uint64_t now(void)
{
    return virtual_now;
}

static bool is_told(void *user, uint32_t tunnel_id)
{
    (void)user;
    return tunnel_id == 7;
}

/* As from the library: about a stranger's datagrams, and about the tunnel that is up. */
static void put(uint32_t tunnel_id, unsigned lines)
{
    static const char *const format = "SCCRQ refused: %s, %04x%%";
    for (unsigned i = 0; i < lines; i++)
        log_put(&test_log, &(struct l2tpha_log_line){.category = L2TPHA_LOG_ERROR,
                                                     .tunnel_id = tunnel_id,
                                                     .text = "SCCRQ refused: x, 0001%",
                                                     .format = format});
}

static void open_limited(bool json)
{
    open_log(json);
    test_log.now = now;
    test_log.is_told = is_told;
    virtual_now = UINT64_C(5000000);
}

static void skip_lines(unsigned lines, const char *word)
{
    while (lines-- > 0)
        ck_assert_ptr_nonnull(strstr(next_line(), word));
}

#define LEFT_OUT " lines of this kind were left out: SCCRQ refused: ..., ...%"

START_TEST(too_many_lines_are_left_out)
{
    const char *line;
    open_limited(false);
    put(0, 5000);
    put(9, 5000); /* half open */
    ck_assert_uint_eq(log_left_out(&test_log), 10000 - LOG_STRANGE_PER_S);
    put(7, 3); /* not starved */
    log_say(&test_log, L2TPHA_LOG_RF, "taking over: %s", "operator");
    skip_lines(LOG_STRANGE_PER_S, "SCCRQ refused: x");
    skip_lines(3, "tunnel 7: SCCRQ refused: x");
    ck_assert_ptr_nonnull(strstr(next_line(), "taking over: operator"));
    virtual_now += LOG_TELL_US;
    log_say(&test_log, L2TPHA_LOG_RF, "later");
    line = strstr(next_line(), "error: ");
    ck_assert_ptr_nonnull(line);
    ck_assert_str_eq(line, "error: 9980" LEFT_OUT);
    ck_assert_ptr_nonnull(strstr(next_line(), "later"));
    ck_assert_uint_eq(log_lost(&test_log), 0);
    end_log();
}
END_TEST

/* At the end, by the loop, as JSON. */
START_TEST(what_was_left_out_is_said)
{
    struct tevent_context *ev = tevent_context_init(root);
    open_limited(true);
    put(0, 30);
    skip_lines(LOG_STRANGE_PER_S, "SCCRQ refused: x");
    if (_i == 0) {
        virtual_now += LOG_TELL_US;
        log_watch(&test_log, ev);
        ck_assert_int_eq(tevent_loop_once(ev), 0);
        log_watch(&test_log, NULL);
    } else {
        log_close(&test_log);
    }
    json_t *line = json_loads(next_line(), 0, NULL);
    ck_assert_ptr_nonnull(line);
    ck_assert_int_eq(NUMBER("left_out"), 10);
    ck_assert_str_eq(TEXT("level"), "error");
    ck_assert_str_eq(TEXT("text"), "10" LEFT_OUT);
    json_decref(line);
    end_log();
    talloc_free(ev);
}
END_TEST

/* Whoever takes datagrams at a path of its own. */
static int take_at(const char *path)
{
    struct sockaddr_un here = {.sun_family = AF_UNIX};
    strcpy(here.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&here, sizeof(here)), 0);
    return fd;
}

static const char *next_datagram(int fd)
{
    static char data[8192];
    ssize_t got = recv(fd, data, sizeof(data) - 1, 0);
    data[got > 0 ? got : 0] = '\0';
    return data;
}

static const struct {
    enum log_place place;
    const char *format; /* with the process id */
} places[] = {
    {LOG_TO_SYSLOG, "<27>prog[%d]: error tunnel 7: no way [lac \"q\" \\x1b 192.0.2.1:1701]"},
    {LOG_TO_JOURNAL, "PRIORITY=3\nSYSLOG_FACILITY=3\nSYSLOG_IDENTIFIER=prog\n"
                     "MESSAGE=error tunnel 7: no way [lac \"q\" \\x1b 192.0.2.1:1701]\n"},
};

START_TEST(lines_are_sent_elsewhere)
{
    char folder[] = "/tmp/l2tpha.XXXXXX", path[64], wanted[512];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/log", folder);
    open_log(false);
    ck_assert_str_eq(log_send(&test_log, root, places[_i].place, path, "prog"), strerror(ENOENT));
    log_say(&test_log, L2TPHA_LOG_RF, "still on stderr");
    ck_assert_ptr_nonnull(strstr(next_line(), "still on stderr"));
    int fd = take_at(path);
    ck_assert_ptr_null(log_send(&test_log, root, places[_i].place, path, "prog"));
    log_about(&test_log, L2TPHA_LOG_ERROR, 7, 0, "no way");
    snprintf(wanted, sizeof(wanted), places[_i].format, (int)getpid());
    ck_assert_str_eq(next_datagram(fd), wanted);
    close(fd); /* it is started again, and what is said meanwhile is lost and told of */
    unlink(path);
    log_say(&test_log, L2TPHA_LOG_RF, "to nobody");
    ck_assert_uint_eq(log_lost(&test_log), 1);
    fd = take_at(path);
    log_say(&test_log, L2TPHA_LOG_RF, "again");
    ck_assert_ptr_nonnull(strstr(next_datagram(fd), "rf: again"));
    ck_assert_ptr_nonnull(strstr(next_datagram(fd), "1 lines of the log were lost"));
    end_log();
    close(fd);
    unlink(path);
    rmdir(folder);
}
END_TEST

/* It does not wait for one that does not read. */
START_TEST(a_full_socket_holds_nobody)
{
    char folder[] = "/tmp/l2tpha.XXXXXX", path[64];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/log", folder);
    int fd = take_at(path);
    open_log(true);
    ck_assert_ptr_null(log_send(&test_log, root, LOG_TO_SYSLOG, path, "prog"));
    while (log_lost(&test_log) < 5)
        log_write(&test_log, &(struct log_entry){.category = L2TPHA_LOG_RF, .text = "x"});
    while (next_datagram(fd)[0] != '\0')
        continue;
    log_say(&test_log, L2TPHA_LOG_RF, "again");
    ck_assert_ptr_nonnull(strstr(next_datagram(fd), "\"again\"}"));
    ck_assert_ptr_nonnull(strstr(next_datagram(fd), "5 lines of the log were lost"));
    end_log();
    close(fd);
    unlink(path);
    rmdir(folder);
}
END_TEST

START_TEST(a_log_that_is_not_open_takes_anything)
{
    struct log nowhere = {0};
    log_write(&nowhere, &entry);
    log_say(&nowhere, L2TPHA_LOG_RF, "x");
    ck_assert_uint_eq(log_lost(&nowhere), 0);
    ck_assert_uint_eq(log_left_out(&nowhere), 0);
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
    tcase_add_test(tcase, too_many_lines_are_left_out);
    tcase_add_loop_test(tcase, what_was_left_out_is_said, 0, 2);
    tcase_add_loop_test(tcase, lines_are_sent_elsewhere, 0, 2);
    tcase_add_test(tcase, a_full_socket_holds_nobody);
    tcase_add_test(tcase, a_log_that_is_not_open_takes_anything);
    return suite;
}
