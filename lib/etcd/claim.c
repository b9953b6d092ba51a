/* SPDX-License-Identifier: MIT */
#include "claim.h"
#include "piece.h"

#include <string.h>

static bool is_name(const char name[L2TPHA_CLAIM_NAME_MAX + 1])
{
    return name[0] != '\0' && memchr(name, '\0', L2TPHA_CLAIM_NAME_MAX + 1);
}

static bool is_sound(const struct l2tpha_claim *claim)
{
    bool owned = claim->count == 0; /* or nobody holds anything */

    if (claim->epoch == 0 || claim->count > L2TPHA_CLAIM_NODES_MAX || !is_name(claim->owner))
        return false;
    for (uint32_t i = 0; i < claim->count; i++) {
        if (!is_name(claim->in_sync[i]))
            return false;
        if (i > 0 && strcmp(claim->in_sync[i - 1], claim->in_sync[i]) >= 0)
            return false;
        owned = owned || strcmp(claim->in_sync[i], claim->owner) == 0;
    }
    return owned;
}

bool claim_same(const struct l2tpha_claim *a, const struct l2tpha_claim *b)
{
    if (a->epoch != b->epoch || a->count != b->count || strcmp(a->owner, b->owner) != 0)
        return false;
    for (uint32_t i = 0; i < a->count; i++)
        if (strcmp(a->in_sync[i], b->in_sync[i]) != 0)
            return false;
    return true;
}

int claim_text(TALLOC_CTX *parent, const struct l2tpha_claim *claim, char **text)
{
    char epoch[HEX_DIGITS + 1];

    if (!is_sound(claim))
        return L2TPHA_ERR_INVALID;
    hex_put(claim->epoch, epoch);
    json_t *names = json_array();
    for (uint32_t i = 0; i < claim->count; i++)
        if (json_array_append_new(names, json_string(claim->in_sync[i])) != 0) {
            json_decref(names); /* not UTF-8, most likely */
            return L2TPHA_ERR_INVALID;
        }
    json_t *json =
        json_pack("{s:s, s:o, s:s}", "epoch", epoch, "in_sync", names, "owner", claim->owner);
    if (!json)
        return L2TPHA_ERR_INVALID;
    *text = piece_text(parent, json);
    return *text ? L2TPHA_OK : L2TPHA_ERR_NOMEM;
}

static bool read_name(const json_t *json, char name[L2TPHA_CLAIM_NAME_MAX + 1])
{
    size_t len = json_string_length(json);

    if (!json_is_string(json) || len == 0 || len > L2TPHA_CLAIM_NAME_MAX)
        return false;
    memcpy(name, json_string_value(json), len + 1);
    return true;
}

static bool read_all(const json_t *json, struct l2tpha_claim *claim)
{
    const json_t *epoch = json_object_get(json, "epoch");
    const json_t *names = json_object_get(json, "in_sync");

    if (!json_is_string(epoch) || !json_is_array(names) ||
        json_array_size(names) > L2TPHA_CLAIM_NODES_MAX ||
        !read_name(json_object_get(json, "owner"), claim->owner))
        return false;
    claim->epoch = hex_read(json_string_value(epoch), json_string_length(epoch));
    claim->count = (uint32_t)json_array_size(names);
    for (uint32_t i = 0; i < claim->count; i++)
        if (!read_name(json_array_get(names, i), claim->in_sync[i]))
            return false;
    return is_sound(claim);
}

int claim_read(const char *text, size_t len, struct l2tpha_claim *claim)
{
    json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);

    *claim = (struct l2tpha_claim){0};
    bool good = read_all(json, claim);
    json_decref(json);
    return good ? L2TPHA_OK : L2TPHA_ERR_RECORD;
}
