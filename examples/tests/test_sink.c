/* SPDX-License-Identifier: MIT */
#include "common/sink.h"
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIMIT 4096

static int ends[2]; /* read, write */
static int emptied;

static void count(void *user)
{
    (void)user;
    emptied++;
}

static void on_time(struct tevent_context *ev, struct tevent_timer *timer, struct timeval now,
                    void *user)
{
    (void)ev, (void)timer, (void)now, (void)user;
}

/* What can be read now. */
static size_t drain(int fd)
{
    char data[65536];
    size_t all = 0;
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    while (poll(&ready, 1, 0) > 0 && (ready.revents & POLLIN)) {
        ssize_t got = read(fd, data, sizeof(data));
        if (got <= 0)
            break;
        all += (size_t)got;
    }
    return all;
}

/* How far files of this process may grow. The framework's own file is one of them, and every
 * assertion writes to it: none stands between a limit and its end. */
static void limit_files(rlim_t bytes)
{
    struct rlimit limit = {bytes, RLIM_INFINITY};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
        abort();
}

/* Pipes and sockets that nobody reads; both are such as a parent shares, and wait. */
static void open_pair(bool is_socket)
{
    ck_assert_int_eq(is_socket ? socketpair(AF_UNIX, SOCK_STREAM, 0, ends) : pipe(ends), 0);
}

START_TEST(a_full_pipe_holds_nobody)
{
    char line[100];
    size_t taken = 0;
    memset(line, 'x', sizeof(line));
    open_pair(_i == 1);
    struct sink *sink = sink_share(root, ends[1], LIMIT);
    for (int i = 0; i < 20000; i++)
        taken += sink_put(sink, line, sizeof(line));
    ck_assert_uint_eq(sink_lost(sink), 20000 - taken);
    ck_assert_uint_gt(sink_lost(sink), 0);
    ck_assert_uint_le(sink_kept(sink), LIMIT);
    ck_assert_int_eq(sink_error(sink), 0);
    ck_assert_int_eq(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
    /* what was taken arrives, whole lines */
    size_t arrived = drain(ends[0]);
    ck_assert(sink_flush(sink));
    arrived += drain(ends[0]);
    ck_assert_uint_eq(arrived, taken * sizeof(line));
    talloc_free(sink);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

START_TEST(the_loop_writes_when_there_is_room)
{
    char line[100];
    memset(line, 'x', sizeof(line));
    open_pair(false);
    struct tevent_context *ev = tevent_context_init(root);
    struct sink *sink = sink_share(root, ends[1], LIMIT);
    sink_watch(sink, ev, count, NULL);
    while (sink_kept(sink) == 0)
        sink_put(sink, line, sizeof(line));
    emptied = 0;
    drain(ends[0]);
    ck_assert_int_eq(tevent_loop_once(ev), 0);
    ck_assert_int_eq(emptied, 1);
    ck_assert_uint_eq(sink_kept(sink), 0);
    sink_watch(sink, NULL, NULL, NULL);
    talloc_free(ev);
    talloc_free(sink);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

START_TEST(a_reader_that_is_gone_is_an_error)
{
    signal(SIGPIPE, SIG_IGN);
    open_pair(_i == 1);
    struct sink *sink = sink_share(root, ends[1], LIMIT);
    close(ends[0]);
    ck_assert(!sink_put(sink, "a\n", 2));
    ck_assert(!sink_put(sink, "b\n", 2));
    ck_assert_int_eq(sink_error(sink), EPIPE);
    ck_assert_uint_eq(sink_lost(sink), 2);
    ck_assert_uint_eq(sink_kept(sink), 0);
    talloc_free(sink);
    close(ends[1]);
}
END_TEST

/* The loop does not tell that a reader has gone while there was something to be read; when somebody
 * reads again, lines arrive again. */
START_TEST(a_reader_that_leaves_in_the_middle_may_come_back)
{
    char path[] = "/tmp/l2tpha.XXXXXX", line[12000], data[8] = "";
    size_t len = _i == 0 ? 100 : sizeof(line); /* a long one is written in part */
    memset(line, 'x', sizeof(line));
    line[len - 1] = '\n';
    signal(SIGPIPE, SIG_IGN);
    close(mkstemp(path));
    unlink(path);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ends[0] = open(path, O_RDONLY | O_NONBLOCK);
    struct tevent_context *ev = tevent_context_init(root);
    struct sink *sink = sink_create(root, path, 4 * LIMIT);
    sink_watch(sink, ev, count, NULL);
    while (sink_kept(sink) == 0)
        sink_put(sink, line, len);
    close(ends[0]);
    tevent_add_timer(ev, ev, tevent_timeval_zero(), on_time, NULL);
    ck_assert_int_eq(tevent_loop_once(ev), 0);
    ck_assert_int_eq(tevent_loop_once(ev), 0);
    ck_assert(!sink_put(sink, "a\n", 2));
    ck_assert_int_eq(sink_error(sink), EPIPE);
    ends[0] = open(path, O_RDONLY | O_NONBLOCK);
    drain(ends[0]);
    ck_assert(sink_put(sink, "b\n", 2));
    ck_assert_int_gt(read(ends[0], data, sizeof(data) - 1), 0);
    ck_assert_str_eq(data, _i == 0 ? "b\n" : "\nb\n");
    sink_watch(sink, NULL, NULL, NULL);
    talloc_free(sink);
    talloc_free(ev);
    close(ends[0]);
    unlink(path);
}
END_TEST

START_TEST(a_full_disk_is_an_error)
{
    int fd = open("/dev/full", O_WRONLY);
    ck_assert_int_ge(fd, 0);
    struct sink *sink = sink_share(root, fd, LIMIT);
    ck_assert(!sink_put(sink, "a\n", 2));
    ck_assert_int_eq(sink_error(sink), ENOSPC);
    ck_assert_uint_eq(sink_lost(sink), 1);
    talloc_free(sink);
    close(fd);
}
END_TEST

START_TEST(a_closed_descriptor_is_an_error)
{
    open_pair(false);
    close(ends[1]);
    struct sink *sink = sink_share(root, ends[1], LIMIT);
    ck_assert(!sink_put(sink, "a\n", 2));
    ck_assert_int_eq(sink_error(sink), EBADF);
    talloc_free(sink);
    close(ends[0]);
}
END_TEST

/* A file that may not grow any more ends with a whole block. */
START_TEST(a_file_ends_with_a_whole_put)
{
    char path[] = "/tmp/l2tpha.XXXXXX", block[300];
    struct stat found;
    int taken = 0;
    close(mkstemp(path));
    memset(block, 'x', sizeof(block));
    signal(SIGXFSZ, SIG_IGN);
    struct sink *sink = sink_create(root, path, LIMIT);
    ck_assert_ptr_nonnull(sink);
    limit_files(1000);
    for (int i = 0; i < 5; i++)
        taken += sink_keep(sink, block, sizeof(block)) && sink_flush(sink);
    limit_files(RLIM_INFINITY);
    ck_assert_int_eq(taken, 5);
    ck_assert_int_eq(sink_error(sink), EFBIG);
    ck_assert_uint_eq(sink_lost(sink), 2);
    ck_assert_int_eq(stat(path, &found), 0);
    ck_assert_int_eq(found.st_size, 900);
    talloc_free(sink);
    unlink(path);
}
END_TEST

/* Another one has written to it, and goes on to while this one is there. */
START_TEST(a_file_is_added_to)
{
    char path[] = "/tmp/l2tpha.XXXXXX", block[300], data[1024];
    close(mkstemp(path));
    memset(block, 'x', sizeof(block));
    signal(SIGXFSZ, SIG_IGN);
    struct sink *first = sink_create(root, path, LIMIT), *second = sink_add(root, path, LIMIT);
    ck_assert(sink_keep(first, "first", 5) && sink_flush(first));
    sink_begin(second);
    ck_assert(sink_keep(second, "second", 6) && sink_flush(second));
    limit_files(100);
    ck_assert(sink_keep(second, block, sizeof(block)) && sink_flush(second));
    limit_files(RLIM_INFINITY);
    int fd = open(path, O_RDONLY);
    ck_assert_int_eq(read(fd, data, sizeof(data)), 11);
    ck_assert_int_eq(memcmp(data, "firstsecond", 11), 0);
    ck_assert_uint_eq(sink_lost(second), 1);
    close(fd);
    talloc_free(first);
    talloc_free(second);
    unlink(path);
}
END_TEST

/* A line that was cut off by a full disk does not swallow the next one. */
START_TEST(a_torn_line_is_ended)
{
    char path[] = "/tmp/l2tpha.XXXXXX", data[64] = "";
    int fd = mkstemp(path);
    signal(SIGXFSZ, SIG_IGN);
    struct sink *sink = sink_share(root, fd, LIMIT);
    limit_files(10);
    bool first = sink_put(sink, "first\n", 6);
    bool second = sink_put(sink, "second\n", 7);
    limit_files(RLIM_INFINITY);
    ck_assert(first);
    ck_assert(!second);
    ck_assert(sink_put(sink, "third\n", 6));
    ck_assert_int_gt(pread(fd, data, sizeof(data) - 1, 0), 0);
    ck_assert_str_eq(data, "first\nseco\nthird\n");
    ck_assert_int_eq(sink_error(sink), 0);
    talloc_free(sink);
    close(fd);
    unlink(path);
}
END_TEST

START_TEST(a_pipe_without_a_reader_is_not_waited_for)
{
    char path[] = "/tmp/l2tpha.XXXXXX";
    close(mkstemp(path));
    unlink(path);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_ptr_null(sink_create(root, path, LIMIT));
    ck_assert_int_eq(errno, ENXIO);
    unlink(path);
}
END_TEST

START_TEST(the_end_does_not_wait_for_ever)
{
    char line[100];
    memset(line, 'x', sizeof(line));
    open_pair(false);
    struct sink *sink = sink_share(root, ends[1], LIMIT);
    while (sink_kept(sink) == 0)
        sink_put(sink, line, sizeof(line));
    sink_finish(sink, 20);
    ck_assert_uint_gt(sink_kept(sink), 0);
    drain(ends[0]);
    sink_finish(sink, 20);
    ck_assert_uint_eq(sink_kept(sink), 0);
    talloc_free(sink);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

Suite *suite_sink(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("sink", &tcase);
    tcase_add_loop_test(tcase, a_full_pipe_holds_nobody, 0, 2);
    tcase_add_test(tcase, the_loop_writes_when_there_is_room);
    tcase_add_loop_test(tcase, a_reader_that_is_gone_is_an_error, 0, 2);
    tcase_add_loop_test(tcase, a_reader_that_leaves_in_the_middle_may_come_back, 0, 2);
    tcase_add_test(tcase, a_full_disk_is_an_error);
    tcase_add_test(tcase, a_closed_descriptor_is_an_error);
    tcase_add_test(tcase, a_file_ends_with_a_whole_put);
    tcase_add_test(tcase, a_file_is_added_to);
    tcase_add_test(tcase, a_torn_line_is_ended);
    tcase_add_test(tcase, a_pipe_without_a_reader_is_not_waited_for);
    tcase_add_test(tcase, the_end_does_not_wait_for_ever);
    return suite;
}
