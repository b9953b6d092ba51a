/* SPDX-License-Identifier: MIT */
/* CBOR beside libcbor: what we write it reads as what was meant, and what it writes by the table is
 * what we write. And what a stranger may send. */
#include "fixture.h"
#include "formats.h"
#include "records.h"
#include "unknowns.h"

#include <cbor.h>
#include <l2tpha/cbor.h>
#include <string.h>

#define SPACE (1 << 20)

static uint8_t space[SPACE];

static struct l2tpha_bytes put_ok(const struct l2tpha_record *record)
{
    struct l2tpha_writing writing = records_writing(space, SPACE);

    assert_ok(l2tpha_serializer_cbor()->put_record(record, &writing));
    return (struct l2tpha_bytes){writing.start, (size_t)(writing.end - writing.start)};
}

static uint64_t number_of(const struct record_field *field, const void *at)
{
    switch ((enum record_type)field->type) {
    case RECORD_U8:
        return *(const uint8_t *)at;
    case RECORD_U16:
        return *(const uint16_t *)at;
    case RECORD_U32:
        return *(const uint32_t *)at;
    default:
        return *(const uint64_t *)at;
    }
}

static struct l2tpha_bytes string_of(const struct record_field *field, const void *at)
{
    static const uint8_t zeros[8];

    switch ((enum record_type)field->type) {
    case RECORD_BYTES:
        return *(const struct l2tpha_bytes *)at;
    case RECORD_ADDRESS:
        return (struct l2tpha_bytes){((const struct l2tpha_address *)at)->bytes,
                                     ((const struct l2tpha_address *)at)->len};
    default:
        return (struct l2tpha_bytes){at, memcmp(at, zeros, 8) == 0 ? 0 : 8};
    }
}

/* --- what libcbor writes --- */

struct oracle {
    uint8_t data[SPACE];
    size_t len;
};

static uint8_t *left(struct oracle *oracle, size_t *size)
{
    *size = sizeof(oracle->data) - oracle->len;
    return oracle->data + oracle->len;
}

static void say_number(struct oracle *oracle, uint64_t value)
{
    size_t size;
    uint8_t *at = left(oracle, &size);
    oracle->len += cbor_encode_uint(value, at, size);
}

static void say_string(struct oracle *oracle, struct l2tpha_bytes bytes)
{
    size_t size;
    uint8_t *at = left(oracle, &size);
    oracle->len += cbor_encode_bytestring_start(bytes.len, at, size);
    if (bytes.len > 0)
        memcpy(oracle->data + oracle->len, bytes.data, bytes.len);
    oracle->len += bytes.len;
}

/* The fields that are not at their default, first to be counted, then said. */
static size_t say_fields(struct oracle *oracle, const struct l2tpha_record *record, bool say)
{
    const struct record_shape *shape = record_shape(record->kind);
    size_t count = 0;

    for (uint32_t i = 0; i < shape->count; i++) {
        const struct record_field *field = &shape->fields[i];
        const void *at = (const char *)&record->of + field->offset;
        bool number = field->type <= RECORD_U64;
        if (number ? number_of(field, at) == 0 : string_of(field, at).len == 0)
            continue;
        count++;
        if (!say)
            continue;
        say_number(oracle, field->tag >> 3);
        if (number)
            say_number(oracle, number_of(field, at));
        else
            say_string(oracle, string_of(field, at));
    }
    return count;
}

START_TEST(libcbor_writes_the_same)
{
    static struct oracle oracle;
    uint32_t seed = 3;

    for (unsigned i = 0; i < 3000; i++) {
        struct l2tpha_record record;
        size_t size;
        records_random(&record, &seed);
        oracle.len = 0;
        uint8_t *at = left(&oracle, &size);
        oracle.len += cbor_encode_array_start(2, at, size);
        say_number(&oracle, record.kind);
        size_t count = say_fields(&oracle, &record, false);
        at = left(&oracle, &size);
        oracle.len += cbor_encode_map_start(count, at, size);
        say_fields(&oracle, &record, true);
        struct l2tpha_bytes bytes = put_ok(&record);
        ck_assert_uint_eq(bytes.len, oracle.len);
        ck_assert_mem_eq(bytes.data, oracle.data, bytes.len);
    }
}
END_TEST

/* --- what libcbor reads --- */

static void assert_pair(const struct l2tpha_record *record, const struct cbor_pair *pair)
{
    const struct record_shape *shape = record_shape(record->kind);
    uint64_t key = cbor_get_int(pair->key);

    ck_assert_uint_le(key, shape->count);
    const struct record_field *field = &shape->fields[key - 1];
    const void *at = (const char *)&record->of + field->offset;
    if (field->type <= RECORD_U64) {
        ck_assert(cbor_isa_uint(pair->value));
        ck_assert_uint_eq(cbor_get_int(pair->value), number_of(field, at));
        return;
    }
    struct l2tpha_bytes bytes = string_of(field, at);
    ck_assert(cbor_isa_bytestring(pair->value) && cbor_bytestring_is_definite(pair->value));
    ck_assert_uint_eq(cbor_bytestring_length(pair->value), bytes.len);
    ck_assert_mem_eq(cbor_bytestring_handle(pair->value), bytes.data, bytes.len);
}

START_TEST(libcbor_reads_what_was_meant)
{
    static struct oracle nothing;
    uint32_t seed = 5;

    for (unsigned i = 0; i < 300; i++) {
        struct l2tpha_record record;
        struct cbor_load_result result;
        records_random(&record, &seed);
        struct l2tpha_bytes bytes = put_ok(&record);
        cbor_item_t *item = cbor_load(bytes.data, bytes.len, &result);
        ck_assert_ptr_nonnull(item);
        ck_assert_uint_eq(result.read, bytes.len);
        ck_assert(cbor_isa_array(item) && cbor_array_size(item) == 2);
        cbor_item_t *kind = cbor_array_get(item, 0), *map = cbor_array_get(item, 1);
        ck_assert_uint_eq(cbor_get_int(kind), record.kind);
        ck_assert_uint_eq(cbor_map_size(map), say_fields(&nothing, &record, false));
        for (size_t pair = 0; pair < cbor_map_size(map); pair++)
            assert_pair(&record, &cbor_map_handle(map)[pair]);
        cbor_decref(&kind);
        cbor_decref(&map);
        cbor_decref(&item);
    }
}
END_TEST

/* --- known answers --- */

START_TEST(a_checkpoint_byte_for_byte)
{
    static const uint8_t known[] = {
        0xa4, 0x01, 0x01,                               /* version 1 */
        0x02, 0x05,                                     /* epoch 5 */
        0x03, 0x19, 0x01, 0x2c,                         /* number 300 */
        0x0f, 0x81, 0x82, 0x02,                         /* one record, a session */
        0xaa, 0x01, 0x19, 0x03, 0xe9,                   /* tunnel 1001 */
        0x02, 0x19, 0xff, 0xff,                         /* local id 65535 */
        0x03, 0x07, 0x04, 0x05, 0x05, 0x02, 0x06, 0x01, /* established, LNS, incoming */
        0x0b, 0x1a, 0x05, 0xf5, 0xe1, 0x00,             /* 100000000 bit/s */
        0x0d, 0x19, 0x01, 0x00,                         /* data Ns 256 */
        0x11, 0x43, 'p',  'p',  'p',                    /* the host's */
        0x19, 0x03, 0xe8, 0x18, 0x64,                   /* field 1000 of tomorrow: 100 */
    };
    const struct l2tpha_checkpoint_header header = {.version = 1, .epoch = 5, .number = 300};
    struct l2tpha_record record = {.kind = L2TPHA_RECORD_SESSION};
    struct l2tpha_writing writing = records_writing(space, SPACE);

    record.of.session = (struct l2tpha_session_record){
        .tunnel_id = 1001,
        .local_id = 65535,
        .remote_id = 7,
        .state = L2TPHA_SESSION_ESTABLISHED,
        .side = L2TPHA_LNS,
        .call = L2TPHA_CALL_INCOMING,
        .tx_speed = 100000000,
        .data_ns = 256,
        .app_state = {(const uint8_t *)"ppp", 3},
        .unknown = {(const uint8_t *)"\xc0\x3e\x64", 3},
    };
    assert_ok(l2tpha_serializer_cbor()->put_record(&record, &writing));
    writing.records = 1;
    assert_ok(l2tpha_serializer_cbor()->put_header(&header, &writing));
    ck_assert_uint_eq((size_t)(writing.end - writing.start), sizeof(known));
    ck_assert_mem_eq(writing.start, known, sizeof(known));
}
END_TEST

/* What has no form as a key and a value is key 0, whole; what has is never. */
START_TEST(unknown_fields_travel_whole_or_as_keys)
{
    for (size_t i = 1; i < UNKNOWNS_COUNT; i++) {
        struct l2tpha_record record = records_minimal(L2TPHA_RECORD_NODE);
        record.of.node.unknown = unknowns[i].bytes;
        struct l2tpha_bytes bytes = put_ok(&record);
        ck_assert_uint_gt(bytes.len, 4);
        ck_assert_msg((bytes.data[3] != 0) == unknowns[i].plain, "%s", unknowns[i].what);
    }
}
END_TEST

/* --- input --- */

#define BYTES(...)                                                                                 \
    {                                                                                              \
        (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})                     \
    }
/* A checkpoint of one record, of which these are kind and map. */
#define RECORD(...) BYTES(0xa2, 0x01, 0x01, 0x0f, 0x81, 0x82, __VA_ARGS__)

static const struct {
    int error;
    struct l2tpha_bytes input;
} inputs[] = {
    {0, RECORD(0x05, 0xa1, 0x01, 0x01)},
    {0, RECORD(0x05, 0xa2, 0x01, 0x01, 0x02, 0x00)}, /* a default that is said */
    {0, RECORD(0x06, 0xa0)},                         /* nothing given out yet */
    {0, RECORD(0x07, 0xa0)},                         /* a kind of tomorrow */
    {0, RECORD(0x18, 0x64, 0xa2, 0x00, 0x43, 0x08, 0x81, 0x00, 0x01, 0x05)},
    {0, RECORD(0x07, 0xa2, 0x01, 0x41, 0xff, 0x18, 0x64, 0x05)},
    {0, RECORD(0x05, 0xa2, 0x01, 0x01, 0x18, 0x64, 0x05)}, /* an unknown field, */
    {0, RECORD(0x05, 0xa2, 0x01, 0x01, 0x18, 0x64, 0x42, 1, 2)},
    {0, RECORD(0x05, 0xa2, 0x01, 0x01, 0x1a, 0x1f, 0xff, 0xff, 0xff, 0x05)},
    {0, RECORD(0x05, 0xa2, 0x00, 0x44, 0xc0, 0x3e, 0x81, 0x00, 0x01, 0x01)},
    {0, BYTES(0xa3, 0x01, 0x01, 0x08, 0x05, 0x0f, 0x81, 0x82, 0x07, 0xa0)}, /* of the header */
    /* types that are none of ours */
    {L2TPHA_ERR_RECORD, RECORD(0x05, 0xa2, 0x01, 0x01, 0x18, 0x64, 0x20)},          /* negative */
    {L2TPHA_ERR_RECORD, RECORD(0x05, 0xa2, 0x01, 0x01, 0x18, 0x64, 0x61, 'a')},     /* text */
    {L2TPHA_ERR_RECORD, RECORD(0x05, 0xa2, 0x01, 0x01, 0x18, 0x64, 0x81, 0x01)},    /* array */
    {L2TPHA_ERR_RECORD, RECORD(0x05, 0xa2, 0x01, 0x01, 0x18, 0x64, 0xa0)},          /* map */
    {L2TPHA_ERR_RECORD, RECORD(0x05, 0xa2, 0x01, 0x01, 0x18, 0x64, 0xc2, 0x41, 1)}, /* tag */
    {L2TPHA_ERR_RECORD, RECORD(0x05, 0xa2, 0x01, 0x01, 0x18, 0x64, 0xf4)},          /* false */
    {L2TPHA_ERR_RECORD, RECORD(0x05, 0xa2, 0x01, 0x01, 0x18, 0x64, 0xf6)},          /* null */
    {L2TPHA_ERR_RECORD, RECORD(0x05, 0xa2, 0x01, 0x01, 0x18, 0x64, 0xf9, 0, 0)},    /* fraction */
    {L2TPHA_ERR_RECORD, RECORD(0x07, 0xa1, 0x01, 0x81, 0x01)}, /* nor in a kind of tomorrow, */
    {L2TPHA_ERR_RECORD, BYTES(0xa3, 0x01, 0x01, 0x08, 0xa0, 0x0f, 0x81, 0x82, 0x07, 0xa0)},
    {L2TPHA_ERR_RECORD, BYTES(0xa2, 0x01, 0x01, 0x08, 0x81, 0x81, 0x81, 0x81, 0x01)}, /* deep */
    {L2TPHA_ERR_RECORD, RECORD(0x05, 0xa1, 0x01, 0x41, 0x01)}, /* a string for a number */
    {L2TPHA_ERR_RECORD, RECORD(0x06, 0xa1, 0x01, 0x05)},       /* a number for a string */
    {L2TPHA_ERR_RECORD, RECORD(0x05, 0xa1, 0x41, 0x01, 0x01)}, /* a string for a key */
    {L2TPHA_ERR_RECORD, RECORD(0x05, 0xa1, 0x20, 0x01)},
    {L2TPHA_ERR_RECORD, RECORD(0x05, 0xa2, 0x01, 0x01, 0x18, 0x64, 0x42, 0x05)}, /* cut */
    {L2TPHA_ERR_RECORD, RECORD(0x05, 0xa2, 0x01, 0x01, 0x18, 0x64, 0x19, 0x05)},
    /* lengths and counts */
    {L2TPHA_ERR_RECORD, RECORD(0x05, 0xbf, 0x01, 0x01, 0xff)}, /* indefinite, */
    {L2TPHA_ERR_RECORD, RECORD(0x06, 0xa1, 0x06, 0x5f, 0x41, 1, 0xff)},
    {L2TPHA_ERR_RECORD, BYTES(0xa2, 0x01, 0x01, 0x0f, 0x9f, 0x82, 0x07, 0xa0, 0xff)},
    {L2TPHA_ERR_RECORD, BYTES(0xbf, 0x01, 0x01, 0xff)},
    {L2TPHA_ERR_RECORD,
     RECORD(0x06, 0xa1, 0x06, 0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)}, /* enormous */
    {L2TPHA_ERR_RECORD, RECORD(0x06, 0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)},
    {L2TPHA_ERR_RECORD, BYTES(0xa2, 0x01, 0x01, 0x0f, 0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                              0xff, 0xff, 0x82, 0x07, 0xa0)},
    {L2TPHA_ERR_RECORD,
     BYTES(0xa2, 0x01, 0x01, 0x0f, 0x9a, 0xff, 0xff, 0xff, 0xff, 0x82, 0x07, 0xa0)},
    {L2TPHA_ERR_RECORD, BYTES(0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0x01)},
    {L2TPHA_ERR_RECORD, BYTES(0xa2, 0x01, 0x01, 0x0f, 0x80)}, /* no records are not said */
    {L2TPHA_ERR_RECORD, BYTES(0xa2, 0x01, 0x01, 0x0f, 0x81)},
    {L2TPHA_ERR_RECORD, BYTES(0xa2, 0x01, 0x01, 0x0f, 0x82, 0x82, 0x07, 0xa0)},       /* one */
    {L2TPHA_ERR_RECORD, BYTES(0xa2, 0x01, 0x01, 0x0f, 0x81, 0x82, 0x07, 0xa0, 0x00)}, /* more */
    {L2TPHA_ERR_RECORD, BYTES(0xa1, 0x01, 0x01, 0x00)},
    {L2TPHA_ERR_RECORD, BYTES(0xa2, 0x01, 0x01, 0x0f, 0x81, 0x83, 0x07, 0xa0, 0x00)},
    {L2TPHA_ERR_RECORD, BYTES(0xa2, 0x01, 0x01, 0x0f, 0x81, 0x83, 0x07, 0xa0)},
    {L2TPHA_ERR_RECORD, BYTES(0xa3, 0x01, 0x01, 0x0f, 0x81, 0x82, 0x07, 0xa0, 0x10, 0x01)},
    {L2TPHA_ERR_RECORD, BYTES(0xa2, 0x01, 0x01, 0x10, 0x01)}, /* a key behind the records' */
    {L2TPHA_ERR_RECORD, BYTES(0xa2, 0x01, 0x01, 0x00, 0x01)},
    /* not deterministic */
    {L2TPHA_ERR_RECORD, RECORD(0x05, 0xa1, 0x01, 0x18, 0x01)},
    {L2TPHA_ERR_RECORD, RECORD(0x05, 0xa1, 0x01, 0x19, 0x00, 0xff)},
    {L2TPHA_ERR_RECORD, RECORD(0x05, 0xa1, 0x01, 0x1a, 0x00, 0x00, 0xff, 0xff)},
    {L2TPHA_ERR_RECORD, RECORD(0x05, 0xa1, 0x01, 0x1b, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff)},
    {L2TPHA_ERR_RECORD, RECORD(0x05, 0xa1, 0x18, 0x01, 0x01)},
    {L2TPHA_ERR_RECORD, RECORD(0x05, 0xb8, 0x01, 0x01, 0x01)},
    {L2TPHA_ERR_RECORD, RECORD(0x05, 0xa2, 0x02, 0x01, 0x01, 0x01)}, /* descending */
    {L2TPHA_ERR_RECORD, RECORD(0x05, 0xa2, 0x01, 0x01, 0x01, 0x01)}, /* twice */
    {L2TPHA_ERR_RECORD, BYTES(0xa2, 0x02, 0x01, 0x01, 0x01)},
    {L2TPHA_ERR_RECORD, RECORD(0x05, 0xa2, 0x01, 0x01, 0x18, 0x64, 0x18, 0x05)},
    {L2TPHA_ERR_RECORD, RECORD(0x05, 0xa1, 0x01, 0x1c)}, /* no length has this code */
    /* unknown fields, whole */
    {L2TPHA_ERR_RECORD, RECORD(0x06, 0xa1, 0x00, 0x40)},                   /* none */
    {L2TPHA_ERR_RECORD, RECORD(0x06, 0xa1, 0x00, 0x43, 0xc0, 0x3e, 0x05)}, /* has another form */
    {L2TPHA_ERR_RECORD, RECORD(0x06, 0xa1, 0x00, 0x05)},
    {L2TPHA_ERR_RECORD, RECORD(0x06, 0xa2, 0x00, 0x44, 0xc0, 0x3e, 0x81, 0x00, 0x18, 0x64, 0x05)},
    {L2TPHA_ERR_RECORD, RECORD(0x05, 0xa2, 0x01, 0x01, 0x1a, 0x20, 0, 0, 0, 0x05)}, /* 2^29 */
    /* values and what is required */
    {L2TPHA_ERR_RECORD, RECORD(0x05, 0xa0)},
    {L2TPHA_ERR_RECORD, RECORD(0x05, 0xa1, 0x01, 0x00)},
    {L2TPHA_ERR_RECORD, RECORD(0x05, 0xa1, 0x01, 0x1b, 0, 0, 0, 1, 0, 0, 0, 0)},
    {L2TPHA_ERR_RECORD, RECORD(0x06, 0xa1, 0x02, 0x19, 0xff, 0xff)},
    {L2TPHA_ERR_RECORD, RECORD(0x06, 0xa1, 0x01, 0x47, 1, 2, 3, 4, 5, 6, 7)},
    {L2TPHA_ERR_RECORD, BYTES(0xa2, 0x01, 0x01, 0x04, 0x06)},
    {L2TPHA_ERR_RECORD_VERSION, BYTES(0xa0)},
    {L2TPHA_ERR_RECORD_VERSION, BYTES(0xa1, 0x01, 0x02)},
    {L2TPHA_ERR_RECORD_VERSION, BYTES(0xa1, 0x01, 0x1b, 0, 0, 0, 1, 0, 0, 0, 1)},
    {L2TPHA_ERR_RECORD, {NULL, 0}},
    {L2TPHA_ERR_RECORD, BYTES(0x01)},
};

static int read_all(struct l2tpha_bytes input, uint8_t *room)
{
    uint8_t *copy = talloc_memdup(root, input.data, input.len ? input.len : 1);
    const struct l2tpha_serializer *cbor = l2tpha_serializer_cbor();
    struct l2tpha_reading reading = {.room = room};
    struct l2tpha_checkpoint_header header;
    struct l2tpha_record record;
    int error = cbor->get_header(copy, input.len, &header, &reading);

    while (!error)
        error = cbor->get_record(&reading, &record);
    talloc_free(copy);
    return error == L2TPHA_ERR_NOT_FOUND ? L2TPHA_OK : error;
}

START_TEST(input_that_others_may_write)
{
    uint8_t *room = format_room(l2tpha_serializer_cbor());
    assert_error(read_all(inputs[_i].input, room), inputs[_i].error);
    talloc_free(room);
}
END_TEST

START_TEST(raw_fields_that_proto_has_not_are_refused)
{
    uint8_t *room = format_room(l2tpha_serializer_cbor());

    for (size_t i = 0; i < IMPOSSIBLE_COUNT; i++) {
        uint8_t input[40] = {0xa2, 0x01, 0x01, 0x0f, 0x81, 0x82, 0x01, 0xa2, 0x00};
        size_t len = impossible[i].bytes.len;
        input[9] = (uint8_t)(0x40 | len);
        memcpy(input + 10, impossible[i].bytes.data, len);
        input[10 + len] = input[11 + len] = 0x01; /* local id */
        assert_error(read_all((struct l2tpha_bytes){input, len + 12}, room), L2TPHA_ERR_RECORD);
    }
    talloc_free(room);
}
END_TEST

/* Who has no room for them may pass over unknown fields of what keeps none, not lose others. */
START_TEST(without_room_nothing_is_lost_in_silence)
{
    static const uint8_t node[] = {0xa2, 0x01, 0x01, 0x0f, 0x81, 0x82, 0x06, 0xa1, 0x18, 0x64, 1};

    assert_error(read_all((struct l2tpha_bytes){node, sizeof(node)}, NULL), L2TPHA_ERR_RECORD);
    assert_ok(read_all(inputs[6].input, NULL));
}
END_TEST

/* More than the room takes, which no checkpoint holds. */
START_TEST(what_is_too_long_is_refused)
{
    static uint8_t input[2 * SPACE] = {0xa2, 0x01, 0x01, 0x0f, 0x81, 0x82, 0x06, 0xa1,
                                       0x18, 0x64, 0x5a, 0x00, 0x1f, 0x00, 0x00};
    uint8_t *room = format_room(l2tpha_serializer_cbor());

    assert_error(read_all((struct l2tpha_bytes){input, 15 + 0x1f0000}, room), L2TPHA_ERR_RECORD);
    talloc_free(room);
}
END_TEST

Suite *suite_cbor(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("cbor", &tcase);

    tcase_add_test(tcase, libcbor_writes_the_same);
    tcase_add_test(tcase, libcbor_reads_what_was_meant);
    tcase_add_test(tcase, a_checkpoint_byte_for_byte);
    tcase_add_test(tcase, unknown_fields_travel_whole_or_as_keys);
    tcase_add_loop_test(tcase, input_that_others_may_write, 0, sizeof(inputs) / sizeof(inputs[0]));
    tcase_add_test(tcase, raw_fields_that_proto_has_not_are_refused);
    tcase_add_test(tcase, what_is_too_long_is_refused);
    tcase_add_test(tcase, without_room_nothing_is_lost_in_silence);
    return suite;
}
