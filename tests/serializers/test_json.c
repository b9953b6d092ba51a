/* SPDX-License-Identifier: MIT */
/* JSON: what is written, byte for byte and as jansson reads it; and what people and strangers may
 * give us to read. */
#include "fixture.h"
#include "formats.h"
#include "records.h"
#include "unknowns.h"

#include <jansson.h>
#include <l2tpha/json.h>
#include <stdlib.h>
#include <string.h>

#define SPACE (1 << 20)

static uint8_t space[SPACE];

/* A checkpoint of one record, with its NUL. */
static const char *line_by(const struct l2tpha_serializer *json, const struct l2tpha_record *record)
{
    const struct l2tpha_checkpoint_header header = {.version = 1, .epoch = 5, .number = 300};
    struct l2tpha_writing writing = records_writing(space, SPACE - 1);

    assert_ok(json->put_record(record, &writing));
    writing.records = 1;
    assert_ok(json->put_header(&header, &writing));
    writing.end[0] = '\0';
    return (const char *)writing.start;
}

static const char *line_of(const struct l2tpha_record *record)
{
    return line_by(l2tpha_serializer_json(), record);
}

START_TEST(a_checkpoint_byte_for_byte)
{
    struct l2tpha_record record = {.kind = L2TPHA_RECORD_SESSION};

    record.of.session = (struct l2tpha_session_record){
        .tunnel_id = 1001,
        .local_id = 65535,
        .state = L2TPHA_SESSION_ESTABLISHED,
        .side = L2TPHA_LNS,
        .call = L2TPHA_CALL_INCOMING,
        .tx_speed = 100000000,
        .app_state = {(const uint8_t *)"ppp", 3},
        .unknown = {(const uint8_t *)"\xc0\x3e\x64\xca\x3e\x02\x00\xff", 8},
    };
    ck_assert_str_eq(line_of(&record),
                     "{\"version\":1,\"epoch\":5,\"number\":300,\"records\":[{\"session\":{"
                     "\"tunnel_id\":1001,\"local_id\":65535,\"state\":5,\"side\":2,\"call\":1,"
                     "\"tx_speed\":100000000,\"app_state\":\"707070\",\"#1000\":100,"
                     "\"#1001\":\"#00ff\"}}]}\n");
}
END_TEST

/* Letters are letters where they are clean UTF-8, else the mark and digits. */
static const struct {
    const char *name;
    size_t len;
    const char *written;
} names[] = {
    {"lac", 3, "lac"},
    {"#lac", 4, "#236c6163"},
    {"a#b", 3, "a#b"},
    {"a\"b\\c/", 6, "a\\\"b\\\\c/"},
    {"gr\xc3\xbc\xc3\x9f", 6, "gr\xc3\xbc\xc3\x9f"},
    {"\xe2\x82\xac", 3, "\xe2\x82\xac"},
    {"\xf0\x9f\x98\x80", 4, "\xf0\x9f\x98\x80"},
    {"\xf4\x8f\xbf\xbf", 4, "\xf4\x8f\xbf\xbf"},
    {"\xed\x9f\xbf", 3, "\xed\x9f\xbf"},
    {"\xff", 1, "#ff"},
    {"a\n", 2, "#610a"},
    {"\x1f", 1, "#1f"},
    {"\x7f", 1, "#7f"},
    {"a\0b", 3, "#610062"},
    {"\xc3", 1, "#c3"}, /* cut */
    {"\xe2\x82", 2, "#e282"},
    {"\x80", 1, "#80"},
    {"\xc0\xaf", 2, "#c0af"}, /* longer than need be */
    {"\xe0\x80\xaf", 3, "#e080af"},
    {"\xf0\x80\x80\xaf", 4, "#f08080af"},
    {"\xed\xa0\x80", 3, "#eda080"},       /* a surrogate */
    {"\xf4\x90\x80\x80", 4, "#f4908080"}, /* beyond the last one */
    {"\xf5\x80\x80\x80", 4, "#f5808080"},
    {"\xff\x80\x80\x80", 4, "#ff808080"},
    {"\xc3\x41", 2, "#c341"},
};

/* Of a line's only record. */
static int read_record(const struct l2tpha_serializer *json, const char *line)
{
    static uint8_t room[SPACE + 64];
    struct l2tpha_reading reading = {.room = room};
    struct l2tpha_checkpoint_header header;
    struct l2tpha_record record;

    assert_ok(json->get_header((const uint8_t *)line, strlen(line), &header, &reading));
    return json->get_record(&reading, &record);
}

/* What is secret, or may be, is not shown, and what lacks it cannot be loaded. */
START_TEST(secrets_are_hidden)
{
    const struct l2tpha_serializer *json = l2tpha_serializer_json_hidden();
    struct l2tpha_record record = records_minimal(L2TPHA_RECORD_TUNNEL);

    record.of.tunnel.local_id = 7;
    const char *line = line_by(json, &record);
    ck_assert_ptr_null(strstr(line, "hidden"));
    assert_ok(read_record(json, line));
    record.of.tunnel.secret = (struct l2tpha_bytes){(const uint8_t *)"ppp", 3};
    line = line_by(json, &record);
    ck_assert_str_eq(line, "{\"version\":1,\"epoch\":5,\"number\":300,\"records\":[{\"tunnel\":{"
                           "\"local_id\":7,\"secret\":\"(hidden)\"}}]}\n");
    assert_error(read_record(json, line), L2TPHA_ERR_RECORD);
    assert_error(read_record(l2tpha_serializer_json(), line), L2TPHA_ERR_RECORD);
    record.of.tunnel.secret.len = 0;
    record.of.tunnel.unknown = (struct l2tpha_bytes){(const uint8_t *)"\xca\x3e\x03ppp", 6};
    line = line_by(json, &record);
    ck_assert_ptr_nonnull(strstr(line, "\"#raw\":\"(hidden)\"}"));
    ck_assert_ptr_null(strstr(line, "707070"));
    assert_error(read_record(json, line), L2TPHA_ERR_RECORD);
    record = records_minimal(L2TPHA_RECORD_NODE);
    memcpy(record.of.node.tunnel_key, "pppppppp", 8);
    line = line_by(json, &record);
    ck_assert_ptr_nonnull(strstr(line, "\"tunnel_key\":\"(hidden)\""));
    ck_assert_ptr_null(strstr(line, "7070"));
    assert_error(read_record(json, line), L2TPHA_ERR_RECORD);
}
END_TEST

START_TEST(names_are_letters_or_digits)
{
    struct l2tpha_record record = records_minimal(L2TPHA_RECORD_TUNNEL), back;
    uint8_t *room = format_room(l2tpha_serializer_json());
    struct l2tpha_reading reading = {.room = room};
    struct l2tpha_checkpoint_header header;
    char expected[64];

    record.of.tunnel.peer_name =
        (struct l2tpha_bytes){(const uint8_t *)names[_i].name, names[_i].len};
    const char *line = line_of(&record);
    snprintf(expected, sizeof(expected), "\"peer_name\":\"%s\"}}]}\n", names[_i].written);
    ck_assert_ptr_nonnull(strstr(line, expected));
    assert_ok(l2tpha_serializer_json()->get_header((const uint8_t *)line, strlen(line), &header,
                                                   &reading));
    assert_ok(l2tpha_serializer_json()->get_record(&reading, &back));
    records_assert_same(&record, &back);
    talloc_free(room);
}
END_TEST

/* Numbers that a double has not are strings. */
START_TEST(long_numbers_are_strings)
{
    struct l2tpha_checkpoint_header header = {
        .version = 1, .epoch = (UINT64_C(1) << 53) - 1, .number = UINT64_C(1) << 53};
    struct l2tpha_writing writing = records_writing(space, SPACE - 1);

    assert_ok(l2tpha_serializer_json()->put_header(&header, &writing));
    writing.end[0] = '\0';
    ck_assert_str_eq((const char *)writing.start, "{\"version\":1,\"epoch\":9007199254740991,"
                                                  "\"number\":\"9007199254740992\"}\n");
}
END_TEST

/* Each record that is written is JSON, on one line, with as many members as it has fields. */
START_TEST(jansson_reads_what_is_written)
{
    uint32_t seed = 11;

    for (unsigned i = 0; i < 300; i++) {
        struct l2tpha_record record;
        json_error_t error;
        records_random(&record, &seed);
        const char *line = line_of(&record);
        ck_assert_ptr_eq(strchr(line, '\n'), line + strlen(line) - 1);
        json_t *parsed = json_loads(line, JSON_REJECT_DUPLICATES, &error);
        ck_assert_msg(parsed != NULL, "%s: %s", error.text, line);
        json_t *member = json_array_get(json_object_get(parsed, "records"), 0);
        ck_assert_uint_eq(json_object_size(member), 1);
        const char *kind = json_object_iter_key(json_object_iter(member));
        ck_assert_str_eq(kind, record_shape(record.kind)->name);
        json_decref(parsed);
    }
}
END_TEST

/* --- input --- */

#define RECORD(text) "{\"version\":1,\"records\":[" text "]}"

static const struct {
    int error;
    const char *input;
} inputs[] = {
    {0, "{\"version\":1}"},
    {0, " { \"version\" : 1 } \r\n"},
    {0, "{\"version\":\"1\"}"},
    {0, "{\"epoch\":2,\"version\":1}"},
    {0, "{\"version\":1,\"level\":3,\"#8\":\"x\"}"}, /* of tomorrow */
    {0, RECORD("{\"gone\":{\"tunnel_id\":1}}")},
    {0, RECORD(" { \"gone\" : { \"session_id\" : 2 , \"tunnel_id\" : \"1\" } } ")},
    {0, RECORD("{\"gone\":{\"tunnel_id\":1}},{\"gone\":{\"tunnel_id\":2}}")},
    {0, RECORD("{\"gone\":{\"tunnel_id\":1}} , {\"node\":{}}")},
    {0, RECORD("{\"gone\":{\"tunnel_id\":1,\"#9\":5}}")},
    {0, RECORD("{\"node\":{\"tunnel_key\":\"00112233445566Ff\"}}")},
    {0, RECORD("{\"node\":{\"#40\":7,\"#41\":\"#00\",\"#42\":\"18446744073709551615\"}}")},
    {0, RECORD("{\"node\":{\"#raw\":\"c03e8100\"}}")},
    {0, RECORD("{\"epitaph\":{\"who\":\"x\",\"when\":3}}")}, /* a kind of tomorrow */
    {0, RECORD("{\"tunnel\":{\"local_id\":1,\"peer_name\":\"\\u00e9\\\"[{\"}}")},
    {0, RECORD("")},
    /* no JSON, or not ours */
    {L2TPHA_ERR_RECORD, ""},
    {L2TPHA_ERR_RECORD, "1"},
    {L2TPHA_ERR_RECORD, "\"version\""},
    {L2TPHA_ERR_RECORD, "[]"},
    {L2TPHA_ERR_RECORD, "{\"version\":1"},
    {L2TPHA_ERR_RECORD, "{\"version\":1}}"},
    {L2TPHA_ERR_RECORD, "{\"version\":1} x"},
    {L2TPHA_ERR_RECORD, "{\"version\":1,}"},
    {L2TPHA_ERR_RECORD, "{\"version\":1,\"version\":1}"},
    {L2TPHA_ERR_RECORD, "{\"version\":1,\"epoch\":{}}"},
    {L2TPHA_ERR_RECORD, "{\"version\":1,\"epoch\":-1}"},
    {L2TPHA_ERR_RECORD, "{\"version\":1,\"epoch\":1.0}"},
    {L2TPHA_ERR_RECORD, "{\"version\":1,\"epoch\":1e3}"},
    {L2TPHA_ERR_RECORD, "{\"version\":1,\"epoch\":null}"},
    {L2TPHA_ERR_RECORD, "{\"version\":1,\"epoch\":true}"},
    {L2TPHA_ERR_RECORD, "{\"version\":1,\"epoch\":[1]}"},
    {L2TPHA_ERR_RECORD, "{\"version\":1,\"epoch\":18446744073709551615}"}, /* as a string only */
    {L2TPHA_ERR_RECORD, "{\"version\":1,\"epoch\":\"18446744073709551616\"}"},
    {L2TPHA_ERR_RECORD, "{\"version\":1,\"epoch\":\"01\"}"},
    {L2TPHA_ERR_RECORD, "{\"version\":1,\"epoch\":\"\"}"},
    {L2TPHA_ERR_RECORD, "{\"version\":1,\"epoch\":\" 1\"}"},
    {L2TPHA_ERR_RECORD, "{\"version\":1,\"kind\":6}"},
    {L2TPHA_ERR_RECORD, "{\"version\":1,\"records\":1}"},
    {L2TPHA_ERR_RECORD, "{\"version\":1,\"record\":[{\"node\":{}}]}"},
    {L2TPHA_ERR_RECORD_VERSION, "{\"records\":[{\"node\":{}}],\"version\":1}"},
    {L2TPHA_ERR_RECORD, "{\"version\":1,\"records\":[{\"node\":{}}],\"epoch\":1}"}, /* the last */
    {L2TPHA_ERR_RECORD_VERSION, "{}"},
    {L2TPHA_ERR_RECORD_VERSION, "{\"version\":2}"},
    {L2TPHA_ERR_RECORD_VERSION, "{\"version\":\"18446744073709551615\"}"},
    /* records */
    {L2TPHA_ERR_RECORD, "{\"version\":1,\"records\":["},
    {L2TPHA_ERR_RECORD, "{\"version\":1,\"records\":[{\"node\":{}}"},
    {L2TPHA_ERR_RECORD, "{\"version\":1,\"records\":[{\"node\":{}},"},
    {L2TPHA_ERR_RECORD, "{\"version\":1,\"records\":[{\"node\":{}}]"},
    {L2TPHA_ERR_RECORD, RECORD("{\"node\":{}},")},
    {L2TPHA_ERR_RECORD, RECORD(",{\"node\":{}}")},
    {L2TPHA_ERR_RECORD, RECORD("{\"node\":{}}{\"node\":{}}")},
    {L2TPHA_ERR_RECORD, RECORD("{\"node\":{}}") "x"},
    {L2TPHA_ERR_RECORD, RECORD("{}")},
    {L2TPHA_ERR_RECORD, RECORD("{\"node\":{},\"gone\":{\"tunnel_id\":1}}")},
    {L2TPHA_ERR_RECORD, RECORD("{\"node\":1}")},
    {L2TPHA_ERR_RECORD, RECORD("5")},
    {L2TPHA_ERR_RECORD, RECORD("\"x\"")},
    {L2TPHA_ERR_RECORD, RECORD("[]")},
    {L2TPHA_ERR_RECORD, RECORD("{\"epitaph\":3}")},
    {L2TPHA_ERR_RECORD, RECORD("{\"epitaph\":{\"a\":{}}}")},
    {L2TPHA_ERR_RECORD, RECORD("{\"epitaph\":{\"a\":[]}}")},
    {L2TPHA_ERR_RECORD, RECORD("{\"epitaph\":{\"a\":-1}}")},
    {L2TPHA_ERR_RECORD, RECORD("{\"gone\":{}}")}, /* required */
    {L2TPHA_ERR_RECORD, RECORD("{\"gone\":{\"tunnel_id\":0}}")},
    {L2TPHA_ERR_RECORD, RECORD("{\"gone\":{\"tunnel_id\":4294967296}}")},
    {L2TPHA_ERR_RECORD, RECORD("{\"gone\":{\"tunnel_id\":1,\"session_id\":-1}}")},
    {L2TPHA_ERR_RECORD, RECORD("{\"gone\":{\"tunnel_id\":1,\"epitaph\":2}}")}, /* no number */
    {L2TPHA_ERR_RECORD, RECORD("{\"gone\":{\"tunnel_id\":1,\"tunnel_id\":2}}")},
    {L2TPHA_ERR_RECORD, RECORD("{\"node\":{\"tunnel_key\":\"0011\"}}")},
    {L2TPHA_ERR_RECORD, RECORD("{\"node\":{\"tunnel_key\":\"001122334455667\"}}")},
    {L2TPHA_ERR_RECORD, RECORD("{\"node\":{\"tunnel_key\":\"001122334455667g\"}}")},
    {L2TPHA_ERR_RECORD, RECORD("{\"node\":{\"tunnel_key\":7}}")},
    {L2TPHA_ERR_RECORD, RECORD("{\"tunnel\":{\"local_id\":1,\"peer_name\":\"\xff\"}}")},
    {L2TPHA_ERR_RECORD, RECORD("{\"tunnel\":{\"local_id\":1,\"peer_name\":\"\\u0000\"}}")},
    {L2TPHA_ERR_RECORD, RECORD("{\"tunnel\":{\"local_id\":1,\"peer_name\":\"#6\"}}")},
    {L2TPHA_ERR_RECORD, RECORD("{\"tunnel\":{\"local_id\":1,\"peer_name\":\"\\")},
    {L2TPHA_ERR_RECORD, RECORD("{\"tunnel\":{\"local_id\":1,\"remote_address\":\"0000000000000000"
                               "0000000000000000000000000000000000000000000000000000000000000000"
                               "00000000000000\"}}")}, /* 47 bytes */
    /* unknown fields */
    {L2TPHA_ERR_RECORD, RECORD("{\"node\":{\"#5\":7}}")}, /* which is known by name */
    {L2TPHA_ERR_RECORD, RECORD("{\"node\":{\"#040\":7}}")},
    {L2TPHA_ERR_RECORD, RECORD("{\"node\":{\"#\":7}}")},
    {L2TPHA_ERR_RECORD, RECORD("{\"node\":{\"#x\":7}}")},
    {L2TPHA_ERR_RECORD, RECORD("{\"node\":{\"#536870912\":7}}")},
    {L2TPHA_ERR_RECORD, RECORD("{\"node\":{\"#41\":7,\"#40\":7}}")},
    {L2TPHA_ERR_RECORD, RECORD("{\"node\":{\"#40\":\"abc\"}}")},
    {L2TPHA_ERR_RECORD, RECORD("{\"node\":{\"#40\":\"#abc\"}}")},
    {L2TPHA_ERR_RECORD, RECORD("{\"node\":{\"#40\":-7}}")},
    {L2TPHA_ERR_RECORD, RECORD("{\"node\":{\"#raw\":\"c03e05\"}}")}, /* has another form */
    {L2TPHA_ERR_RECORD, RECORD("{\"node\":{\"#raw\":\"\"}}")},
    {L2TPHA_ERR_RECORD, RECORD("{\"node\":{\"#raw\":\"0805\"}}")},
    {L2TPHA_ERR_RECORD, RECORD("{\"node\":{\"#raw\":5}}")},
    {L2TPHA_ERR_RECORD, RECORD("{\"node\":{\"#raw\":\"c03e8100\",\"#40\":1}}")},
};

static int read_all(const void *data, size_t len)
{
    uint8_t *copy = talloc_memdup(root, data, len ? len : 1);
    const struct l2tpha_serializer *json = l2tpha_serializer_json();
    struct l2tpha_reading reading = {.room = format_room(json)};
    struct l2tpha_checkpoint_header header;
    struct l2tpha_record record;
    uint8_t *room = reading.room;
    int error = json->get_header(copy, len, &header, &reading);

    while (!error)
        error = json->get_record(&reading, &record);
    talloc_free(copy);
    talloc_free(room);
    return error == L2TPHA_ERR_NOT_FOUND ? L2TPHA_OK : error;
}

START_TEST(input_that_others_may_write)
{
    assert_error(read_all(inputs[_i].input, strlen(inputs[_i].input)), inputs[_i].error);
}
END_TEST

/* As deep or as much as a line may be: nobody's stack ends, and it is refused at once. */
START_TEST(deep_and_endless_input)
{
    static char deep[SPACE];
    static const char *const starts[] = {
        "{\"version\":1,\"records\":[",
        "{\"version\":1,\"epoch\":", "{\"version\":1,\"records\":[{\"node\":", ""};
    static const char *const fills[] = {"[", "{\"a\":", "{", "\"", "\\", "1", " ", "\xc3"};

    for (size_t start = 0; start < sizeof(starts) / sizeof(starts[0]); start++)
        for (size_t fill = 0; fill < sizeof(fills) / sizeof(fills[0]); fill++) {
            size_t len = strlen(starts[start]), step = strlen(fills[fill]);
            memcpy(deep, starts[start], len);
            for (; len + step <= SPACE; len += step)
                memcpy(deep + len, fills[fill], step);
            assert_error(read_all(deep, len), L2TPHA_ERR_RECORD);
        }
}
END_TEST

/* Nothing but room for it is wanting: then what has strings is refused. */
START_TEST(without_room_nothing_is_lost_in_silence)
{
    static const char with[] = RECORD("{\"node\":{\"#40\":7}}");
    static const char without[] = RECORD("{\"gone\":{\"tunnel_id\":1}}");
    struct l2tpha_reading reading = {.room = NULL};
    struct l2tpha_checkpoint_header header;
    struct l2tpha_record record;
    const struct l2tpha_serializer *json = l2tpha_serializer_json();

    assert_ok(json->get_header((const uint8_t *)with, strlen(with), &header, &reading));
    assert_error(json->get_record(&reading, &record), L2TPHA_ERR_RECORD);
    assert_ok(json->get_header((const uint8_t *)without, strlen(without), &header, &reading));
    assert_ok(json->get_record(&reading, &record));
}
END_TEST

/* --- memory --- */

static unsigned allowed;

static void *starve(size_t size)
{
    return allowed > 0 && allowed-- > 0 ? malloc(size) : NULL;
}

START_TEST(memory_that_runs_out_is_an_error)
{
    static const char line[] = RECORD("{\"tunnel\":{\"local_id\":1,\"peer_name\":\"x\"}}");
    unsigned turns = 0, said = 0;
    int error;

    json_object_seed(1); /* which jansson does with its first object, whatever memory there is */
    json_set_alloc_funcs(starve, free);
    do {
        allowed = turns++;
        error = read_all(line, strlen(line));
        ck_assert(!error || error == L2TPHA_ERR_NOMEM || error == L2TPHA_ERR_RECORD);
        said += error == L2TPHA_ERR_NOMEM;
    } while (error);
    json_set_alloc_funcs(malloc, free);
    ck_assert_uint_gt(said, 2);
    ck_assert_uint_gt(turns, 10);
}
END_TEST

Suite *suite_json(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("json", &tcase);

    tcase_add_test(tcase, a_checkpoint_byte_for_byte);
    tcase_add_test(tcase, secrets_are_hidden);
    tcase_add_loop_test(tcase, names_are_letters_or_digits, 0, sizeof(names) / sizeof(names[0]));
    tcase_add_test(tcase, long_numbers_are_strings);
    tcase_add_test(tcase, jansson_reads_what_is_written);
    tcase_add_loop_test(tcase, input_that_others_may_write, 0, sizeof(inputs) / sizeof(inputs[0]));
    tcase_add_test(tcase, deep_and_endless_input);
    tcase_add_test(tcase, without_room_nothing_is_lost_in_silence);
    tcase_add_test(tcase, memory_that_runs_out_is_an_error);
    return suite;
}
