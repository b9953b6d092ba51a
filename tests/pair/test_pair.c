/* SPDX-License-Identifier: MIT */
/* Two pairs in one process, over the streams that two processes would have. Neither waits for more
 * than the other's next word. */
#include "fixture.h"

#include <l2tpha/l2tpha.h>
#include <l2tpha/pair.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NODES 2
#define PATIENCE_MS 10000

struct side {
    struct l2tpha_pair *pair;
    int socket; /* -1 = none */
    unsigned opened, inherited, events[L2TPHA_PAIR_ENDS + 1];
    unsigned outcomes;
    char why[128]; /* of the last outcome; "" = it came to pass */
};

static struct side sides[NODES];
static char folder[32];
static char paths[NODES][64];
static struct l2tpha_address address;     /* that the socket is bound to */
static const struct l2tpha_config *given; /* the pair makes nodes and keeps the socket; or NULL */

static int answer_random(void *user, uint8_t *dst, size_t len)
{
    static uint8_t next;
    (void)user;
    while (len-- > 0)
        *dst++ = next++;
    return L2TPHA_OK;
}

static void take_log(void *user, const struct l2tpha_log_line *line)
{
    (void)user;
    if (line->category == L2TPHA_LOG_ERROR)
        fprintf(stderr, "%s\n", line->text);
}

static int make(void *user, bool standby, uint64_t epoch, struct l2tpha_node **node)
{
    struct l2tpha_config config;
    struct l2tpha_host host = {
        .size = sizeof(host), .user = user, .random = answer_random, .log = take_log};
    l2tpha_config_init(&config);
    config.name = "pair";
    config.standby = standby;
    config.epoch = epoch;
    config.commit_timeout_ms = 1000;
    return l2tpha_node_new(root, &config, &host, l2tpha_pair_now(), node);
}

static bool open_socket(void *user, bool beside, const char **why)
{
    struct side *side = user;
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    (void)beside;
    side->opened++;
    side->socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(side->socket, (struct sockaddr *)&any, sizeof(any)), 0);
    *why = NULL;
    return true;
}

static int socket_of(void *user)
{
    const struct side *side = user;
    return side->socket;
}

static void close_socket(void *user)
{
    struct side *side = user;
    close(side->socket);
    side->socket = -1;
}

static void inherit(void *user, int fd)
{
    struct side *side = user;
    if (side->socket >= 0)
        close(side->socket);
    side->socket = fd;
    side->inherited++;
}

/* A program that does not keep to the rules does itself no harm. */
static void take_outputs(void *user, const struct l2tpha_output *outputs, size_t count)
{
    const struct side *side = user;
    if (side->pair == NULL) /* it is only beginning */
        return;
    l2tpha_pair_drain(side->pair);
    (void)l2tpha_pair_service(side->pair);
    for (size_t i = 0; i < count; i++) /* still as they were */
        assert_true(outputs[i].kind != L2TPHA_OUTPUT_EVENT || outputs[i].event->kind != 0);
}

static void take_event(void *user, enum l2tpha_pair_event event)
{
    struct side *side = user;
    side->events[event]++;
}

static void take_outcome(void *user, enum l2tpha_pair_order order, const char *why)
{
    struct side *side = user;
    (void)order;
    side->outcomes++;
    snprintf(side->why, sizeof(side->why), "%s", why != NULL ? why : "");
}

static struct l2tpha_pair_options options_of(struct side *side, enum l2tpha_pair_role role)
{
    static char texts[NODES][2][80];
    size_t at = (size_t)(side - sides);
    for (size_t i = 0; i < NODES; i++)
        snprintf(texts[at][i], sizeof(texts[at][i]), "unix:%s", paths[i]);
    struct l2tpha_pair_options options = {.size = sizeof(options),
                                          .role = role,
                                          .listen = texts[at][at],
                                          .connect = texts[at][1 - at],
                                          .address = address,
                                          .host = {.size = sizeof(options.host),
                                                   .user = side,
                                                   .make = make,
                                                   .open = open_socket,
                                                   .socket = socket_of,
                                                   .inherit = inherit,
                                                   .close = close_socket,
                                                   .outputs = take_outputs,
                                                   .event = take_event,
                                                   .outcome = take_outcome}};
    if (given != NULL) {
        options.config = given;
        options.fd = &side->socket;
        options.host.make = NULL;
        options.host.socket = NULL;
        options.host.inherit = NULL;
        options.host.close = NULL;
    }
    return options;
}

static struct side *begin(size_t at, enum l2tpha_pair_role role)
{
    struct side *side = &sides[at];
    *side = (struct side){.socket = -1};
    struct l2tpha_pair_options options = options_of(side, role);
    assert_ok(l2tpha_pair_new(&options, &side->pair));
    const char *why = l2tpha_pair_start(side->pair);
    ck_assert_msg(why == NULL, "%s", why);
    return side;
}

/* As its process would die. */
static void die(struct side *side)
{
    l2tpha_pair_free(side->pair);
    if (side->socket >= 0)
        close(side->socket);
    *side = (struct side){.socket = -1};
}

static enum l2tpha_role role_of(const struct side *side)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};
    l2tpha_redundancy_get(l2tpha_pair_node(side->pair), &info);
    return info.role;
}

/* Serve both until one has this role. */
static void wait_for(struct side *side, enum l2tpha_role role)
{
    uint64_t until = l2tpha_pair_now() + PATIENCE_MS * UINT64_C(1000);
    while (role_of(side) != role && l2tpha_pair_now() < until) {
        struct pollfd ready[NODES];
        nfds_t count = 0;
        for (size_t i = 0; i < NODES; i++)
            if (sides[i].pair != NULL)
                ready[count++] =
                    (struct pollfd){.fd = l2tpha_pair_fd(sides[i].pair), .events = POLLIN};
        poll(ready, count, PATIENCE_MS);
        for (size_t i = 0; i < NODES; i++)
            if (sides[i].pair != NULL)
                (void)l2tpha_pair_service(sides[i].pair);
    }
    ck_assert_str_eq(l2tpha_role_name(role_of(side)), l2tpha_role_name(role));
}

static void begin_both(void)
{
    begin(0, L2TPHA_PAIR_ACTIVE);
    begin(1, L2TPHA_PAIR_STANDBY);
    wait_for(&sides[1], L2TPHA_ROLE_STANDBY_HOT);
    wait_for(&sides[0], L2TPHA_ROLE_ACTIVE);
}

static void make_folder(void)
{
    given = NULL;
    strcpy(folder, "/tmp/l2tpha.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    for (size_t i = 0; i < NODES; i++) {
        snprintf(paths[i], sizeof(paths[i]), "%s/%zu", folder, i);
        sides[i] = (struct side){.socket = -1};
    }
}

static void remove_folder(void)
{
    char path[80];
    for (size_t i = 0; i < NODES; i++) {
        die(&sides[i]);
        snprintf(path, sizeof(path), "%s.lock", paths[i]);
        unlink(path);
    }
    ck_assert_int_eq(rmdir(folder), 0); /* no socket is left */
}

/* ---- no memory ---- */

/* Of all allocations of the two, the core's included, the one that fails; 0 = none. */
static unsigned long fail_at, allocations;

static bool fails(void)
{
    return fail_at != 0 && ++allocations == fail_at;
}

void *__real__talloc_zero(const void *parent, size_t size, const char *name);
void *__wrap__talloc_zero(const void *parent, size_t size, const char *name);
void *__wrap__talloc_zero(const void *parent, size_t size, const char *name)
{
    return fails() ? NULL : __real__talloc_zero(parent, size, name);
}

void *__real__talloc_zero_array(const void *parent, size_t size, unsigned count, const char *name);
void *__wrap__talloc_zero_array(const void *parent, size_t size, unsigned count, const char *name);
void *__wrap__talloc_zero_array(const void *parent, size_t size, unsigned count, const char *name)
{
    return fails() ? NULL : __real__talloc_zero_array(parent, size, count, name);
}

void *__real__talloc_realloc_array(const void *parent, void *old, size_t size, unsigned count,
                                   const char *name);
void *__wrap__talloc_realloc_array(const void *parent, void *old, size_t size, unsigned count,
                                   const char *name);
void *__wrap__talloc_realloc_array(const void *parent, void *old, size_t size, unsigned count,
                                   const char *name)
{
    return fails() ? NULL : __real__talloc_realloc_array(parent, old, size, count, name);
}

/* Whether it begins. */
static bool try_to_begin(size_t at, enum l2tpha_pair_role role)
{
    struct side *side = &sides[at];
    *side = (struct side){.socket = -1};
    struct l2tpha_pair_options options = options_of(side, role);
    if (l2tpha_pair_new(&options, &side->pair) != L2TPHA_OK) {
        ck_assert_ptr_null(side->pair);
        return false;
    }
    return l2tpha_pair_start(side->pair) == NULL;
}

/* A standby that follows, one descriptor, a death: what fails is told, or tried again. */
static void try_it_all(void)
{
    if (!try_to_begin(0, L2TPHA_PAIR_ACTIVE) || !try_to_begin(1, L2TPHA_PAIR_AUTO))
        return;
    wait_for(&sides[1], L2TPHA_ROLE_STANDBY_HOT);
    int error = l2tpha_pair_pass(sides[0].pair, 7, 2);
    ck_assert(error == L2TPHA_OK || error == L2TPHA_ERR_NOMEM);
    (void)l2tpha_pair_service(sides[0].pair);
    wait_for(&sides[0], L2TPHA_ROLE_ACTIVE);
    die(&sides[0]);
    wait_for(&sides[1], L2TPHA_ROLE_ACTIVE_SOLO);
}

START_TEST(no_allocation_may_fail_it)
{
    for (fail_at = 1;; fail_at++) {
        allocations = 0;
        try_it_all();
        unsigned long made = allocations;
        for (size_t i = 0; i < NODES; i++)
            die(&sides[i]);
        if (made < fail_at)
            break;
    }
    ck_assert_uint_gt(fail_at, 20);
    fail_at = 0;
}
END_TEST

/* ---- roles ---- */

START_TEST(a_standby_takes_over_upon_a_death)
{
    begin_both();
    ck_assert(l2tpha_pair_reads(sides[0].pair));
    ck_assert(!l2tpha_pair_reads(sides[1].pair));
    ck_assert_uint_eq(sides[0].events[L2TPHA_PAIR_SERVES], 1);
    ck_assert_uint_eq(sides[1].events[L2TPHA_PAIR_WAITS], 1);
    ck_assert_uint_eq(sides[1].inherited, 1);
    die(&sides[0]);
    wait_for(&sides[1], L2TPHA_ROLE_ACTIVE_SOLO);
    ck_assert(l2tpha_pair_reads(sides[1].pair));
    ck_assert_uint_eq(sides[1].events[L2TPHA_PAIR_TOOK_OVER], 1);
    ck_assert_uint_eq(sides[1].opened, 0); /* it had the socket */
    begin(0, L2TPHA_PAIR_STANDBY);
    wait_for(&sides[0], L2TPHA_ROLE_STANDBY_HOT);
    ck_assert(l2tpha_pair_fd(sides[0].pair) >= 0);
}
END_TEST

START_TEST(the_pair_makes_nodes_and_keeps_the_socket)
{
    struct l2tpha_config own;
    l2tpha_config_init(&own);
    own.name = "pair";
    own.commit_timeout_ms = 1000;
    given = &own;
    begin_both();
    ck_assert_int_ge(sides[1].socket, 0);
    ck_assert_ptr_null(l2tpha_pair_switchover(sides[0].pair));
    wait_for(&sides[0], L2TPHA_ROLE_STANDBY_HOT);
    wait_for(&sides[1], L2TPHA_ROLE_ACTIVE);
    die(&sides[1]);
    wait_for(&sides[0], L2TPHA_ROLE_ACTIVE_SOLO);
    ck_assert_int_ge(sides[0].socket, 0);
    ck_assert_uint_eq(sides[0].opened, 1);
    ck_assert_ptr_null(l2tpha_pair_fence(sides[0].pair));
    ck_assert_int_eq(sides[0].socket, -1);
    given = NULL;
}
END_TEST

START_TEST(a_node_that_leaves_is_taken_over_from)
{
    begin_both();
    l2tpha_pair_leave(sides[0].pair);
    die(&sides[0]);
    wait_for(&sides[1], L2TPHA_ROLE_ACTIVE_SOLO);
    ck_assert_uint_eq(sides[1].events[L2TPHA_PAIR_LEFT], 1);
}
END_TEST

START_TEST(who_ends_takes_nothing_over)
{
    begin_both();
    l2tpha_pair_end(sides[1].pair);
    die(&sides[0]);
    wait_for(&sides[1], L2TPHA_ROLE_CUT_OFF);
    ck_assert(!l2tpha_pair_reads(sides[1].pair));
}
END_TEST

START_TEST(a_switchover_and_back)
{
    struct l2tpha_pair_info info = {.size = sizeof(info)};
    begin_both();
    for (size_t from = 0, turn = 0; turn < 4; turn++, from = 1 - from) {
        struct side *old = &sides[from], *new = &sides[1 - from];
        ck_assert_ptr_null(l2tpha_pair_switchover(old->pair));
        l2tpha_pair_get(old->pair, &info);
        ck_assert(info.switching && !info.reads && !info.standby && info.met);
        ck_assert_ptr_nonnull(l2tpha_pair_switchover(old->pair));
        wait_for(old, L2TPHA_ROLE_STANDBY_HOT);
        wait_for(new, L2TPHA_ROLE_ACTIVE);
        ck_assert_str_eq(old->why, "");
        ck_assert(l2tpha_pair_reads(new->pair) && !l2tpha_pair_reads(old->pair));
        ck_assert_uint_eq(old->events[L2TPHA_PAIR_STOPPED], turn / 2 + 1);
        l2tpha_pair_get(old->pair, &info);
        ck_assert(info.standby && !info.switching && !info.held);
    }
}
END_TEST

START_TEST(two_that_look_find_one_who_serves)
{
    begin(0, L2TPHA_PAIR_AUTO);
    begin(1, L2TPHA_PAIR_AUTO);
    struct side *first = &sides[0];
    uint64_t until = l2tpha_pair_now() + PATIENCE_MS * UINT64_C(1000);
    while (!l2tpha_pair_reads(sides[0].pair) && !l2tpha_pair_reads(sides[1].pair) &&
           l2tpha_pair_now() < until)
        for (size_t i = 0; i < NODES; i++)
            (void)l2tpha_pair_service(sides[i].pair);
    first = l2tpha_pair_reads(sides[0].pair) ? &sides[0] : &sides[1];
    struct side *second = first == &sides[0] ? &sides[1] : &sides[0];
    wait_for(second, L2TPHA_ROLE_STANDBY_HOT);
    ck_assert(l2tpha_pair_reads(first->pair));
    die(first);
    wait_for(second, L2TPHA_ROLE_ACTIVE_SOLO);
}
END_TEST

START_TEST(a_fenced_node_serves_nobody)
{
    begin_both();
    ck_assert_ptr_null(l2tpha_pair_fence(sides[0].pair));
    ck_assert(!l2tpha_pair_reads(sides[0].pair));
    ck_assert_int_eq(sides[0].socket, -1);
    ck_assert_ptr_null(l2tpha_pair_fence(sides[0].pair)); /* it is already */
    wait_for(&sides[1], L2TPHA_ROLE_ACTIVE_SOLO);
    ck_assert_ptr_null(l2tpha_pair_stand_by(sides[0].pair));
    wait_for(&sides[0], L2TPHA_ROLE_STANDBY_HOT);
}
END_TEST

/* ---- descriptors ---- */

static bool is_same(int fd, int other)
{
    /* What is written into a pipe's one end comes out of its other. */
    char byte = 0;
    return write(fd, "x", 1) == 1 && read(other, &byte, 1) == 1 && byte == 'x';
}

START_TEST(descriptors_follow_the_role)
{
    enum { PIPES = 40 };
    int ends[PIPES][2];
    begin(0, L2TPHA_PAIR_ACTIVE);
    for (int i = 0; i < PIPES; i++) {
        ck_assert_int_eq(pipe2(ends[i], O_NONBLOCK | O_CLOEXEC), 0);
        if (i < PIPES / 2) /* before there is a standby, and after */
            assert_ok(l2tpha_pair_pass(sides[0].pair, (uint32_t)i << 16, ends[i][1]));
    }
    begin(1, L2TPHA_PAIR_STANDBY);
    wait_for(&sides[1], L2TPHA_ROLE_STANDBY_HOT);
    for (int i = PIPES / 2; i < PIPES; i++)
        assert_ok(l2tpha_pair_pass(sides[0].pair, (uint32_t)i << 16, ends[i][1]));
    assert_ok(l2tpha_pair_pass(sides[0].pair, 3 << 16, -1));
    assert_ok(l2tpha_pair_pass(sides[0].pair, 3 << 16, -1)); /* there is none */
    assert_error(l2tpha_pair_pass(sides[0].pair, 1, -2), L2TPHA_ERR_INVALID);
    (void)l2tpha_pair_service(sides[0].pair);
    for (int i = 0; i < PIPES; i++)
        close(ends[i][1]); /* of the process that dies */
    die(&sides[0]);
    wait_for(&sides[1], L2TPHA_ROLE_ACTIVE_SOLO);
    for (int i = 0; i < PIPES; i++) {
        int fd = l2tpha_pair_passed(sides[1].pair, (uint32_t)i << 16);
        ck_assert(i == 3 ? fd == -1 : fd >= 0 && is_same(fd, ends[i][0]));
        ck_assert_int_eq(l2tpha_pair_passed(sides[1].pair, (uint32_t)i << 16), -1); /* once */
        if (fd >= 0)
            close(fd);
        close(ends[i][0]);
    }
}
END_TEST

/* More than a socket takes at a time, while the standby reads and while it does not. */
START_TEST(a_great_many_descriptors_are_passed)
{
    enum { MANY = 3000 };
    int ends[2];
    ck_assert_int_eq(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
    begin_both();
    for (uint32_t tag = 0; tag < MANY; tag++)
        assert_ok(l2tpha_pair_pass(sides[0].pair, tag, ends[1]));
    for (int i = 0; i < 50; i++) /* the standby is stopped */
        (void)l2tpha_pair_service(sides[0].pair);
    uint64_t until = l2tpha_pair_now() + PATIENCE_MS * UINT64_C(1000);
    for (uint32_t tag = 0; tag < 300 && l2tpha_pair_now() < until;) {
        for (size_t i = 0; i < NODES; i++)
            (void)l2tpha_pair_service(sides[i].pair);
        int fd = l2tpha_pair_passed(sides[1].pair, tag);
        tag += fd >= 0;
        if (fd >= 0)
            close(fd);
    }
    int last = -1;
    while (last < 0 && l2tpha_pair_now() < until) {
        for (size_t i = 0; i < NODES; i++)
            (void)l2tpha_pair_service(sides[i].pair);
        last = l2tpha_pair_passed(sides[1].pair, MANY - 1);
        for (uint32_t tag = 300; tag < MANY - 1 && last < 0; tag++) { /* there are limits */
            int fd = l2tpha_pair_passed(sides[1].pair, tag);
            if (fd >= 0)
                close(fd);
        }
    }
    ck_assert_int_ge(last, 0);
    ck_assert(is_same(last, ends[0]));
    close(last);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

/* ---- what it cannot do ---- */

START_TEST(options_that_do_not_do_are_refused)
{
    struct l2tpha_pair *pair = (struct l2tpha_pair *)&sides;
    struct l2tpha_pair_options good = options_of(&sides[0], L2TPHA_PAIR_AUTO), options;
    assert_error(l2tpha_pair_new(NULL, &pair), L2TPHA_ERR_INVALID);
    ck_assert_ptr_null(pair);
#define REFUSED(change)                                                                            \
    do {                                                                                           \
        options = good;                                                                            \
        change;                                                                                    \
        assert_error(l2tpha_pair_new(&options, &pair), L2TPHA_ERR_INVALID);                        \
    } while (0)
    REFUSED(options.size--);
    REFUSED(options.host.size--);
    REFUSED(options.host.make = NULL);
    REFUSED(options.host.open = NULL);
    REFUSED(options.host.socket = NULL);
    REFUSED(options.host.inherit = NULL);
    REFUSED(options.host.close = NULL);
    REFUSED(options.host.outputs = NULL);
    REFUSED(options.listen = "file:/x");
    REFUSED(options.connect = "tcp:127.0.0.1");
    REFUSED(options.connect = NULL);
    REFUSED(options.listen = NULL);
    REFUSED(options.listen = "tcp:0.0.0.0:4000"); /* nothing protects it */
    REFUSED(options.connect = "tcp:192.0.2.1:4000");
    REFUSED(options.far = "tcp:192.0.2.1:4000"); /* beside unix */
    REFUSED(options.connect = "tcp:127.0.0.1:1,unix:/run/a");
    REFUSED(options.connect = "tcp:127.0.0.1:1,tcp:192.0.2.1:4000");
#undef REFUSED
    options = good;
    options.listen = "tcp:0.0.0.0:4000";
    options.insecure = true;
    assert_ok(l2tpha_pair_new(&options, &pair));
    ck_assert(!l2tpha_pair_service(pair)); /* it has not begun */
    ck_assert_ptr_nonnull(l2tpha_pair_takeover(pair, false));
    ck_assert_ptr_nonnull(l2tpha_pair_switchover(pair));
    ck_assert_ptr_nonnull(l2tpha_pair_stand_by(pair));
    ck_assert_ptr_nonnull(l2tpha_pair_fence(pair));
    l2tpha_pair_free(pair);
}
END_TEST

START_TEST(what_cannot_be_is_said)
{
    struct l2tpha_pair_options options = options_of(&sides[0], L2TPHA_PAIR_ACTIVE);
    struct l2tpha_pair *pair;
    options.listen = "unix:/none/a";
    options.host.user = &sides[0];
    assert_ok(l2tpha_pair_new(&options, &pair));
    const char *why = l2tpha_pair_start(pair);
    ck_assert_ptr_nonnull(why);
    ck_assert_str_eq(why, "--ha-listen /none/a: No such file or directory");
    ck_assert_ptr_nonnull(l2tpha_pair_start(pair));
    l2tpha_pair_free(pair);
    begin(1, L2TPHA_PAIR_STANDBY);
    ck_assert_str_eq(l2tpha_pair_switchover(sides[1].pair), l2tpha_strerror(L2TPHA_ERR_ROLE));
    ck_assert_ptr_null(l2tpha_pair_fence(sides[1].pair)); /* it serves nobody */
    ck_assert_ptr_null(l2tpha_pair_stand_by(sides[1].pair));
}
END_TEST

Suite *suite_pair(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("pair", &tcase);
    tcase_add_checked_fixture(tcase, make_folder, remove_folder);
    tcase_add_test(tcase, a_standby_takes_over_upon_a_death);
    tcase_add_test(tcase, the_pair_makes_nodes_and_keeps_the_socket);
    tcase_add_test(tcase, a_node_that_leaves_is_taken_over_from);
    tcase_add_test(tcase, who_ends_takes_nothing_over);
    tcase_add_test(tcase, a_switchover_and_back);
    tcase_add_test(tcase, two_that_look_find_one_who_serves);
    tcase_add_test(tcase, a_fenced_node_serves_nobody);
    tcase_add_test(tcase, descriptors_follow_the_role);
    tcase_add_test(tcase, a_great_many_descriptors_are_passed);
    tcase_add_test(tcase, no_allocation_may_fail_it);
    tcase_add_test(tcase, options_that_do_not_do_are_refused);
    tcase_add_test(tcase, what_cannot_be_is_said);
    return suite;
}
