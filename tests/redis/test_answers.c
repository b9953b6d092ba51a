/* SPDX-License-Identifier: MIT */
/* Answers that are cut at every octet, are others than what was asked for, or are none; servers
 * that are not fit for it; and entries that have changed. Nothing is confirmed that is not there,
 * nothing waits for ever. */
#include "redis/redis_private.h"
#include "redis/world.h"

#include "fixture.h"

#include <string.h>

#define SECOND UINT64_C(1000000)

/* What was confirmed is read by the next one, from a server that is well. */
static void assert_kept(void)
{
    uint64_t confirmed = stores.whole ? stores.confirmed : 0;

    world.server.spoil_at = 0;
    world.server.close_at = 0;
    stores_close(0);
    assert_ok(stores_read(1, false));
    ck_assert_uint_ge(stores.items, confirmed);
    ck_assert(!stores.found.stale);
    stores_close(1);
}

/* A life of a store: written, and read. */
static void live(void)
{
    stores.whole = false;
    stores_write(0, 7);
    world.server.now += 4 * SECOND; /* what is late is late now */
    if (!stores.status)
        stores_settle(0);
}

START_TEST(octet_by_octet)
{
    world.chunk = 1;
    live();
    assert_ok(stores.status);
    ck_assert_uint_eq(stores.confirmed, STORES_ITEMS);
    assert_kept();
}
END_TEST

START_TEST(the_connection_ends_at_every_octet)
{
    live();
    assert_ok(stores.status);
    uint64_t most = world.server.octets;
    assert_kept();
    for (uint64_t at = 1; at < most; at += 1) {
        fake_server_restart(&world.server, true);
        world.server.octets = 0;
        world.server.close_at = at;
        live();
        ck_assert_int_lt(stores.status, 0);
        assert_kept();
    }
}
END_TEST

struct spoil {
    const char *text;
    size_t len;
};
#define SPOIL(text)                                                                                \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }

static const struct spoil spoils[] = {
    SPOIL(":0\r\n"),
    SPOIL(":9223372036854775807\r\n"),
    SPOIL("$-1\r\n"),
    SPOIL("$0\r\n\r\n"),
    SPOIL("$2\r\nOK\r\n"),
    SPOIL("$4\r\nO\0K!\r\n"),
    SPOIL("$6\r\nFENCED\r\n"),
    SPOIL("$4\r\nGONE\r\n"),
    SPOIL("$3\r\nGAP\r\n"),
    SPOIL("+OK\r\n"),
    SPOIL("*0\r\n"),
    SPOIL("*-1\r\n"),
    SPOIL("*1\r\n$-1\r\n"),
    SPOIL("*1\r\n*0\r\n"),
    SPOIL("*1\r\n$6\r\nFENCED\r\n"),
    SPOIL("*1\r\n$6\r\nFORMAT\r\n"),
    SPOIL("*1\r\n$2\r\nOK\r\n"),
    SPOIL("*2\r\n$2\r\nOK\r\n$20\r\n01234567890123456789\r\n"),
    SPOIL("*5\r\n*1\r\n:1\r\n:2\r\n:3\r\n+\r\n-x\r\n"),
    SPOIL("*2\r\n:1\r\n$1\r\nx\r\n"),
    SPOIL("*1\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\nc\r\n$3\r\nabc\r\n"),
    SPOIL("*1\r\n*2\r\n$60\r\n012345678901234567890123456789012345678901234567890123456789\r\n*"
          "0\r\n"),
    SPOIL("-ERR something\r\n"),
    SPOIL("-OOM command not allowed\r\n"),
    SPOIL("-READONLY You can't write\r\n"),
    SPOIL("-LOADING Redis is loading the dataset in memory\r\n"),
    SPOIL("-MISCONF Redis is configured to save RDB snapshots\r\n"),
    SPOIL("-NOAUTH Authentication required.\r\n"),
    SPOIL("-\1\2\3 \x1b[2J\r\n"),
    SPOIL("$99999999999999\r\n"),
    SPOIL("$9223372036854775808\r\n"),
    SPOIL("*2147483647\r\n"),
    SPOIL("*4097\r\n"),
    SPOIL("*-5\r\n"),
    SPOIL("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n"),
    SPOIL("*64\r\n*4096\r\n*4096\r\n"),
    SPOIL(":1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n"),
    SPOIL("HTTP/1.1 400 Bad Request\r\n\r\n"),
    SPOIL("$5\r\nhe"),
    SPOIL("%1\r\n+a\r\n+b\r\n"),
    SPOIL(""),
};

#define SPOILS ((int)(sizeof(spoils) / sizeof(spoils[0])))

/* Each answer of a writer's life is another one. */
START_TEST(another_answer)
{
    live();
    uint32_t most = world.server.answers;
    assert_kept();
    for (uint32_t at = 1; at <= most; at++) {
        fake_server_restart(&world.server, true);
        world.server.answers = 0;
        world.server.spoil_at = at;
        world.server.spoil = spoils[_i].text;
        world.server.spoil_len = spoils[_i].len;
        live();
        const char *note = stores.list[0]->note(stores.list[0]->user);
        ck_assert_uint_eq(strcspn(note, "\1\2\3\x1b\r\n"), strlen(note));
        assert_kept();
    }
}
END_TEST

/* ... and of a reader's: it ends, and what it gives back are the first ones. */
START_TEST(another_answer_to_a_reader)
{
    live();
    stores_close(0);
    world.server.answers = 0;
    assert_ok(stores_read(1, false));
    uint32_t most = world.server.answers;
    stores_close(1);
    for (uint32_t at = 1; at <= most; at++) {
        world.server.answers = 0;
        world.server.spoil_at = at;
        world.server.spoil = spoils[_i].text;
        world.server.spoil_len = spoils[_i].len;
        int error = stores_read(1, false);
        if (!error && stores.found.any)
            ck_assert_uint_eq(stores.items, STORES_ITEMS);
        stores_close(1);
    }
}
END_TEST

/* An answer that never ends costs so much and no more. */
START_TEST(an_endless_answer)
{
    static char text[1u << 20];

    memset(text, 'x', sizeof(text));
    memcpy(text, "$1073741824\r\n", 13);
    world.server.spoil_at = 2;
    world.server.spoil = text;
    world.server.spoil_len = sizeof(text);
    assert_error(stores_open(0), L2TPHA_ERR_TIMEOUT);
    struct replies replies = {0};
    assert_ok(replies_begin(&replies));
    int error = L2TPHA_OK;
    unsigned fed = 0;
    while (!error && fed++ < 1000) {
        struct reply *reply = NULL;
        error = replies_feed(&replies, (const uint8_t *)text, sizeof(text));
        if (!error)
            error = replies_next(&replies, &reply);
        ck_assert_ptr_null(reply);
    }
    assert_error(error, L2TPHA_ERR_LIMIT);
    ck_assert_uint_lt(fed, 70);
    assert_ok(replies_begin(&replies));
    assert_ok(replies_feed(&replies, (const uint8_t *)"*4096\r\n", 7));
    struct reply *reply = NULL;
    for (unsigned i = 0; i < REPLY_ELEMENTS; i++)
        assert_ok(replies_feed(&replies, (const uint8_t *)"*0\r\n", 4));
    assert_error(replies_next(&replies, &reply), L2TPHA_ERR_RECORD);
    ck_assert_ptr_null(reply);
    replies_end(&replies);
}
END_TEST

/* --- servers that are not fit for it --- */

static void assert_refused(const char *word)
{
    int error = stores_open(0);

    ck_assert_int_lt(error, 0);
    ck_assert_msg(strstr(stores.why, word) != NULL, "'%s' is not in: %s", word, stores.why);
    stores_close(0);
    fake_server_init(&world.server);
}

START_TEST(servers_that_are_refused)
{
    static const char *const policies[] = {
        "allkeys-lru",  "allkeys-lfu",     "allkeys-random", "volatile-lru",
        "volatile-lfu", "volatile-random", "volatile-ttl",   ""};

    for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
        world.server.policy = policies[i];
        assert_refused(policies[i]);
    }
    world.server.role = "slave";
    assert_refused("'slave'");
    world.server.version = "6.0.16";
    assert_refused("6.0.16");
    world.server.version = "";
    assert_refused("older than 6.2");
    world.server.loading = true;
    assert_refused("loading");
    world.server.run[0] = '\0';
    assert_refused("run_id");
    world.server.dead = true;
    assert_refused("cannot be reached");
    world.options.exact = true;
    assert_refused("appendfsync always");
    world.server.appends = false;
    world.server.fsync = "always";
    assert_refused("appendonly yes");
    world.options.exact = false;
    world.options.password = "sesame";
    world.server.password = "open sesame";
    assert_refused("WRONGPASS");
    world.options.user = "u";
    world.server.password = "sesame";
    assert_ok(stores_open(0));
}
END_TEST

/* --- what has changed --- */

/* Any octet of any entry is another one: that is damage, and what is before it can be had as stale.
 */
START_TEST(an_octet_has_changed)
{
    stores_write_all();
    stores_close(0);
    struct fake_log *log = fake_server_copy(&world.server);
    for (uint32_t e = 0; e < log->count; e++)
        for (size_t at = 0; at < log->entries[e].len; at++) {
            log->entries[e].value[at] ^= (uint8_t)(1 + at % 255);
            assert_error(stores_read(1, false), L2TPHA_ERR_RECORD);
            ck_assert_uint_eq(stores.items, 0);
            ck_assert_ptr_nonnull(stores.found.fault);
            stores_close(1);
            assert_ok(stores_read(1, true));
            bool whole = e > STORES_WHOLE / 2;
            ck_assert_int_eq(stores.found.any, whole);
            ck_assert(stores.found.stale);
            ck_assert_uint_eq(stores.items, whole ? 2 * e : 0);
            stores_close(1);
            log->entries[e].value[at] ^= (uint8_t)(1 + at % 255);
        }
}
END_TEST

/* An entry is missing: at the beginning, in the middle; or all that follow, which only shows within
 * the copy. */
START_TEST(an_entry_is_missing)
{
    stores_write_all();
    stores_close(0);
    struct fake_log *log = fake_server_copy(&world.server);
    free(log->entries[_i].value);
    memmove(&log->entries[_i], &log->entries[_i + 1],
            (log->count - (uint32_t)_i - 1) * sizeof(log->entries[0]));
    log->count--;
    assert_error(stores_read(1, false), L2TPHA_ERR_RECORD);
    ck_assert_str_eq(stores.found.fault, "an entry is missing");
    stores_close(1);
    fake_server_lose(&world.server, log->count - 1);
    assert_error(stores_read(1, false), L2TPHA_ERR_RECORD);
    ck_assert_ptr_nonnull(stores.found.fault);
    stores_close(1);
    fake_server_lose(&world.server, 1);
    assert_error(stores_read(1, false), L2TPHA_ERR_RECORD);
    ck_assert_str_eq(stores.found.fault, "the end of the copy is missing");
    stores_close(1);
    assert_ok(stores_read(1, true));
    ck_assert(!stores.found.any);
}
END_TEST

Suite *suite_answers(void);
Suite *suite_answers(void)
{
    Suite *suite = suite_create("answers");
    TCase *tcase = tcase_create("answers");

    tcase_add_checked_fixture(tcase, stores_begin, world_end);
    tcase_add_test(tcase, octet_by_octet);
    tcase_add_test(tcase, the_connection_ends_at_every_octet);
    tcase_add_loop_test(tcase, another_answer, 0, SPOILS);
    tcase_add_loop_test(tcase, another_answer_to_a_reader, 0, SPOILS);
    tcase_add_test(tcase, an_endless_answer);
    tcase_add_test(tcase, servers_that_are_refused);
    tcase_add_test(tcase, an_octet_has_changed);
    tcase_add_loop_test(tcase, an_entry_is_missing, 0, STORES_ITEMS / 2 - 1);
    suite_add_tcase(suite, tcase);
    return suite;
}
