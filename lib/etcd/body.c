/* SPDX-License-Identifier: MIT */
#include "body.h"
#include "piece.h"

#include <stdio.h>
#include <string.h>

static void key_of(const char *group, const char *name, char *dst)
{
    char key[KEY_MAX];

    snprintf(key, sizeof(key), "l2tpha/%s/%s", group, name);
    base64_encode(key, strlen(key), dst);
}

void keys_of(const char *group, struct keys *keys)
{
    key_of(group, "epoch", keys->epoch);
    key_of(group, "claim", keys->claim);
    key_of(group, "alive", keys->alive);
}

static json_t *put(const char *key, const char *value, uint64_t lease)
{
    return piece_put(key, value, strlen(value), lease);
}

static json_t *is_epoch(const struct keys *keys, uint64_t epoch)
{
    char digits[HEX_DIGITS + 1], value[BASE64_SIZE(HEX_DIGITS)];

    hex_put(epoch, digits);
    base64_encode(digits, HEX_DIGITS, value);
    return json_pack("{s:s, s:s, s:s, s:s}", "key", keys->epoch, "target", "VALUE", "result",
                     "EQUAL", "value", value);
}

static void add_reads(json_t *list, const struct keys *keys)
{
    const char *const read[] = {keys->epoch, keys->claim, keys->alive};

    for (size_t i = 0; i < 3; i++)
        json_array_append_new(list, piece_range(read[i]));
}

/* Text of what is taken over. */
static char *transaction(TALLOC_CTX *parent, const struct keys *keys, json_t *compare,
                         size_t compares, json_t *success, size_t puts)
{
    json_t *failure = json_array();

    add_reads(success, keys);
    add_reads(failure, keys);
    return piece_text(parent, piece_transaction(compare, compares, success, puts + 3, failure, 3));
}

char *body_read(TALLOC_CTX *parent, const struct keys *keys)
{
    return transaction(parent, keys, json_array(), 0, json_array(), 0);
}

char *body_take(TALLOC_CTX *parent, const struct keys *keys, const struct l2tpha_claim *claim,
                const char *text, uint64_t revision, uint64_t epoch_revision, uint64_t lease)
{
    json_t *compare = json_array(), *success = json_array();
    char digits[HEX_DIGITS + 1];

    json_array_append_new(compare, piece_is_at(keys->alive, 0));
    json_array_append_new(compare, piece_is_at(keys->claim, revision));
    json_array_append_new(compare, piece_is_at(keys->epoch, epoch_revision));
    hex_put(claim->epoch, digits);
    json_array_append_new(success, put(keys->epoch, digits, 0));
    json_array_append_new(success, put(keys->claim, text, 0));
    json_array_append_new(success, put(keys->alive, claim->owner, lease));
    return transaction(parent, keys, compare, 3, success, TAKE_PUTS);
}

char *body_change(TALLOC_CTX *parent, const struct keys *keys, uint64_t epoch, const char *text,
                  uint64_t revision)
{
    json_t *compare = json_array(), *success = json_array();

    json_array_append_new(compare, is_epoch(keys, epoch));
    json_array_append_new(compare, piece_is_at(keys->claim, revision));
    json_array_append_new(success, put(keys->claim, text, 0));
    return transaction(parent, keys, compare, 2, success, CHANGE_PUTS);
}

char *body_fence(TALLOC_CTX *parent, const struct keys *keys, uint64_t epoch)
{
    json_t *compare = json_array(), *success = json_array();

    json_array_append_new(compare, is_epoch(keys, epoch));
    json_array_append_new(success, json_pack("{s:{s:s, s:b}}", "request_put", "key", keys->claim,
                                             "ignore_value", true));
    return transaction(parent, keys, compare, 1, success, FENCE_PUTS);
}

static char *one_number(TALLOC_CTX *parent, const char *name, uint64_t value)
{
    char text[16 + DIGITS_MAX];

    snprintf(text, sizeof(text), "{\"%s\":\"%llu\"}", name, (unsigned long long)value);
    return talloc_strdup(parent, text);
}

char *body_grant(TALLOC_CTX *parent, uint32_t ttl_s)
{
    return one_number(parent, "TTL", ttl_s);
}

char *body_lease(TALLOC_CTX *parent, uint64_t lease)
{
    return one_number(parent, "ID", lease);
}
