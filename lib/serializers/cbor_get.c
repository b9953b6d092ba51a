/* SPDX-License-Identifier: MIT */
/* Reading CBOR: a bounded cursor over definite lengths, of which nothing is allocated. The code of
 * each record kind is made of its rows. */
#include "cbor_get.h"

#include "cbor_head.h"

struct input {
    const uint8_t *pos;
    const uint8_t *end;
};

static struct input input_over(const uint8_t *data, size_t len)
{
    /* nothing may be added to a NULL pointer, not even 0 */
    return (struct input){data, len > 0 ? data + len : data};
}

/* A head of two bytes or more, and what follows it; next is NULL for a bad one, or one that could
 * be shorter. By value, so that the place of reading may stay in a register. */
struct head {
    const uint8_t *next;
    uint64_t value;
};

static uint64_t read_number(const uint8_t *pos, unsigned bytes)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < bytes; i++)
        value = value << 8 | pos[i];
    return value;
}

static struct head long_head(const uint8_t *pos, const uint8_t *end)
{
    static const uint64_t least[] = {24, UINT8_MAX + 1, UINT16_MAX + 1, UINT64_C(1) << 32};
    unsigned code = (*pos++ & 31) - 24;
    uint64_t value;

    if (code > 3 || end - pos < 1 << code)
        return (struct head){NULL, 0};
    switch (code) {
    case 0:
        value = pos[0];
        break;
    case 1:
        value = read_number(pos, 2);
        break;
    case 2:
        value = read_number(pos, 4);
        break;
    default:
        value = read_number(pos, 8);
    }
    return (struct head){value >= least[code] ? pos + (1 << code) : NULL, value};
}

static ALWAYS_INLINE bool get_head(struct input *in, enum major major, uint64_t *value)
{
    if (in->pos == in->end || *in->pos >> 5 != major)
        return false;
    if ((*in->pos & 31) < 24) {
        *value = *in->pos++ & 31;
        return true;
    }
    struct head head = long_head(in->pos, in->end);
    if (!head.next)
        return false;
    in->pos = head.next;
    *value = head.value;
    return true;
}

static ALWAYS_INLINE bool get_string(struct input *in, struct l2tpha_bytes *view)
{
    uint64_t len;

    if (!get_head(in, STRING, &len) || len > (size_t)(in->end - in->pos))
        return false;
    *view = (struct l2tpha_bytes){in->pos, (size_t)len};
    in->pos += len;
    return true;
}

static ALWAYS_INLINE bool get_number(struct input *in, uint64_t *value, uint64_t low, uint64_t high,
                                     uint64_t more)
{
    return get_head(in, NUMBER, value) && is_in_range(*value, low, high, more);
}

#define DEFINE_GET_NUMBER(type, integer)                                                           \
    static ALWAYS_INLINE bool get_##type(struct input *in, integer *at, uint64_t low,              \
                                         uint64_t high, uint64_t more)                             \
    {                                                                                              \
        uint64_t value;                                                                            \
        if (!get_number(in, &value, low, high, more))                                              \
            return false;                                                                          \
        *at = (integer)value;                                                                      \
        return true;                                                                               \
    }
DEFINE_GET_NUMBER(U8, uint8_t)
DEFINE_GET_NUMBER(U16, uint16_t)
DEFINE_GET_NUMBER(U32, uint32_t)
DEFINE_GET_NUMBER(U64, uint64_t)
#define get_FIXED64 get_U64

static ALWAYS_INLINE bool get_BYTES(struct input *in, struct l2tpha_bytes *at, uint64_t low,
                                    uint64_t high, uint64_t more)
{
    return get_string(in, at) && is_in_range(at->len, low, high, more);
}

static ALWAYS_INLINE bool get_ADDRESS(struct input *in, struct l2tpha_address *at, uint64_t low,
                                      uint64_t high, uint64_t more)
{
    struct l2tpha_bytes view;

    if (!get_BYTES(in, &view, low, high, more))
        return false;
    at->len = (uint8_t)view.len;
    if (view.len > 0)
        memcpy(at->bytes, view.data, view.len);
    return true;
}

static ALWAYS_INLINE bool get_RAW8(struct input *in, uint8_t (*at)[8], uint64_t low, uint64_t high,
                                   uint64_t more)
{
    struct l2tpha_bytes view;

    if (!get_BYTES(in, &view, low, high, more) || view.len != 8)
        return false;
    memcpy(*at, view.data, 8);
    return true;
}

/* Where the bytes of unknown fields go; none = they are passed over. */
struct keep {
    struct l2tpha_bytes *unknown;
    uint8_t *room;
};

static bool keep_raw(struct l2tpha_bytes view, uint32_t last, struct keep keep)
{
    if (unknown_form(view, last) != UNKNOWN_RAW)
        return false;
    if (keep.unknown)
        *keep.unknown = view;
    return true;
}

static bool keep_plain(const struct unknown_field *field, struct keep keep)
{
    if (!keep.unknown)
        return true;
    if (!keep.room || (keep.unknown->len > 0 && keep.unknown->data != keep.room))
        return false; /* nowhere to put it, or raw ones as well */
    keep.unknown->data = keep.room;
    return unknown_put(keep.room, CBOR_ROOM, &keep.unknown->len, field);
}

/* By the law of the table it is a number or a string. Gives the place behind it, NULL for a bad
 * one. */
static const uint8_t *get_unknown(struct input in, uint64_t key, uint32_t last, struct keep keep)
{
    struct unknown_field field = {.number = (uint32_t)key, .type = UNKNOWN_NUMBER};
    struct l2tpha_bytes view = {NULL, 0};

    if (!get_head(&in, NUMBER, &field.value)) { /* which has moved nothing */
        if (!get_string(&in, &view))
            return NULL;
        field = (struct unknown_field){
            .number = (uint32_t)key, .type = UNKNOWN_STRING, .value = view.len, .data = view.data};
    }
    if (key == RAW)
        return field.type == UNKNOWN_STRING && keep_raw(view, last, keep) ? in.pos : NULL;
    if (key <= last || key > UNKNOWN_NUMBER_MAX)
        return NULL;
    return keep_plain(&field, keep) ? in.pos : NULL;
}

#define GET(number, type, member, name, show, low, high, more, text)                               \
    case number:                                                                                   \
        good = get_##type(&in, &fields->member, low, high, more);                                  \
        missing -= (low) > 0;                                                                      \
        break;
#define REQUIRED(number, type, member, name, show, low, ...) +((low) > 0)

/* Keys ascend, so each comes once. Gives the place behind the map, NULL for a bad one. */
#define DEFINE_GET(noun, FIELDS, structure)                                                        \
    static const uint8_t *get_##noun(struct input in, uint64_t pairs, struct structure *fields,    \
                                     struct keep keep)                                             \
    {                                                                                              \
        unsigned missing = 0 FIELDS(REQUIRED);                                                     \
        uint64_t key, least = 0;                                                                   \
        bool good = true;                                                                          \
                                                                                                   \
        for (; pairs > 0 && good; pairs--, least = key + 1) {                                      \
            if (!get_head(&in, NUMBER, &key) || key < least)                                       \
                return NULL;                                                                       \
            switch (key) {                                                                         \
                FIELDS(GET)                                                                        \
            default:                                                                               \
                good = (in.pos = get_unknown(in, key, LAST(FIELDS), keep)) != NULL;                \
            }                                                                                      \
        }                                                                                          \
        return good && !missing ? in.pos : NULL;                                                   \
    }
#define DEFINE_GET_RECORD(number, noun, FIELDS) DEFINE_GET(noun, FIELDS, l2tpha_##noun##_record)

L2TPHA_RECORDS(DEFINE_GET_RECORD)

/* A record of a newer release is a map of the same values. */
static const uint8_t *pass_over(struct input in, uint64_t pairs)
{
    uint64_t key, least = 0;

    for (; pairs > 0; pairs--, least = key + 1)
        if (!get_head(&in, NUMBER, &key) || key < least ||
            !(in.pos = get_unknown(in, key, 0, (struct keep){NULL, NULL})))
            return NULL;
    return in.pos;
}

/* In two pieces, each short enough to be written out: one loop over both takes as long as the
 * fields do. */
static void clear_session(struct l2tpha_session_record *session)
{
    const size_t strings = offsetof(struct l2tpha_session_record, request);

    memset(session, 0, strings);
    memset((char *)session + strings, 0, sizeof(*session) - strings);
    session->size = sizeof(*session);
}

static const uint8_t *get_fields(struct input in, uint64_t pairs, struct l2tpha_record *record,
                                 uint8_t *room)
{
    const struct keep none = {NULL, NULL};

    switch (record->kind) {
    case L2TPHA_RECORD_TUNNEL:
        record->of.tunnel = (struct l2tpha_tunnel_record){.size = sizeof(record->of.tunnel)};
        return get_tunnel(in, pairs, &record->of.tunnel,
                          (struct keep){&record->of.tunnel.unknown, room});
    case L2TPHA_RECORD_SESSION:
        clear_session(&record->of.session);
        return get_session(in, pairs, &record->of.session,
                           (struct keep){&record->of.session.unknown, room});
    case L2TPHA_RECORD_SEQUENCE:
        record->of.sequence = (struct l2tpha_sequence_record){0};
        return get_sequence(in, pairs, &record->of.sequence, none);
    case L2TPHA_RECORD_MESSAGE:
        record->of.message = (struct l2tpha_message_record){0};
        return get_message(in, pairs, &record->of.message, none);
    case L2TPHA_RECORD_GONE:
        record->of.gone = (struct l2tpha_gone_record){0};
        return get_gone(in, pairs, &record->of.gone, none);
    case L2TPHA_RECORD_NODE:
        record->of.node = (struct l2tpha_node_record){.size = sizeof(record->of.node)};
        return get_node(in, pairs, &record->of.node, (struct keep){&record->of.node.unknown, room});
    default:
        return pass_over(in, pairs);
    }
}

int cbor_get_record(struct l2tpha_reading *reading, struct l2tpha_record *record)
{
    struct input in = input_over(reading->data, reading->len);
    uint64_t elements, kind, pairs;

    if (reading->left == 0)
        return reading->len > 0 ? L2TPHA_ERR_RECORD : L2TPHA_ERR_NOT_FOUND;
    if (!get_head(&in, ARRAY, &elements) || elements != PAIR || !get_head(&in, NUMBER, &kind) ||
        !get_head(&in, MAP, &pairs))
        return L2TPHA_ERR_RECORD;
    record->kind =
        kind <= L2TPHA_RECORD_NODE ? (enum l2tpha_record_kind)kind : L2TPHA_RECORD_UNKNOWN;
    in.pos = get_fields(in, pairs, record, reading->room);
    if (!in.pos)
        return L2TPHA_ERR_RECORD;
    reading->left--;
    reading->data = in.pos;
    reading->len = (size_t)(in.end - in.pos);
    return L2TPHA_OK;
}

/* --- the header --- */

#define VALUE(number, type, member, ...)                                                           \
    case number:                                                                                   \
        good = get_head(&in, NUMBER, &values[number]);                                             \
        break;
#define MEMBER(number, type, member, ...) .member = values[number],

/* The array of records, the map's last value; what is in it is left to get_record(). */
static bool get_array(struct input *in, uint64_t pairs, struct l2tpha_reading *reading)
{
    uint64_t count;

    if (pairs != 1 || !get_head(in, ARRAY, &count) || count == 0 ||
        count > (size_t)(in->end - in->pos) || count > UINT32_MAX)
        return false;
    reading->left = (uint32_t)count;
    return true;
}

int cbor_get_header(const uint8_t *data, size_t len, struct l2tpha_checkpoint_header *header,
                    struct l2tpha_reading *reading)
{
    uint64_t values[L2TPHA_FIELD_RECORDS] = {0};
    struct input in = input_over(data, len);
    uint64_t pairs, key, least = 1;
    bool good = true;

    reading->left = 0;
    if (!get_head(&in, MAP, &pairs))
        return L2TPHA_ERR_RECORD;
    for (; pairs > 0 && good; pairs--, least = key + 1) {
        if (!get_head(&in, NUMBER, &key) || key < least)
            return L2TPHA_ERR_RECORD;
        switch (key) {
            L2TPHA_CHECKPOINT_FIELDS(VALUE)
        case L2TPHA_FIELD_RECORDS:
            good = get_array(&in, pairs, reading);
            break;
        default:
            in.pos = get_unknown(in, key, 0, (struct keep){NULL, NULL});
            good = key < L2TPHA_FIELD_RECORDS && in.pos;
        }
    }
    if (!good || (least <= L2TPHA_FIELD_RECORDS && in.pos != in.end))
        return L2TPHA_ERR_RECORD;
    const struct l2tpha_checkpoint_header got = {L2TPHA_CHECKPOINT_FIELDS(MEMBER)};
    if (values[1] != L2TPHA_CHECKPOINT_VERSION)
        return L2TPHA_ERR_RECORD_VERSION;
    if (values[4] > L2TPHA_CHECKPOINT_RESUME)
        return L2TPHA_ERR_RECORD;
    *header = got;
    reading->data = in.pos;
    reading->len = (size_t)(in.end - in.pos);
    return L2TPHA_OK;
}
