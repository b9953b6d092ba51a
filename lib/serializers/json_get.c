/* SPDX-License-Identifier: MIT */
/* Reading JSON with jansson, the header and each record by itself: what the parser takes of memory
 * goes with one record, and is given back with it. */
#include "json_get.h"

#include "json_scan.h"
#include "json_table.h"
#include "unknown.h"

#include <jansson.h>

/* l2tpha_reading::left: what stands next. */
enum { FIRST, NEXT, NONE };

/* Where strings go that are no views of the input. */
struct room {
    uint8_t *data;
    size_t len;
};

static int digit_of(char letter)
{
    if (letter >= '0' && letter <= '9')
        return letter - '0';
    if (letter >= 'a' && letter <= 'f')
        return letter - 'a' + 10;
    return letter >= 'A' && letter <= 'F' ? letter - 'A' + 10 : -1;
}

static bool get_hex(struct room *room, const char *text, size_t len, struct l2tpha_bytes *bytes)
{
    if (len % 2 > 0 || !room->data || len / 2 > JSON_ROOM - room->len)
        return false;
    uint8_t *to = room->data + room->len;
    for (size_t i = 0; i < len / 2; i++) {
        int high = digit_of(text[2 * i]), low = digit_of(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        to[i] = (uint8_t)(high << 4 | low);
    }
    *bytes = (struct l2tpha_bytes){to, len / 2};
    room->len += len / 2;
    return true;
}

static bool get_letters(struct room *room, const char *text, size_t len, struct l2tpha_bytes *bytes)
{
    if (!room->data || len > JSON_ROOM - room->len)
        return false;
    uint8_t *to = room->data + room->len;
    memcpy(to, text, len);
    *bytes = (struct l2tpha_bytes){to, len};
    room->len += len;
    return true;
}

/* Of digits alone, the first of which is no 0 where there are more. */
static bool get_digits(const char *text, size_t len, uint64_t *value)
{
    uint64_t sum = 0;

    if (len == 0 || (len > 1 && text[0] == '0'))
        return false;
    for (size_t i = 0; i < len; i++) {
        unsigned digit = (unsigned)(text[i] - '0');
        if (digit > 9 || sum > (UINT64_MAX - digit) / 10)
            return false;
        sum = 10 * sum + digit;
    }
    *value = sum;
    return true;
}

/* A number, or its digits as a string, since not every program has 64 bits for a number. */
static bool get_number(const json_t *value, uint64_t *number)
{
    if (json_is_string(value))
        return get_digits(json_string_value(value), json_string_length(value), number);
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    *number = (uint64_t)json_integer_value(value);
    return true;
}

static bool get_string(struct room *room, enum json_show show, const json_t *value,
                       struct l2tpha_bytes *bytes)
{
    const char *text = json_string_value(value);
    size_t len = json_string_length(value);

    if (!text)
        return false;
    if (show != JSON_TEXT)
        return get_hex(room, text, len, bytes);
    return len > 0 && text[0] == '#' ? get_hex(room, text + 1, len - 1, bytes)
                                     : get_letters(room, text, len, bytes);
}

static void set_number(const struct json_field *field, void *at, uint64_t number)
{
    switch (field->type) {
    case JSON_U8:
        *(uint8_t *)at = (uint8_t)number;
        break;
    case JSON_U16:
        *(uint16_t *)at = (uint16_t)number;
        break;
    case JSON_U32:
        *(uint32_t *)at = (uint32_t)number;
        break;
    default:
        *(uint64_t *)at = number;
    }
}

static bool set_string(const struct json_field *field, void *at, struct l2tpha_bytes bytes)
{
    struct l2tpha_address *address = at;

    switch (field->type) {
    case JSON_BYTES:
        *(struct l2tpha_bytes *)at = bytes;
        return true;
    case JSON_ADDRESS:
        address->len = (uint8_t)bytes.len;
        memcpy(address->bytes, bytes.data, bytes.len);
        return true;
    default:
        if (bytes.len != 8)
            return false;
        memcpy(at, bytes.data, 8);
        return true;
    }
}

static bool get_field(const struct json_field *field, const json_t *value, uint8_t *record,
                      struct room *room)
{
    void *at = record + field->offset;
    struct l2tpha_bytes bytes;
    uint64_t number;

    if (json_has_number(field)) {
        if (!get_number(value, &number) || !json_in_range(field, number))
            return false;
        set_number(field, at, number);
        return true;
    }
    return get_string(room, (enum json_show)field->show, value, &bytes) &&
           json_in_range(field, bytes.len) && set_string(field, at, bytes);
}

static const struct json_field *find(const struct json_kind *kind, const char *name)
{
    for (size_t i = 0; i < kind->count; i++)
        if (strcmp(kind->fields[i].name, name) == 0)
            return &kind->fields[i];
    return NULL;
}

static size_t required(const struct json_kind *kind)
{
    size_t count = 0;
    for (size_t i = 0; i < kind->count; i++)
        count += kind->fields[i].min > 0;
    return count;
}

/* Those of a record are known by name or, with #, by number; of a header others are passed over. */
static bool get_fields(json_t *object, const struct json_kind *kind, void *record,
                       struct room *room)
{
    size_t missing = required(kind);
    const char *name;
    json_t *value;

    json_object_foreach(object, name, value)
    {
        const struct json_field *field = find(kind, name);
        if (!field && kind != &json_header && name[0] != '#')
            return false;
        if (!field)
            continue;
        if (!get_field(field, value, record, room))
            return false;
        missing -= field->min > 0;
    }
    return missing == 0;
}

/* --- unknown fields --- */

/* Its name is # and its number, its value a number, or # and the digits of a string. */
static bool get_plain(const char *name, const json_t *value, uint32_t *last, struct room *room)
{
    struct unknown_field field = {.type = UNKNOWN_NUMBER};
    const char *text = json_string_value(value);
    uint64_t number;

    if (!get_digits(name + 1, strlen(name + 1), &number) || number <= *last ||
        number > UNKNOWN_NUMBER_MAX)
        return false;
    *last = field.number = (uint32_t)number;
    if (text && text[0] == '#') { /* first behind its place, for want of another one */
        struct room behind = {room->data, room->len + UNKNOWN_HEADS};
        struct l2tpha_bytes bytes;
        if (behind.len > JSON_ROOM ||
            !get_hex(&behind, text + 1, json_string_length(value) - 1, &bytes))
            return false;
        field.type = UNKNOWN_STRING;
        field.value = bytes.len;
        field.data = bytes.data;
    } else if (!get_number(value, &field.value)) {
        return false;
    }
    return room->data && unknown_put(room->data, JSON_ROOM, &room->len, &field);
}

/* They ascend; or there is one member that has them whole. */
static bool get_unknown(json_t *object, const struct json_kind *kind, struct room *room,
                        struct l2tpha_bytes *unknown)
{
    const json_t *raw = json_object_get(object, JSON_RAW);
    uint32_t last = json_last(kind);
    size_t from = room->len;
    const char *name;
    json_t *value;

    if (raw &&
        (!get_string(room, JSON_HEX, raw, unknown) || unknown_form(*unknown, last) != UNKNOWN_RAW))
        return false;
    json_object_foreach(object, name, value)
    {
        if (name[0] != '#' || value == raw)
            continue;
        if (raw || !get_plain(name, value, &last, room))
            return false;
    }
    if (!raw && room->len > from)
        *unknown = (struct l2tpha_bytes){room->data + from, room->len - from};
    return true;
}

/* --- records --- */

/* Where it says nothing memory is out, and in places where it says that something is wrong. */
static int why(const json_error_t *error)
{
    enum json_error_code code = json_error_code(error);

    return code == json_error_out_of_memory || code == json_error_unknown ? L2TPHA_ERR_NOMEM
                                                                          : L2TPHA_ERR_RECORD;
}

static int parse(const uint8_t *data, size_t len, json_t **root)
{
    json_error_t error;

    *root = json_loadb((const char *)data, len, JSON_REJECT_DUPLICATES, &error);
    return *root ? L2TPHA_OK : why(&error);
}

static enum l2tpha_record_kind kind_of(const char *name)
{
    for (uint32_t kind = 1; json_kind(kind); kind++)
        if (strcmp(json_kind(kind)->name, name) == 0)
            return (enum l2tpha_record_kind)kind;
    return L2TPHA_RECORD_UNKNOWN;
}

/* An object of one member. One of a kind that is not known has been looked at by json_scan(). */
static int get_kind(json_t *root, struct l2tpha_record *record, uint8_t *data)
{
    void *member = json_object_iter(root);
    json_t *object = member ? json_object_iter_value(member) : NULL;
    struct l2tpha_bytes unknown = {NULL, 0};
    struct room room = {data, 0};

    if (json_object_size(root) != 1 || !json_is_object(object))
        return L2TPHA_ERR_RECORD;
    record->kind = kind_of(json_object_iter_key(member));
    const struct json_kind *kind = json_kind((uint32_t)record->kind);
    if (!kind)
        return L2TPHA_OK;
    memset(&record->of, 0, kind->size);
    if (!get_fields(object, kind, &record->of, &room) ||
        !get_unknown(object, kind, &room, &unknown))
        return L2TPHA_ERR_RECORD;
    if (kind->unknown > 0) { /* these begin with their size */
        memcpy(&record->of, &kind->size, sizeof(kind->size));
        memcpy((uint8_t *)&record->of + kind->unknown, &unknown, sizeof(unknown));
    }
    return L2TPHA_OK;
}

static void step(struct l2tpha_reading *reading, size_t len)
{
    reading->data += len;
    reading->len -= len;
}

static void step_over_space(struct l2tpha_reading *reading)
{
    step(reading, json_scan_space(reading->data, reading->len));
}

static bool take(struct l2tpha_reading *reading, char octet)
{
    step_over_space(reading);
    if (reading->len == 0 || reading->data[0] != octet)
        return false;
    step(reading, 1);
    return true;
}

static int get_end(struct l2tpha_reading *reading)
{
    if (!take(reading, '}'))
        return L2TPHA_ERR_RECORD;
    step_over_space(reading);
    if (reading->len > 0)
        return L2TPHA_ERR_RECORD;
    reading->left = NONE;
    return L2TPHA_ERR_NOT_FOUND;
}

int json_get_record(struct l2tpha_reading *reading, struct l2tpha_record *record)
{
    struct l2tpha_reading at = *reading;
    json_t *root;

    if (at.left == NONE)
        return L2TPHA_ERR_NOT_FOUND;
    if (take(&at, ']')) {
        int error = get_end(&at);
        *reading = at;
        return error;
    }
    if (at.left == NEXT && !take(&at, ','))
        return L2TPHA_ERR_RECORD;
    step_over_space(&at);
    size_t len = json_scan(at.data, at.len, 2);
    if (len == 0)
        return L2TPHA_ERR_RECORD;
    int error = parse(at.data, len, &root);
    if (error)
        return error;
    error = get_kind(root, record, at.room);
    json_decref(root);
    if (error)
        return error;
    step(&at, len);
    at.left = NEXT;
    *reading = at;
    return L2TPHA_OK;
}

/* --- the header --- */

/* What stands ahead of the records, and what would be behind it if there were none. */
struct pieces {
    struct l2tpha_bytes piece[2];
    size_t next;
};

static size_t next_piece(void *buffer, size_t size, void *data)
{
    struct pieces *pieces = data;
    struct l2tpha_bytes *piece;
    size_t len = 0;

    while (pieces->next < 2 && len == 0) {
        piece = &pieces->piece[pieces->next];
        len = piece->len < size ? piece->len : size;
        if (len > 0)
            memcpy(buffer, piece->data, len);
        piece->data += len;
        piece->len -= len;
        pieces->next += piece->len == 0;
    }
    return len;
}

static int parse_header(const uint8_t *data, size_t len, bool has_records, json_t **root)
{
    struct pieces pieces = {.piece = {{data, len}, {(const uint8_t *)"[]}", has_records ? 3 : 0}}};
    json_error_t error;

    *root = json_load_callback(next_piece, &pieces, JSON_REJECT_DUPLICATES, &error);
    return *root ? L2TPHA_OK : why(&error);
}

static int get_values(json_t *root, bool has_records, struct l2tpha_checkpoint_header *header)
{
    struct l2tpha_checkpoint_header got = {.version = 0};
    uint64_t version = 0;

    if (!get_number(json_object_get(root, "version"), &version) ||
        version != L2TPHA_CHECKPOINT_VERSION)
        return L2TPHA_ERR_RECORD_VERSION;
    const json_t *records = json_object_get(root, JSON_RECORDS);
    if ((has_records ? !json_is_array(records) : records != NULL) ||
        !get_fields(root, &json_header, &got, &(struct room){NULL, 0}))
        return L2TPHA_ERR_RECORD;
    *header = got;
    return L2TPHA_OK;
}

int json_get_header(const uint8_t *data, size_t len, struct l2tpha_checkpoint_header *header,
                    struct l2tpha_reading *reading)
{
    size_t ahead = json_scan(data, len, 1);
    json_t *root;

    if (ahead == 0)
        return L2TPHA_ERR_RECORD;
    bool has_records = data[ahead - 1] != '}';
    size_t rest = len - ahead;
    if (!has_records && json_scan_space(data + ahead, rest) != rest)
        return L2TPHA_ERR_RECORD;
    int error = parse_header(data, ahead, has_records, &root);
    if (error)
        return error;
    error = get_values(root, has_records, header);
    json_decref(root);
    if (error)
        return error;
    reading->left = has_records ? FIRST : NONE;
    reading->data = has_records ? data + ahead + 1 : data + len;
    reading->len = has_records ? rest - 1 : 0;
    return L2TPHA_OK;
}
