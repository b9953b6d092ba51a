/* SPDX-License-Identifier: MIT */
/* What holds for each serializer, and for each with each other: what goes through both is the same
 * record, and the same bytes when it comes back. A loop test's turn is a serializer, or a pair. */
#include "fixture.h"
#include "formats.h"
#include "records.h"
#include "unknowns.h"

#include <string.h>

#define SPACE (1 << 20)
#define PAIRS (FORMATS * FORMATS)

static uint8_t space[SPACE], other_space[SPACE];
static uint8_t *room, *other_room;
static const struct l2tpha_serializer *format, *other;

/* False where this build has not so many. */
static bool choose(int turn)
{
    format = format_at(turn % FORMATS);
    other = format_at(turn / FORMATS);
    if (!format || !other)
        return false;
    room = format_room(format);
    other_room = format_room(other);
    return true;
}

static void done(void)
{
    talloc_free(room);
    talloc_free(other_room);
    room = other_room = NULL;
}

/* One record in a checkpoint of its own. */
static int put(const struct l2tpha_serializer *with, const struct l2tpha_record *record,
               uint8_t *out, struct l2tpha_bytes *bytes)
{
    static const struct l2tpha_checkpoint_header header = {.version = 1, .epoch = 3, .number = 4};
    struct l2tpha_writing writing = records_writing(out, SPACE);
    int error = with->put_record(record, &writing);

    writing.records = 1;
    if (!error)
        error = with->put_header(&header, &writing);
    *bytes = (struct l2tpha_bytes){writing.start, (size_t)(writing.end - writing.start)};
    return error;
}

static void get_ok(const struct l2tpha_serializer *with, struct l2tpha_bytes bytes,
                   uint8_t *in_room, struct l2tpha_record *record)
{
    struct l2tpha_checkpoint_header header;
    struct l2tpha_reading reading = {.room = in_room};
    struct l2tpha_record none;

    assert_ok(with->get_header(bytes.data, bytes.len, &header, &reading));
    ck_assert_uint_eq(header.epoch, 3);
    ck_assert_uint_eq(header.number, 4);
    assert_ok(with->get_record(&reading, record));
    assert_error(with->get_record(&reading, &none), L2TPHA_ERR_NOT_FOUND);
}

static struct l2tpha_bytes *unknown_of(struct l2tpha_record *record)
{
    switch (record->kind) {
    case L2TPHA_RECORD_TUNNEL:
        return &record->of.tunnel.unknown;
    case L2TPHA_RECORD_SESSION:
        return &record->of.session.unknown;
    case L2TPHA_RECORD_NODE:
        return &record->of.node.unknown;
    default:
        return NULL;
    }
}

static void assert_same_bytes(struct l2tpha_bytes a, struct l2tpha_bytes b)
{
    ck_assert_uint_eq(a.len, b.len);
    if (a.len > 0)
        ck_assert_mem_eq(a.data, b.data, a.len);
}

/* By one serializer and by the other; then the first one's bytes are the same once more. */
static void round_trip(struct l2tpha_record *record)
{
    static uint8_t third_space[SPACE];
    struct l2tpha_bytes first, second, third;
    struct l2tpha_record one, two;

    assert_ok(put(format, record, space, &first));
    get_ok(format, first, room, &one);
    records_assert_same(record, &one);
    assert_ok(put(other, &one, other_space, &second));
    get_ok(other, second, other_room, &two);
    records_assert_same(record, &two);
    if (unknown_of(record))
        assert_same_bytes(*unknown_of(record), *unknown_of(&two));
    assert_ok(put(format, &two, third_space, &third));
    assert_same_bytes(first, third);
}

START_TEST(random_records)
{
    uint32_t seed = 1;

    if (!choose(_i))
        return;
    for (unsigned i = 0; i < 500; i++) {
        struct l2tpha_record record;
        records_random(&record, &seed);
        if (unknown_of(&record))
            *unknown_of(&record) = unknowns[i % UNKNOWNS_COUNT].bytes;
        round_trip(&record);
    }
    done();
}
END_TEST

START_TEST(unknown_fields_come_back)
{
    static const enum l2tpha_record_kind kinds[] = {L2TPHA_RECORD_TUNNEL, L2TPHA_RECORD_SESSION,
                                                    L2TPHA_RECORD_NODE};

    if (!choose(_i))
        return;
    for (size_t i = 0; i < UNKNOWNS_COUNT; i++)
        for (size_t kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++) {
            struct l2tpha_record record = records_minimal(kinds[kind]);
            *unknown_of(&record) = unknowns[i].bytes;
            round_trip(&record);
        }
    done();
}
END_TEST

/* As much as a checkpoint may have. */
START_TEST(long_unknown_fields_come_back)
{
    static uint8_t bytes[SPACE / 4];
    struct l2tpha_record record = records_minimal(L2TPHA_RECORD_NODE);
    size_t len = 0;

    if (!choose(_i))
        return;
    for (uint32_t number = 100; len + 13 < sizeof(bytes); number++) { /* of the longest numbers */
        bytes[len++] = (uint8_t)(number << 3 | 0x80);
        bytes[len++] = (uint8_t)(number >> 4 | (number > 2047 ? 0x80 : 0));
        if (number > 2047)
            bytes[len++] = (uint8_t)(number >> 11);
        memset(bytes + len, 0xff, 9);
        bytes[len + 9] = 1;
        len += 10;
    }
    record.of.node.unknown = (struct l2tpha_bytes){bytes, len};
    round_trip(&record);
    done();
}
END_TEST

/* --- each by itself --- */

START_TEST(every_field_at_its_limits)
{
    if (!choose(_i + _i * FORMATS))
        return;
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
    done();
}
END_TEST

/* What is out of range cannot be written. */
START_TEST(every_field_beyond_its_limits)
{
    static const uint64_t widest[] = {UINT8_MAX, UINT16_MAX, UINT32_MAX, UINT64_MAX};
    struct l2tpha_bytes bytes;

    if (!choose(_i + _i * FORMATS))
        return;
    for (uint32_t kind = 1; kind <= RECORDS_KINDS; kind++)
        for (uint32_t i = 0; i < record_shape(kind)->count; i++) {
            const struct record_field *field = &record_shape(kind)->fields[i];
            uint64_t most = field->type <= RECORD_U64    ? widest[field->type]
                            : field->type == RECORD_RAW8 ? 0
                                                         : RECORDS_STRING;
            struct l2tpha_record record = records_minimal((enum l2tpha_record_kind)kind);
            void *at = (char *)&record.of + field->offset;
            if (field->max < most && field->max + UINT64_C(1) != field->also) {
                records_set(field, at, (uint64_t)field->max + 1);
                assert_error(put(format, &record, space, &bytes), L2TPHA_ERR_INVALID);
            }
            if (field->min > 0) {
                records_set(field, at, field->min - 1);
                assert_error(put(format, &record, space, &bytes), L2TPHA_ERR_INVALID);
            }
        }
    done();
}
END_TEST

START_TEST(what_nobody_could_read_is_not_written)
{
    struct l2tpha_checkpoint_header header = {.version = 0};
    struct l2tpha_writing writing = records_writing(space, SPACE);
    struct l2tpha_record record = records_minimal(L2TPHA_RECORD_TUNNEL);
    struct l2tpha_bytes bytes;

    if (!choose(_i + _i * FORMATS))
        return;
    assert_error(format->put_header(&header, &writing), L2TPHA_ERR_INVALID);
    header = (struct l2tpha_checkpoint_header){.version = 1, .kind = L2TPHA_CHECKPOINT_RESUME + 1};
    assert_error(format->put_header(&header, &writing), L2TPHA_ERR_INVALID);
    record.kind = L2TPHA_RECORD_UNKNOWN;
    assert_error(put(format, &record, space, &bytes), L2TPHA_ERR_INVALID);
    record.kind = (enum l2tpha_record_kind)(RECORDS_KINDS + 1);
    assert_error(put(format, &record, space, &bytes), L2TPHA_ERR_INVALID);
    if (format != l2tpha_serializer_proto()) /* which takes them for what they should be */
        for (size_t i = 0; i < IMPOSSIBLE_COUNT; i++) {
            record = records_minimal(L2TPHA_RECORD_TUNNEL);
            record.of.tunnel.unknown = impossible[i].bytes;
            assert_error(put(format, &record, space, &bytes), L2TPHA_ERR_INVALID);
        }
    done();
}
END_TEST

/* Whatever is too small is refused, nothing moves, and nothing in front of it is touched. */
START_TEST(too_small_by_any_amount)
{
    const struct l2tpha_checkpoint_header header = {
        .version = 1, .number = 1 << 20, .digest = UINT64_MAX};
    struct l2tpha_record record = records_minimal(L2TPHA_RECORD_TUNNEL);
    struct l2tpha_writing writing = records_writing(space, SPACE);

    if (!choose(_i + _i * FORMATS))
        return;
    for (uint32_t i = 0; i < record_shape(1)->count; i++)
        records_set(&record_shape(1)->fields[i],
                    (char *)&record.of + record_shape(1)->fields[i].offset,
                    record_shape(1)->fields[i].max < 3 ? 1 : 3);
    for (size_t form = 0; form < UNKNOWNS_COUNT; form++) {
        record.of.tunnel.unknown = unknowns[form].bytes;
        writing = records_writing(space, SPACE);
        assert_ok(format->put_record(&record, &writing));
        size_t len = (size_t)(writing.end - writing.start);
        for (size_t size = 0; size <= len; size++) {
            uint8_t *data = talloc_size(root, size + 1);
            writing = records_writing(data, size);
            int error = format->put_record(&record, &writing);
            assert_true(error == (size < len ? L2TPHA_ERR_TOO_SMALL : L2TPHA_OK));
            assert_true(writing.start == (size < len ? data + size : data));
            talloc_free(data);
        }
    }
    writing = records_writing(space, SPACE);
    writing.records = 300;
    assert_ok(format->put_header(&header, &writing));
    size_t len = (size_t)(writing.end - writing.start);
    for (size_t size = 0; size <= len; size++) {
        uint8_t *data = talloc_size(root, size + 1);
        writing = records_writing(data, size);
        writing.records = 300;
        assert_error(format->put_header(&header, &writing),
                     size < len ? L2TPHA_ERR_TOO_SMALL : L2TPHA_OK);
        talloc_free(data);
    }
    done();
}
END_TEST

START_TEST(every_header_comes_back)
{
    static const uint64_t some[] = {0,
                                    1,
                                    23,
                                    24,
                                    255,
                                    256,
                                    65535,
                                    65536,
                                    UINT32_MAX,
                                    (uint64_t)UINT32_MAX + 1,
                                    (UINT64_C(1) << 53) - 1,
                                    UINT64_C(1) << 53,
                                    UINT64_MAX};
    struct l2tpha_checkpoint_header back;
    struct l2tpha_reading reading = {.room = NULL};

    if (!choose(_i + _i * FORMATS))
        return;
    for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
        const struct l2tpha_checkpoint_header header = {.version = 1,
                                                        .epoch = some[i],
                                                        .number = some[i],
                                                        .kind = (uint8_t)(i % 6),
                                                        .generation = some[i],
                                                        .count = some[i],
                                                        .digest = some[i],
                                                        .part = some[i]};
        struct l2tpha_writing writing = records_writing(space, SPACE);
        assert_ok(format->put_header(&header, &writing));
        assert_ok(format->get_header(writing.start, (size_t)(writing.end - writing.start), &back,
                                     &reading));
        ck_assert_uint_eq(back.version, 1);
        ck_assert_uint_eq(back.epoch, some[i]);
        ck_assert_uint_eq(back.number, some[i]);
        ck_assert_uint_eq(back.kind, i % 6);
        ck_assert_uint_eq(back.generation, some[i]);
        ck_assert_uint_eq(back.count, some[i]);
        ck_assert_uint_eq(back.digest, some[i]);
        ck_assert_uint_eq(back.part, some[i]);
        ck_assert_uint_eq(reading.len, 0);
        assert_error(format->get_record(&reading, &(struct l2tpha_record){0}),
                     L2TPHA_ERR_NOT_FOUND);
    }
    done();
}
END_TEST

/* The bytes that a copy's digest is over: those of the records alone, at both ends. */
START_TEST(records_are_the_same_bytes_at_both_ends)
{
    struct l2tpha_checkpoint_header header = {.version = 1, .epoch = 9}, back;
    struct l2tpha_writing writing = records_writing(space, SPACE);
    struct l2tpha_reading reading;
    uint32_t seed = 7;

    if (!choose(_i + _i * FORMATS))
        return;
    reading.room = room;
    for (; writing.records < 1000; writing.records++) {
        struct l2tpha_record record;
        records_random(&record, &seed);
        if (format->put_record(&record, &writing) == L2TPHA_ERR_TOO_SMALL)
            break;
    }
    const uint8_t *records = writing.start;
    assert_ok(format->put_header(&header, &writing));
    assert_ok(
        format->get_header(writing.start, (size_t)(writing.end - writing.start), &back, &reading));
    ck_assert_ptr_eq(reading.data, records);
    ck_assert_ptr_eq(reading.data + reading.len, writing.end);
    uint32_t count = 0;
    struct l2tpha_record record;
    int error;
    while (!(error = format->get_record(&reading, &record)))
        count++;
    assert_error(error, L2TPHA_ERR_NOT_FOUND);
    ck_assert_uint_eq(count, writing.records);
    done();
}
END_TEST

/* Of a sound checkpoint each piece that is cut off at the end, and each byte that is another one:
 * refused, or read to an end, but no byte beyond it is looked at. */
START_TEST(damaged_bytes)
{
    struct l2tpha_record record = records_minimal(L2TPHA_RECORD_TUNNEL);
    struct l2tpha_bytes bytes;

    if (!choose(_i + _i * FORMATS))
        return;
    record.of.tunnel.unknown = unknowns[11].bytes;
    record.of.tunnel.ns = 300;
    record.of.tunnel.peer_name = (struct l2tpha_bytes){(const uint8_t *)"peer", 4};
    assert_ok(put(format, &record, space, &bytes));
    for (size_t at = 0; at < bytes.len; at++)
        for (unsigned change = 0; change < 256; change++) {
            uint8_t *copy = talloc_memdup(root, bytes.data, change ? bytes.len : at ? at : 1);
            struct l2tpha_reading reading = {.room = room};
            struct l2tpha_checkpoint_header header;
            if (change)
                copy[at] = (uint8_t)(copy[at] ^ change);
            int error = format->get_header(copy, change ? bytes.len : at, &header, &reading);
            for (unsigned i = 0; !error && i < 3; i++)
                error = format->get_record(&reading, &record);
            assert_true(error == L2TPHA_ERR_RECORD || error == L2TPHA_ERR_RECORD_VERSION ||
                        error == L2TPHA_ERR_NOT_FOUND);
            /* proto's end is nowhere said, and that of a line is said twice */
            assert_true(change || format == l2tpha_serializer_proto() ||
                        (at == bytes.len - 1 && copy[at - 1] == '}') ||
                        error != L2TPHA_ERR_NOT_FOUND);
            talloc_free(copy);
        }
    done();
}
END_TEST

Suite *suite_pairs(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("pairs", &tcase);

    tcase_add_loop_test(tcase, random_records, 0, PAIRS);
    tcase_add_loop_test(tcase, unknown_fields_come_back, 0, PAIRS);
    tcase_add_loop_test(tcase, long_unknown_fields_come_back, 0, PAIRS);
    tcase_add_loop_test(tcase, every_field_at_its_limits, 0, FORMATS);
    tcase_add_loop_test(tcase, every_field_beyond_its_limits, 0, FORMATS);
    tcase_add_loop_test(tcase, what_nobody_could_read_is_not_written, 0, FORMATS);
    tcase_add_loop_test(tcase, too_small_by_any_amount, 0, FORMATS);
    tcase_add_loop_test(tcase, every_header_comes_back, 0, FORMATS);
    tcase_add_loop_test(tcase, records_are_the_same_bytes_at_both_ends, 0, FORMATS);
    tcase_add_loop_test(tcase, damaged_bytes, 0, FORMATS);
    return suite;
}
