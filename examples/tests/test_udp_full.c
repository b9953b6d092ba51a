/* SPDX-License-Identifier: MIT */
/* A system that takes less than it is given, or nothing at the moment: each datagram leaves once,
 * in its order, or is counted. The linker has the calls of the system come here first (--wrap). */
#include "common/udp.h"
#include "fixture.h"
#include "pair/address.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>

/* What the system says to calls to come: > 0 take so many at most, < 0 fail with this errno. */
static const int *answers;
static unsigned calls;
static bool for_good; /* the last answer holds */

static int next_answer(void)
{
    calls++;
    if (!answers || !*answers)
        return INT_MAX;
    int answer = *answers;
    answers += !(for_good && answers[1] == 0);
    return answer;
}

static int refused(int answer)
{
    errno = -answer;
    return -1;
}

ssize_t __real_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags)
{
    int answer = next_answer();

    return answer < 0 ? refused(answer) : __real_sendmsg(fd, message, flags);
}

#ifdef EXAMPLES_MMSG
int __real_sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags);
int __wrap_sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags);
int __wrap_sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
    int answer = next_answer();
    unsigned most = (unsigned)answer < count ? (unsigned)answer : count;

    return answer < 0 ? refused(answer) : __real_sendmmsg(fd, messages, most, flags);
}

int __real_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
                    struct timespec *timeout);
int __wrap_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
                    struct timespec *timeout);
int __wrap_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
                    struct timespec *timeout)
{
    int answer = next_answer();
    unsigned most = (unsigned)answer < count ? (unsigned)answer : count;

    return answer < 0 ? refused(answer) : __real_recvmmsg(fd, messages, most, flags, timeout);
}
#endif

/* --- */

#define COUNT UDP_BATCH
#define LONG 5000 /* does not wait */

/* Of "5". */
#ifdef EXAMPLES_MMSG
#define TAKEN 5
#else
#define TAKEN 1
#endif

static const int plans[][8] = {
    {1},
    {1, 1, 1, 5},
    {COUNT - 1},
    {-EAGAIN},
    {-ENOBUFS},
    {-EINTR},
    {5, -EAGAIN},
    {5, -ENOBUFS, 1, -EAGAIN, 7},
    {COUNT - 1, -EAGAIN},
    {-EAGAIN, -ENOBUFS, -EINTR},
    {9, -EINTR, 3, -EAGAIN, 1, -EAGAIN},
};
#define PLANS (int)(sizeof(plans) / sizeof(plans[0]))

static struct udp *from, *to;
static struct l2tpha_path path;

static void setup(void)
{
    struct l2tpha_address loopback;

    fixture_setup();
    ck_assert_ptr_null(address_parse("127.0.0.1:0", 0, &loopback));
    from = udp_open(root, &loopback);
    to = udp_open(root, &loopback);
    path = (struct l2tpha_path){.local = {.len = 0}};
    udp_address(to, &path.remote);
    answers = NULL;
    for_good = false;
}

static void teardown(void)
{
    talloc_free(from);
    talloc_free(to);
    fixture_teardown();
}

static void queue(uint8_t first, uint8_t behind)
{
    for (uint8_t i = first; i < behind; i++)
        ck_assert_uint_eq(udp_queue(from, &path, &i, 1, NULL, 0), 0);
}

static void plan(const int *what)
{
    answers = what;
    calls = 0;
}

/* All that has come: these, once and in their order. */
static void expect(uint8_t first, uint8_t behind)
{
    const struct udp_datagram *datagrams;
    size_t count;

    plan(NULL);
    for (; first < behind; first = (uint8_t)(first + count)) {
        count = udp_receive(to, &datagrams);
        ck_assert_uint_ge(count, 1);
        for (size_t i = 0; i < count; i++)
            ck_assert_uint_eq(datagrams[i].data[0], first + i);
    }
    ck_assert_uint_eq(first, behind);
    ck_assert_uint_eq(udp_receive(to, &datagrams), 0);
}

START_TEST(each_leaves_once_whatever_the_system_takes)
{
    bool watched = _i % 2;

    if (watched)
        udp_watch(from);
    queue(0, COUNT);
    plan(plans[_i / 2]);
    ck_assert_uint_eq(udp_flush(from), 0);
    ck_assert_uint_eq(udp_waiting(from), 0);
    ck_assert_uint_eq(udp_flush(from), 0);
    expect(0, COUNT);
}
END_TEST

/* The queue is full, or one is too long for it: what waits leaves first, by the same rules. */
START_TEST(what_makes_room_leaves_once_too)
{
    static uint8_t body[LONG];
    uint8_t number = COUNT;
    bool is_long = _i % 2;

    queue(0, COUNT);
    plan(plans[_i / 2]);
    ck_assert_uint_eq(udp_queue(from, &path, &number, 1, body, is_long ? LONG : 1), 0);
    ck_assert_uint_eq(udp_waiting(from), !is_long);
    ck_assert_uint_eq(udp_flush(from), 0);
    expect(0, COUNT + 1);
}
END_TEST

START_TEST(a_long_one_waits_for_room_as_well)
{
    static const int full[] = {-EAGAIN, -ENOBUFS, 0};
    static uint8_t body[LONG];
    uint8_t number = 0;

    plan(full);
    ck_assert_uint_eq(udp_queue(from, &path, &number, 1, body, LONG), 0);
    expect(0, 1);
}
END_TEST

/* Nobody waits for ever: they are lost and counted, and what comes later is not held up. */
START_TEST(what_is_never_taken_is_counted)
{
    const int never[] = {5, _i ? -ENOBUFS : -EAGAIN, 0};

    queue(0, COUNT);
    for_good = true;
    plan(never);
    ck_assert_uint_eq(udp_flush(from), COUNT - TAKEN);
    ck_assert_uint_eq(udp_waiting(from), 0);
    ck_assert_uint_le(calls, 2 * COUNT);
    for_good = false;
    expect(0, TAKEN);
    queue(COUNT, COUNT + 3);
    ck_assert_uint_eq(udp_flush(from), 0);
    expect(COUNT, COUNT + 3);
}
END_TEST

#ifdef EXAMPLES_MMSG
START_TEST(each_arrives_once_whatever_the_system_gives)
{
    const struct udp_datagram *datagrams;
    uint8_t next = 0;

    queue(0, COUNT);
    ck_assert_uint_eq(udp_flush(from), 0);
    plan(plans[_i]);
    while (next < COUNT) {
        const int *before = answers;
        size_t count = udp_receive(to, &datagrams);
        ck_assert_uint_eq(count == 0, *before < 0);
        for (size_t i = 0; i < count; i++, next++)
            ck_assert_uint_eq(datagrams[i].data[0], next);
    }
    expect(COUNT, COUNT);
}
END_TEST
#endif

Suite *suite_udp_full(void);
Suite *suite_udp_full(void)
{
    Suite *suite = suite_create("udp_full");
    TCase *tcase = tcase_create("udp_full");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, each_leaves_once_whatever_the_system_takes, 0, 2 * PLANS);
    tcase_add_loop_test(tcase, what_makes_room_leaves_once_too, 0, 2 * PLANS);
    tcase_add_test(tcase, a_long_one_waits_for_room_as_well);
    tcase_add_loop_test(tcase, what_is_never_taken_is_counted, 0, 2);
#ifdef EXAMPLES_MMSG
    tcase_add_loop_test(tcase, each_arrives_once_whatever_the_system_gives, 0, PLANS);
#endif
    suite_add_tcase(suite, tcase);
    return suite;
}
