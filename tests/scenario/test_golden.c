/* SPDX-License-Identifier: MIT */
/* Checkpoints as they are kept beside the tests: each machine writes these very bytes, whatever its
 * byte order and the width of its words, and takes over from them. */
#include "golden_folders.h"
#include "scenario/rig_trio.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEPT GOLDEN "/checkpoints.txt" /* a line for each one, in hex */
#define LINES_MAX 64
#define BYTES_MAX 4096 /* of one checkpoint */

static char *lines[LINES_MAX]; /* what the play has written */
static uint32_t count;

static void tape(const uint8_t *data, size_t len)
{
    char *line = talloc_array(root, char, 2 * len + 1);
    ck_assert_uint_lt(count, LINES_MAX);
    for (size_t i = 0; i < len; i++)
        snprintf(line + 2 * i, 3, "%02x", data[i]);
    line[2 * len] = '\0';
    lines[count++] = line;
}

static void free_lines(void)
{
    while (count > 0)
        talloc_free(lines[--count]);
}

static void open_call(struct l2tpha_tunnel *tunnel, enum l2tpha_call kind)
{
    struct l2tpha_session_options call = trio_call(kind);
    struct l2tpha_session *session;
    assert_ok(l2tpha_session_open(tunnel, &call, trio.now, &session));
}

static void admit(void *user, struct l2tpha_tunnel *tunnel, const struct l2tpha_message *request,
                  struct l2tpha_verdict *verdict)
{
    (void)user, (void)tunnel, (void)request;
    *verdict = (struct l2tpha_verdict){0};
}

/* A life with some of all that is in checkpoints: tunnels of both ends, calls of both kinds, in all
 * states, messages that nobody has acknowledged, a tunnel that is over; and a second copy. */
static void play(void)
{
    struct l2tpha_tunnel *ours, *theirs, *brief;
    trio.config.name = "golden \xc3\xa9\xff"; /* octets, not letters */
    trio.host.admit_session = admit;
    trio.tape = tape;
    trio_begin(true);
    ours = trio_tunnel(trio.near);
    theirs = trio_tunnel(trio.far);
    brief = trio_tunnel(trio.near);
    open_call(ours, L2TPHA_CALL_INCOMING);
    open_call(theirs, L2TPHA_CALL_INCOMING);
    trio_settle();
    open_call(ours, L2TPHA_CALL_OUTGOING);
    trio_settle();
    assert_ok(l2tpha_tunnel_close(brief, 1, 0, NULL, trio.now));
    trio_pass_ms(61000); /* HELLOs */
    trio_connect();
    trio_settle();
    trio.deaf = true; /* from here on nothing is acknowledged */
    open_call(ours, L2TPHA_CALL_INCOMING);
    (void)trio_open(trio.near);
    trio_pass_ms(2000);
}

static FILE *open_file(const char *path, const char *mode)
{
    FILE *file = fopen(path, mode);
    ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
    return file;
}

static FILE *open_kept(const char *mode)
{
    const char *path = getenv("L2TPHA_GOLDEN");
    return open_file(path != NULL ? path : KEPT, mode);
}

/* With L2TPHA_GOLDEN=FILE they are written there. */
static void write_kept(void)
{
    FILE *file = open_kept("w");
    for (uint32_t i = 0; i < count; i++)
        fprintf(file, "%s\n", lines[i]);
    fclose(file);
}

static bool next_line(FILE *file, char *line)
{
    if (fgets(line, 2 * BYTES_MAX + 2, file) == NULL)
        return false;
    line[strcspn(line, "\n")] = '\0';
    return true;
}

START_TEST(each_machine_writes_the_same_bytes)
{
    char line[2 * BYTES_MAX + 2];
    uint32_t at = 0;
    play();
    if (getenv("L2TPHA_GOLDEN") != NULL)
        write_kept();
    FILE *file = open_kept("r");
    for (; next_line(file, line); at++) {
        ck_assert_uint_lt(at, count);
        ck_assert_str_eq(lines[at], line);
    }
    fclose(file);
    ck_assert_uint_eq(at, count);
    free_lines();
}
END_TEST

static size_t bytes_of(const char *line, uint8_t *bytes)
{
    size_t len = strlen(line) / 2;
    for (size_t i = 0; i < len; i++) {
        unsigned octet;
        ck_assert_int_eq(sscanf(line + 2 * i, "%2x", &octet), 1);
        bytes[i] = (uint8_t)octet;
    }
    return len;
}

/* In the place of the standby that has followed comes one that has the kept bytes. */
static void restore(FILE *file)
{
    char line[2 * BYTES_MAX + 2];
    uint8_t bytes[BYTES_MAX];
    struct l2tpha_config config = trio.config;
    config.standby = true;
    l2tpha_node_free(trio.standby);
    assert_ok(l2tpha_node_new(root, &config, &trio.host, trio.now, &trio.standby));
    while (next_line(file, line))
        assert_ok(
            l2tpha_checkpoint_apply(trio.standby, bytes, bytes_of(line, bytes), trio.now, NULL));
    fclose(file);
}

static uint32_t calls_up(const struct l2tpha_node *node)
{
    struct l2tpha_session_record record;
    uint32_t found = 0;
    for (struct l2tpha_tunnel *tunnel = NULL; (tunnel = l2tpha_tunnel_next(node, tunnel)) != NULL;)
        for (struct l2tpha_session *session = NULL;
             (session = l2tpha_session_next(tunnel, session)) != NULL;) {
            l2tpha_session_get(session, &record);
            found += record.state == L2TPHA_SESSION_ESTABLISHED;
        }
    return found;
}

START_TEST(each_machine_takes_over_from_them)
{
    play();
    uint32_t calls = calls_up(trio.near);
    ck_assert_uint_eq(calls, 2); /* the outgoing one is half set up */
    restore(open_kept("r"));
    trio.tape = NULL;
    trio.deaf = false;
    trio_take_over();
    trio_pass_ms(20000); /* the peer says once more what was lost */
    ck_assert_uint_eq(calls_up(trio.near), calls_up(trio.far));
    ck_assert_uint_eq(calls_up(trio.near), calls + 1);
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_TUNNEL_DOWN), 0);
    ck_assert_uint_eq(trio_told(&trio.far_events, L2TPHA_EVENT_TUNNEL_DOWN), 1); /* the brief one */
    free_lines();
}
END_TEST

/* For ever, whatever the present ones are. */
START_TEST(what_a_release_has_written_is_read)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};
    char path[512];
    snprintf(path, sizeof(path), GOLDEN "/%s/checkpoints.txt", golden_folders[_i]);
    play();
    restore(open_file(path, "r"));
    l2tpha_redundancy_get(trio.standby, &info);
    ck_assert_uint_eq(info.role, L2TPHA_ROLE_STANDBY_HOT);
    ck_assert(info.whole);
    ck_assert_uint_eq(calls_up(trio.standby), 2);
    assert_ok(l2tpha_takeover_as(trio.standby, info.epoch + 256, L2TPHA_TRUST_EXACT, trio.now));
    ck_assert_uint_eq(calls_up(trio.standby), 2);
    free_lines();
}
END_TEST

Suite *suite_golden(void)
{
    TCase *tcase;
    Suite *suite = trio_suite("golden", &tcase);
    tcase_add_test(tcase, each_machine_writes_the_same_bytes);
    tcase_add_test(tcase, each_machine_takes_over_from_them);
    tcase_add_loop_test(tcase, what_a_release_has_written_is_read, 1, GOLDEN_FOLDERS);
    return suite;
}
