/* SPDX-License-Identifier: MIT */
#include "common/writer.h"
#include "fixture.h"

#include <jansson.h>
#include <string.h>

static struct writer writer;

static const char *written(void)
{
    writer_raw(&writer, "");
    talloc_set_name_const(writer.data, "text");
    return talloc_strndup(writer.data, writer.data, writer.len);
}

START_TEST(commas_come_by_themselves)
{
    writer_start(&writer, root);
    writer_open(&writer, '{');
    writer_put_number(&writer, "a", 0);
    writer_key(&writer, "b");
    writer_open(&writer, '[');
    writer_open(&writer, '{');
    writer_close(&writer, '}');
    writer_number(&writer, UINT64_MAX);
    writer_null(&writer);
    writer_close(&writer, ']');
    writer_put_bool(&writer, "c", true);
    writer_put_text(&writer, "d", NULL);
    writer_put_text(&writer, "e", "x");
    writer_close(&writer, '}');
    ck_assert_str_eq(written(), "{\"a\":0,\"b\":[{},18446744073709551615,null],\"c\":true,"
                                "\"d\":null,\"e\":\"x\"}");
    writer_clear(&writer);
    writer_open(&writer, '[');
    writer_close(&writer, ']');
    ck_assert_str_eq(written(), "[]");
    writer_free(&writer);
}
END_TEST

START_TEST(pieces_make_one_text)
{
    char whole[64] = "";
    writer_start(&writer, root);
    writer_open(&writer, '[');
    for (uint64_t i = 0; i < 4; i++) {
        writer_number(&writer, i);
        strcat(whole, written());
        writer_drain(&writer);
    }
    writer_close(&writer, ']');
    strcat(whole, written());
    ck_assert_str_eq(whole, "[0,1,2,3]");
    writer_free(&writer);
}
END_TEST

static const struct {
    const char *text;
    const char *json;
} texts[] = {
    {"", "\"\""},
    {"a \"b\" \\c", "\"a \\\"b\\\" \\\\c\""},
    {"\x1b[31m\n\t\x7f", "\"\\u001b[31m\\u000a\\u0009\\u007f\""},
    {"\xd0\xb1\xd1\x8e \xe6\x97\xa5 \xf0\x9f\x98\x80",
     "\"\xd0\xb1\xd1\x8e \xe6\x97\xa5 \xf0\x9f\x98\x80\""},
    {"\xe2\x80\xa8\xe2\x80\xa9", "\"\\u2028\\u2029\""},
    /* no UTF-8: a lone continuation, a lead that nothing follows, too long a form, a surrogate,
       beyond the last character, a byte that never is */
    {"\x80", "\"\\ufffd\""},
    {"a\xc3", "\"a\\ufffd\""},
    {"\xc0\xaf", "\"\\ufffd\\ufffd\""},
    {"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""},
    {"\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""},
    {"\xff!", "\"\\ufffd!\""},
    {"\xef\xbf\xbd", "\"\xef\xbf\xbd\""},
};
#define TEXTS (int)(sizeof(texts) / sizeof(texts[0]))

START_TEST(text_is_escaped)
{
    writer_start(&writer, root);
    writer_text(&writer, texts[_i].text);
    ck_assert_str_eq(written(), texts[_i].json);
    json_t *value = json_loads(written(), JSON_DECODE_ANY, NULL);
    ck_assert_ptr_nonnull(value);
    json_decref(value);
    writer_free(&writer);
}
END_TEST

/* Whatever the bytes are, a reader takes the whole. */
START_TEST(any_byte_can_be_read)
{
    char text[3] = "";
    for (int first = 1; first < 256; first++)
        for (int second = 0; second < 256; second++) {
            text[0] = (char)first;
            text[1] = (char)second;
            writer_start(&writer, root);
            writer_text(&writer, text);
            json_t *value = json_loadb(writer.data, writer.len, JSON_DECODE_ANY, NULL);
            if (value == NULL)
                ck_abort_msg("%02x %02x cannot be read", (unsigned)first, (unsigned)second);
            json_decref(value);
            writer_free(&writer);
        }
}
END_TEST

Suite *suite_writer(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("writer", &tcase);
    tcase_add_test(tcase, commas_come_by_themselves);
    tcase_add_test(tcase, pieces_make_one_text);
    tcase_add_loop_test(tcase, text_is_escaped, 0, TEXTS);
    tcase_add_test(tcase, any_byte_can_be_read);
    return suite;
}
