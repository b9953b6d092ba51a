/* SPDX-License-Identifier: MIT */
#include "head.h"
#include "piece.h"

#include <l2tpha/error.h>
#include <string.h>

#define FORMAT 1

char *head_text(TALLOC_CTX *parent, const struct head *head)
{
    char epoch[HEX_DIGITS + 1], copy[HEX_DIGITS + 1], cluster[DIGITS_MAX];

    hex_put(head->epoch, epoch);
    hex_put(head->copy, copy);
    return piece_text(parent, json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:s}", "cluster",
                                        piece_digits(head->cluster, cluster), "copy", copy, "epoch",
                                        epoch, "format", FORMAT, "level", (int)head->level,
                                        "level_min", (int)head->level_min, "owner", head->owner));
}

/* 0 is no epoch and no log, and is written as any other. */
static bool read_hex(const json_t *json, const char *name, uint64_t *value)
{
    const json_t *text = json_object_get(json, name);

    if (!json_is_string(text) || json_string_length(text) != HEX_DIGITS)
        return false;
    *value = hex_read(json_string_value(text), HEX_DIGITS);
    return *value != 0 || strspn(json_string_value(text), "0") == HEX_DIGITS;
}

static bool read_owner(const json_t *json, char owner[OWNER_DIGITS + 1])
{
    const char *text = json_string_value(json_object_get(json, "owner"));

    if (!text || strlen(text) != OWNER_DIGITS || strspn(text, "0123456789abcdef") != OWNER_DIGITS)
        return false;
    strcpy(owner, text);
    return true;
}

static bool read_level(const json_t *json, const char *name, uint32_t *level)
{
    const json_t *number = json_object_get(json, name);
    json_int_t value = number ? json_integer_value(number) : 1;

    *level = (uint32_t)value;
    return value > 0 && value <= INT32_MAX;
}

static int read_all(const json_t *json, struct head *head)
{
    const json_t *format = json_object_get(json, "format");

    if (!json_is_integer(format))
        return L2TPHA_ERR_RECORD;
    if (json_integer_value(format) != FORMAT)
        return L2TPHA_ERR_RECORD_VERSION;
    bool good =
        read_owner(json, head->owner) && read_hex(json, "epoch", &head->epoch) &&
        read_hex(json, "copy", &head->copy) && piece_number(json, "cluster", &head->cluster) &&
        read_level(json, "level", &head->level) && read_level(json, "level_min", &head->level_min);
    return good ? L2TPHA_OK : L2TPHA_ERR_RECORD;
}

int head_read(const char *text, size_t len, struct head *head)
{
    json_t *json = piece_load(text, len);

    *head = (struct head){0};
    int error = read_all(json, head);
    json_decref(json);
    return error;
}
