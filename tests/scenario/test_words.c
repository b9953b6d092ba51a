/* SPDX-License-Identifier: MIT */
/* What a peer says of an end: shown, escaped once, in the event and in the log. */
#include "scenario/rig.h"

/* "%n", a control sequence, a NUL, a newline, a backslash and an umlaut. */
#define WORDS "%n\x1b[2J\0\n\\\xc3\xa4"
#define SHOWN "%n\\x1b[2J\\x00\\x0a\\x5c\xc3\xa4"

static struct peer peer;

static void add_result(struct says *message, const char *words, size_t len)
{
    static uint8_t value[4 + 512];

    memcpy(value, "\0\2\0\6", 4);
    memcpy(value + 4, words, len);
    change(message, AVP_OCTETS(WIRE_M, L2TPHA_AVP_RESULT_CODE, value, 4 + len));
}

START_TEST(words_of_a_stopccn_are_escaped_once)
{
    peer_opens(&peer, 1);
    peer_dials(&peer, PEER_CALL);
    forget_events();
    struct says stopccn = valid(&peer, STOPCCN);
    add_result(&stopccn, WORDS, sizeof(WORDS) - 1);
    assert_ok(say(&peer, &stopccn));
    ck_assert_str_eq(expect_event(L2TPHA_EVENT_SESSION_DOWN)->text, SHOWN);
    ck_assert_str_eq(expect_event(L2TPHA_EVENT_TUNNEL_DOWN)->text, SHOWN);
    forget_datagrams();
}
END_TEST

START_TEST(words_of_a_cdn_are_escaped_once)
{
    peer_opens(&peer, 1);
    uint16_t call = peer_dials(&peer, PEER_CALL);
    forget_events();
    struct says cdn = valid_for(&peer, CDN, call);
    add_result(&cdn, WORDS, sizeof(WORDS) - 1);
    assert_ok(say(&peer, &cdn));
    ck_assert_str_eq(expect_event(L2TPHA_EVENT_SESSION_DOWN)->text, SHOWN);
    forget_datagrams();
}
END_TEST

/* However long: cut between characters, whatever the length of what is ahead of the cut. */
START_TEST(long_words_are_cut_between_escapes)
{
    char words[300];

    memset(words, '\n', sizeof(words));
    memset(words, 'a', (size_t)_i);
    peer_opens(&peer, 1);
    struct says stopccn = valid(&peer, STOPCCN);
    add_result(&stopccn, words, sizeof(words));
    assert_ok(say(&peer, &stopccn));
    const char *text = expect_event(L2TPHA_EVENT_TUNNEL_DOWN)->text;
    ck_assert_uint_eq((strlen(text) - (size_t)_i) % 4, 0);
    ck_assert_uint_ge(strlen(text), 100);
    forget_datagrams();
}
END_TEST

/* The host's reason goes to the peer as it is, and is shown like any other text. */
START_TEST(words_of_the_host_are_escaped_too)
{
    peer_opens(&peer, 1);
    assert_ok(l2tpha_tunnel_close(tunnel_of_peer(&peer), 1, 0, "bye\n", rig.now));
    rig_drain();
    ck_assert_str_eq(expect_event(L2TPHA_EVENT_TUNNEL_DOWN)->text, "bye\\x0a");
    expect_stopccn(&peer, 1, 0);
}
END_TEST

Suite *suite_words(void)
{
    TCase *tcase;
    Suite *suite = rig_suite("words", &tcase);

    tcase_add_test(tcase, words_of_a_stopccn_are_escaped_once);
    tcase_add_test(tcase, words_of_a_cdn_are_escaped_once);
    tcase_add_loop_test(tcase, long_words_are_cut_between_escapes, 0, 4);
    tcase_add_test(tcase, words_of_the_host_are_escaped_too);
    return suite;
}
