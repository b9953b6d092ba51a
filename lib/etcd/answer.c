/* SPDX-License-Identifier: MIT */
#include "answer.h"

#include <string.h>

/* Codes of gRPC. */
enum {
    INVALID_ARGUMENT = 3,
    NOT_FOUND = 5,
    PERMISSION_DENIED = 7,
    RESOURCE_EXHAUSTED = 8,
    FAILED_PRECONDITION = 9,
    OUT_OF_RANGE = 11,
    UNIMPLEMENTED = 12,
    UNAUTHENTICATED = 16
};

/* --- keys --- */

struct value {
    bool there;
    uint64_t revision;
    uint64_t lease;
    char text[CLAIM_TEXT_MAX];
    size_t len;
};

/* The one that the key has, if it has one. */
static bool read_range(const json_t *response, const char *key, struct value *value)
{
    const json_t *pairs;

    value->there = false;
    value->len = 0;
    if (!piece_pairs(json_object_get(response, "response_range"), &pairs) ||
        json_array_size(pairs) > 1)
        return false;
    const json_t *pair = json_array_get(pairs, 0);
    if (!pair)
        return true;
    value->there = true;
    const char *name = piece_key(pair);
    return name && strcmp(name, key) == 0 && piece_number(pair, "mod_revision", &value->revision) &&
           value->revision > 0 && piece_number(pair, "lease", &value->lease) &&
           piece_value(pair, value->text, sizeof(value->text), &value->len);
}

static bool take_epoch(const struct value *value, struct snapshot *snapshot)
{
    if (!value->there)
        return true;
    snapshot->epoch_revision = value->revision;
    snapshot->claim.epoch = hex_read(value->text, value->len);
    return snapshot->claim.epoch != 0;
}

/* Of the newest epoch: both are put at once. */
static bool take_claim(const struct value *value, struct snapshot *snapshot)
{
    uint64_t epoch = snapshot->claim.epoch;

    if (!value->there)
        return true;
    if (claim_read(value->text, value->len, &snapshot->claim) != L2TPHA_OK)
        return false;
    snapshot->claim.revision = value->revision;
    return snapshot->claim.epoch == epoch;
}

static bool take_alive(const struct value *value, struct snapshot *snapshot)
{
    snapshot->claim.leased = value->there;
    snapshot->lease = value->there ? value->lease : 0;
    return true;
}

static bool read_keys(const json_t *responses, size_t first, const struct keys *keys,
                      struct snapshot *snapshot)
{
    const struct {
        const char *key;
        bool (*take)(const struct value *value, struct snapshot *snapshot);
    } reads[] = {{keys->epoch, take_epoch}, {keys->claim, take_claim}, {keys->alive, take_alive}};
    struct value value;

    for (size_t i = 0; i < 3; i++)
        if (!read_range(json_array_get(responses, first + i), reads[i].key, &value) ||
            !reads[i].take(&value, snapshot))
            return false;
    return true;
}

static bool read_transaction(const json_t *json, const struct keys *keys, size_t puts,
                             struct snapshot *snapshot, bool *succeeded)
{
    const json_t *responses;

    if (!piece_header(json, &snapshot->header) ||
        !piece_outcome(json, puts + 3, 3, succeeded, &responses))
        return false;
    size_t first = *succeeded ? puts : 0;
    for (size_t i = 0; i < first; i++)
        if (!json_is_object(json_object_get(json_array_get(responses, i), "response_put")))
            return false;
    return read_keys(responses, first, keys, snapshot);
}

int answer_snapshot(const char *text, size_t len, const struct keys *keys, size_t puts,
                    struct snapshot *snapshot, bool *succeeded)
{
    json_t *json = piece_load(text, len);

    *snapshot = (struct snapshot){0};
    bool good = json && read_transaction(json, keys, puts, snapshot, succeeded);
    json_decref(json);
    return good ? L2TPHA_OK : L2TPHA_ERR_RECORD;
}

/* --- leases --- */

static int read_lease(const json_t *json, struct lease *lease)
{
    *lease = (struct lease){0};
    if (!piece_header(json, &lease->header) || !piece_number(json, "ID", &lease->id) ||
        !piece_number(json, "TTL", &lease->ttl_s) || lease->id == 0)
        return L2TPHA_ERR_RECORD;
    return L2TPHA_OK;
}

int answer_granted(const char *text, size_t len, struct lease *lease)
{
    json_t *json = piece_load(text, len);
    int error = read_lease(json, lease);

    json_decref(json);
    return error;
}

/* The gateway has it as a stream, of which this is all. */
int answer_renewed(const char *text, size_t len, struct lease *lease)
{
    json_t *json = piece_load(text, len);
    int error = read_lease(json_object_get(json, "result"), lease);

    json_decref(json);
    return error;
}

int answer_revoked(const char *text, size_t len, struct header *header)
{
    json_t *json = piece_load(text, len);
    bool good = piece_header(json, header);

    json_decref(json);
    return good ? L2TPHA_OK : L2TPHA_ERR_RECORD;
}

/* --- faults --- */

/* A stream has it in "error". */
static json_int_t code_of(const json_t *json)
{
    const json_t *code = json_object_get(json, "code");

    if (!code)
        code = json_object_get(json_object_get(json, "error"), "grpc_code");
    return json_is_integer(code) ? json_integer_value(code) : -1;
}

struct fault answer_fault(const char *text, size_t len)
{
    json_t *json = piece_load(text, len);
    json_int_t code = code_of(json);

    json_decref(json);
    switch (code) {
    case NOT_FOUND:
        return (struct fault){L2TPHA_ERR_NOT_FOUND, true, true};
    case INVALID_ARGUMENT:
    case PERMISSION_DENIED:
    case FAILED_PRECONDITION:
    case OUT_OF_RANGE:
    case UNIMPLEMENTED:
    case UNAUTHENTICATED:
        return (struct fault){L2TPHA_ERR_REFUSED, true, true};
    case RESOURCE_EXHAUSTED: /* a member may say so of what it has carried out */
        return (struct fault){L2TPHA_ERR_LIMIT, false, true};
    default: /* no leader, no time left: it may have been proposed */
        return (struct fault){L2TPHA_ERR_HOST, false, false};
    }
}
