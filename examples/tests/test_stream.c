/* SPDX-License-Identifier: MIT */
#include "common/listener.h"
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int accepted;
static char folder[32];
static char path[64];
static struct endpoint endpoint;
static const char *why;

static void take(void *user, int fd)
{
    (void)user;
    accepted++;
    close(fd);
}

static void on_over(struct tevent_context *ev, struct tevent_timer *timer, struct timeval now,
                    void *user)
{
    (void)ev, (void)timer, (void)now;
    *(bool *)user = true;
}

static void make_folder(void)
{
    strcpy(folder, "/tmp/l2tpha.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/socket", folder);
    ck_assert_ptr_null(endpoint_unix(path, &endpoint));
    accepted = 0;
}

static void remove_folder(void)
{
    unlink(path);
    rmdir(folder);
}

START_TEST(listening_is_private_and_cleans_up)
{
    struct stat found;
    struct tevent_context *ev = tevent_context_init(root);
    struct listener *listener = listener_new(root, ev, &endpoint, take, NULL, &why);
    ck_assert_ptr_nonnull(listener);
    ck_assert_int_eq(stat(path, &found), 0);
    ck_assert_uint_eq(found.st_mode & 077, 0);
    int fd = socket_connect(&endpoint);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(tevent_loop_once(ev), 0);
    ck_assert_int_eq(accepted, 1);
    close(fd);
    talloc_free(listener);
    ck_assert_int_ne(stat(path, &found), 0);
    talloc_free(ev);
}
END_TEST

START_TEST(a_stale_socket_is_removed_and_a_live_one_is_not)
{
    struct tevent_context *ev = tevent_context_init(root);
    int dead = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(dead, (struct sockaddr *)&endpoint.socket, endpoint.len), 0);
    close(dead);
    struct listener *listener = listener_new(root, ev, &endpoint, take, NULL, &why);
    ck_assert_ptr_nonnull(listener);
    ck_assert_ptr_null(listener_new(root, ev, &endpoint, take, NULL, &why));
    ck_assert_str_eq(why, "somebody listens there already");
    talloc_free(listener);
    talloc_free(ev);
}
END_TEST

START_TEST(without_descriptors_it_neither_serves_nor_spins)
{
    struct rlimit before, few;
    struct tevent_context *ev = tevent_context_init(root);
    struct listener *listener = listener_new(root, ev, &endpoint, take, NULL, &why);
    int waiting[8], turns = 0;
    bool over = false;
    for (int i = 0; i < 8; i++)
        waiting[i] = socket_connect(&endpoint);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = (struct rlimit){(rlim_t)waiting[7] + 1, before.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
    /* each one who waits is let go at once, and then nothing happens any more */
    tevent_add_timer(ev, ev, tevent_timeval_current_ofs(0, 300000), on_over, &over);
    for (; !over; turns++)
        ck_assert_int_eq(tevent_loop_once(ev), 0);
    ck_assert_int_lt(turns, 20);
    ck_assert_uint_eq(listener_refused(listener), 8);
    ck_assert_int_eq(accepted, 0);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    int fd = socket_connect(&endpoint);
    ck_assert_int_eq(tevent_loop_once(ev), 0);
    ck_assert_int_eq(accepted, 1);
    close(fd);
    for (int i = 0; i < 8; i++)
        close(waiting[i]);
    talloc_free(listener);
    talloc_free(ev);
}
END_TEST

START_TEST(a_file_is_not_removed)
{
    struct tevent_context *ev = tevent_context_init(root);
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    ck_assert_int_ge(fd, 0);
    close(fd);
    ck_assert_ptr_null(listener_new(root, ev, &endpoint, take, NULL, &why));
    ck_assert_str_eq(why, "a file is there that is no socket");
    ck_assert_int_eq(access(path, F_OK), 0);
    unlink(path);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    ck_assert_ptr_null(listener_new(root, ev, &endpoint, take, NULL, &why));
    ck_assert_str_eq(why, "that is a directory");
    ck_assert_int_eq(rmdir(path), 0);
    talloc_free(ev);
}
END_TEST

START_TEST(a_successors_socket_is_left_alone)
{
    struct tevent_context *ev = tevent_context_init(root);
    struct listener *old = listener_new(root, ev, &endpoint, take, NULL, &why);
    unlink(path);
    struct listener *new = listener_new(root, ev, &endpoint, take, NULL, &why);
    ck_assert_ptr_nonnull(new);
    talloc_free(old);
    ck_assert_int_eq(access(path, F_OK), 0);
    talloc_free(new);
    talloc_free(ev);
}
END_TEST

START_TEST(a_successor_takes_the_place)
{
    char next[128];
    struct tevent_context *ev = tevent_context_init(root);
    snprintf(next, sizeof(next), "%s.next", path);
    struct listener *old = listener_new(root, ev, &endpoint, take, NULL, &why);
    talloc_free(listener_new_next(root, ev, &endpoint, take, NULL, &why));
    ck_assert_int_eq(access(next, F_OK), -1);
    ck_assert_int_eq(access(path, F_OK), 0); /* a start that comes to nothing */
    struct listener *new = listener_new_next(root, ev, &endpoint, take, NULL, &why);
    ck_assert_int_eq(access(next, F_OK), 0);
    ck_assert_str_eq(listener_take_place(new, &endpoint, false), "somebody listens there already");
    ck_assert_ptr_null(listener_take_place(new, &endpoint, true));
    ck_assert_int_eq(access(next, F_OK), -1);
    listener_give_place(old);
    talloc_free(old);
    ck_assert_int_eq(access(path, F_OK), 0);
    talloc_free(new);
    ck_assert_int_eq(access(path, F_OK), -1);
    talloc_free(ev);
}
END_TEST

START_TEST(connecting_to_nobody_fails)
{
    ck_assert_int_eq(socket_connect(&endpoint), -1);
    ck_assert_int_eq(errno, ENOENT);
}
END_TEST

START_TEST(descriptors_are_passed)
{
    int pair[2], inner[2], got[2];
    uint8_t byte = 0;
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    ck_assert_int_eq(pipe(inner), 0);
    ck_assert_int_eq(socket_accept_passed(pair[1], &byte, got, 2), -1);
    ck_assert_int_eq(errno, EAGAIN);
    ck_assert(socket_pass(pair[0], 9, inner, 2));
    ck_assert_int_eq(socket_accept_passed(pair[1], &byte, got, 2), 1);
    ck_assert_uint_eq(byte, 9);
    ck_assert_int_eq(write(got[1], "x", 1), 1);
    ck_assert_int_eq(read(inner[0], &byte, 1), 1);
    ck_assert_uint_eq(byte, 'x');
    ck_assert(socket_pass(pair[0], 9, inner, 1)); /* one too few */
    ck_assert_int_eq(socket_accept_passed(pair[1], &byte, got, 2), -1);
    ck_assert_int_eq(errno, EPROTO);
    ck_assert_int_eq(send(pair[0], "y", 1, 0), 1); /* none at all */
    ck_assert_int_eq(socket_accept_passed(pair[1], &byte, got, 2), -1);
    ck_assert_int_eq(errno, EPROTO);
    close(pair[0]);
    ck_assert_int_eq(socket_accept_passed(pair[1], &byte, got, 2), 0);
}
END_TEST

Suite *suite_stream(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("stream", &tcase);
    tcase_add_checked_fixture(tcase, make_folder, remove_folder);
    tcase_add_test(tcase, listening_is_private_and_cleans_up);
    tcase_add_test(tcase, a_stale_socket_is_removed_and_a_live_one_is_not);
    tcase_add_test(tcase, without_descriptors_it_neither_serves_nor_spins);
    tcase_add_test(tcase, a_file_is_not_removed);
    tcase_add_test(tcase, a_successors_socket_is_left_alone);
    tcase_add_test(tcase, a_successor_takes_the_place);
    tcase_add_test(tcase, connecting_to_nobody_fails);
    tcase_add_test(tcase, descriptors_are_passed);
    return suite;
}
