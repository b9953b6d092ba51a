/* SPDX-License-Identifier: MIT */
/* Starts that replace one another, each a pair of this process: at every turn of a replacement one
 * of the two dies, and there is one that serves, never two, and the lock is never free. */
#include "leased.h"

#include "pair/lock.h"
#include "pair/pair.h"

#include <arpa/inet.h>
#include <l2tpha/store.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define STARTS 3
#define TURNS 5000
#define LATE_US (L2TPHA_PAIR_REPLACE_MS * MS)

struct start {
    struct l2tpha_pair *pair; /* NULL = it is dead, or has not begun */
    struct l2tpha_store *store;
    int socket;
    bool no_store; /* it cannot be had */
    unsigned events[L2TPHA_PAIR_LEASE_LOST + 1];
    char said[512]; /* the last line that is an error */
    bool stale;     /* what it has found in the store */
};

static struct start starts[STARTS];
static char folder[32], url[80], path[64];
static bool stores;
static unsigned store_count; /* who dies again and again leaves many segments */

static int answer_random(void *user, uint8_t *dst, size_t len)
{
    static uint8_t next;
    (void)user;
    while (len-- > 0)
        *dst++ = next++;
    return L2TPHA_OK;
}

static int make(void *user, bool standby, uint64_t epoch, struct l2tpha_node **node)
{
    struct l2tpha_config config;
    struct l2tpha_host host = {.size = sizeof(host), .user = user, .random = answer_random};
    l2tpha_config_init(&config);
    config.name = "start";
    config.standby = standby;
    config.epoch = epoch;
    return l2tpha_node_new(root, &config, &host, l2tpha_pair_now(), node);
}

static bool open_socket(void *user, bool beside, const char **why)
{
    struct start *start = user;
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    (void)beside;
    start->socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(start->socket, (struct sockaddr *)&any, sizeof(any)), 0);
    *why = NULL;
    return true;
}

static void take_outputs(void *user, const struct l2tpha_output *outputs, size_t count)
{
    (void)user, (void)outputs, (void)count;
}

static void take_event(void *user, enum l2tpha_pair_event event)
{
    struct start *start = user;
    start->events[event]++;
}

static void take_line(void *user, enum l2tpha_log_category category, const char *text)
{
    struct start *start = user;
    start->stale |= strstr(text, " octets, stale") != NULL;
    if (category == L2TPHA_LOG_ERROR)
        snprintf(start->said, sizeof(start->said), "%s", text);
}

static struct l2tpha_pair_options options_of(struct start *start)
{
    return (struct l2tpha_pair_options){.size = sizeof(struct l2tpha_pair_options),
                                        .role = L2TPHA_PAIR_AUTO,
                                        .listen = url,
                                        .connect = url,
                                        .replaces = true,
                                        .fd = &start->socket,
                                        .store = start->store,
                                        .host = {.size = sizeof(struct l2tpha_pair_host),
                                                 .user = start,
                                                 .make = make,
                                                 .open = open_socket,
                                                 .outputs = take_outputs,
                                                 .event = take_event,
                                                 .log = take_line}};
}

/* NULL, or why it does not begin. */
static const char *try_to_begin(unsigned at)
{
    char directory[64];
    struct start *start = &starts[at];
    *start = (struct start){.socket = -1};
    snprintf(directory, sizeof(directory), "%s/store-%u", folder, store_count);
    if (stores)
        assert_ok(l2tpha_file_store_new(root, directory, &start->store));
    struct l2tpha_pair_options options = options_of(start);
    assert_ok(l2tpha_pair_new(&options, &start->pair));
    return l2tpha_pair_start(start->pair);
}

static struct start *begin(unsigned at)
{
    const char *why = try_to_begin(at);
    ck_assert_msg(why == NULL, "%s", why);
    return &starts[at];
}

/* As its process would end. */
static void die(struct start *start)
{
    l2tpha_pair_free(start->pair);
    if (start->store != NULL)
        start->store->free(start->store->user);
    if (start->socket >= 0)
        close(start->socket);
    start->pair = NULL;
    start->store = NULL;
    start->socket = -1;
}

static bool serves(const struct start *start)
{
    return start->pair != NULL && l2tpha_pair_reads(start->pair);
}

/* Until one of them has something to do, or a moment. */
static void wait_a_moment(void)
{
    struct pollfd ready[STARTS];
    nfds_t count = 0;
    for (unsigned i = 0; i < STARTS; i++)
        if (starts[i].pair != NULL)
            ready[count++] =
                (struct pollfd){.fd = l2tpha_pair_fd(starts[i].pair), .events = POLLIN};
    poll(ready, count, leased_now == 0 ? 1 : 0);
}

/* Who has come to its end leaves. */
static void turn(void)
{
    unsigned serving = 0;
    wait_a_moment();
    for (unsigned i = 0; i < STARTS; i++)
        if (starts[i].pair != NULL && !l2tpha_pair_service(starts[i].pair))
            die(&starts[i]);
    for (unsigned i = 0; i < STARTS; i++)
        serving += serves(&starts[i]);
    assert_true(serving < 2);
}

static void await(const struct start *start)
{
    uint64_t until = l2tpha_pair_now() + 10 * SECOND;
    while (!serves(start) && l2tpha_pair_now() < until)
        turn();
    ck_assert_msg(serves(start), "%s", start->said);
}

static void await_end(const struct start *start)
{
    uint64_t until = l2tpha_pair_now() + 10 * SECOND;
    while (start->pair != NULL && l2tpha_pair_now() < until)
        turn();
    ck_assert_ptr_null(start->pair);
}

static struct l2tpha_pair_info info_of_start(const struct start *start)
{
    struct l2tpha_pair_info info = {.size = sizeof(info)};
    l2tpha_pair_get(start->pair, &info);
    return info;
}

static uint64_t epoch_of(const struct start *start)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};
    l2tpha_redundancy_get(l2tpha_pair_node(start->pair), &info);
    return info.epoch;
}

static bool lock_is_free(const char *suffix)
{
    struct endpoint endpoint;
    struct lock lock = {.listen = &endpoint, .connect = &endpoint, .suffix = suffix, .fd = -1};
    endpoint_unix(path, &endpoint);
    bool is_free = lock_take(&lock);
    lock_let_go(&lock);
    return is_free;
}

static void make_folder(void)
{
    leased_now = 0;
    stores = false;
    strcpy(folder, "/tmp/l2tpha.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/r", folder);
    snprintf(url, sizeof(url), "unix:%s", path);
    for (unsigned i = 0; i < STARTS; i++)
        starts[i] = (struct start){.socket = -1};
}

static void remove_folder(void)
{
    char command[64];
    leased_now = 0;
    for (unsigned i = 0; i < STARTS; i++)
        if (starts[i].pair != NULL)
            die(&starts[i]);
    snprintf(command, sizeof(command), "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}

/* ---- one after the other ---- */

START_TEST(each_start_replaces_the_one_before)
{
    stores = _i;
    struct start *old = begin(0);
    await(old);
    for (unsigned i = 1; i < 7; i++) {
        struct start *new = begin(i % STARTS);
        bool was_successor = false;
        while (old->pair != NULL) {
            assert_true(!lock_is_free(".lock"));
            was_successor |= info_of_start(new).successor;
            if (info_of_start(old).replaced_by == 0 || l2tpha_pair_service(old->pair)) {
                turn();
                continue;
            }
            ck_assert_uint_eq(info_of_start(old).replaced_by, (uint32_t)getpid());
            ck_assert(l2tpha_pair_status(old->pair));
            die(old);
        }
        await(new);
        ck_assert(was_successor);
        ck_assert_uint_eq(old->events[L2TPHA_PAIR_ENDS], 1);
        ck_assert_uint_eq(old->events[L2TPHA_PAIR_STOPPED], 1);
        ck_assert_uint_eq(new->events[L2TPHA_PAIR_TOOK_OVER], 1);
        ck_assert_uint_eq(new->events[L2TPHA_PAIR_SERVES], 0);
        ck_assert_uint_eq(epoch_of(new), i + 1);
        ck_assert(!info_of_start(new).successor && !info_of_start(new).standby);
        old = new;
    }
}
END_TEST

/* Turns of a replacement, from the start of the successor on. */
static bool replace_for(unsigned turns)
{
    store_count++;
    await(begin(0));
    begin(1);
    for (unsigned i = 0; i < turns && starts[0].pair != NULL; i++)
        turn();
    return starts[0].pair != NULL;
}

START_TEST(a_successor_dies_at_each_turn)
{
    bool is_replaced = false;
    stores = _i;
    for (unsigned turns = 0; turns < TURNS && !is_replaced; turns += 1 + turns / 8) {
        is_replaced = !replace_for(turns);
        if (!is_replaced && serves(&starts[1]))
            await_end(&starts[0]); /* it was told before */
        die(&starts[1]);
        if (starts[0].pair != NULL)
            await(&starts[0]);
        begin(2); /* the next one */
        await(&starts[2]);
        die(&starts[2]);
        if (starts[0].pair != NULL)
            await_end(&starts[0]);
    }
    ck_assert(is_replaced);
}
END_TEST

START_TEST(the_one_that_serves_dies_at_each_turn)
{
    bool is_replaced = false;
    stores = _i;
    for (unsigned turns = 0; turns < TURNS && !is_replaced; turns += 1 + turns / 8) {
        is_replaced = !replace_for(turns);
        if (!is_replaced)
            die(&starts[0]);
        await(&starts[1]);
        die(&starts[1]);
    }
    ck_assert(is_replaced);
}
END_TEST

/* A successor that is a process of its own, and stops by itself after so many turns, or when it
 * serves. */
static pid_t fork_successor(unsigned turns)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    starts[0] = (struct start){.socket = -1}; /* the parent's */
    begin(1);
    for (unsigned i = 0; !serves(&starts[1]); i++) {
        if (turns != 0 && i == turns)
            raise(SIGSTOP);
        wait_a_moment();
        (void)l2tpha_pair_service(starts[1].pair);
    }
    raise(SIGSTOP);
    _exit(0);
}

/* True: it has stopped. */
static bool await_stop(pid_t pid)
{
    int status;
    while (waitpid(pid, &status, WNOHANG | WUNTRACED) != pid)
        if (starts[0].pair != NULL)
            turn();
    return WIFSTOPPED(status);
}

/* So much time, a tenth of a second each turn. */
static void pass(unsigned seconds)
{
    leased_now = l2tpha_pair_now();
    for (unsigned i = 0; i < 10 * seconds; i++) {
        leased_now += 100 * MS;
        turn();
    }
    leased_now = 0;
}

/* It serves on, whatever the stopped one was told: that is ended where it may have been too much.
 */
START_TEST(a_successor_is_stopped_at_each_turn)
{
    bool ended = false;
    for (unsigned turns = 1; turns < TURNS && !ended; turns++) {
        await(begin(0));
        pid_t pid = fork_successor(turns);
        ck_assert(await_stop(pid));
        pass(6);
        ended |= strcmp(starts[0].said, "the successor hangs: its process is ended") == 0;
        if (starts[0].pair == NULL)
            turns = 0; /* it has served: once more, which no two times go alike */
        else
            await(&starts[0]);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        if (starts[0].pair != NULL)
            die(&starts[0]);
    }
    ck_assert(ended);
}
END_TEST

/* One that serves, a process of its own, and stops by itself so many turns after a successor has
 * come. */
static pid_t fork_first(unsigned turns)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    await(begin(0));
    for (unsigned i = 0; i < turns && l2tpha_pair_service(starts[0].pair);) {
        i += info_of_start(&starts[0]).met;
        wait_a_moment();
    }
    raise(SIGSTOP);
    _exit(0);
}

/* Where the successor was told to serve it does, and ends the one that does not let the store go;
 * else it waits for the other to wake. */
START_TEST(the_one_that_serves_is_stopped_at_each_turn)
{
    static const char ended[] = "the process that was replaced does not leave: it is ended";
    struct l2tpha_storage_info storage = {.size = sizeof(storage)};
    bool has_served = false;
    stores = true;
    for (unsigned turns = 1; turns < TURNS && !has_served; turns++) {
        store_count++;
        pid_t pid = fork_first(turns);
        while (lock_is_free(".lock") || !lock_is_free(".next"))
            continue; /* until it serves */
        struct start *new = begin(1);
        for (int status; waitpid(pid, &status, WNOHANG | WUNTRACED) != pid;)
            turn();
        pass(7);
        has_served = serves(new);
        if (!has_served)
            kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        await(new);
        ck_assert_int_eq(strcmp(new->said, ended) == 0, has_served);
        do {
            turn();
            ck_assert(l2tpha_pair_storage(new->pair, &storage));
        } while (storage.state != L2TPHA_STORAGE_IN_SYNC);
        die(new);
    }
    ck_assert(has_served);
}
END_TEST

/* All that has left is in the store of the one before, until there is one of its own. */
START_TEST(a_successor_dies_before_its_store_is_whole)
{
    stores = true;
    await(begin(0));
    struct l2tpha_storage_info storage = {.size = sizeof(storage)};
    do {
        turn();
        ck_assert(l2tpha_pair_storage(starts[0].pair, &storage));
    } while (storage.state != L2TPHA_STORAGE_IN_SYNC);
    begin(1);
    while (!serves(&starts[1])) {
        (void)l2tpha_pair_service(starts[0].pair);
        (void)l2tpha_pair_service(starts[1].pair);
    }
    ck_assert(l2tpha_pair_storage(starts[1].pair, &storage));
    ck_assert_int_eq(storage.state, L2TPHA_STORAGE_COPYING);
    die(&starts[1]);
    await_end(&starts[0]);
    await(begin(2));
    ck_assert(info_of_start(&starts[2]).from_store && !starts[2].stale);
    ck_assert_uint_eq(starts[2].events[L2TPHA_PAIR_TOOK_OVER], 1);
}
END_TEST

/* ---- what comes to nothing ---- */

START_TEST(there_is_one_successor_at_a_time)
{
    await(begin(0));
    begin(1);
    const char *why = try_to_begin(2);
    ck_assert_ptr_nonnull(why);
    ck_assert_str_eq(why, "another process is about to replace the one there");
    die(&starts[2]);
    await_end(&starts[0]);
    await(&starts[1]);
}
END_TEST

START_TEST(a_successor_has_its_time)
{
    await(begin(0));
    struct start *new = begin(1);
    leased_now = l2tpha_pair_now() + LATE_US - SECOND;
    ck_assert(l2tpha_pair_service(new->pair));
    leased_now += 2 * SECOND;
    ck_assert(!l2tpha_pair_service(new->pair));
    ck_assert(!l2tpha_pair_status(new->pair));
    ck_assert_ptr_nonnull(
        strstr(new->said, "is not replaced: 30 s have passed, and no hello in time"));
    die(new);
    for (int i = 0; i < 10; i++)
        turn();
    ck_assert(serves(&starts[0]));
}
END_TEST

/* A stranger listens there: garbage, or not a word. */
START_TEST(a_stranger_is_not_replaced)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    strcpy(at.sun_path, path);
    int stranger = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(stranger, (struct sockaddr *)&at, sizeof(at)), 0);
    ck_assert_int_eq(listen(stranger, 8), 0);
    struct start *new = begin(0);
    if (_i) {
        int fd = accept(stranger, NULL, NULL);
        ck_assert_int_eq(send(fd, "HTTP/1.1 400\r\n", 14, MSG_NOSIGNAL), 14);
        for (int i = 0; i < 3; i++)
            turn();
        close(fd);
    }
    ck_assert(!serves(new));
    leased_now = l2tpha_pair_now() + LATE_US + 1;
    ck_assert(!l2tpha_pair_service(new->pair));
    ck_assert(!l2tpha_pair_status(new->pair));
    ck_assert_ptr_nonnull(
        strstr(new->said, _i ? "closed by the other end before its hello" : "no hello in time"));
    close(stranger);
}
END_TEST

/* One serves, and a successor has its copy, and has not been told anything. */
static void begin_both(void)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};
    await(begin(0));
    begin(1);
    do {
        (void)l2tpha_pair_service(starts[1].pair);
        (void)l2tpha_pair_service(starts[0].pair);
        l2tpha_redundancy_get(l2tpha_pair_node(starts[1].pair), &info);
    } while (info.role != L2TPHA_ROLE_STANDBY_HOT);
}

/* The old one has died, and a third one was faster. */
START_TEST(nobody_serves_without_the_lock)
{
    struct endpoint endpoint;
    struct lock lock = {.listen = &endpoint, .connect = &endpoint, .fd = -1};
    endpoint_unix(path, &endpoint);
    begin_both();
    die(&starts[0]);
    ck_assert(lock_take(&lock));
    pass(3);
    ck_assert(!serves(&starts[1]));
    lock_let_go(&lock);
    await(&starts[1]);
    ck_assert_uint_eq(starts[1].events[L2TPHA_PAIR_TOOK_OVER], 1);
}
END_TEST

/* Another one has served since its copy was made: the store is better, or it begins anew. */
START_TEST(an_old_copy_is_not_gone_on_with)
{
    begin_both();
    lock_note(&starts[0].pair->lock, 7);
    die(&starts[0]);
    await(&starts[1]);
    ck_assert_uint_eq(epoch_of(&starts[1]), 8);
    ck_assert_uint_eq(starts[1].events[L2TPHA_PAIR_SERVES], 1); /* from nothing */
}
END_TEST

START_TEST(orders_have_their_answers)
{
    await(begin(0));
    begin(1);
    ck_assert_str_eq(l2tpha_pair_takeover(starts[1].pair, true),
                     "a successor serves by itself when its copy is whole");
    ck_assert_str_eq(l2tpha_pair_stand_by(starts[0].pair),
                     "there is no other node: a successor is to be started");
    assert_error(l2tpha_pair_pass(starts[0].pair, UINT32_MAX, 0), L2TPHA_ERR_INVALID);
    ck_assert_int_eq(l2tpha_pair_passed(starts[1].pair, UINT32_MAX), -1);
}
END_TEST

START_TEST(options_that_do_not_do_are_refused)
{
    struct l2tpha_pair *pair;
    struct l2tpha_pair_options role = options_of(&starts[0]), manual = role, other = role,
                               tcp = role, *all[] = {&role, &manual, &other, &tcp};
    role.role = L2TPHA_PAIR_STANDBY;
    manual.takeover_manual = true;
    other.connect = "unix:/tmp/other";
    tcp.listen = tcp.connect = "tcp:127.0.0.1:1";
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        assert_error(l2tpha_pair_new(all[i], &pair), L2TPHA_ERR_INVALID);
}
END_TEST

Suite *suite_replacing(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("replacing", &tcase);
    tcase_add_checked_fixture(tcase, make_folder, remove_folder);
    tcase_set_timeout(tcase, 240);
    tcase_add_loop_test(tcase, each_start_replaces_the_one_before, 0, 2);
    tcase_add_loop_test(tcase, a_successor_dies_at_each_turn, 0, 2);
    tcase_add_loop_test(tcase, the_one_that_serves_dies_at_each_turn, 0, 2);
    tcase_add_test(tcase, a_successor_is_stopped_at_each_turn);
    tcase_add_test(tcase, the_one_that_serves_is_stopped_at_each_turn);
    tcase_add_test(tcase, a_successor_dies_before_its_store_is_whole);
    tcase_add_test(tcase, there_is_one_successor_at_a_time);
    tcase_add_test(tcase, a_successor_has_its_time);
    tcase_add_loop_test(tcase, a_stranger_is_not_replaced, 0, 2);
    tcase_add_test(tcase, nobody_serves_without_the_lock);
    tcase_add_test(tcase, an_old_copy_is_not_gone_on_with);
    tcase_add_test(tcase, orders_have_their_answers);
    tcase_add_test(tcase, options_that_do_not_do_are_refused);
    return suite;
}
