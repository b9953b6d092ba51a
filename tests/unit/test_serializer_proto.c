/* SPDX-License-Identifier: MIT */
#include "fixture.h"
#include "records.h"

#include <l2tpha/serializer.h>
#include <string.h>

static uint8_t space[L2TPHA_CHECKPOINT_MAX];

static int put(const struct l2tpha_record *record, uint8_t **start)
{
    struct l2tpha_writing writing = records_writing(space, sizeof(space));
    int error = l2tpha_serializer_proto()->put_record(record, &writing);
    *start = writing.start;
    return error;
}

static struct l2tpha_bytes put_ok(const struct l2tpha_record *record)
{
    uint8_t *start;
    assert_ok(put(record, &start));
    return (struct l2tpha_bytes){start, (size_t)(space + sizeof(space) - start)};
}

static int get(const void *data, size_t len, struct l2tpha_record *record)
{
    uint8_t *copy = talloc_memdup(root, data, len ? len : 1);
    struct l2tpha_reading reading = {.data = copy, .len = len};
    int error = l2tpha_serializer_proto()->get_record(&reading, record);
    if (!error)
        ck_assert_uint_eq(reading.len, 0);
    talloc_free(copy);
    return error;
}

/* Encode, decode, compare; encode again, compare bytes. */
static void round_trip(const struct l2tpha_record *record)
{
    struct l2tpha_record back;
    struct l2tpha_bytes bytes = put_ok(record), again;
    uint8_t *first = talloc_memdup(root, bytes.data, bytes.len);
    struct l2tpha_reading reading = {.data = first, .len = bytes.len};
    assert_ok(l2tpha_serializer_proto()->get_record(&reading, &back));
    records_assert_same(record, &back);
    again = put_ok(&back);
    ck_assert_uint_eq(again.len, bytes.len);
    ck_assert_mem_eq(again.data, first, again.len);
    talloc_free(first);
}

START_TEST(table_of_fields_is_sound)
{
    ck_assert_ptr_null(record_shape(0));
    ck_assert_ptr_null(record_shape(RECORDS_KINDS + 1));
    for (uint32_t kind = 1; kind <= RECORDS_KINDS; kind++) {
        const struct record_shape *shape = record_shape(kind);
        ck_assert_uint_lt(shape->count, 64); /* one bit each in `required` */
        for (uint32_t i = 0; i < shape->count; i++) {
            const struct record_field *field = &shape->fields[i];
            ck_assert_uint_eq(field->tag >> 3, i + 1);
            ck_assert_uint_eq(field->tag & 7, field->type <= RECORD_U64 ? WIRE_VARINT : WIRE_BYTES);
            ck_assert_uint_lt(field->offset, shape->size);
            ck_assert_uint_le(field->min, field->max);
            ck_assert_uint_eq(field->min > 0, shape->required >> (i + 1) & 1);
        }
    }
}
END_TEST

START_TEST(every_field_at_its_limits)
{
    for (uint32_t kind = 1; kind <= RECORDS_KINDS; kind++)
        for (uint32_t i = 0; i < record_shape(kind)->count; i++) {
            const struct record_field *field = &record_shape(kind)->fields[i];
            uint32_t most = field->max <= RECORDS_STRING || field->type <= RECORD_U64
                                ? field->max
                                : RECORDS_STRING;
            const uint32_t values[] = {field->min, field->min + 1, most / 2 + 1, most - 1, most};
            for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
                struct l2tpha_record record = records_minimal((enum l2tpha_record_kind)kind);
                records_set(field, (char *)&record.of + field->offset, values[v]);
                round_trip(&record);
            }
        }
}
END_TEST

/* What is out of range can be neither written nor read. */
START_TEST(every_field_beyond_its_limits)
{
    for (uint32_t kind = 1; kind <= RECORDS_KINDS; kind++)
        for (uint32_t i = 0; i < record_shape(kind)->count; i++) {
            const struct record_field *field = &record_shape(kind)->fields[i];
            static const uint64_t widest[] = {UINT8_MAX, UINT16_MAX, UINT32_MAX, UINT64_MAX};
            bool bytes = field->type == RECORD_BYTES || field->type == RECORD_ADDRESS;
            struct l2tpha_record record = records_minimal((enum l2tpha_record_kind)kind);
            uint8_t *start;
            if (field->max < (bytes                       ? RECORDS_STRING
                              : field->type <= RECORD_U64 ? widest[field->type]
                                                          : 0)) {
                records_set(field, (char *)&record.of + field->offset, (uint64_t)field->max + 1);
                assert_error(put(&record, &start), L2TPHA_ERR_INVALID);
            }
            if (field->min > 0) {
                records_set(field, (char *)&record.of + field->offset, field->min - 1);
                assert_error(put(&record, &start), L2TPHA_ERR_INVALID);
            }
        }
}
END_TEST

START_TEST(not_configured_is_a_method)
{
    struct l2tpha_record record = records_minimal(L2TPHA_RECORD_TUNNEL);
    uint8_t *start;
    record.of.tunnel.configured_method = 255;
    round_trip(&record);
    record.of.tunnel.configured_method = 254;
    assert_error(put(&record, &start), L2TPHA_ERR_INVALID);
    record.kind = (enum l2tpha_record_kind)(RECORDS_KINDS + 1);
    assert_error(put(&record, &start), L2TPHA_ERR_INVALID);
    record.kind = L2TPHA_RECORD_UNKNOWN;
    assert_error(put(&record, &start), L2TPHA_ERR_INVALID);
}
END_TEST

START_TEST(random_records)
{
    uint32_t seed = 1;
    for (unsigned i = 0; i < 3000; i++) {
        struct l2tpha_record record;
        records_random(&record, &seed);
        round_trip(&record);
    }
}
END_TEST

/* --- known answers --- */

START_TEST(a_session_byte_for_byte)
{
    static const uint8_t known[] = {0x7a, 0x1f, 0x12, 0x1d,       /* record, session */
                                    0x08, 0xe9, 0x07,             /* tunnel 1001 */
                                    0x10, 0xff, 0xff, 0x03,       /* local id 65535 */
                                    0x18, 0x07,                   /* remote id 7 */
                                    0x20, 0x05, 0x28, 0x02, 0x30, /* established, LNS, */
                                    0x01,                         /* incoming */
                                    0x58, 0x80, 0xc2, 0xd7, 0x2f, /* 100000000 bit/s */
                                    0x68, 0x80, 0x02,             /* data Ns 256 */
                                    0x8a, 0x01, 0x03, 'p',  'p',  'p'};
    struct l2tpha_record record = {.kind = L2TPHA_RECORD_SESSION};
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
    };
    struct l2tpha_bytes bytes = put_ok(&record);
    ck_assert_uint_eq(bytes.len, sizeof(known));
    ck_assert_mem_eq(bytes.data, known, sizeof(known));
    round_trip(&record);
}
END_TEST

START_TEST(a_node_byte_for_byte)
{
    static const uint8_t known[] = {0x7a, 0x12, 0x32, 0x10,                   /* record, node */
                                    0x0a, 0x08, 1,    2,    3, 4, 5, 6, 7, 8, /* key */
                                    0x10, 0xac, 0x02,                         /* place 300 */
                                    0x18, 0x80, 0x01};                        /* serial 128 */
    struct l2tpha_record record = {.kind = L2TPHA_RECORD_NODE};
    record.of.node = (struct l2tpha_node_record){
        .tunnel_key = {1, 2, 3, 4, 5, 6, 7, 8}, .tunnel_place = 300, .call_serial = 128};
    struct l2tpha_bytes bytes = put_ok(&record);
    ck_assert_uint_eq(bytes.len, sizeof(known));
    ck_assert_mem_eq(bytes.data, known, sizeof(known));
    round_trip(&record);
}
END_TEST

START_TEST(a_node_with_a_range_byte_for_byte)
{
    static const uint8_t known[] = {0x7a, 0x10, 0x32, 0x0e,                   /* record, node */
                                    0x0a, 0x08, 1,    2,    3, 4, 5, 6, 7, 8, /* key */
                                    0x20, 0x05,                               /* from 5 */
                                    0x28, 0x7f};                              /* to 127 */
    struct l2tpha_record record = {.kind = L2TPHA_RECORD_NODE};
    record.of.node = (struct l2tpha_node_record){
        .tunnel_key = {1, 2, 3, 4, 5, 6, 7, 8}, .tunnel_id_first = 5, .tunnel_id_last = 127};
    struct l2tpha_bytes bytes = put_ok(&record);
    ck_assert_uint_eq(bytes.len, sizeof(known));
    ck_assert_mem_eq(bytes.data, known, sizeof(known));
    round_trip(&record);
}
END_TEST

START_TEST(a_header_byte_for_byte)
{
    static const uint8_t known[] = {0x08, 0x01, 0x10, 0x05, 0x18, 0xac, 0x02, 0x20,
                                    0x03, 0x28, 0x09, 0x30, 0x02, 0x39, 0x08, 0x07,
                                    0x06, 0x05, 0x04, 0x03, 0x02, 0x01, 0x48, 0x04};
    const struct l2tpha_checkpoint_header header = {.version = 1,
                                                    .epoch = 5,
                                                    .number = 300,
                                                    .kind = L2TPHA_CHECKPOINT_BULK_END,
                                                    .generation = 9,
                                                    .count = 2,
                                                    .digest = UINT64_C(0x0102030405060708),
                                                    .part = 4};
    struct l2tpha_checkpoint_header back;
    struct l2tpha_reading records;
    uint8_t data[64];
    struct l2tpha_writing writing = records_writing(data, sizeof(data));
    assert_ok(l2tpha_serializer_proto()->put_header(&header, &writing));
    const uint8_t *start = writing.start;
    size_t len = (size_t)(writing.end - start);
    ck_assert_uint_eq(len, sizeof(known));
    ck_assert_mem_eq(start, known, len);
    assert_ok(l2tpha_serializer_proto()->get_header(start, len, &back, &records));
    ck_assert_uint_eq(records.len, 0);
    ck_assert_uint_eq(back.epoch, 5);
    ck_assert_uint_eq(back.number, 300);
    ck_assert_uint_eq(back.kind, L2TPHA_CHECKPOINT_BULK_END);
    ck_assert_uint_eq(back.generation, 9);
    ck_assert_uint_eq(back.count, 2);
    ck_assert_uint_eq(back.digest, header.digest);
    ck_assert_uint_eq(back.part, 4);
}
END_TEST

/* Every buffer that is a byte too small is refused, and nothing in front of it is touched. */
START_TEST(too_small_by_any_amount)
{
    struct l2tpha_record record = records_minimal(L2TPHA_RECORD_TUNNEL);
    for (uint32_t i = 0; i < record_shape(1)->count; i++)
        records_set(&record_shape(1)->fields[i],
                    (char *)&record.of + record_shape(1)->fields[i].offset,
                    record_shape(1)->fields[i].max < 3 ? 1 : 3);
    record.of.tunnel.unknown = (struct l2tpha_bytes){(const uint8_t *)"\xd0\x3e\x05", 3};
    size_t len = put_ok(&record).len;
    for (size_t room = 0; room <= len; room++) {
        uint8_t *data = talloc_size(root, room + 1);
        struct l2tpha_writing writing = records_writing(data, room);
        int error = l2tpha_serializer_proto()->put_record(&record, &writing);
        ck_assert_int_eq(error, room < len ? L2TPHA_ERR_TOO_SMALL : 0);
        ck_assert_ptr_eq(writing.start, room < len ? data + room : data);
        talloc_free(data);
    }
    const struct l2tpha_checkpoint_header header = {.version = 1, .number = 1 << 20, .digest = 1};
    for (size_t room = 0; room < 14; room++) {
        uint8_t data[16];
        struct l2tpha_writing writing = records_writing(data, room);
        assert_error(l2tpha_serializer_proto()->put_header(&header, &writing),
                     room < 2 + 4 + 9 ? L2TPHA_ERR_TOO_SMALL : 0);
    }
}
END_TEST

/* --- input --- */

#define BYTES(...)                                                                                 \
    {                                                                                              \
        (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})                     \
    }
#define GONE(...)                                                                                  \
    BYTES(0x7a, 2 + sizeof((const uint8_t[]){__VA_ARGS__}), 0x2a,                                  \
          sizeof((const uint8_t[]){__VA_ARGS__}), __VA_ARGS__)

#define NODE(...)                                                                                  \
    BYTES(0x7a, 2 + sizeof((const uint8_t[]){__VA_ARGS__}), 0x32,                                  \
          sizeof((const uint8_t[]){__VA_ARGS__}), __VA_ARGS__)

static const struct {
    int error;
    enum l2tpha_record_kind kind;
    struct l2tpha_bytes input;
} inputs[] = {
    {L2TPHA_ERR_NOT_FOUND, 0, {NULL, 0}},
    {0, L2TPHA_RECORD_GONE, GONE(0x08, 0x01)},
    {0, L2TPHA_RECORD_GONE, GONE(0x10, 0x02, 0x08, 0x01)},       /* any order */
    {0, L2TPHA_RECORD_GONE, GONE(0x08, 0x05, 0x08, 0x01)},       /* the last one */
    {0, L2TPHA_RECORD_GONE, GONE(0x08, 0x81, 0x80, 0x00)},       /* not the shortest */
    {0, L2TPHA_RECORD_GONE, GONE(0x08, 0x01, 0x18, 0x07)},       /* unknown: varint, */
    {0, L2TPHA_RECORD_GONE, GONE(0x08, 0x01, 0x1d, 1, 2, 3, 4)}, /* 32 bits, */
    {0, L2TPHA_RECORD_GONE, GONE(0x08, 0x01, 0x19, 1, 2, 3, 4, 5, 6, 7, 8)},
    {0, L2TPHA_RECORD_GONE, GONE(0x08, 0x01, 0x1a, 1, 2)},           /* bytes */
    {0, L2TPHA_RECORD_GONE, BYTES(0x7a, 6, 0x3a, 0, 0x2a, 2, 8, 1)}, /* beside another kind */
    {0, L2TPHA_RECORD_UNKNOWN, BYTES(0x7a, 2, 0x3a, 0)},             /* another kind alone */
    {0, L2TPHA_RECORD_UNKNOWN, BYTES(0x7a, 0)},
    {0, L2TPHA_RECORD_UNKNOWN, BYTES(0x80, 0x01, 7, 0x7a, 0)}, /* unknown field between */
    {L2TPHA_ERR_NOT_FOUND, 0, BYTES(0x80, 0x01, 7)},
    {L2TPHA_ERR_RECORD, 0, BYTES(0x7a)},
    {L2TPHA_ERR_RECORD, 0, BYTES(0x7a, 1)},
    {L2TPHA_ERR_RECORD, 0, BYTES(0x7a, 0xff, 0xff, 0xff, 0xff, 0x0f)},
    {L2TPHA_ERR_RECORD, 0, BYTES(0x7a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01)},
    {L2TPHA_ERR_RECORD, 0, BYTES(0x78, 1)},                           /* record as varint */
    {L2TPHA_ERR_RECORD, 0, BYTES(0x18, 1)},                           /* header after it */
    {L2TPHA_ERR_RECORD, 0, BYTES(0x7a, 2, 0x28, 1)},                  /* kind as varint */
    {L2TPHA_ERR_RECORD, 0, BYTES(0x7a, 3, 0x33, 0x34, 0)},            /* a group */
    {L2TPHA_ERR_RECORD, 0, BYTES(0x7a, 2, 0x2a, 0)},                  /* tunnel id missing */
    {L2TPHA_ERR_RECORD, 0, GONE(0x08, 0x00)},                         /* and zero */
    {L2TPHA_ERR_RECORD, 0, GONE(0x08, 0x80, 0x80, 0x80, 0x80, 0x10)}, /* 2^32 */
    {L2TPHA_ERR_RECORD, 0, GONE(0x0a, 0x01, 0x01)},                   /* another wire type */
    {L2TPHA_ERR_RECORD, 0, GONE(0x08)},
    {L2TPHA_ERR_RECORD, 0, GONE(0x08, 0x81)},
    {L2TPHA_ERR_RECORD, 0, GONE(0x08, 0x01, 0x00, 0x00)}, /* field number 0 */
    {L2TPHA_ERR_RECORD, 0, GONE(0x08, 0x01, 0x1a, 5, 1)}, /* unknown, cut */
    {L2TPHA_ERR_RECORD, 0, GONE(0x08, 0x01, 0x1d, 1, 2, 3)},
    {L2TPHA_ERR_RECORD, 0, GONE(0x08, 0x01, 0x1e)}, /* wire type 6 */
    {L2TPHA_ERR_RECORD, 0,
     GONE(0x08, 0x01, 0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02)},
    {L2TPHA_ERR_RECORD, 0,
     GONE(0x08, 0x01, 0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x81, 0)},
    {0, L2TPHA_RECORD_NODE, BYTES(0x7a, 2, 0x32, 0)}, /* nothing given out yet */
    {0, L2TPHA_RECORD_NODE, NODE(0x10, 0xfe, 0xff, 0x03)},
    {0, L2TPHA_RECORD_NODE, NODE(0x18, 0xff, 0xff, 0xff, 0xff, 0x0f)},
    {0, L2TPHA_RECORD_NODE, NODE(0x0a, 8, 0, 0, 0, 0, 0, 0, 0, 0)},
    {0, L2TPHA_RECORD_NODE, NODE(0x18, 1, 0x3a, 1, 1)},               /* field 7 of tomorrow */
    {L2TPHA_ERR_RECORD, 0, NODE(0x10, 0xff, 0xff, 0x03)},             /* place 65535 */
    {L2TPHA_ERR_RECORD, 0, NODE(0x18, 0x80, 0x80, 0x80, 0x80, 0x10)}, /* serial 2^32 */
    {L2TPHA_ERR_RECORD, 0, NODE(0x0a, 7, 1, 2, 3, 4, 5, 6, 7)},
    {L2TPHA_ERR_RECORD, 0, NODE(0x0a, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9)},
    {L2TPHA_ERR_RECORD, 0, NODE(0x08, 1)}, /* key as varint */
};

START_TEST(input_that_others_may_write)
{
    struct l2tpha_record record;
    assert_error(get(inputs[_i].input.data, inputs[_i].input.len, &record), inputs[_i].error);
    if (!inputs[_i].error)
        ck_assert_int_eq(record.kind, inputs[_i].kind);
    if (!inputs[_i].error && record.kind == L2TPHA_RECORD_GONE)
        ck_assert_uint_eq(record.of.gone.tunnel_id, 1);
}
END_TEST

static const struct {
    int error;
    struct l2tpha_bytes input;
} headers[] = {
    {0, BYTES(0x08, 1)},
    {0, BYTES(0x18, 3, 0x08, 1)},
    {0, BYTES(0x08, 1, 0x50, 5, 0x7a, 0)}, /* field 10 of tomorrow */
    {0, BYTES(0x08, 1, 0x7a, 0xff)},       /* records come later */
    {L2TPHA_ERR_RECORD_VERSION, {NULL, 0}},
    {L2TPHA_ERR_RECORD_VERSION, BYTES(0x08, 2)},
    {L2TPHA_ERR_RECORD_VERSION, BYTES(0x18, 3)},
    {L2TPHA_ERR_RECORD_VERSION, BYTES(0x08, 0x81, 0x80, 0x80, 0x80, 0x10)}, /* 2^32 + 1 */
    {L2TPHA_ERR_RECORD, BYTES(0x08, 1, 0x20, 6)},                           /* kind */
    {L2TPHA_ERR_RECORD, BYTES(0x08, 1, 0x20, 0x80, 0x02)},
    {L2TPHA_ERR_RECORD, BYTES(0x08, 1, 0x38, 4)}, /* digest as varint */
    {L2TPHA_ERR_RECORD, BYTES(0x08, 1, 0x39, 4)}, /* digest cut */
    {L2TPHA_ERR_RECORD, BYTES(0x0a, 1, 1)},
    {L2TPHA_ERR_RECORD, BYTES(0x08)},
    {L2TPHA_ERR_RECORD, BYTES(0x08, 1, 0xfa, 0x00, 0)}, /* a record in disguise */
    {L2TPHA_ERR_RECORD, BYTES(0x08, 1, 0x78, 0)},
};

START_TEST(headers_that_others_may_write)
{
    struct l2tpha_checkpoint_header header;
    struct l2tpha_reading records;
    assert_error(l2tpha_serializer_proto()->get_header(headers[_i].input.data,
                                                       headers[_i].input.len, &header, &records),
                 headers[_i].error);
}
END_TEST

START_TEST(bad_header_is_not_written)
{
    uint8_t data[64];
    struct l2tpha_writing writing = records_writing(data, sizeof(data));
    struct l2tpha_checkpoint_header header = {.version = 0};
    assert_error(l2tpha_serializer_proto()->put_header(&header, &writing), L2TPHA_ERR_INVALID);
    header.version = 1;
    header.kind = L2TPHA_CHECKPOINT_RESUME + 1;
    assert_error(l2tpha_serializer_proto()->put_header(&header, &writing), L2TPHA_ERR_INVALID);
}
END_TEST

/* --- unknown fields --- */

START_TEST(unknown_fields_are_kept_verbatim)
{
    /* tunnel 1, then field 1000: a varint longer than need be, bytes, 32 bits */
    static const uint8_t input[] = {0x7a, 20,   0x0a, 18,   0x08, 0x01, 0xc0, 0x3e,
                                    0x81, 0x80, 0x00, 0xc2, 0x3e, 0x02, 0xaa, 0xbb,
                                    0xc5, 0x3e, 0x01, 0x02, 0x03, 0x04};
    struct l2tpha_reading records = {.data = input, .len = sizeof(input)};
    struct l2tpha_record record;
    assert_ok(l2tpha_serializer_proto()->get_record(&records, &record));
    ck_assert_uint_eq(record.of.tunnel.unknown.len, 16);
    struct l2tpha_bytes again = put_ok(&record);
    ck_assert_uint_eq(again.len, sizeof(input));
    ck_assert_mem_eq(again.data, input, sizeof(input));
}
END_TEST

START_TEST(unknown_fields_of_a_node_are_kept_verbatim)
{
    /* key, serial 128, then fields 7 and 1000 */
    static const uint8_t input[] = {0x7a, 21,   0x32, 19,   0x0a, 0x08, 1,    2,
                                    3,    4,    5,    6,    7,    8,    0x18, 0x80,
                                    0x01, 0x3a, 0x01, 0xaa, 0xc0, 0x3e, 0x05};
    struct l2tpha_reading records = {.data = input, .len = sizeof(input)};
    struct l2tpha_record record;

    assert_ok(l2tpha_serializer_proto()->get_record(&records, &record));
    ck_assert_uint_eq(record.of.node.unknown.len, 6);
    struct l2tpha_bytes again = put_ok(&record);
    ck_assert_uint_eq(again.len, sizeof(input));
    ck_assert_mem_eq(again.data, input, sizeof(input));
}
END_TEST

/* Known fields between them could not be kept apart. */
START_TEST(unknown_fields_must_stand_together)
{
    static const uint8_t first[] = {0x7a, 7, 0x0a, 5, 0xc0, 0x3e, 0x01, 0x08, 0x01};
    static const uint8_t split[] = {0x7a, 10,   0x0a, 8,    0xc0, 0x3e,
                                    0x01, 0x08, 0x01, 0xc0, 0x3e, 0x02};
    struct l2tpha_record record;
    assert_ok(get(first, sizeof(first), &record));
    assert_error(get(split, sizeof(split), &record), L2TPHA_ERR_RECORD);
}
END_TEST

Suite *suite_serializer_proto(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("serializer_proto", &tcase);
    tcase_add_test(tcase, table_of_fields_is_sound);
    tcase_add_test(tcase, every_field_at_its_limits);
    tcase_add_test(tcase, every_field_beyond_its_limits);
    tcase_add_test(tcase, not_configured_is_a_method);
    tcase_add_test(tcase, random_records);
    tcase_add_test(tcase, a_session_byte_for_byte);
    tcase_add_test(tcase, a_node_byte_for_byte);
    tcase_add_test(tcase, a_node_with_a_range_byte_for_byte);
    tcase_add_test(tcase, a_header_byte_for_byte);
    tcase_add_test(tcase, too_small_by_any_amount);
    tcase_add_loop_test(tcase, input_that_others_may_write, 0, sizeof(inputs) / sizeof(inputs[0]));
    tcase_add_loop_test(tcase, headers_that_others_may_write, 0,
                        sizeof(headers) / sizeof(headers[0]));
    tcase_add_test(tcase, bad_header_is_not_written);
    tcase_add_test(tcase, unknown_fields_are_kept_verbatim);
    tcase_add_test(tcase, unknown_fields_of_a_node_are_kept_verbatim);
    tcase_add_test(tcase, unknown_fields_must_stand_together);
    return suite;
}
