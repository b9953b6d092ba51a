/* SPDX-License-Identifier: MIT */
#include "state/record.h"

#include "state/record_fields.h"

/* Names are left out where the library is made for size. */
#ifdef __OPTIMIZE_SIZE__
#define NAME(member)
#define NOUN(noun)
#else
#define NAME(member) .name = #member,
#define NOUN(noun) .name = #noun,
#endif

#define ROW(number, kind, member, text, show, low, high, more, meaning)                            \
    [(number)-1] = {                                                                               \
        NAME(text).tag = RECORD_TAG(number, kind), .type = RECORD_##kind, .also = (more),          \
        .offset = offsetof(struct RECORD, member), .min = (low),          .max = (high)},
#define RECORD l2tpha_tunnel_record
static const struct record_field tunnel_fields[] = {L2TPHA_TUNNEL_FIELDS(ROW)};
#undef RECORD
#define RECORD l2tpha_session_record
static const struct record_field session_fields[] = {L2TPHA_SESSION_FIELDS(ROW)};
#undef RECORD
#define RECORD l2tpha_sequence_record
static const struct record_field sequence_fields[] = {L2TPHA_SEQUENCE_FIELDS(ROW)};
#undef RECORD
#define RECORD l2tpha_message_record
static const struct record_field message_fields[] = {L2TPHA_MESSAGE_FIELDS(ROW)};
#undef RECORD
#define RECORD l2tpha_gone_record
static const struct record_field gone_fields[] = {L2TPHA_GONE_FIELDS(ROW)};
#undef RECORD
#define RECORD l2tpha_node_record
static const struct record_field node_fields[] = {L2TPHA_NODE_FIELDS(ROW)};
#undef RECORD

#define SHAPE(number, noun, FIELDS)                                                                \
    [number] = {NOUN(noun).fields = noun##_fields,                                                 \
                .count = sizeof(noun##_fields) / sizeof(noun##_fields[0]),                         \
                .required = 0 FIELDS(RECORD_REQUIRED),                                             \
                .size = sizeof(struct l2tpha_##noun##_record)},

static const struct record_shape shapes[] = {L2TPHA_RECORDS(SHAPE)};

const struct record_shape *record_shape(uint32_t kind)
{
    if (kind == 0 || kind >= sizeof(shapes) / sizeof(shapes[0]))
        return NULL;
    return &shapes[kind];
}

uint16_t record_lease(const struct l2tpha_tunnel_record *record, uint16_t node)
{
    uint16_t lease = record->resync_packets ? record->resync_packets : node;
    uint16_t window = record->remote_window ? record->remote_window : record_wire(record)->window;

    return lease < window ? lease : window;
}
