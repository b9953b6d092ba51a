/* SPDX-License-Identifier: MIT */
#include "json_table.h"

#define JSON_FIXED64 JSON_U64
#define JSON_STATE JSON_NUMBER

#define ROW(numeral, kind, member, text, way, low, high, more, meaning)                            \
    {.name = #text,                                                                                \
     .number = (numeral),                                                                          \
     .type = JSON_##kind,                                                                          \
     .show = JSON_##way,                                                                           \
     .also = (more),                                                                               \
     .offset = offsetof(struct RECORD, member),                                                    \
     .min = (low),                                                                                 \
     .max = (high)},

#define RECORD l2tpha_checkpoint_header
static const struct json_field header_fields[] = {L2TPHA_CHECKPOINT_FIELDS(ROW)};
#undef RECORD
#define RECORD l2tpha_tunnel_record
static const struct json_field tunnel_fields[] = {L2TPHA_TUNNEL_FIELDS(ROW)};
#undef RECORD
#define RECORD l2tpha_session_record
static const struct json_field session_fields[] = {L2TPHA_SESSION_FIELDS(ROW)};
#undef RECORD
#define RECORD l2tpha_sequence_record
static const struct json_field sequence_fields[] = {L2TPHA_SEQUENCE_FIELDS(ROW)};
#undef RECORD
#define RECORD l2tpha_message_record
static const struct json_field message_fields[] = {L2TPHA_MESSAGE_FIELDS(ROW)};
#undef RECORD
#define RECORD l2tpha_gone_record
static const struct json_field gone_fields[] = {L2TPHA_GONE_FIELDS(ROW)};
#undef RECORD
#define RECORD l2tpha_node_record
static const struct json_field node_fields[] = {L2TPHA_NODE_FIELDS(ROW)};
#undef RECORD

#define COUNT(fields) (sizeof(fields) / sizeof((fields)[0]))
#define KIND(numeral, noun, FIELDS)                                                                \
    [numeral] = {.name = #noun,                                                                    \
                 .fields = noun##_fields,                                                          \
                 .count = COUNT(noun##_fields),                                                    \
                 .size = sizeof(struct l2tpha_##noun##_record),                                    \
                 .unknown = UNKNOWN_OF_##noun},
#define UNKNOWN_OF_tunnel offsetof(struct l2tpha_tunnel_record, unknown)
#define UNKNOWN_OF_session offsetof(struct l2tpha_session_record, unknown)
#define UNKNOWN_OF_sequence 0
#define UNKNOWN_OF_message 0
#define UNKNOWN_OF_gone 0
#define UNKNOWN_OF_node offsetof(struct l2tpha_node_record, unknown)

static const struct json_kind kinds[] = {L2TPHA_RECORDS(KIND)};

const struct json_kind json_header = {.fields = header_fields,
                                      .count = COUNT(header_fields),
                                      .size = sizeof(struct l2tpha_checkpoint_header)};

const struct json_kind *json_kind(uint32_t kind)
{
    return kind > 0 && kind < COUNT(kinds) ? &kinds[kind] : NULL;
}
