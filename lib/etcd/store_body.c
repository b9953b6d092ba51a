/* SPDX-License-Identifier: MIT */
#include "store_body.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define STATE_MOST "8" /* keys: there are three, and those that somebody else has put */
#define LOGS_MOST "64"

/* --- keys --- */

struct key key_of(const struct etcd_store *store, const char *format, ...)
{
    char text[STORE_KEY_MAX];
    struct key key;
    va_list arguments;
    int len = snprintf(text, sizeof(text), "l2tpha/%s/", store->place.group);

    va_start(arguments, format);
    vsnprintf(text + len, sizeof(text) - (size_t)len, format, arguments);
    va_end(arguments);
    base64_encode(text, strlen(text), key.text);
    return key;
}

struct key key_of_batch(const struct etcd_store *store, uint64_t log, uint64_t position)
{
    char name[HEX_DIGITS + 1], number[HEX_DIGITS + 1];

    hex_put(log, name);
    hex_put(position, number);
    return key_of(store, "log/%s/%s", name, number);
}

static struct key key_of_log(const struct etcd_store *store, uint64_t log)
{
    char name[HEX_DIGITS + 1];

    hex_put(log, name);
    return key_of(store, "logs/%s", name);
}

/* What stands behind the folder in a key; 0 = it is another one's. */
static uint64_t number_in(const struct etcd_store *store, const char *folder, const char *key)
{
    char text[STORE_KEY_MAX], front[STORE_KEY_MAX];
    size_t len = 0;
    int at = snprintf(front, sizeof(front), "l2tpha/%s/%s", store->place.group, folder);

    if (!key || !base64_decode(key, strlen(key), text, sizeof(text), &len) ||
        len != (size_t)at + HEX_DIGITS || memcmp(text, front, (size_t)at) != 0)
        return 0;
    return hex_read(text + at, HEX_DIGITS);
}

uint64_t key_log(const struct etcd_store *store, const char *key)
{
    return number_in(store, "logs/", key);
}

uint64_t key_position(const struct etcd_store *store, uint64_t log, const char *key)
{
    char name[HEX_DIGITS + 1], folder[32];

    hex_put(log, name);
    snprintf(folder, sizeof(folder), "log/%s/", name);
    return number_in(store, folder, key);
}

/* --- pieces --- */

/* Of a folder: keys that begin with it and "/", and nothing else. */
static json_t *range(const struct key *from, const struct key *to, const char *most,
                     bool names_only)
{
    return json_pack("{s:s, s:s, s:s, s:b}", "key", from->text, "range_end", to->text, "limit",
                     most, "keys_only", names_only);
}

static json_t *range_of_state(const struct etcd_store *store)
{
    struct key from = key_of(store, "store/"), to = key_of(store, "store0");

    return json_pack("{s:o}", "request_range", range(&from, &to, STATE_MOST, false));
}

/* What was confirmed last is looked for besides, where anything was. */
static json_t *state_reads(const struct etcd_store *store)
{
    json_t *list = json_array();

    json_array_append_new(list, range_of_state(store));
    if (store->copy) {
        struct key last = key_of_batch(store, store->copy, store->last);
        json_array_append_new(list, json_pack("{s:{s:s, s:b}}", "request_range", "key", last.text,
                                              "keys_only", true));
    }
    return list;
}

size_t body_state_reads(const struct etcd_store *store)
{
    return store->copy ? 2 : 1;
}

static void put(json_t *list, const struct key *key, const char *value)
{
    json_array_append_new(list, piece_put(key->text, value, value ? strlen(value) : 0, 0));
}

static char *transaction(struct etcd_store *store, json_t *compare, size_t compares,
                         json_t *success, size_t successes, json_t *failure, size_t failures)
{
    return piece_text(store,
                      piece_transaction(compare, compares, success, successes, failure, failures));
}

/* --- the store as a whole --- */

char *body_state(struct etcd_store *store)
{
    return transaction(store, json_array(), 0, state_reads(store), body_state_reads(store),
                       json_array(), 0);
}

/* What was the former owner's goes with one delete. */
static json_t *delete_of(const struct etcd_store *store, const char *owner)
{
    struct key from = key_of(store, "store/%s/", owner), to = key_of(store, "store/%s0", owner);

    return json_pack("{s:s, s:s}", "key", from.text, "range_end", to.text);
}

static void put_owner(json_t *list, const struct etcd_store *store, const char *text, bool exact)
{
    struct key head = key_of(store, "store/head"),
               mark = key_of(store, "store/%s/exact", store->head.owner);

    put(list, &head, text);
    if (exact)
        put(list, &mark, "1");
}

char *body_acquire(struct etcd_store *store, bool exact)
{
    json_t *compare = json_array(), *success = json_array();
    struct key head = key_of(store, "store/head"),
               fence = key_of(store, "store/%s/fence", store->head.owner);
    char *text = head_text(store, &store->head);
    size_t successes = (store->seen.there ? 3 : 2) + exact;

    json_array_append_new(compare, piece_is_at(head.text, store->seen.revision));
    if (store->seen.there)
        json_array_append_new(success, json_pack("{s:o}", "request_delete_range",
                                                 delete_of(store, store->seen.head.owner)));
    put(success, &fence, "1");
    if (text)
        put_owner(success, store, text, exact);
    talloc_free(text);
    return transaction(store, compare, 1, success, successes, state_reads(store),
                       body_state_reads(store));
}

char *body_mark(struct etcd_store *store)
{
    return piece_text(store, delete_of(store, store->seen.head.owner));
}

/* --- logs --- */

/* Nothing follows a batch that is not there: what was confirmed would not be read. */
char *body_append(struct etcd_store *store, const struct stream *stream, const struct batch *batch)
{
    json_t *compare = json_array(), *success = json_array(), *failure = json_array();
    struct key fence = key_of(store, "store/%s/fence", store->head.owner),
               key = key_of_batch(store, stream->log, batch->position),
               before = key_of_batch(store, stream->log, stream->durable),
               name = key_of_log(store, stream->log);
    struct head head = store->head;
    uint64_t revision = store->revisions[stream - store->streams.list];
    bool first = stream->batches == 0;

    head.copy = stream->log;
    head.level = L2TPHA_LEVEL;
    head.level_min = stream->level_min;
    char *text = batch->whole ? head_text(store, &head) : NULL;
    json_array_append_new(compare, piece_is_at(fence.text, store->fence));
    json_array_append_new(compare, piece_is_at(key.text, 0));
    if (!first)
        json_array_append_new(compare, piece_is_at(before.text, revision));
    json_array_append_new(success, piece_put(key.text, batch->data, batch->len, 0));
    if (first)
        put(success, &name, "1");
    if (text)
        put_owner(success, store, text, true);
    json_array_append_new(failure, piece_range(fence.text));
    json_array_append_new(failure, piece_range(key.text));
    talloc_free(text);
    return transaction(store, compare, first ? 2 : 3, success, 1 + first + (batch->whole ? 2 : 0),
                       failure, 2);
}

char *body_logs(struct etcd_store *store)
{
    struct key from = key_of(store, "logs/"), to = key_of(store, "logs0");
    json_t *list = state_reads(store);

    json_array_append_new(list,
                          json_pack("{s:o}", "request_range", range(&from, &to, LOGS_MOST, true)));
    return transaction(store, json_array(), 0, list, body_state_reads(store) + 1, json_array(), 0);
}

char *body_delete(struct etcd_store *store, uint64_t log, bool name)
{
    char digits[HEX_DIGITS + 1];

    hex_put(log, digits);
    struct key only = key_of_log(store, log), from = key_of(store, "log/%s/", digits),
               to = key_of(store, "log/%s0", digits);
    return piece_text(store, name
                                 ? json_pack("{s:s}", "key", only.text)
                                 : json_pack("{s:s, s:s}", "key", from.text, "range_end", to.text));
}

char *body_compact(struct etcd_store *store, uint64_t revision)
{
    char digits[DIGITS_MAX];

    return piece_text(store, json_pack("{s:s}", "revision", piece_digits(revision, digits)));
}

char *body_page(struct etcd_store *store, uint64_t log, uint64_t behind, uint32_t most)
{
    char digits[DIGITS_MAX], name[HEX_DIGITS + 1];

    hex_put(log, name);
    struct key from = key_of_batch(store, log, behind + 1), to = key_of(store, "log/%s0", name);
    return piece_text(store, range(&from, &to, piece_digits(most, digits), false));
}
