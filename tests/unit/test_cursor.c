/* SPDX-License-Identifier: MIT */
#include "base/cursor.h"
#include "fixture.h"

static const uint8_t bytes[] = {0x01, 0x82, 0x03, 0x84, 0x05, 0x86, 0x07, 0x88,
                                0x09, 0x8a, 0x0b, 0x8c, 0x0d, 0x8e, 0x0f};

START_TEST(numbers_are_in_network_order)
{
    struct reader in = reader_over(bytes, sizeof(bytes));

    ck_assert_uint_eq(read_u8(&in), 0x01);
    ck_assert_uint_eq(read_u16(&in), 0x8203);
    ck_assert_uint_eq(read_u32(&in), 0x84058607);
    ck_assert_uint_eq(read_u64(&in), UINT64_C(0x88098a0b8c0d8e0f));
    ck_assert_uint_eq(reader_left(&in), 0);
    assert_ok(in.error);
}
END_TEST

START_TEST(what_is_written_is_read_back)
{
    uint8_t data[15];
    struct writer out = writer_over(data, sizeof(data));

    write_u8(&out, 0x01);
    write_u16(&out, 0x8203);
    write_u32(&out, 0x84058607);
    write_u64(&out, UINT64_C(0x88098a0b8c0d8e0f));
    assert_ok(out.error);
    ck_assert_uint_eq(writer_len(&out), sizeof(bytes));
    ck_assert_uint_eq(writer_left(&out), 0);
    ck_assert_mem_eq(data, bytes, sizeof(bytes));
}
END_TEST

START_TEST(fixed_places)
{
    uint8_t data[8];

    put_u64(data, get_u64(bytes));
    ck_assert_mem_eq(data, bytes, 8);
    put_u32(data + 2, get_u32(bytes + 1));
    ck_assert_mem_eq(data + 2, bytes + 1, 4);
    put_u16(data, get_u16(bytes + 3));
    ck_assert_mem_eq(data, bytes + 3, 2);
}
END_TEST

static uint64_t read_number(struct reader *in, size_t width)
{
    switch (width) {
    case 1:
        return read_u8(in);
    case 2:
        return read_u16(in);
    case 4:
        return read_u32(in);
    default:
        return read_u64(in);
    }
}

static void write_number(struct writer *out, size_t width, uint64_t value)
{
    switch (width) {
    case 1:
        write_u8(out, (uint8_t)value);
        break;
    case 2:
        write_u16(out, (uint16_t)value);
        break;
    case 4:
        write_u32(out, (uint32_t)value);
        break;
    default:
        write_u64(out, value);
    }
}

static const size_t widths[] = {1, 2, 4, 8};

START_TEST(short_input_gives_zero_for_good)
{
    size_t width = widths[_i];

    for (size_t len = 0; len < width; len++) {
        uint8_t *data = talloc_memdup(root, bytes, len); /* ASan watches its end */
        struct reader in = reader_over(data, len);
        ck_assert_uint_eq(read_number(&in, width), 0);
        assert_error(in.error, L2TPHA_ERR_TRUNCATED);
        ck_assert_ptr_nonnull(in.why);
        ck_assert_uint_eq(in.value, width);
        ck_assert_uint_eq(reader_left(&in), 0);
        ck_assert_uint_eq(read_u8(&in), 0);
        talloc_free(data);
    }
}
END_TEST

START_TEST(short_output_stays_as_it_was)
{
    size_t width = widths[_i];

    for (size_t cap = 0; cap < width; cap++) {
        uint8_t data[8] = {0};
        struct writer out = writer_over(data, cap);
        write_number(&out, width, UINT64_MAX);
        assert_error(out.error, L2TPHA_ERR_TOO_SMALL);
        write_u8(&out, 0xff); /* would fit, but the failure sticks */
        ck_assert_uint_eq(writer_len(&out), 0);
        ck_assert_uint_eq(get_u64(data), 0);
    }
}
END_TEST

START_TEST(views_point_into_the_input)
{
    struct reader in = reader_over(bytes, 4);

    ck_assert_ptr_eq(read_bytes(&in, 3), bytes);
    ck_assert_ptr_eq(read_bytes(&in, 0), bytes + 3);
    ck_assert_ptr_null(read_bytes(&in, 2));
    assert_error(in.error, L2TPHA_ERR_TRUNCATED);
    in = reader_over(bytes, 4);
    ck_assert_ptr_null(read_bytes(&in, SIZE_MAX));
    assert_error(in.error, L2TPHA_ERR_TRUNCATED);
}
END_TEST

START_TEST(no_input_at_all)
{
    struct reader in = reader_over(NULL, 0), zero = {0};

    ck_assert_ptr_null(read_bytes(&in, 0));
    assert_ok(in.error);
    ck_assert_uint_eq(read_u16(&in), 0);
    assert_error(in.error, L2TPHA_ERR_TRUNCATED);
    ck_assert_uint_eq(reader_left(&zero), 0);
    ck_assert_uint_eq(read_u8(&zero), 0);
    assert_error(zero.error, L2TPHA_ERR_TRUNCATED);
}
END_TEST

START_TEST(first_error_sticks)
{
    struct reader in = reader_over(bytes, sizeof(bytes));

    read_u8(&in);
    assert_error(reader_fail(&in, L2TPHA_ERR_AVP_VALUE, "first", 7), L2TPHA_ERR_AVP_VALUE);
    assert_error(reader_fail(&in, L2TPHA_ERR_HEADER, "second", 8), L2TPHA_ERR_AVP_VALUE);
    ck_assert_uint_eq(read_u8(&in), 0);
    ck_assert_uint_eq(reader_left(&in), 0);
    assert_error(in.error, L2TPHA_ERR_AVP_VALUE);
    ck_assert_str_eq(in.why, "first");
    ck_assert_uint_eq(in.value, 7);
}
END_TEST

START_TEST(sub_reader_ends_where_it_should)
{
    struct reader in = reader_over(bytes, 5);
    struct reader sub = read_sub(&in, 2);

    ck_assert_uint_eq(read_u16(&sub), 0x0182);
    ck_assert_uint_eq(read_u8(&sub), 0);
    assert_error(sub.error, L2TPHA_ERR_TRUNCATED);
    assert_ok(in.error); /* a failing part does not harm the whole */
    ck_assert_uint_eq(read_u8(&in), 0x03);
    sub = read_sub(&in, 0);
    assert_ok(sub.error);
    ck_assert_uint_eq(reader_left(&sub), 0);
}
END_TEST

START_TEST(sub_reader_takes_over_the_error)
{
    struct reader in = reader_over(bytes, 5);
    struct reader sub = read_sub(&in, 6);

    assert_error(in.error, L2TPHA_ERR_TRUNCATED);
    assert_error(sub.error, L2TPHA_ERR_TRUNCATED);
    ck_assert_str_eq(sub.why, in.why);
    ck_assert_uint_eq(sub.value, 6);
    ck_assert_uint_eq(reader_left(&sub), 0);
    sub = read_sub(&in, 0); /* even where nothing is asked for */
    assert_error(sub.error, L2TPHA_ERR_TRUNCATED);
}
END_TEST

START_TEST(bytes_and_reserved_room)
{
    uint8_t data[6] = {0};
    struct writer out = writer_over(data, sizeof(data));
    uint8_t *length = write_reserve(&out, 2);

    ck_assert_ptr_eq(length, data);
    write_bytes(&out, bytes, 3);
    write_bytes(&out, NULL, 0);
    put_u16(length, (uint16_t)writer_len(&out));
    ck_assert_mem_eq(data, "\x00\x05\x01\x82\x03\x00", 6);
    ck_assert_uint_eq(writer_left(&out), 1);
    write_bytes(&out, bytes, 2);
    assert_error(out.error, L2TPHA_ERR_TOO_SMALL);
    ck_assert_uint_eq(data[5], 0);
    ck_assert_uint_eq(writer_len(&out), 5);
    ck_assert_ptr_null(write_reserve(&out, 1));
}
END_TEST

START_TEST(writer_fails_once)
{
    uint8_t data[4];
    struct writer out = writer_over(data, sizeof(data)), none = writer_over(NULL, 0);

    write_u8(&out, 1);
    assert_error(writer_fail(&out, L2TPHA_ERR_AVP_VALUE), L2TPHA_ERR_AVP_VALUE);
    write_u8(&out, 2);
    assert_error(out.error, L2TPHA_ERR_AVP_VALUE);
    ck_assert_uint_eq(writer_len(&out), 1);
    ck_assert_ptr_null(write_reserve(&out, SIZE_MAX));
    ck_assert_uint_eq(writer_len(&none), 0);
    write_u8(&none, 1);
    assert_error(none.error, L2TPHA_ERR_TOO_SMALL);
}
END_TEST

Suite *suite_cursor(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("cursor", &tcase);
    tcase_add_test(tcase, numbers_are_in_network_order);
    tcase_add_test(tcase, what_is_written_is_read_back);
    tcase_add_test(tcase, fixed_places);
    tcase_add_loop_test(tcase, short_input_gives_zero_for_good, 0, 4);
    tcase_add_loop_test(tcase, short_output_stays_as_it_was, 0, 4);
    tcase_add_test(tcase, views_point_into_the_input);
    tcase_add_test(tcase, no_input_at_all);
    tcase_add_test(tcase, first_error_sticks);
    tcase_add_test(tcase, sub_reader_ends_where_it_should);
    tcase_add_test(tcase, sub_reader_takes_over_the_error);
    tcase_add_test(tcase, bytes_and_reserved_room);
    tcase_add_test(tcase, writer_fails_once);
    return suite;
}
