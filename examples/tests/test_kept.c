/* SPDX-License-Identifier: MIT */
/* What a service manager is told, and how it reads that. */
#include "common/clock.h"
#include "common/kept.h"
#include "common/notice.h"
#include "common/notify.h"
#include "fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct log silent;

/* A service manager: its socket, with an abstract name that NOTIFY_SOCKET has. */
static int listen_to_program(void)
{
    char text[64];
    struct sockaddr_un name;
    socklen_t len;
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    snprintf(text, sizeof(text), "@l2tpha-test-%d", getpid());
    ck_assert(notify_address(text, &name, &len));
    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&name, len), 0);
    setenv("NOTIFY_SOCKET", text, 1);
    return fd;
}

/* The next datagram: its text, and the descriptor beside it; "" = none. */
static const char *hear(int manager, int *fd)
{
    static char text[512];
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } beside;
    struct iovec part = {.iov_base = text, .iov_len = sizeof(text) - 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &beside,
                             .msg_controllen = sizeof(beside)};
    ssize_t got = recvmsg(manager, &message, MSG_DONTWAIT);
    text[got > 0 ? got : 0] = '\0';
    *fd = -1;
    if (got >= 0 && CMSG_FIRSTHDR(&message) != NULL)
        memcpy(fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(*fd));
    return text;
}

static void expect(int manager, const char *text, bool with_descriptor)
{
    int fd;
    ck_assert_str_eq(hear(manager, &fd), text);
    ck_assert_int_eq(fd >= 0, with_descriptor);
    if (fd >= 0)
        close(fd);
}

static struct kept *start(void)
{
    static const struct l2tpha_address anywhere;
    struct kept *kept = kept_new(root);
    kept_receive(kept, &silent, &anywhere);
    return kept;
}

#define STORE "FDSTORE=1\nFDPOLL=0\nFDNAME=l2tp-0"
#define REMOVE "FDSTOREREMOVE=1\nFDNAME=l2tp-0"

START_TEST(addresses)
{
    struct sockaddr_un to;
    socklen_t len;
    char longest[sizeof(to.sun_path) + 1];
    memset(longest, 'x', sizeof(longest));
    longest[0] = '/';
    longest[sizeof(longest) - 1] = '\0';
    ck_assert(!notify_address(longest, &to, &len));
    longest[sizeof(longest) - 2] = '\0';
    ck_assert(notify_address(longest, &to, &len));
    ck_assert(notify_address("@a", &to, &len));
    ck_assert_int_eq(to.sun_path[0], '\0');
    ck_assert_uint_eq(len, sizeof(sa_family_t) + 2);
    ck_assert(notify_address("/run/a", &to, &len));
    ck_assert_uint_eq(len, sizeof(sa_family_t) + strlen("/run/a") + 1);
    ck_assert(!notify_address("", &to, &len));
    ck_assert(!notify_address("@", &to, &len));
    ck_assert(!notify_address("run/a", &to, &len));
    ck_assert(!notify_address("vsock:2:1", &to, &len));
}
END_TEST

START_TEST(each_thing_is_said_once_and_the_socket_first)
{
    int manager = listen_to_program();
    struct kept *kept = start();
    ck_assert_ptr_null(getenv("NOTIFY_SOCKET"));
    kept_set(kept, STDIN_FILENO);
    kept_ready(kept);
    kept_set(kept, STDIN_FILENO);
    kept_ready(kept);
    kept_stopping(kept);
    kept_stopping(kept);
    ck_assert_uint_eq(kept_deadline(kept), UINT64_MAX);
    expect(manager, STORE, true);
    expect(manager, "READY=1", false);
    expect(manager, "STOPPING=1", false);
    expect(manager, "", false);
    talloc_free(kept);
    close(manager);
}
END_TEST

START_TEST(another_socket_takes_the_place_of_the_first)
{
    int manager = listen_to_program();
    struct kept *kept = start();
    kept_set(kept, STDIN_FILENO);
    kept_set(kept, STDOUT_FILENO);
    kept_set(kept, -1);
    kept_set(kept, -1);
    expect(manager, STORE, true);
    expect(manager, REMOVE, false);
    expect(manager, STORE, true);
    expect(manager, REMOVE, false);
    expect(manager, "", false);
    talloc_free(kept);
    close(manager);
}
END_TEST

/* It was stopped, or others have filled it: what is to be said is said when there is room, and only
 * what is still true. */
START_TEST(a_manager_that_does_not_read)
{
    int fd, sent = 0, manager = listen_to_program();
    struct notify other;
    ck_assert_ptr_null(notify_open(&other, getenv("NOTIFY_SOCKET")));
    struct kept *kept = start();
    while (notify_send(&other, "x", -1) == 0)
        sent++;
    ck_assert(notify_is_full(errno));
    kept_set(kept, STDIN_FILENO);
    kept_ready(kept);
    kept_set(kept, -1);
    kept_set(kept, STDOUT_FILENO);
    uint64_t again = kept_deadline(kept);
    ck_assert_uint_gt(again, clock_now());
    for (; sent > 0; sent--)
        expect(manager, "x", false);
    ck_assert_str_eq(hear(manager, &fd), "");
    kept_tell(kept, again - 1);
    ck_assert_str_eq(hear(manager, &fd), "");
    kept_tell(kept, again);
    expect(manager, STORE, true);
    expect(manager, "READY=1", false);
    expect(manager, "", false);
    ck_assert_uint_eq(kept_deadline(kept), UINT64_MAX);
    notify_close(&other);
    talloc_free(kept);
    close(manager);
}
END_TEST

START_TEST(a_node_of_a_pair_gives_nothing_to_be_kept)
{
    int manager = listen_to_program();
    struct kept *kept = kept_new(root);
    kept_receive(kept, &silent, NULL);
    kept_set(kept, STDIN_FILENO);
    kept_ready(kept);
    expect(manager, "READY=1", false);
    expect(manager, "", false);
    ck_assert_uint_eq(kept_deadline(kept), UINT64_MAX);
    talloc_free(kept);
    close(manager);
}
END_TEST

START_TEST(a_manager_that_is_gone_is_not_asked_again)
{
    int manager = listen_to_program();
    struct kept *kept = start();
    close(manager);
    kept_set(kept, STDIN_FILENO);
    kept_ready(kept);
    ck_assert_uint_eq(kept_deadline(kept), UINT64_MAX);
    talloc_free(kept);
}
END_TEST

START_TEST(nobody_is_told_where_there_is_no_manager)
{
    unsetenv("NOTIFY_SOCKET");
    struct kept *kept = start();
    kept_set(kept, STDIN_FILENO);
    kept_ready(kept);
    ck_assert_uint_eq(kept_deadline(kept), UINT64_MAX);
    ck_assert_int_eq(kept_take(kept), -1);
    talloc_free(kept);
}
END_TEST

static const struct {
    const char *text;
    bool understood, ready, store, remove;
    const char *name;
} notices[] = {
    {"", true, false, false, false, "stored"},
    {"READY=1", true, true, false, false, "stored"},
    {"READY=1\n", true, true, false, false, "stored"},
    {"READY=0\nREADY=10\nREADY\nMAINPID=7", true, false, false, false, "stored"},
    {STORE, true, false, true, false, "l2tp-0"},
    {REMOVE, true, false, false, true, "l2tp-0"},
    {"FDNAME=a\nSTATUS=x\nFDSTORE=1\nREADY=1", true, true, true, false, "a"},
    {"FDSTORE=1\nFDNAME=", false, false, false, false, ""},
    {"FDSTORE=1\nFDNAME=a:b", false, false, false, false, ""},
    {"FDSTORE=1\nFDNAME=a b", false, false, false, false, ""},
    {"FDSTORE=1\nFDNAME=\x80", false, false, false, false, ""},
    {"FDSTORE=1\nFDSTOREREMOVE=1\nFDNAME=a", false, false, false, false, ""},
};

START_TEST(how_a_manager_reads_it)
{
    struct notice notice;
    const char *text = notices[_i].text;
    ck_assert_int_eq(notice_parse(text, strlen(text), &notice), notices[_i].understood);
    if (!notices[_i].understood)
        return;
    ck_assert_int_eq(notice.ready, notices[_i].ready);
    ck_assert_int_eq(notice.store, notices[_i].store);
    ck_assert_int_eq(notice.remove, notices[_i].remove);
    ck_assert_str_eq(notice.name, notices[_i].name);
}
END_TEST

START_TEST(names_have_a_length)
{
    char text[sizeof("FDNAME=") + NOTICE_NAME_MAX + 1];
    struct notice notice;
    memset(text, 'x', sizeof(text));
    memcpy(text, "FDNAME=", 7);
    ck_assert(notice_parse(text, 7 + NOTICE_NAME_MAX, &notice));
    ck_assert_uint_eq(strlen(notice.name), NOTICE_NAME_MAX);
    ck_assert(!notice_parse(text, 7 + NOTICE_NAME_MAX + 1, &notice));
}
END_TEST

START_TEST(a_successor_is_silent_until_it_serves)
{
    char ready[64];
    int manager = listen_to_program();
    struct kept *kept = start();
    kept_wait(kept);
    kept_set(kept, STDIN_FILENO);
    kept_stopping(kept);
    kept_set(kept, -1); /* what is kept is another process's */
    kept_set(kept, STDIN_FILENO);
    ck_assert_uint_eq(kept_deadline(kept), UINT64_MAX);
    expect(manager, "", false);
    kept_ready(kept);
    snprintf(ready, sizeof(ready), "READY=1\nMAINPID=%d", getpid());
    expect(manager, STORE, true);
    expect(manager, ready, false);
    expect(manager, "STOPPING=1", false);
    talloc_free(kept);
    close(manager);
}
END_TEST

START_TEST(who_is_replaced_says_by_whom_and_no_more)
{
    int manager = listen_to_program();
    struct kept *kept = start();
    kept_set(kept, STDIN_FILENO);
    kept_ready(kept);
    kept_leave(kept, 77);
    kept_set(kept, -1);
    kept_stopping(kept);
    kept_tell(kept, UINT64_MAX - 1);
    expect(manager, STORE, true);
    expect(manager, "READY=1", false);
    expect(manager, "MAINPID=77", false);
    expect(manager, "", false);
    talloc_free(kept);
    close(manager);
}
END_TEST

Suite *suite_kept(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("kept", &tcase);
    tcase_add_test(tcase, addresses);
    tcase_add_test(tcase, each_thing_is_said_once_and_the_socket_first);
    tcase_add_test(tcase, another_socket_takes_the_place_of_the_first);
    tcase_add_test(tcase, a_manager_that_does_not_read);
    tcase_add_test(tcase, a_node_of_a_pair_gives_nothing_to_be_kept);
    tcase_add_test(tcase, a_manager_that_is_gone_is_not_asked_again);
    tcase_add_test(tcase, nobody_is_told_where_there_is_no_manager);
    tcase_add_loop_test(tcase, how_a_manager_reads_it, 0,
                        (int)(sizeof(notices) / sizeof(notices[0])));
    tcase_add_test(tcase, names_have_a_length);
    tcase_add_test(tcase, a_successor_is_silent_until_it_serves);
    tcase_add_test(tcase, who_is_replaced_says_by_whom_and_no_more);
    return suite;
}
