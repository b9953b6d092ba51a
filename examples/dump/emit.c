/* SPDX-License-Identifier: MIT */
#include "dump/emit.h"
#include "dump/text.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#ifdef EXAMPLES_JSON
#include <l2tpha/json.h>
#endif

#define PART_RECORDS 1024
#define PART_BYTES (48u << 10)

static bool fail(struct emit *emit, const char *what, const char *why)
{
    snprintf(emit->why, sizeof(emit->why), "%s: %s", what, why);
    return false;
}

/* What was written may have gone nowhere. */
static bool check_output(struct emit *emit)
{
    return !ferror(emit->out) || fail(emit, "standard output", strerror(errno));
}

/* --- the beginning and the end --- */

static bool is_text(const struct emit *emit)
{
    return emit->options->dump_to == DUMP_TEXT;
}

static const struct l2tpha_serializer *choose(uint32_t to, bool secrets)
{
#ifdef EXAMPLES_JSON
    if (to == CUT_JSON && !secrets)
        return l2tpha_serializer_json_hidden();
#endif
    (void)secrets;
    return cut_serializer_of((enum cut_format)to);
}

/* The first line of JSON is about the others. */
static void put_json_header(const struct emit *emit)
{
    fprintf(emit->out, "{\"l2tpha\":1,\"level\":%d", L2TPHA_LEVEL);
    if (!emit->options->dump_secrets)
        fputs(",\"secrets\":\"hidden\"", emit->out);
    fputs("}\n", emit->out);
}

bool emit_begin(struct emit *emit, const struct options *options, FILE *out)
{
    uint32_t to = options->dump_to;
    *emit = (struct emit){.options = options, .out = out};
    const char *why =
        options->dump_filter[0] != '\0' ? filter_parse(options->dump_filter, &emit->filter) : NULL;
    if (why != NULL)
        return fail(emit, "--filter", why);
    if (is_text(emit))
        return true;
    emit->proto = (struct draw){.serializer = l2tpha_serializer_proto()};
    emit->draw = (struct draw){.serializer = choose(to, options->dump_secrets),
                               .hides = !options->dump_secrets,
                               .strips = !options->dump_secrets && to != CUT_JSON};
    if (emit->draw.serializer == NULL)
        return fail(emit, "--to", "this format is left out of this build");
    if (to == CUT_JSON)
        put_json_header(emit);
    return true;
}

bool emit_end(struct emit *emit)
{
    draw_free(&emit->draw);
    draw_free(&emit->proto);
    checkpoint_free(&emit->checkpoint);
    if (fflush(emit->out) != 0)
        return fail(emit, "standard output", strerror(errno));
    return check_output(emit);
}

/* --- checkpoints --- */

/* Proto does not end by itself. */
static bool put_bytes(struct emit *emit, struct l2tpha_bytes bytes)
{
    uint8_t head[10];
    size_t count = 0;
    if (emit->options->dump_to == CUT_PROTO) {
        for (size_t rest = bytes.len; rest >= 0x80; rest >>= 7)
            head[count++] = (uint8_t)(rest | 0x80);
        head[count] = (uint8_t)(bytes.len >> 7 * count);
        fwrite(head, 1, count + 1, emit->out);
    }
    fwrite(bytes.data, 1, bytes.len, emit->out);
    if (emit->options->dump_to == CUT_JSON && bytes.data[bytes.len - 1] != '\n')
        fputc('\n', emit->out);
    return check_output(emit);
}

static bool put_text(struct emit *emit)
{
    const struct checkpoint *checkpoint = &emit->checkpoint;
    struct l2tpha_record record;
    text_header(&checkpoint->header, checkpoint->item->number, emit->out);
    for (uint32_t i = 0; i < checkpoint->count; i++)
        text_record(checkpoint_record(checkpoint, i, &record), emit->options->dump_secrets,
                    emit->out);
    return check_output(emit);
}

/* What stays in its format stays as it is, with what this release does not know of it. */
static bool is_to_stay(const struct emit *emit, const struct item *item)
{
    return item->serializer == emit->draw.serializer && !emit->draw.hides && !emit->filter.any;
}

bool emit_item(struct emit *emit, const struct item *item)
{
    struct checkpoint *checkpoint = &emit->checkpoint;
    struct l2tpha_bytes drawn = {item->data, item->len};
    char place[64];
    int error = L2TPHA_OK;
    if (!checkpoint_read(checkpoint, item, &emit->filter))
        return fail(emit, "it cannot be read", checkpoint->why);
    bool stays = is_to_stay(emit, item);
    if (checkpoint->count == 0 && checkpoint->left > 0)
        return true;
    if (is_text(emit))
        return put_text(emit);
    if (!stays)
        error = draw_checkpoint(&emit->draw, checkpoint, &drawn);
    emit->strange += stays ? 0 : checkpoint->strange;
    return error == L2TPHA_OK ? put_bytes(emit, drawn)
                              : fail(emit, checkpoint_place(item, place), l2tpha_strerror(error));
}

/* --- the state as a copy --- */

struct parts {
    struct emit *emit;
    struct l2tpha_checkpoint_header header; /* of the next piece */
    struct l2tpha_record *records;
    uint32_t count, room;
    size_t bytes; /* about */
};

static const struct l2tpha_record *record_of(void *user, uint32_t number,
                                             struct l2tpha_record *record)
{
    const struct parts *parts = user;
    (void)record;
    return &parts->records[number];
}

static int draw_piece(struct parts *parts, struct l2tpha_bytes *drawn)
{
    struct emit *emit = parts->emit;
    int error = draw_records(&emit->proto, &parts->header, parts->count, record_of, parts, drawn);
    return error != L2TPHA_OK
               ? error
               : draw_records(&emit->draw, &parts->header, parts->count, record_of, parts, drawn);
}

/* With a filter it is no copy, and its end does not fit. */
static bool put_piece(struct parts *parts, enum l2tpha_checkpoint_kind kind)
{
    struct emit *emit = parts->emit;
    struct l2tpha_bytes drawn;
    parts->header.kind = (uint8_t)kind;
    if (kind == L2TPHA_CHECKPOINT_BULK_END && !emit->filter.any) {
        parts->header.count = emit->proto.count;
        parts->header.digest = emit->proto.digest;
    }
    int error = draw_piece(parts, &drawn);
    parts->count = 0;
    parts->bytes = 0;
    parts->header.part++;
    return error == L2TPHA_OK ? put_bytes(emit, drawn)
                              : fail(emit, "the state", l2tpha_strerror(error));
}

static bool make_room(struct parts *parts)
{
    uint32_t room = parts->room > 0 ? 2 * parts->room : 2 * PART_RECORDS;
    struct l2tpha_record *records =
        talloc_realloc(NULL, parts->records, struct l2tpha_record, room);
    if (records == NULL)
        return fail(parts->emit, "the state", l2tpha_strerror(L2TPHA_ERR_NOMEM));
    parts->records = records;
    parts->room = room;
    return true;
}

static size_t bytes_of(const struct l2tpha_record *record)
{
    const struct json_kind *kind = json_kind((uint32_t)record->kind);
    size_t bytes = 64;
    for (size_t i = 0; i < kind->count; i++)
        if (!json_has_number(&kind->fields[i]))
            bytes += json_string_at(&kind->fields[i],
                                    (const uint8_t *)&record->of + kind->fields[i].offset)
                         .len;
    return bytes;
}

/* A tunnel's messages are in one piece with it; sessions are apart from tunnels. */
static bool ends_piece(const struct parts *parts, const struct l2tpha_record *record)
{
    if (parts->count == 0 || record->kind == L2TPHA_RECORD_MESSAGE)
        return false;
    return parts->count >= PART_RECORDS || parts->bytes >= PART_BYTES ||
           (record->kind == L2TPHA_RECORD_SESSION &&
            parts->records[parts->count - 1].kind != L2TPHA_RECORD_SESSION);
}

static bool take_record(void *user, const struct l2tpha_record *record)
{
    struct parts *parts = user;
    struct emit *emit = parts->emit;
    if (!filter_takes(&emit->filter, record))
        return true;
    if (is_text(emit)) {
        text_record(record, emit->options->dump_secrets, emit->out);
        return check_output(emit);
    }
    if (ends_piece(parts, record) && !put_piece(parts, L2TPHA_CHECKPOINT_BULK_PART))
        return false;
    if (parts->count == parts->room && !make_room(parts))
        return false;
    parts->records[parts->count++] = *record;
    parts->bytes += bytes_of(record);
    return true;
}

static bool put_copy(struct parts *parts, const struct state *state)
{
    return put_piece(parts, L2TPHA_CHECKPOINT_BULK_BEGIN) &&
           state_walk(state, take_record, parts) &&
           (parts->count == 0 || put_piece(parts, L2TPHA_CHECKPOINT_BULK_PART)) &&
           put_piece(parts, L2TPHA_CHECKPOINT_BULK_END);
}

bool emit_state(struct emit *emit, const struct state *state)
{
    struct parts parts = {.emit = emit,
                          .header = {.version = L2TPHA_CHECKPOINT_VERSION,
                                     .epoch = state->info.epoch,
                                     .number = state->info.last_number,
                                     .generation = state->generation}};
    if (is_text(emit))
        fprintf(
            emit->out,
            "state epoch=%" PRIu64 " number=%" PRIu64 " tunnels=%" PRIu32 " sessions=%" PRIu32 "\n",
            state->info.epoch, state->info.last_number, state->tunnel_count, state->session_count);
    bool good = is_text(emit) ? state_walk(state, take_record, &parts) : put_copy(&parts, state);
    talloc_free(parts.records);
    return good;
}
