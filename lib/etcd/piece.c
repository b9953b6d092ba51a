/* SPDX-License-Identifier: MIT */
#include "piece.h"
#include "base64.h"

#include <stdio.h>
#include <string.h>

/* --- requests --- */

const char *piece_digits(uint64_t value, char dst[DIGITS_MAX])
{
    snprintf(dst, DIGITS_MAX, "%llu", (unsigned long long)value);
    return dst;
}

json_t *piece_put(const char *key, const void *value, size_t len, uint64_t lease)
{
    char *text = talloc_array(NULL, char, BASE64_SIZE(len)), digits[DIGITS_MAX];

    if (!text)
        return NULL;
    base64_encode(value, len, text);
    json_t *json = json_pack("{s:{s:s, s:s, s:s}}", "request_put", "key", key, "value", text,
                             "lease", piece_digits(lease, digits));
    talloc_free(text);
    return json;
}

json_t *piece_is_at(const char *key, uint64_t revision)
{
    char digits[DIGITS_MAX];

    return json_pack("{s:s, s:s, s:s, s:s}", "key", key, "target", "MOD", "result", "EQUAL",
                     "mod_revision", piece_digits(revision, digits));
}

json_t *piece_range(const char *key)
{
    return json_pack("{s:{s:s}}", "request_range", "key", key);
}

/* What could not be made makes an array too short. */
json_t *piece_transaction(json_t *compare, size_t compares, json_t *success, size_t successes,
                          json_t *failure, size_t failures)
{
    bool whole = json_array_size(compare) == compares && json_array_size(success) == successes &&
                 json_array_size(failure) == failures;
    json_t *json =
        json_pack("{s:o, s:o, s:o}", "compare", compare, "success", success, "failure", failure);

    if (whole)
        return json;
    json_decref(json);
    return NULL;
}

/* json_dumps() leaves a name out where there is no memory for it. */
char *piece_text(TALLOC_CTX *parent, json_t *json)
{
    size_t len = json ? json_dumpb(json, NULL, 0, JSON_COMPACT) : 0;
    char *text = len ? talloc_size(parent, len + 1) : NULL;

    if (text && json_dumpb(json, text, len, JSON_COMPACT) != len) {
        talloc_free(text);
        text = NULL;
    }
    if (text)
        text[len] = '\0';
    json_decref(json);
    return text;
}

/* --- answers --- */

json_t *piece_load(const char *text, size_t len)
{
    json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);

    if (json && !json_is_object(json)) {
        json_decref(json);
        return NULL;
    }
    return json;
}

bool piece_number(const json_t *object, const char *name, uint64_t *value)
{
    const json_t *json = json_object_get(object, name);
    const char *text = json_string_value(json);

    *value = 0;
    if (!json)
        return true;
    if (!text || *text == '\0')
        return false;
    for (; *text >= '0' && *text <= '9'; text++) {
        uint64_t digit = (uint64_t)(*text - '0');
        if (*value > (UINT64_MAX - digit) / 10)
            return false;
        *value = *value * 10 + digit;
    }
    return *text == '\0';
}

bool piece_header(const json_t *json, struct header *header)
{
    const json_t *object = json_object_get(json, "header");

    return json_is_object(object) && piece_number(object, "raft_term", &header->term) &&
           piece_number(object, "cluster_id", &header->cluster) &&
           piece_number(object, "revision", &header->revision) && header->term > 0;
}

bool piece_outcome(const json_t *json, size_t successes, size_t failures, bool *succeeded,
                   const json_t **responses)
{
    const json_t *decision = json_object_get(json, "succeeded");

    *responses = json_object_get(json, "responses");
    if (decision && !json_is_boolean(decision))
        return false;
    *succeeded = json_is_true(decision);
    return json_array_size(*responses) == (*succeeded ? successes : failures);
}

bool piece_pairs(const json_t *range, const json_t **pairs)
{
    *pairs = json_object_get(range, "kvs");
    return json_is_object(range) && (!*pairs || json_is_array(*pairs));
}

const char *piece_key(const json_t *pair)
{
    return json_string_value(json_object_get(pair, "key"));
}

bool piece_value(const json_t *pair, char *dst, size_t room, size_t *len)
{
    const json_t *text = json_object_get(pair, "value");

    *len = 0;
    return !text ||
           (json_is_string(text) &&
            base64_decode(json_string_value(text), json_string_length(text), dst, room, len));
}
