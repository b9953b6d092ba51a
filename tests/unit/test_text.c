/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include <l2tpha/observe.h>
#include <string.h>

/* U+2028 and the like, written as octets: the source stays readable. */
static const struct {
    const char *data;
    size_t len;
    const char *text;
} cases[] = {
    {"lac-1.example", 13, "lac-1.example"},
    {"", 0, ""},
    {" ~", 2, " ~"},
    {"%s\"", 3, "%s\""},
    {"\\x41", 4, "\\x5cx41"}, /* cannot be mistaken for an escaped octet */
    /* controls: C0, DEL, C1 */
    {"\x1f\x7f", 2, "\\x1f\\x7f"},
    {"a\0b\n", 4, "a\\x00b\\x0a"},
    {"\x1b[2J\x07", 5, "\\x1b[2J\\x07"},
    {"\xc2\x9b", 2, "\\xc2\\x9b"},
    /* printable, of every length */
    {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 9, "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
    {"\xef\xbf\xbd", 3, "\xef\xbf\xbd"},
    /* no UTF-8: alone, cut short, the longer form, surrogates, past the end of Unicode */
    {"\xff\x80", 2, "\\xff\\x80"},
    {"\xc3", 1, "\\xc3"},
    {"\xc3(", 2, "\\xc3("},
    {"\xe2\x82", 2, "\\xe2\\x82"},
    {"\xc0\xaf", 2, "\\xc0\\xaf"},
    {"\xe0\x80\xaf", 3, "\\xe0\\x80\\xaf"},
    {"\xf0\x80\x80\xaf", 4, "\\xf0\\x80\\x80\\xaf"},
    {"\xed\xa0\x80", 3, "\\xed\\xa0\\x80"},
    {"\xf4\x90\x80\x80", 4, "\\xf4\\x90\\x80\\x80"},
    {"\xf8\x88\x80\x80\x80", 5, "\\xf8\\x88\\x80\\x80\\x80"},
    /* not seen, or misleading: no-break space, soft hyphen, zero width, line separator,
     * right-to-left override, byte order mark, no character, private, tag */
    {"\xc2\xa0", 2, "\\xc2\\xa0"},
    {"\xc2\xad", 2, "\\xc2\\xad"},
    {"\xe2\x80\x8b", 3, "\\xe2\\x80\\x8b"},
    {"\xe2\x80\xa8", 3, "\\xe2\\x80\\xa8"},
    {"\xe2\x80\xae", 3, "\\xe2\\x80\\xae"},
    {"\xef\xbb\xbf", 3, "\\xef\\xbb\\xbf"},
    {"\xef\xbf\xbf", 3, "\\xef\\xbf\\xbf"},
    {"\xee\x80\x80", 3, "\\xee\\x80\\x80"},
    {"\xf3\xa0\x81\x81", 4, "\\xf3\\xa0\\x81\\x81"},
};
#define CASES ((int)(sizeof(cases) / sizeof(cases[0])))

static size_t escape(const char *data, size_t len, char *dst, size_t size)
{
    return l2tpha_text_escape((const uint8_t *)data, len, dst, size);
}

START_TEST(octets_are_escaped)
{
    char text[64];

    ck_assert_uint_eq(escape(cases[_i].data, cases[_i].len, text, sizeof(text)),
                      strlen(cases[_i].text));
    ck_assert_str_eq(text, cases[_i].text);
}
END_TEST

START_TEST(nothing_is_split_where_room_ends)
{
    /* "a", a euro sign, an octet to be escaped, "b" */
    static const char data[] = "a\xe2\x82\xac\x01"
                               "b";
    static const char *const texts[] = {"", "", "a", "a", "a", "a\xe2\x82\xac"};
    char text[16];
    size_t size = (size_t)_i;
    const char *expected = size < 6    ? texts[size]
                           : size < 9  ? "a\xe2\x82\xac"
                           : size < 10 ? "a\xe2\x82\xac\\x01"
                                       : "a\xe2\x82\xac\\x01"
                                         "b";

    memset(text, '#', sizeof(text));
    ck_assert_uint_eq(escape(data, sizeof(data) - 1, size ? text : NULL, size), 9);
    if (size > 0)
        ck_assert_str_eq(text, expected);
    ck_assert_int_eq(text[size], '#');
}
END_TEST

/* What was left out is not followed by something shorter that would fit. */
START_TEST(what_does_not_fit_ends_the_text)
{
    char text[4];

    ck_assert_uint_eq(escape("a\nb", 3, text, sizeof(text)), 6);
    ck_assert_str_eq(text, "a");
}
END_TEST

/* Whatever two octets come, what leaves is UTF-8 without a control. */
START_TEST(no_pair_of_octets_gets_through)
{
    char text[16];

    for (unsigned pair = 0; pair <= 0xffff; pair++) {
        const uint8_t data[2] = {(uint8_t)(pair >> 8), (uint8_t)pair};
        size_t len = l2tpha_text_escape(data, 2, text, sizeof(text));
        ck_assert_uint_eq(strlen(text), len);
        for (size_t i = 0; i < len; i++)
            ck_assert((text[i] >= ' ' && text[i] <= '~') ||
                      (len == 2 && data[0] >= 0xc2 && data[0] <= 0xdf));
    }
}
END_TEST

Suite *suite_text(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("text", &tcase);
    tcase_add_loop_test(tcase, octets_are_escaped, 0, CASES);
    tcase_add_loop_test(tcase, nothing_is_split_where_room_ends, 0, 12);
    tcase_add_test(tcase, what_does_not_fit_ends_the_text);
    tcase_add_test(tcase, no_pair_of_octets_gets_through);
    return suite;
}
