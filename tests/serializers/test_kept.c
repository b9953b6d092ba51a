/* SPDX-License-Identifier: MIT */
/* The checkpoints that are kept beside the tests (tests/golden), by each serializer: a line for
 * each one, in hex or, where it is text, as it is. The bytes are the same for ever, and all say the
 * same.
 */
#include "fixture.h"
#include "formats.h"
#include "golden_folders.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_MAX 8192 /* of one checkpoint */

static const struct l2tpha_serializer *format;
static const char *folder;

static FILE *open_kept(const char *name, const char *mode)
{
    char path[512];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s/%s", GOLDEN, folder, name);
    file = fopen(path, mode);
    ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
    return file;
}

static const char *file_of(const struct l2tpha_serializer *serializer)
{
    static char name[64];

    if (serializer == l2tpha_serializer_proto())
        return "checkpoints.txt";
    snprintf(name, sizeof(name), "checkpoints.%s.txt", serializer->name);
    return name;
}

static bool is_text(const struct l2tpha_serializer *serializer)
{
    return strcmp(serializer->name, "json") == 0;
}

static void to_line(struct l2tpha_bytes bytes, char line[2 * BYTES_MAX + 2])
{
    ck_assert_uint_le(bytes.len, BYTES_MAX);
    if (is_text(format)) {
        snprintf(line, 2 * BYTES_MAX + 2, "%.*s", (int)bytes.len, (const char *)bytes.data);
        line[strcspn(line, "\n")] = '\0';
        return;
    }
    for (size_t i = 0; i < bytes.len; i++)
        snprintf(line + 2 * i, 3, "%02x", bytes.data[i]);
    line[2 * bytes.len] = '\0';
}

static struct l2tpha_bytes from_line(const struct l2tpha_serializer *serializer, const char *line,
                                     uint8_t bytes[BYTES_MAX])
{
    size_t len = strlen(line);

    if (is_text(serializer)) {
        memcpy(bytes, line, len);
        bytes[len] = '\n';
        return (struct l2tpha_bytes){bytes, len + 1};
    }
    for (size_t i = 0; i < len / 2; i++) {
        unsigned octet;
        ck_assert_int_eq(sscanf(line + 2 * i, "%2x", &octet), 1);
        bytes[i] = (uint8_t)octet;
    }
    return (struct l2tpha_bytes){bytes, len / 2};
}

static bool next_line(FILE *file, char line[2 * BYTES_MAX + 2])
{
    if (fgets(line, 2 * BYTES_MAX + 2, file) == NULL)
        return false;
    line[strcspn(line, "\n")] = '\0';
    return true;
}

/* With L2TPHA_GOLDEN=FILE they are written there. */
static void write_kept(const char *path)
{
    static uint8_t bytes[BYTES_MAX], space[BYTES_MAX];
    static char line[2 * BYTES_MAX + 2];
    FILE *from = open_kept(file_of(l2tpha_serializer_proto()), "r"), *to = fopen(path, "w");
    struct l2tpha_bytes converted;

    ck_assert_ptr_nonnull(to);
    while (next_line(from, line)) {
        format_convert(l2tpha_serializer_proto(), from_line(l2tpha_serializer_proto(), line, bytes),
                       format, space, sizeof(space), &converted);
        to_line(converted, line);
        fprintf(to, "%s\n", line);
    }
    fclose(to);
    fclose(from);
}

static void compare(const char *proto_line, const char *line)
{
    static uint8_t bytes[BYTES_MAX], space[BYTES_MAX];
    static char written[2 * BYTES_MAX + 2];
    const struct l2tpha_serializer *proto = l2tpha_serializer_proto();
    struct l2tpha_bytes kept, converted;

    format_convert(proto, from_line(proto, proto_line, bytes), format, space, sizeof(space),
                   &converted);
    to_line(converted, written);
    ck_assert_str_eq(written, line);
    format_convert(format, from_line(format, line, bytes), proto, space, sizeof(space), &converted);
    kept = from_line(proto, proto_line, bytes);
    ck_assert_uint_eq(kept.len, converted.len);
    ck_assert_mem_eq(kept.data, converted.data, kept.len);
}

START_TEST(they_are_the_same_bytes)
{
    static char proto_line[2 * BYTES_MAX + 2], line[2 * BYTES_MAX + 2];
    unsigned count = 0;

    format = format_at(_i % FORMATS);
    folder = golden_folders[_i / FORMATS];
    if (!format)
        return;
    if (getenv("L2TPHA_GOLDEN") != NULL && strcmp(folder, ".") == 0)
        write_kept(getenv("L2TPHA_GOLDEN"));
    FILE *proto = open_kept(file_of(l2tpha_serializer_proto()), "r");
    FILE *file = open_kept(file_of(format), "r");
    for (; next_line(proto, proto_line); count++) {
        ck_assert(next_line(file, line));
        compare(proto_line, line);
    }
    ck_assert(!next_line(file, line));
    ck_assert_uint_gt(count, 10);
    fclose(file);
    fclose(proto);
}
END_TEST

Suite *suite_kept(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("kept", &tcase);

    tcase_add_loop_test(tcase, they_are_the_same_bytes, 1, GOLDEN_FOLDERS * FORMATS);
    return suite;
}
