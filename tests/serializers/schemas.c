/* SPDX-License-Identifier: MIT */
/* schemas [--write] FOLDER: the schemas of all serializers, made of the table of fields. Those in
 * the folder have to be the same; with --write they are written there. */
#include <l2tpha/fields.h>

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 100 /* of a line of comment */

enum type { U8, U16, U32, U64, FIXED64, BYTES, ADDRESS, RAW8 };
enum show { NUMBER, STATE, HEX, TEXT, SECRET };

struct field {
    uint32_t number;
    enum type type;
    const char *name;
    enum show show;
    uint64_t min, max, also;
    const char *text;
};

#define ROW(numeral, kind, member, word, way, low, high, more, meaning)                            \
    {numeral, kind, #word, way, low, high, more, meaning},
#define LAST_ROW                                                                                   \
    {                                                                                              \
        0, U8, NULL, NUMBER, 0, 0, 0, NULL                                                         \
    }
static const struct field checkpoint_fields[] = {L2TPHA_CHECKPOINT_FIELDS(ROW) LAST_ROW};
#define FIELDS_OF(number, noun, FIELDS)                                                            \
    static const struct field noun##_fields[] = {FIELDS(ROW) LAST_ROW};
L2TPHA_RECORDS(FIELDS_OF)

struct kind {
    uint32_t number;
    const char *noun; /* of the record */
    const struct field *fields;
    const char *text;
};

#define TEXT_OF_tunnel                                                                             \
    "A tunnel, whole. Ids are 32 bits wide; L2TPv2 has 16, and a longer one is refused."
#define TEXT_OF_session "A session, whole."
#define TEXT_OF_sequence "The numbers of a tunnel that the standby holds already."
#define TEXT_OF_message "An unacknowledged control message of ours."
#define TEXT_OF_gone "Something that is gone."
#define TEXT_OF_node                                                                               \
    "What the node gives out over all its tunnels. Without tunnel_key nothing was given out yet."
#define KIND(numeral, noun, FIELDS) {numeral, #noun, noun##_fields, TEXT_OF_##noun},
static const struct kind kinds[] = {L2TPHA_RECORDS(KIND)};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* Names of the values of fields that are states, in the order of the values. */
struct names {
    const char *owner; /* the noun, or "checkpoint" */
    const char *type;
    const char *values[8];
};

static const struct names states[] = {
    {"checkpoint",
     "Kind",
     {"INCREMENT", "BULK_BEGIN", "BULK_PART", "BULK_END", "ABANDON", "RESUME"}},
    {"tunnel",
     "State",
     {"IDLE", "WAIT_CTL_REPLY", "WAIT_CTL_CONN", "ESTABLISHED", "STOPPING", "STOPPED"}},
    {"session",
     "State",
     {"IDLE", "WAIT_TUNNEL", "WAIT_REPLY", "WAIT_CONNECT", "WAIT_CS_ANSWER", "ESTABLISHED"}},
};

static const struct names *names_of(const char *owner)
{
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
        if (strcmp(states[i].owner, owner) == 0)
            return &states[i];
    return NULL;
}

static bool is_string(const struct field *field)
{
    return field->type >= BYTES;
}

/* The rows have the highest number first: the one with the lowest. */
static const struct field *first(const struct field *fields)
{
    while (fields[1].name)
        fields++;
    return fields;
}

/* --- what a field may be, in words --- */

static void add(char *text, size_t size, const char *format, uint64_t a, uint64_t b)
{
    size_t len = strlen(text);

    len += (size_t)snprintf(text + len, size - len, "%s", len > 0 ? "; " : "");
    if (len < size)
        snprintf(text + len, size - len, format, a, b);
}

static void describe(const struct field *field, char *text, size_t size)
{
    snprintf(text, size, "%s", field->text);
    if (is_string(field) && field->type == RAW8)
        add(text, size, "%" PRIu64 " bytes", field->max, 0);
    else if (is_string(field) && field->min > 0)
        add(text, size, "required, %" PRIu64 " to %" PRIu64 " bytes", field->min, field->max);
    else if (is_string(field) && field->max < L2TPHA_CHECKPOINT_MAX)
        add(text, size, "at most %" PRIu64 " bytes", field->max, 0);
    else if (!is_string(field) && field->min > 0)
        add(text, size,
            field->max < UINT32_MAX ? "required, %" PRIu64 " to %" PRIu64 : "required, not 0",
            field->min, field->max);
    else if (!is_string(field) && field->max == UINT16_MAX)
        add(text, size, "16 bits", 0, 0);
    else if (!is_string(field) && field->max < UINT32_MAX && field->show != STATE)
        add(text, size, field->also ? "at most %" PRIu64 ", or %" PRIu64 : "at most %" PRIu64,
            field->max, field->also);
}

static void comment(FILE *out, const char *indent, const char *mark, const char *text)
{
    size_t margin = strlen(indent) + strlen(mark) + 1;

    while (*text) {
        size_t len = strlen(text);
        if (len > WIDTH - margin) {
            for (len = WIDTH - margin; text[len] != ' '; len--)
                ;
        }
        fprintf(out, "%s%s %.*s\n", indent, mark, (int)len, text);
        text += len;
        text += strspn(text, " ");
    }
}

/* --- l2tpha.proto --- */

static const char *proto_type(const struct field *field, const struct names *names)
{
    if (field->show == STATE)
        return names->type;
    if (field->type == FIXED64)
        return "fixed64";
    return is_string(field) ? "bytes" : field->type == U64 ? "uint64" : "uint32";
}

static void proto_fields(FILE *out, const char *owner, const struct field *fields)
{
    const struct names *names = names_of(owner);
    char text[1024];

    if (names) {
        fprintf(out, "  enum %s {\n", names->type);
        for (int i = 0; names->values[i]; i++)
            fprintf(out, "    %s = %d;\n", names->values[i], i);
        fprintf(out, "  }\n");
    }
    for (const struct field *field = first(fields);; field--) {
        describe(field, text, sizeof(text));
        comment(out, "  ", "//", text);
        fprintf(out, "  %s %s = %" PRIu32 ";\n", proto_type(field, names), field->name,
                field->number);
        if (field == fields)
            break;
    }
}

static void noun_as_name(FILE *out, const char *noun)
{
    fprintf(out, "%c%s", noun[0] - 'a' + 'A', noun + 1);
}

static void write_proto(FILE *out)
{
    fprintf(out, "// SPDX-License-Identifier: MIT\n//\n");
    comment(out, "", "//",
            "The checkpoint format of libl2tpha, made of its table of fields (l2tpha/fields.h). "
            "docs/checkpoint-format.md has the rules that a schema cannot express: canonical form, "
            "order of records, bulk copies, digest. A writer of fields that are not here puts them "
            "together behind those that are: elsewhere they are refused.");
    fprintf(out, "\nsyntax = \"proto3\";\n\npackage l2tpha;\n\n");
    comment(out, "", "//",
            "One checkpoint: all that one call to the library has changed, or a piece of a bulk "
            "copy. Everything but the records comes first; the field numbers see to that.");
    fprintf(out, "message Checkpoint {\n");
    proto_fields(out, "checkpoint", checkpoint_fields);
    fprintf(out, "  repeated Record record = %d;\n}\n\nmessage Record {\n  oneof kind {\n",
            L2TPHA_FIELD_RECORDS);
    for (size_t i = 0; i < KINDS; i++) {
        fprintf(out, "    ");
        noun_as_name(out, kinds[i].noun);
        fprintf(out, " %s = %" PRIu32 ";\n", kinds[i].noun, kinds[i].number);
    }
    fprintf(out, "  }\n}\n");
    for (size_t i = 0; i < KINDS; i++) {
        fprintf(out, "\n");
        comment(out, "", "//", kinds[i].text);
        fprintf(out, "message ");
        noun_as_name(out, kinds[i].noun);
        fprintf(out, " {\n");
        proto_fields(out, kinds[i].noun, kinds[i].fields);
        fprintf(out, "}\n");
    }
}

/* --- l2tpha.cddl --- */

static void cddl_value(FILE *out, const struct field *field)
{
    if (field->type == RAW8)
        fprintf(out, "bstr .size %" PRIu64, field->max);
    else if (is_string(field))
        fprintf(out, "bstr .size (%" PRIu64 "..%" PRIu64 ")", field->min, field->max);
    else if (field->max == UINT64_MAX)
        fprintf(out, "uint");
    else
        fprintf(out, "%" PRIu64 "..%" PRIu64, field->min, field->max);
    if (field->also)
        fprintf(out, " / %" PRIu64, field->also);
}

static void cddl_fields(FILE *out, const struct field *fields)
{
    for (const struct field *field = first(fields);; field--) {
        fprintf(out, "  %s%" PRIu32 " => ", field->min > 0 ? "" : "? ", field->number);
        cddl_value(out, field);
        fprintf(out, ", ; %s\n", field->name);
        if (field == fields)
            break;
    }
}

static void write_cddl(FILE *out)
{
    fprintf(out, "; SPDX-License-Identifier: MIT\n");
    comment(out, "", ";",
            "Checkpoints of libl2tpha as CBOR (RFC 8610), made of its table of fields "
            "(l2tpha/fields.h). All is in the deterministic encoding of RFC 8949 4.2.1; "
            "docs/checkpoint-format.md has the rules that a schema cannot express.");
    fprintf(out, "\ncheckpoint = {\n");
    cddl_fields(out, checkpoint_fields);
    fprintf(out, "  ? %d => [+ record],\n  * (8 / 10..14) => value ; of a newer release\n}\n\n",
            L2TPHA_FIELD_RECORDS);
    fprintf(out, "record = ");
    for (size_t i = 0; i < KINDS; i++)
        fprintf(out, "[%" PRIu32 ", %s] / ", kinds[i].number, kinds[i].noun);
    fprintf(out, "[%zu..255, {* uint => value}]\n\nvalue = uint / bstr\n", KINDS + 1);
    for (size_t i = 0; i < KINDS; i++) {
        fprintf(out, "\n");
        comment(out, "", ";", kinds[i].text);
        fprintf(out, "%s = {\n", kinds[i].noun);
        fprintf(out,
                "  ? 0 => bstr, ; fields of a newer release that have no form here, as proto\n");
        cddl_fields(out, kinds[i].fields);
        fprintf(out, "  * (%" PRIu32 "..536870911) => value ; of a newer release\n}\n",
                kinds[i].fields[0].number + 1);
    }
}

/* --- l2tpha.schema.json --- */

static void json_limits(FILE *out, const struct field *field)
{
    if (is_string(field) && field->show == TEXT) {
        fprintf(out, "\"type\": \"string\"");
        return;
    }
    if (is_string(field)) {
        fprintf(out, "\"type\": \"string\", \"pattern\": \"^([0-9A-Fa-f]{2})");
        if (field->type == RAW8)
            fprintf(out, "{8}$\"");
        else
            fprintf(out, "*$\", \"minLength\": %" PRIu64 ", \"maxLength\": %" PRIu64,
                    2 * field->min, 2 * field->max);
        return;
    }
    fprintf(out,
            "\"type\": [\"integer\", \"string\"], \"pattern\": \"^(0|[1-9][0-9]*)$\", \"minimum\": "
            "%" PRIu64,
            field->min);
    if (field->also)
        fprintf(out, ", \"anyOf\": [{\"maximum\": %" PRIu64 "}, {\"const\": %" PRIu64 "}]",
                field->max, field->also);
    else if (field->max < UINT64_MAX)
        fprintf(out, ", \"maximum\": %" PRIu64, field->max);
}

static void json_properties(FILE *out, const char *indent, const struct field *fields,
                            const char *more)
{
    char text[1024];
    unsigned required = 0;

    fprintf(out, "%s\"type\": \"object\",\n%s\"properties\": {\n", indent, indent);
    for (const struct field *field = first(fields);; field--) {
        describe(field, text, sizeof(text));
        fprintf(out, "%s  \"%s\": {", indent, field->name);
        if (text[0])
            fprintf(out, "\"description\": \"%s\", ", text);
        json_limits(out, field);
        fprintf(out, "}%s\n", field == fields && !more[0] ? "" : ",");
        if (field == fields)
            break;
    }
    fprintf(out, "%s%s},\n%s\"required\": [", more, indent, indent);
    for (const struct field *field = first(fields);; field--) {
        if (field->min > 0)
            fprintf(out, "%s\"%s\"", required++ ? ", " : "", field->name);
        if (field == fields)
            break;
    }
    fprintf(out, "]");
}

static void write_json(FILE *out)
{
    fprintf(out, "{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
                 "  \"title\": \"A checkpoint of libl2tpha\",\n"
                 "  \"$comment\": \"Made of the table of fields (l2tpha/fields.h); "
                 "docs/checkpoint-format.md has the rules "
                 "that a schema cannot express.\",\n");
    json_properties(
        out, "  ", checkpoint_fields,
        "    \"records\": {\"type\": \"array\", \"items\": {\"$ref\": \"#/$defs/record\"}}\n  ");
    fprintf(
        out,
        ",\n  \"$defs\": {\n    \"record\": {\n      \"type\": \"object\", \"minProperties\": 1, "
        "\"maxProperties\": 1,\n      \"properties\": {\n");
    for (size_t i = 0; i < KINDS; i++)
        fprintf(out, "        \"%s\": {\"$ref\": \"#/$defs/%s\"}%s\n", kinds[i].noun, kinds[i].noun,
                i + 1 < KINDS ? "," : "");
    fprintf(out, "      },\n      \"additionalProperties\": {\"type\": \"object\"}\n    }");
    for (size_t i = 0; i < KINDS; i++) {
        fprintf(out, ",\n    \"%s\": {\n      \"description\": \"%s\",\n", kinds[i].noun,
                kinds[i].text);
        json_properties(out, "      ", kinds[i].fields, "");
        fprintf(
            out,
            ",\n      \"patternProperties\": {\"^#(raw|[1-9][0-9]*)$\": {\"type\": [\"integer\", "
            "\"string\"], \"minimum\": 0}},\n      \"additionalProperties\": false\n    }");
    }
    fprintf(out, "\n  }\n}\n");
}

/* --- */

static const struct {
    const char *name;
    void (*write)(FILE *out);
} schemas[] = {
    {"l2tpha.proto", write_proto}, {"l2tpha.cddl", write_cddl}, {"l2tpha.schema.json", write_json}};

static bool is_same(const char *path, void (*write)(FILE *out))
{
    FILE *made = tmpfile(), *kept = fopen(path, "r");
    int a = 0, b = 0, line = 1;

    if (!made || !kept) {
        perror(path);
        return false;
    }
    write(made);
    rewind(made);
    while (a == b && a != EOF) {
        a = getc(made);
        b = getc(kept);
        line += a == '\n' && b == '\n';
    }
    fclose(made);
    fclose(kept);
    if (a != b)
        fprintf(stderr, "%s:%d: not what the table of fields says (schemas --write)\n", path, line);
    return a == b;
}

static bool write_to(const char *path, void (*write)(FILE *out))
{
    FILE *file = fopen(path, "w");

    if (!file) {
        perror(path);
        return false;
    }
    write(file);
    return fclose(file) == 0;
}

int main(int argc, char **argv)
{
    bool writes = argc == 3 && strcmp(argv[1], "--write") == 0, well = true;
    char path[512];

    if (argc != 2 && !writes) {
        fprintf(stderr, "usage: schemas [--write] FOLDER\n");
        return 2;
    }
    for (size_t i = 0; i < sizeof(schemas) / sizeof(schemas[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", argv[argc - 1], schemas[i].name);
        well = (writes ? write_to : is_same)(path, schemas[i].write) && well;
    }
    return well ? EXIT_SUCCESS : EXIT_FAILURE;
}
