/* SPDX-License-Identifier: MIT */
/* Writing JSON, from the end of the line backwards. Members stand in the order of their numbers, so
 * equal records have equal bytes. */
#include "json_put.h"

#include "json_table.h"
#include "unknown.h"

#define HIDDEN "\"(hidden)\""
#define SAFE_MAX ((UINT64_C(1) << 53) - 1) /* the highest number that every reader has exactly */

/* The first failure sticks: nothing is written any more. */
struct output {
    uint8_t *pos;
    uint8_t *low;
    int error;
    bool follows; /* something stands behind it in the same object */
    bool hides;   /* secrets */
};

static uint8_t *reserve(struct output *out, size_t len)
{
    if (out->error)
        return NULL;
    if ((size_t)(out->pos - out->low) < len) {
        out->error = L2TPHA_ERR_TOO_SMALL;
        return NULL;
    }
    return out->pos -= len;
}

static void put_octet(struct output *out, char octet)
{
    uint8_t *at = reserve(out, 1);
    if (at)
        *at = (uint8_t)octet;
}

static void put_text(struct output *out, const char *text)
{
    uint8_t *at = reserve(out, strlen(text));
    if (at)
        memcpy(at, text, strlen(text));
}

static void put_digits(struct output *out, uint64_t value)
{
    do
        put_octet(out, (char)('0' + value % 10));
    while (value /= 10);
}

static void put_value(struct output *out, uint64_t value)
{
    if (value > SAFE_MAX)
        put_octet(out, '"');
    put_digits(out, value);
    if (value > SAFE_MAX)
        put_octet(out, '"');
}

/* mark = before the digits, where the string could be something else; "" = none. */
static void put_hex(struct output *out, struct l2tpha_bytes bytes, const char *mark)
{
    static const char digits[] = "0123456789abcdef";

    put_octet(out, '"');
    if (!out->error && bytes.len > L2TPHA_CHECKPOINT_MAX)
        out->error = L2TPHA_ERR_TOO_SMALL;
    uint8_t *at = reserve(out, 2 * bytes.len);
    if (!at)
        return;
    for (size_t i = 0; i < bytes.len; i++) {
        *at++ = (uint8_t)digits[bytes.data[i] >> 4];
        *at++ = (uint8_t)digits[bytes.data[i] & 15];
    }
    put_text(out, mark);
    put_octet(out, '"');
}

/* Length of the character of UTF-8 (RFC 3629) at the front; 0 = none, or a control. */
static size_t character_len(struct l2tpha_bytes rest)
{
    uint8_t first = rest.data[0];
    size_t len = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

    if (first < 0x20 || first == 0x7f || (first >= 0x80 && first < 0xc2) || first > 0xf4 ||
        len > rest.len)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((rest.data[i] & 0xc0) != 0x80)
            return 0;
    if ((first == 0xe0 && rest.data[1] < 0xa0) || (first == 0xed && rest.data[1] > 0x9f) ||
        (first == 0xf0 && rest.data[1] < 0x90) || (first == 0xf4 && rest.data[1] > 0x8f))
        return 0;
    return len;
}

/* What begins with the mark of hex digits is not written as text. */
static bool is_text(struct l2tpha_bytes bytes)
{
    if (bytes.len > 0 && bytes.data[0] == '#')
        return false;
    while (bytes.len > 0) {
        size_t len = character_len(bytes);
        if (len == 0)
            return false;
        bytes.data += len;
        bytes.len -= len;
    }
    return true;
}

static void put_letters(struct output *out, struct l2tpha_bytes bytes)
{
    put_octet(out, '"');
    for (size_t i = bytes.len; i-- > 0;) {
        put_octet(out, (char)bytes.data[i]);
        if (bytes.data[i] == '"' || bytes.data[i] == '\\')
            put_octet(out, '\\');
    }
    put_octet(out, '"');
}

static void put_name(struct output *out, const char *name)
{
    put_text(out, "\":");
    put_text(out, name);
    put_octet(out, '"');
    out->follows = true;
}

/* Before a member's value, that is behind it in the text. */
static void put_comma(struct output *out)
{
    if (out->follows)
        put_octet(out, ',');
}

static uint64_t number_at(const struct json_field *field, const void *at)
{
    switch (field->type) {
    case JSON_U8:
        return *(const uint8_t *)at;
    case JSON_U16:
        return *(const uint16_t *)at;
    case JSON_U32:
        return *(const uint32_t *)at;
    default:
        return *(const uint64_t *)at;
    }
}

static struct l2tpha_bytes string_at(const struct json_field *field, const void *at)
{
    static const uint8_t zeros[8];
    const struct l2tpha_address *address = at;

    switch (field->type) {
    case JSON_BYTES:
        return *(const struct l2tpha_bytes *)at;
    case JSON_ADDRESS:
        return (struct l2tpha_bytes){address->bytes, address->len};
    default:
        return (struct l2tpha_bytes){at, memcmp(at, zeros, sizeof(zeros)) == 0 ? 0 : 8};
    }
}

static void put_field(struct output *out, const struct json_field *field, const void *at)
{
    bool is_number = field->type <= JSON_U64;
    struct l2tpha_bytes bytes = is_number ? (struct l2tpha_bytes){NULL, 0} : string_at(field, at);
    uint64_t value = is_number ? number_at(field, at) : bytes.len;

    if (!json_in_range(field, value) || (bytes.len > 0 && !bytes.data)) {
        out->error = out->error ? out->error : L2TPHA_ERR_INVALID;
        return;
    }
    if (value == 0)
        return;
    put_comma(out);
    if (is_number)
        put_value(out, value);
    else if (field->show == JSON_SECRET && out->hides)
        put_text(out, HIDDEN);
    else if (field->show == JSON_TEXT && is_text(bytes))
        put_letters(out, bytes);
    else
        put_hex(out, bytes, field->show == JSON_TEXT ? "#" : "");
    put_name(out, field->name);
}

static void put_fields(struct output *out, const struct json_kind *kind, const void *record)
{
    for (size_t i = 0; i < kind->count && !out->error; i++)
        put_field(out, &kind->fields[i], (const uint8_t *)record + kind->fields[i].offset);
}

/* --- unknown fields --- */

static size_t digits_len(uint64_t value)
{
    size_t len = 1;
    while (value /= 10)
        len++;
    return len;
}

/* Of the member without a comma: quotes, a mark, a colon. */
static size_t plain_len(const struct unknown_field *field)
{
    size_t name = 4 + digits_len(field->number);

    if (field->type == UNKNOWN_STRING)
        return name + 3 + 2 * (size_t)field->value;
    return name + digits_len(field->value) + (field->value > SAFE_MAX ? 2 : 0);
}

static void put_plain_field(struct output *out, const struct unknown_field *field)
{
    if (field->type == UNKNOWN_STRING)
        put_hex(out, (struct l2tpha_bytes){field->data, (size_t)field->value}, "#");
    else
        put_value(out, field->value);
    put_text(out, "\":");
    put_digits(out, field->number);
    put_text(out, "\"#");
}

/* They are met from the first one on: each is written into its place of what all take. */
static void put_plain(struct output *out, struct l2tpha_bytes unknown)
{
    struct l2tpha_bytes rest = unknown;
    struct unknown_field field;
    size_t len = 0;

    while (rest.len > 0 && unknown_next(&rest, &field))
        len += plain_len(&field) + 1;
    uint8_t *to = reserve(out, len - 1);
    for (rest = unknown; to && rest.len > 0 && unknown_next(&rest, &field);) {
        struct output place = {.pos = to + plain_len(&field), .low = to};
        put_plain_field(&place, &field);
        to += plain_len(&field);
        if (rest.len > 0)
            *to++ = ',';
    }
    out->follows = true;
}

/* The last members of their object. */
static void put_unknown(struct output *out, struct l2tpha_bytes unknown, uint32_t last)
{
    if (unknown.len == 0)
        return;
    if (out->hides) {
        put_text(out, HIDDEN);
        put_name(out, JSON_RAW);
        return;
    }
    switch (unknown_form(unknown, last)) {
    case UNKNOWN_PLAIN:
        put_plain(out, unknown);
        return;
    case UNKNOWN_RAW:
        put_hex(out, unknown, "");
        put_name(out, JSON_RAW);
        return;
    default:
        out->error = L2TPHA_ERR_INVALID;
    }
}

static int put_record(const struct l2tpha_record *record, struct l2tpha_writing *writing,
                      bool hides)
{
    const struct json_kind *kind = json_kind((uint32_t)record->kind);
    struct output out = {.pos = writing->start, .low = writing->low, .hides = hides};

    if (!kind)
        return L2TPHA_ERR_INVALID;
    put_text(&out, writing->start == writing->end ? "}}]}\n" : "}},");
    if (kind->unknown > 0)
        put_unknown(&out,
                    *(const struct l2tpha_bytes *)(const void *)((const uint8_t *)&record->of +
                                                                 kind->unknown),
                    json_last(kind));
    put_fields(&out, kind, &record->of);
    put_octet(&out, '{');
    put_name(&out, kind->name);
    put_octet(&out, '{');
    if (!out.error)
        writing->start = out.pos;
    return out.error;
}

int json_put_record(const struct l2tpha_record *record, struct l2tpha_writing *writing)
{
    return put_record(record, writing, false);
}

int json_put_record_hidden(const struct l2tpha_record *record, struct l2tpha_writing *writing)
{
    return put_record(record, writing, true);
}

/* The end of the line is with the last record, where there is one. */
int json_put_header(const struct l2tpha_checkpoint_header *header, struct l2tpha_writing *writing)
{
    struct output out = {.pos = writing->start, .low = writing->low};

    if (writing->records > 0) {
        put_octet(&out, '[');
        put_name(&out, JSON_RECORDS);
    } else {
        put_text(&out, "}\n");
    }
    put_fields(&out, &json_header, header);
    put_octet(&out, '{');
    if (!out.error)
        writing->start = out.pos;
    return out.error;
}
