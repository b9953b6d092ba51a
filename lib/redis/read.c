/* SPDX-License-Identifier: MIT */
/* A store is read twice: the first time to see that nothing is missing. Whoever reads it has it, so
 * nobody writes in between. */
#include "read.h"
#include "greet.h"
#include "job.h"
#include "talk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE "4" /* entries asked for at once */
#define TRIES 16 /* a writer may have made another copy meanwhile */

/* --- opening --- */

static int take_head(struct redis_store *store, const struct ask *ask, const struct reply *reply)
{
    const struct reply *value;
    const char *format = "1", *run = "", *level = "1", *level_min = "1";

    (void)ask;
    if (reply->type != REDIS_REPLY_ARRAY)
        return talk_error(store, reply);
    store->found[0] = '\0';
    store->found_exact = false;
    for (uint32_t i = 0; (value = reply_item(reply, i + 1)); i += 2) {
        const struct reply *name = reply_item(reply, i);
        if (reply_is(name, "copy") && strlen(reply_text(value)) < LOG_TEXT)
            strcpy(store->found, reply_text(value));
        else if (reply_is(name, "exact"))
            store->found_exact = reply_is(value, "1");
        else if (reply_is(name, "format"))
            format = reply_text(value);
        else if (reply_is(name, "run"))
            run = reply_text(value);
        else if (reply_is(name, "level"))
            level = reply_text(value);
        else if (reply_is(name, "level_min"))
            level_min = reply_text(value);
    }
    store->found_exact = store->found_exact && strcmp(run, store->run) == 0;
    store->found_level = (uint32_t)strtoul(level, NULL, 10);
    store->found_level_min = (uint32_t)strtoul(level_min, NULL, 10);
    if (strcmp(format, "1") != 0) {
        snprintf(store->note, sizeof(store->note), "another release has written it");
        return L2TPHA_ERR_RECORD_VERSION;
    }
    return store->found_level_min <= L2TPHA_LEVEL ? L2TPHA_OK
                                                  : job_refuse_level(store, store->found_level_min);
}

static int ask_about(struct redis_store *store, const char *word, const char *key,
                     int (*take)(struct redis_store *, const struct ask *, const struct reply *))
{
    struct words words = {0};

    words_add(&words, word);
    words_add(&words, key);
    int error = talk_ask(store, &(struct ask){.take = take}, &words);
    return error ? error : talk_wait(store);
}

/* The server is there, and fit for it. Whose the store is stays open until it is read or written:
 * a standby has it open as well. */
int read_open(void *user, const char **why)
{
    struct redis_store *store = user;
    int error = greet(store);

    if (!error)
        error = talk_wait(store);
    if (!error)
        error = ask_about(store, "HGETALL", store->head_key, take_head);
    *why = store->note;
    return error;
}

/* --- entries --- */

static void take_entry(struct redis_store *store, const char *id, const struct reply *value)
{
    bool is_text = value && value->type == REDIS_REPLY_STRING;

    if (reading_take(store->reading, is_text ? (const uint8_t *)value->text : NULL,
                     is_text ? value->len : 0))
        snprintf(store->read_last, sizeof(store->read_last), "%s", id);
}

/* Each is an id and a list of fields, of which there is one. */
static int take_page(struct redis_store *store, const struct ask *ask, const struct reply *reply)
{
    struct reading *reading = store->reading;

    (void)ask;
    if (reply->type != REDIS_REPLY_ARRAY)
        return talk_error(store, reply);
    reading->ended = reply->count == 0;
    for (uint32_t i = 0; i < reply->count && !reading_is_done(reading); i++) {
        const struct reply *entry = reply_item(reply, i);
        const char *id = reply_text(reply_item(entry, 0));
        if (!id[0] || strlen(id) >= ID_TEXT)
            return talk_error(store, entry);
        take_entry(store, id, reply_item(reply_item(entry, 1), 1));
    }
    return L2TPHA_OK;
}

/* Pages that were empty too early do not pass for the end. */
static int take_length(struct redis_store *store, const struct ask *ask, const struct reply *reply)
{
    struct reading *reading = store->reading;

    (void)ask;
    if (reply->type != REDIS_REPLY_INTEGER)
        return talk_error(store, reply);
    if (reply->integer < 0 || (uint64_t)reply->integer != reading->batches)
        reading->fault = READING_GAP;
    return L2TPHA_OK;
}

static int check_length(struct redis_store *store, const char *key)
{
    struct words words = {0};

    words_add(&words, "XLEN");
    words_add(&words, key);
    int error = talk_ask(store, &(struct ask){.take = take_length}, &words);
    return error ? error : talk_wait(store);
}

static int read_log(struct redis_store *store, struct reading *reading)
{
    char key[sizeof(store->log_key) + LOG_TEXT], from[ID_TEXT + 1];
    int error = L2TPHA_OK;

    snprintf(key, sizeof(key), "%s%s", store->log_key, store->found);
    reading->log = strtoull(store->found, NULL, 16);
    store->reading = reading;
    store->read_last[0] = '\0';
    while (!error && !reading_is_done(reading)) {
        struct words words = {0};
        snprintf(from, sizeof(from), "%s%s", store->read_last[0] ? "(" : "-", store->read_last);
        words_add(&words, "XRANGE");
        words_add(&words, key);
        words_add(&words, from);
        words_add(&words, "+");
        words_add(&words, "COUNT");
        words_add(&words, PAGE);
        error = talk_ask(store, &(struct ask){.take = take_page}, &words);
        if (!error)
            error = talk_wait(store);
    }
    if (!error && reading->ended)
        error = check_length(store, key);
    store->reading = NULL;
    return error;
}

/* --- the copy --- */

/* What the last writer has sent may be on its way to the replicas still: it is served from now on,
 * so they have to have it first. */
static int acquire_it(struct redis_store *store)
{
    int error = store->link == LINK_DOWN ? greet(store) : L2TPHA_OK;

    store->streams.acquire = ACQUIRE_TAKE;
    store->streams.fenced = false;
    if (!error)
        error = talk_wait(store);
    if (!error)
        error = job_ask_acquire(store);
    if (!error)
        error = talk_wait(store);
    if (!error && store->streams.fenced)
        error = L2TPHA_ERR_FENCED;
    if (!error)
        error = job_ask_wait(store);
    if (!error)
        error = talk_wait(store);
    return error;
}

static int give_back(struct redis_store *store, const struct reading *checked, l2tpha_store_item fn,
                     void *arg, struct l2tpha_store_found *found)
{
    struct reading reading = {.fn = fn, .arg = arg, .most = checked->batches};
    int error = read_log(store, &reading);
    int given = reading_given(&reading, checked->batches, found);

    found->level = store->found_level;
    found->level_min = store->found_level_min;
    store->copy = reading.log;
    strcpy(store->last, store->read_last);
    return error ? error : given;
}

int read_copy(void *user, bool mend, l2tpha_store_item fn, void *arg,
              struct l2tpha_store_found *found)
{
    struct redis_store *store = user;
    struct reading reading = {.most = UINT64_MAX};
    int error = acquire_it(store);

    *found = (struct l2tpha_store_found){0};
    if (error || !store->found[0])
        return error;
    error = read_log(store, &reading);
    if (error)
        return error;
    error = reading_end(&reading, mend, store->found_exact, found);
    return error || !found->any ? error : give_back(store, &reading, fn, arg, found);
}

/* --- a look, beside whoever writes --- */

static int take_most(struct redis_store *store, const struct ask *ask, const struct reply *reply)
{
    (void)ask;
    if (reply->type != REDIS_REPLY_INTEGER || reply->integer < 0)
        return talk_error(store, reply);
    store->reading->most = (uint64_t)reply->integer;
    return L2TPHA_OK;
}

/* So many entries as it has now. */
static int measure(struct redis_store *store, struct reading *reading)
{
    char key[sizeof(store->log_key) + LOG_TEXT];

    *reading = (struct reading){.most = UINT64_MAX};
    snprintf(key, sizeof(key), "%s%s", store->log_key, store->found);
    store->reading = reading;
    int error = ask_about(store, "XLEN", key, take_most);
    store->reading = NULL;
    if (!error)
        error = read_log(store, reading);
    if (!error && !reading->fault && !reading->whole)
        reading->fault = "the end of the copy is missing";
    return error;
}

int read_look(void *user, l2tpha_store_item fn, void *arg, struct l2tpha_store_found *found,
              const char **why)
{
    struct redis_store *store = user;
    struct reading reading = {0};
    char log[LOG_TEXT] = "";
    int error = read_open(user, why);

    *found = (struct l2tpha_store_found){0};
    for (uint32_t i = 0; i < TRIES && !error; i++) {
        error = ask_about(store, "HGETALL", store->head_key, take_head);
        if (error || !store->found[0] || (reading.fault && strcmp(log, store->found) == 0))
            break;
        strcpy(log, store->found);
        error = measure(store, &reading);
        if (!reading.fault)
            break;
    }
    if (error || !store->found[0])
        return error;
    *why = NULL;
    found->stale = reading.fault || !store->found_exact;
    found->any = reading.whole;
    found->epoch = reading.epoch;
    if (reading.whole)
        error = give_back(store, &reading, fn, arg, found);
    found->unproven = found->items; /* what replicas have, only the writer has asked */
    found->fault = reading.fault;
    found->fault_at = reading.fault ? reading.octets : 0;
    return !error && reading.fault ? L2TPHA_ERR_RECORD : error;
}
