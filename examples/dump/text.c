/* SPDX-License-Identifier: MIT */
#include "dump/text.h"

#include "pair/address.h"

#include <inttypes.h>
#include <l2tpha/observe.h>
#include <l2tpha/session.h>
#include <l2tpha/tunnel.h>
#include <string.h>

#define TEXT_MAX (4 * 1024 + 1) /* of a name, each octet escaped */

static const char *name_of_kind(uint8_t kind)
{
    static const char *const names[] = {"increment", "bulk-begin", "bulk-part",
                                        "bulk-end",  "abandon",    "resume"};
    return kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "unknown";
}

static const char *name_of_state(const struct json_kind *kind, uint64_t state)
{
    return kind == json_kind(L2TPHA_RECORD_TUNNEL) ? l2tpha_tunnel_state_name((uint8_t)state)
                                                   : l2tpha_session_state_name((uint8_t)state);
}

static void put_hex(struct l2tpha_bytes bytes, FILE *out)
{
    for (size_t i = 0; i < bytes.len; i++)
        fprintf(out, "%02x", bytes.data[i]);
}

static void put_name(struct l2tpha_bytes bytes, FILE *out)
{
    char text[TEXT_MAX];
    l2tpha_text_escape(bytes.data, bytes.len, text, sizeof(text));
    fprintf(out, "\"%s\"", text);
}

static void put_address(struct l2tpha_bytes bytes, FILE *out)
{
    struct l2tpha_address address = {.len = (uint8_t)bytes.len};
    char text[ADDRESS_TEXT_MAX];
    memcpy(address.bytes, bytes.data, bytes.len);
    if (address_family(&address) == AF_UNSPEC)
        put_hex(bytes, out);
    else
        fputs(address_text(&address, text), out);
}

static void put_number(const struct json_kind *kind, const struct json_field *field,
                       uint64_t number, FILE *out)
{
    if (field->show == JSON_STATE)
        fputs(name_of_state(kind, number), out);
    else
        fprintf(out, "%" PRIu64, number);
}

void text_value(const struct json_kind *kind, const struct json_field *field, const void *record,
                bool secrets, FILE *out)
{
    const void *at = (const uint8_t *)record + field->offset;
    if (json_has_number(field)) {
        put_number(kind, field, json_number_at(field, at), out);
        return;
    }
    struct l2tpha_bytes bytes = json_string_at(field, at);
    if (bytes.len == 0)
        fputc('-', out);
    else if (field->show == JSON_SECRET && !secrets)
        fputs("(hidden)", out);
    else if (field->show == JSON_TEXT)
        put_name(bytes, out);
    else if (field->type == JSON_ADDRESS)
        put_address(bytes, out);
    else
        put_hex(bytes, out);
}

static bool is_set(const struct json_field *field, const void *record)
{
    const void *at = (const uint8_t *)record + field->offset;
    return json_has_number(field) ? json_number_at(field, at) != 0
                                  : json_string_at(field, at).len > 0;
}

static void put_fields(const struct json_kind *kind, const void *record, bool secrets, FILE *out)
{
    for (size_t i = kind->count; i-- > 0;) {
        const struct json_field *field = &kind->fields[i];
        if (!is_set(field, record))
            continue;
        fprintf(out, " %s=", field->name);
        text_value(kind, field, record, secrets, out);
    }
}

void text_header(const struct l2tpha_checkpoint_header *header, uint64_t number, FILE *out)
{
    fprintf(out, "checkpoint %" PRIu64 " %s epoch=%" PRIu64 " number=%" PRIu64, number,
            name_of_kind(header->kind), header->epoch, header->number);
    if (header->generation != 0)
        fprintf(out, " generation=%" PRIu64, header->generation);
    if (header->part != 0)
        fprintf(out, " part=%" PRIu64, header->part);
    if (header->kind == L2TPHA_CHECKPOINT_BULK_END)
        fprintf(out, " count=%" PRIu64 " digest=%016" PRIx64, header->count, header->digest);
    fputc('\n', out);
}

/* Fields that this release does not know may be secrets. */
void text_record(const struct l2tpha_record *record, bool secrets, FILE *out)
{
    const struct json_kind *kind = json_kind((uint32_t)record->kind);
    struct l2tpha_bytes unknown = {NULL, 0};
    if (kind == NULL)
        return;
    fprintf(out, "  %s", kind->name);
    put_fields(kind, &record->of, secrets, out);
    if (kind->unknown > 0)
        memcpy(&unknown, (const uint8_t *)&record->of + kind->unknown, sizeof(unknown));
    if (unknown.len > 0)
        fputs(secrets ? " unknown=" : " unknown=(hidden)", out);
    if (secrets)
        put_hex(unknown, out);
    fputc('\n', out);
}
