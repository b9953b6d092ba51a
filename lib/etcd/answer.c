/* SPDX-License-Identifier: MIT */
#include "answer.h"

#include <jansson.h>
#include <string.h>

/* Codes of gRPC. */
enum {
    INVALID_ARGUMENT = 3,
    NOT_FOUND = 5,
    PERMISSION_DENIED = 7,
    RESOURCE_EXHAUSTED = 8,
    FAILED_PRECONDITION = 9,
    UNIMPLEMENTED = 12,
    UNAUTHENTICATED = 16
};

static json_t *load(const char *text, size_t len)
{
    json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);

    if (json && !json_is_object(json)) {
        json_decref(json);
        return NULL;
    }
    return json;
}

/* A member of 64 bits: left out it is 0. */
static bool get_number(const json_t *object, const char *name, uint64_t *value)
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

static bool get_header(const json_t *json, struct header *header)
{
    const json_t *object = json_object_get(json, "header");

    return json_is_object(object) && get_number(object, "raft_term", &header->term) &&
           get_number(object, "cluster_id", &header->cluster) && header->term > 0;
}

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
    const json_t *range = json_object_get(response, "response_range");
    const json_t *pairs = json_object_get(range, "kvs"), *pair = json_array_get(pairs, 0);
    const json_t *name = json_object_get(pair, "key"), *text = json_object_get(pair, "value");

    value->there = false;
    value->len = 0;
    if (!json_is_object(range) || (pairs && !json_is_array(pairs)) || json_array_size(pairs) > 1)
        return false;
    if (!pair)
        return true;
    value->there = true;
    if (!json_is_string(name) || strcmp(json_string_value(name), key) != 0 ||
        !get_number(pair, "mod_revision", &value->revision) || value->revision == 0 ||
        !get_number(pair, "lease", &value->lease))
        return false;
    return !text ||
           (json_is_string(text) && base64_decode(json_string_value(text), json_string_length(text),
                                                  value->text, sizeof(value->text), &value->len));
}

static bool take_epoch(const struct value *value, struct snapshot *snapshot)
{
    if (!value->there)
        return true;
    snapshot->epoch_revision = value->revision;
    snapshot->claim.epoch = epoch_read(value->text, value->len);
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
    const json_t *decision = json_object_get(json, "succeeded");
    const json_t *responses = json_object_get(json, "responses");

    if (!get_header(json, &snapshot->header) || (decision && !json_is_boolean(decision)))
        return false;
    *succeeded = json_is_true(decision);
    size_t first = *succeeded ? puts : 0;
    if (json_array_size(responses) != first + 3)
        return false;
    for (size_t i = 0; i < first; i++)
        if (!json_is_object(json_object_get(json_array_get(responses, i), "response_put")))
            return false;
    return read_keys(responses, first, keys, snapshot);
}

int answer_snapshot(const char *text, size_t len, const struct keys *keys, size_t puts,
                    struct snapshot *snapshot, bool *succeeded)
{
    json_t *json = load(text, len);

    *snapshot = (struct snapshot){0};
    bool good = json && read_transaction(json, keys, puts, snapshot, succeeded);
    json_decref(json);
    return good ? L2TPHA_OK : L2TPHA_ERR_RECORD;
}

/* --- leases --- */

static int read_lease(const json_t *json, struct lease *lease)
{
    *lease = (struct lease){0};
    if (!get_header(json, &lease->header) || !get_number(json, "ID", &lease->id) ||
        !get_number(json, "TTL", &lease->ttl_s) || lease->id == 0)
        return L2TPHA_ERR_RECORD;
    return L2TPHA_OK;
}

int answer_granted(const char *text, size_t len, struct lease *lease)
{
    json_t *json = load(text, len);
    int error = read_lease(json, lease);

    json_decref(json);
    return error;
}

/* The gateway has it as a stream, of which this is all. */
int answer_renewed(const char *text, size_t len, struct lease *lease)
{
    json_t *json = load(text, len);
    int error = read_lease(json_object_get(json, "result"), lease);

    json_decref(json);
    return error;
}

int answer_revoked(const char *text, size_t len, struct header *header)
{
    json_t *json = load(text, len);
    bool good = get_header(json, header);

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
    json_t *json = load(text, len);
    json_int_t code = code_of(json);

    json_decref(json);
    switch (code) {
    case NOT_FOUND:
        return (struct fault){L2TPHA_ERR_NOT_FOUND, true, true};
    case INVALID_ARGUMENT:
    case PERMISSION_DENIED:
    case FAILED_PRECONDITION:
    case UNIMPLEMENTED:
    case UNAUTHENTICATED:
        return (struct fault){L2TPHA_ERR_REFUSED, true, true};
    case RESOURCE_EXHAUSTED: /* a member may say so of what it has carried out */
        return (struct fault){L2TPHA_ERR_LIMIT, false, true};
    default: /* no leader, no time left: it may have been proposed */
        return (struct fault){L2TPHA_ERR_HOST, false, false};
    }
}
