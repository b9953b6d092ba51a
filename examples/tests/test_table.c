/* SPDX-License-Identifier: MIT */
#include "common/table.h"
#include "fixture.h"

#include <string.h>

static const struct {
    const char *json;
    const char *text;
} cases[] = {
    {"[]", "none\n"},
    {"[{}]", "none\n"},
    {"\"done\"", "done\n"},
    {"[{\"id\":1,\"name\":\"a\"},{\"id\":12345,\"name\":\"bcd\"}]",
     "id     name\n1      a\n12345  bcd\n"},
    {"[{\"id\":1,\"b\":true},{\"id\":2}]", "id  b\n1   yes\n2   -\n"},
    {"[{\"n\":\"\xc3\xa4\xc3\xb6\",\"x\":1},{\"n\":\"abc\",\"x\":2}]",
     "n    x\n\xc3\xa4\xc3\xb6   1\nabc  2\n"},
    /* letters of two columns, and marks of none */
    {"[{\"n\":\"\xe6\x97\xa5\xe6\x9c\xac\",\"x\":1},{\"n\":\"e\xcc\x81\",\"x\":2}]",
     "n     x\n\xe6\x97\xa5\xe6\x9c\xac  1\ne\xcc\x81     2\n"},
    {"{\"role\":\"active\",\"epoch\":7,\"last\":null,\"ok\":false,\"gap\":1.25}",
     "role   active\nepoch  7\nlast   -\nok     no\ngap    1.2\n"},
    {"{\"role\":\"active\",\"all\":[{\"id\":1}]}", "role  active\n\nall\nid\n1\n"},
};
#define CASES (int)(sizeof(cases) / sizeof(cases[0]))

START_TEST(json_becomes_text)
{
    char text[1024] = "";
    json_t *value = json_loads(cases[_i].json, JSON_DECODE_ANY, NULL);
    ck_assert_ptr_nonnull(value);
    FILE *out = fmemopen(text, sizeof(text), "w");
    table_print(value, out);
    fclose(out);
    json_decref(value);
    ck_assert_str_eq(text, cases[_i].text);
}
END_TEST

Suite *suite_table(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("table", &tcase);
    tcase_add_loop_test(tcase, json_becomes_text, 0, CASES);
    return suite;
}
