/* SPDX-License-Identifier: MIT */
/* Checkpoints as JSON, a line for each: an object of the header's fields and, as its last member,
 * an array of objects, each of one member, the kind of a record with its fields. */
#include "json_get.h"
#include "json_put.h"

#include <l2tpha/json.h>

const struct l2tpha_serializer *l2tpha_serializer_json(void)
{
    static const struct l2tpha_serializer json = {
        .size = sizeof(struct l2tpha_serializer),
        .name = "json",
        .room = JSON_ROOM,
        .put_record = json_put_record,
        .put_header = json_put_header,
        .get_header = json_get_header,
        .get_record = json_get_record,
    };
    return &json;
}

const struct l2tpha_serializer *l2tpha_serializer_json_hidden(void)
{
    static const struct l2tpha_serializer json = {
        .size = sizeof(struct l2tpha_serializer),
        .name = "json-hidden",
        .room = JSON_ROOM,
        .put_record = json_put_record_hidden,
        .put_header = json_put_header,
        .get_header = json_get_header,
        .get_record = json_get_record,
    };
    return &json;
}
