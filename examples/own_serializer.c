/* SPDX-License-Identifier: MIT */
/* A host's own format of checkpoints, and a standby that is filled by it. Here it is text, a line
 * of digits for the header and one for each record, as some transport or tool may want it. What is
 * in a line is left to the built-in serializer, so no field is forgotten, known or not; another
 * format takes the fields from l2tpha/fields.h. docs/checkpoint-format.md has what it has to keep
 * to. */
#include <l2tpha/l2tpha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_MAX 128 /* bytes of one as the built-in serializer writes it */

static const char digits[] = "0123456789abcdef";

/* --- the format --- */

/* What has been written down from `end` becomes a line: in place, since the place of each byte is
 * read before its digits come there. */
static int to_line(struct l2tpha_writing *writing, const uint8_t *end)
{
    const uint8_t *from = writing->start;
    size_t len = (size_t)(end - from);
    if ((size_t)(writing->start - writing->low) < len + 1)
        return L2TPHA_ERR_TOO_SMALL;
    uint8_t *to = writing->start -= len + 1;
    for (; from < end; from++) {
        uint8_t byte = *from;
        *to++ = (uint8_t)digits[byte >> 4];
        *to++ = (uint8_t)digits[byte & 15];
    }
    *to = '\n';
    return L2TPHA_OK;
}

/* The bytes of the next line. */
static bool from_line(struct l2tpha_reading *lines, uint8_t *to, size_t size, size_t *len)
{
    const uint8_t *end = lines->len > 0 ? memchr(lines->data, '\n', lines->len) : NULL;
    size_t letters = end ? (size_t)(end - lines->data) : 0;
    if (letters == 0 || letters % 2 > 0 || letters / 2 > size || !to)
        return false;
    for (*len = 0; *len < letters / 2; ++*len) {
        const char *high = memchr(digits, lines->data[2 * *len], 16);
        const char *low = memchr(digits, lines->data[2 * *len + 1], 16);
        if (!high || !low)
            return false;
        to[*len] = (uint8_t)((high - digits) << 4 | (low - digits));
    }
    lines->data += letters + 1;
    lines->len -= letters + 1;
    return true;
}

/* On failure nothing moves. */
static int put_record(const struct l2tpha_record *record, struct l2tpha_writing *writing)
{
    struct l2tpha_writing next = *writing;
    int error = l2tpha_serializer_proto()->put_record(record, &next);
    if (!error)
        error = to_line(&next, writing->start);
    if (!error)
        *writing = next;
    return error;
}

static int put_header(const struct l2tpha_checkpoint_header *header, struct l2tpha_writing *writing)
{
    struct l2tpha_writing next = *writing;
    int error = l2tpha_serializer_proto()->put_header(header, &next);
    if (!error)
        error = to_line(&next, writing->start);
    if (!error)
        *writing = next;
    return error;
}

static int get_header(const uint8_t *data, size_t len, struct l2tpha_checkpoint_header *header,
                      struct l2tpha_reading *reading)
{
    uint8_t bytes[HEADER_MAX];
    size_t count;
    struct l2tpha_reading inside;
    reading->data = data;
    reading->len = len;
    if (!from_line(reading, bytes, sizeof(bytes), &count))
        return L2TPHA_ERR_RECORD;
    int error = l2tpha_serializer_proto()->get_header(bytes, count, header, &inside);
    return !error && inside.len > 0 ? L2TPHA_ERR_RECORD : error; /* no record in the header */
}

/* Strings are views of the room, where the line's bytes are until the next call. */
static int get_record(struct l2tpha_reading *reading, struct l2tpha_record *record)
{
    struct l2tpha_reading inside = {.data = reading->room};
    if (reading->len == 0)
        return L2TPHA_ERR_NOT_FOUND;
    if (!from_line(reading, reading->room, L2TPHA_CHECKPOINT_MAX, &inside.len))
        return L2TPHA_ERR_RECORD;
    int error = l2tpha_serializer_proto()->get_record(&inside, record);
    if (error == L2TPHA_ERR_NOT_FOUND || (!error && inside.len > 0))
        return L2TPHA_ERR_RECORD; /* not just one record */
    return error;
}

static const struct l2tpha_serializer lines = {.size = sizeof(lines),
                                               .name = "lines",
                                               .room = L2TPHA_CHECKPOINT_MAX,
                                               .put_record = put_record,
                                               .put_header = put_header,
                                               .get_header = get_header,
                                               .get_record = get_record};

/* --- a run of it --- */

static void check(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "own_serializer: failed: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

static int answer_random(void *user, uint8_t *dst, size_t len)
{
    for ((void)user; len > 0; len--)
        *dst++ = (uint8_t)rand();
    return L2TPHA_OK;
}

static struct l2tpha_node *make_node(bool standby)
{
    struct l2tpha_config config;
    struct l2tpha_host host = {.size = sizeof(host), .random = answer_random};
    struct l2tpha_node *node;
    l2tpha_config_init(&config);
    config.name = "lns";
    config.serializer = &lines; /* of both nodes the same */
    config.standby = standby;
    check(l2tpha_node_new(NULL, &config, &host, 1, &node) == L2TPHA_OK, "making a node");
    return node;
}

/* Whatever the active says goes to the standby. */
static void replicate(struct l2tpha_node *active, struct l2tpha_node *standby)
{
    struct l2tpha_output output;
    while (l2tpha_poll(active, &output, 1, 1) == 1) {
        if (output.kind != L2TPHA_OUTPUT_CHECKPOINT)
            continue;
        printf("%.*s\n", (int)output.len, (const char *)output.data);
        check(l2tpha_checkpoint_apply(standby, output.data, output.len, 1, NULL) == L2TPHA_OK,
              "the standby takes a checkpoint");
        check(l2tpha_checkpoint_done(active, output.position, L2TPHA_OK, 1) == L2TPHA_OK,
              "confirming");
    }
}

int main(void)
{
    struct l2tpha_node *active = make_node(false), *standby = make_node(true);
    struct l2tpha_tunnel_options options = {.size = sizeof(options),
                                            .path.remote = {.len = 1, .bytes = {7}}};
    struct l2tpha_tunnel *tunnel;

    check(l2tpha_tunnel_open(active, &options, 1, &tunnel) == L2TPHA_OK, "opening a tunnel");
    check(l2tpha_checkpoint_bulk(active, 1) == L2TPHA_OK, "starting the copy");
    replicate(active, standby);
    check(l2tpha_tunnel_open(active, &options, 1, &tunnel) == L2TPHA_OK, "opening another one");
    replicate(active, standby);
    check(l2tpha_checkpoint_digest(active) == l2tpha_checkpoint_digest(standby) &&
              l2tpha_checkpoint_digest(active) != 0,
          "both know the same");
    check(l2tpha_checkpoint_apply(standby, (const uint8_t *)"0g\n", 3, 1, NULL) ==
              L2TPHA_ERR_RECORD,
          "no digits");
    l2tpha_node_free(standby);
    l2tpha_node_free(active);
    return EXIT_SUCCESS;
}
