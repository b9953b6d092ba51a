/* SPDX-License-Identifier: MIT */
#include "talk.h"

#include <stdio.h>
#include <string.h>

#define CHUNK (64u << 10)
#define SECOND UINT64_C(1000000)

void words_add_octets(struct words *words, const void *data, size_t len)
{
    words->text[words->count] = data;
    words->len[words->count++] = len;
}

void words_add(struct words *words, const char *text)
{
    words_add_octets(words, text, strlen(text));
}

/* --- the beginning and the end --- */

int talk_connect(struct redis_store *store)
{
    int error = replies_begin(&store->replies);

    if (!error)
        error = store->net.connect(store->net.user);
    store->lost = error;
    store->out_len = store->out_sent = 0;
    store->first_ask = store->ask_count = 0;
    if (!error)
        store->link = LINK_GREETING;
    return error;
}

void talk_lose(struct redis_store *store, int error, const char *why)
{
    store->net.close(store->net.user);
    store->net.wake_at(store->net.user, NET_NEVER);
    replies_end(&store->replies);
    store->link = LINK_DOWN;
    store->lost = error;
    store->ask_count = 0;
    store->in_job = false;
    store->failed = true;
    snprintf(store->note, sizeof(store->note), "%s", why ? why : l2tpha_strerror(error));
    streams_break(&store->streams, error);
    if (store->streams.marking || store->streams.mark_asked) {
        store->streams.mark_asked = false;
        streams_marked(&store->streams, error);
    }
}

/* --- what is asked --- */

static bool make_room(struct redis_store *store, size_t len)
{
    size_t room = store->out_room ? store->out_room : CHUNK;

    if (store->out_sent > 0) {
        store->out_len -= store->out_sent;
        memmove(store->out, store->out + store->out_sent, store->out_len);
        store->out_sent = 0;
    }
    while (room < store->out_len + len)
        room *= 2;
    if (room == store->out_room)
        return true;
    uint8_t *grown = talloc_realloc_size(store, store->out, room);
    if (!grown)
        return false;
    store->out = grown;
    store->out_room = room;
    return true;
}

static int put(struct redis_store *store, const struct words *words)
{
    char *command = NULL;
    const char **text = (const char **)words->text;
    int len = redisFormatCommandArgv(&command, words->count, text, words->len);

    if (len < 0)
        return L2TPHA_ERR_NOMEM;
    bool fits = make_room(store, (size_t)len);
    if (fits) {
        memcpy(store->out + store->out_len, command, (size_t)len);
        store->out_len += (size_t)len;
    }
    redisFreeCommand(command);
    return fits ? L2TPHA_OK : L2TPHA_ERR_NOMEM;
}

int talk_ask(struct redis_store *store, const struct ask *ask, const struct words *words)
{
    if (store->ask_count == ASKS)
        return L2TPHA_ERR_LIMIT;
    int error = put(store, words);
    if (error)
        return error;
    if (store->ask_count == 0)
        store->due = store->net.now(store->net.user) + store->timeout_us;
    store->asks[(store->first_ask + store->ask_count++) % ASKS] = *ask;
    return L2TPHA_OK;
}

int talk_error(struct redis_store *store, const struct reply *reply)
{
    static const struct {
        const char *word;
        int error;
    } known[] = {{"OOM", L2TPHA_ERR_LIMIT},   {"READONLY", L2TPHA_ERR_ROLE},
                 {"NOAUTH", L2TPHA_ERR_AUTH}, {"WRONGPASS", L2TPHA_ERR_AUTH},
                 {"NOPERM", L2TPHA_ERR_AUTH}, {"ERR invalid password", L2TPHA_ERR_AUTH}};

    if (!reply || reply->type != REDIS_REPLY_ERROR) {
        snprintf(store->note, sizeof(store->note), "the server has answered something else");
        return L2TPHA_ERR_RECORD;
    }
    store->failed = true;
    snprintf(store->note, sizeof(store->note), "the server says: %s", reply->text);
    for (char *c = store->note; *c; c++)
        if ((unsigned char)*c < ' ')
            *c = ' ';
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (reply_fails(reply, known[i].word))
            return known[i].error;
    return L2TPHA_ERR_HOST;
}

/* --- what has come --- */

static int flush(struct redis_store *store)
{
    while (store->out_sent < store->out_len) {
        int64_t sent = store->net.send(store->net.user, store->out + store->out_sent,
                                       store->out_len - store->out_sent);
        if (sent < 0)
            return (int)sent;
        if (sent == 0)
            return L2TPHA_OK;
        store->out_sent += (size_t)sent;
    }
    return L2TPHA_OK;
}

/* Whoever takes it may ask for more, and has its reason in the note. */
static bool take_one(struct redis_store *store)
{
    struct reply *reply = NULL;
    int error = replies_next(&store->replies, &reply);

    if (!error && !reply)
        return false;
    if (!error && store->ask_count == 0)
        error = L2TPHA_ERR_RECORD;
    if (error) {
        talloc_free(reply);
        talk_lose(store, error, "this is no server of the protocol");
        return false;
    }
    struct ask ask = store->asks[store->first_ask];
    store->first_ask = (store->first_ask + 1) % ASKS;
    store->ask_count--;
    error = ask.take(store, &ask, reply);
    talloc_free(reply);
    if (error) {
        char why[WHY_TEXT];
        memcpy(why, store->note, sizeof(why));
        talk_lose(store, error, why);
    }
    return !error;
}

static const char *ended(const struct redis_store *store)
{
    return store->link == LINK_READY ? "the connection has ended" : "the server cannot be reached";
}

static void receive(struct redis_store *store)
{
    uint8_t chunk[CHUNK];
    int64_t got = 1;

    while (store->link != LINK_DOWN && got > 0) {
        got = store->net.receive(store->net.user, chunk, sizeof(chunk));
        int error = got > 0   ? replies_feed(&store->replies, chunk, (size_t)got)
                    : got < 0 ? (int)got
                              : L2TPHA_OK;
        if (error)
            talk_lose(store, error, got < 0 ? ended(store) : NULL);
        while (store->link != LINK_DOWN && take_one(store))
            ;
    }
}

/* A process that was stopped takes what has come meanwhile before it sees what is late. */
void talk_turn(struct redis_store *store)
{
    uint64_t at = NET_NEVER;

    if (store->link == LINK_DOWN)
        return;
    receive(store);
    int error = store->link == LINK_DOWN ? L2TPHA_OK : flush(store);
    if (error)
        talk_lose(store, error, ended(store));
    if (store->link == LINK_DOWN)
        return;
    uint64_t now = store->net.now(store->net.user);
    if (store->ask_count > 0 && now >= store->due) {
        talk_lose(store, L2TPHA_ERR_TIMEOUT, "the server does not answer");
        return;
    }
    if (store->ask_count > 0)
        at = store->due;
    else if (streams_are_used(&store->streams))
        at = store->probe_at > now ? store->probe_at : now + SECOND;
    store->net.wake_at(store->net.user, at);
}

int talk_wait(struct redis_store *store)
{
    talk_turn(store);
    while (store->link != LINK_DOWN && store->ask_count > 0) {
        store->net.wait(store->net.user);
        talk_turn(store);
    }
    return store->link == LINK_DOWN ? store->lost : L2TPHA_OK;
}
