/* SPDX-License-Identifier: MIT */
#include "ask.h"
#include "answer.h"

#include <stdio.h>

#define PAUSE_US UINT64_C(100000)                 /* when each member was asked */
#define TRIES_US(store) ((store)->timeout_us / 3) /* for one */

static void end(struct etcd_store *store, int status)
{
    struct ask ask = store->ask;

    store->ask = (struct ask){.too_long = ask.too_long, .maybe = ask.maybe};
    talloc_free(ask.body);
    ask.fail(store, ask.maybe && status == L2TPHA_ERR_HOST ? L2TPHA_ERR_TIMEOUT : status);
}

static void post(struct etcd_store *store)
{
    struct ask *ask = &store->ask;
    uint64_t late = store->now + TRIES_US(store);

    ask->tries++;
    ask->again_at = 0;
    if (http_post(store->http, 0, ask->member, ask->path, ask->body,
                  late < store->until ? late : store->until, store->now) != L2TPHA_OK)
        end(store, L2TPHA_ERR_NOMEM);
}

void ask_begin(struct etcd_store *store, const char *path, char *body,
               int (*take)(struct etcd_store *, const json_t *, const struct header *),
               void (*fail)(struct etcd_store *, int status))
{
    store->ask = (struct ask){.under_way = true,
                              .path = path,
                              .body = body,
                              .take = take,
                              .fail = fail,
                              .member = store->member};
    if (body)
        post(store);
    else
        end(store, L2TPHA_ERR_NOMEM);
}

/* --- what comes of it --- */

static void note(struct etcd_store *store, const char *front, const char *text)
{
    snprintf(store->note, sizeof(store->note), "%s%s", front, text);
    for (char *c = store->note; *c; c++)
        if ((unsigned char)*c < ' ')
            *c = ' ';
}

static void try_again(struct etcd_store *store, int status, bool maybe)
{
    struct ask *ask = &store->ask;

    ask->maybe |= maybe;
    ask->member = store->member = (ask->member + 1) % store->place.count;
    if (store->now + PAUSE_US >= store->until)
        end(store, status);
    else if (ask->tries % store->place.count == 0)
        ask->again_at = store->now + PAUSE_US;
    else
        post(store);
}

static void take_silence(struct etcd_store *store, const struct outcome *outcome)
{
    bool sent = outcome->status == L2TPHA_ERR_TIMEOUT;

    store->ask.too_long = outcome->too_long;
    if (outcome->too_long) {
        note(store, "", "an answer is too long");
        end(store, L2TPHA_ERR_LIMIT);
        return;
    }
    note(store, "", sent ? "a member does not answer" : "a member cannot be reached");
    try_again(store, outcome->status, sent);
}

static void take_fault(struct etcd_store *store, const struct outcome *outcome)
{
    struct fault fault = answer_fault(outcome->answer, outcome->len);
    json_t *json = piece_load(outcome->answer, outcome->len);
    const char *words = json_string_value(json_object_get(json, "error"));

    note(store, "the cluster says: ", words ? words : "an error");
    json_decref(json);
    if (fault.final) {
        store->ask.maybe |= !fault.refused;
        end(store, fault.status);
    } else {
        try_again(store, fault.status, true);
    }
}

/* Members of two clusters in one list would be two stores. */
static bool is_of_cluster(struct etcd_store *store, const struct header *header)
{
    if (!store->cluster)
        store->cluster = header->cluster;
    return header->cluster == store->cluster;
}

/* Of a store that has failed it is told how, until all is in the cluster again. */
static void describe(struct etcd_store *store, uint32_t which)
{
    const struct member *member = &store->place.members[which];

    if (!store->failed)
        snprintf(store->note, sizeof(store->note), "members %u, %.128s:%s answers",
                 store->place.count, member->host, member->port);
}

/* Whoever takes it may ask for more. */
static void take_answer(struct etcd_store *store, const struct outcome *outcome)
{
    json_t *json = piece_load(outcome->answer, outcome->len);
    struct ask ask = store->ask;
    struct header header;
    int error = L2TPHA_ERR_RECORD;

    if (!piece_header(json, &header)) {
        note(store, "", "a member has answered something else");
    } else if (!is_of_cluster(store, &header)) {
        note(store, "", "members are of two clusters");
    } else {
        store->ask.under_way = false;
        store->member = ask.member;
        error = ask.take(store, json, &header);
    }
    json_decref(json);
    if (!error) {
        talloc_free(ask.body);
        describe(store, ask.member);
        return;
    }
    store->ask = ask;
    if (error == L2TPHA_ERR_RECORD)
        try_again(store, error, true);
    else
        end(store, error);
}

bool ask_turn(struct etcd_store *store)
{
    struct ask *ask = &store->ask;
    struct outcome outcome;

    store->now = store->clock.now(store->clock.user);
    http_turn(store->http, store->now);
    if (!ask->under_way)
        return false;
    if (ask->again_at) {
        if (store->now < ask->again_at)
            return false;
        post(store);
        return true;
    }
    if (!http_outcome(store->http, 0, &outcome))
        return false;
    if (outcome.status)
        take_silence(store, &outcome);
    else if (outcome.code != 200)
        take_fault(store, &outcome);
    else
        take_answer(store, &outcome);
    return true;
}

uint64_t ask_deadline(const struct etcd_store *store)
{
    uint64_t deadline = http_deadline(store->http);

    return store->ask.again_at && store->ask.again_at < deadline ? store->ask.again_at : deadline;
}
