/* SPDX-License-Identifier: MIT */
#include "greet.h"
#include "job.h"
#include "net_posix.h"
#include "read.h"
#include "talk.h"

#include <stdio.h>
#include <string.h>

#define GROUP_MAX 64
#define HOST_MAX 255
#define TIMEOUT_MS 3000

static int descriptor(void *user)
{
    const struct redis_store *store = user;

    return store->net.fd(store->net.user);
}

static const char *note(void *user)
{
    const struct redis_store *store = user;

    return store->note;
}

/* --- streams --- */

static int name_log(void *user, uint64_t *log)
{
    struct redis_store *store = user;
    int error = store->net.random(store->net.user, (uint8_t *)log, sizeof(*log));

    return !error && store->link == LINK_DOWN ? greet(store) : error;
}

static int begin(void *user, uint64_t epoch, uint32_t *id)
{
    struct redis_store *store = user;
    int error = streams_begin(&store->streams, epoch, name_log, store, id);

    if (!error)
        store->answered[*id] = (struct answered){0};
    return error;
}

static int append(void *user, uint32_t id, uint64_t position, const uint8_t *data, size_t len,
                  bool whole)
{
    struct redis_store *store = user;

    return streams_append(store, &store->streams, id, position, data, len, BATCH_ITEM_MAX, whole);
}

static int drop(void *user, uint32_t id, bool keep)
{
    struct redis_store *store = user;

    (void)keep;
    return streams_drop(&store->streams, id);
}

static void set_level_min(void *user, uint32_t level_min)
{
    struct redis_store *store = user;

    store->streams.level_min = level_min;
}

/* --- life --- */

/* What was asked for is answered, or late. */
static void finish(struct redis_store *store)
{
    struct l2tpha_store_event event;

    do {
        if (store->link != LINK_DOWN)
            (void)talk_wait(store);
        while (job_event(store, &event))
            ;
        (void)job_commit(store);
    } while (store->link != LINK_DOWN && store->ask_count > 0);
}

static void free_store(void *user)
{
    struct redis_store *store = user;

    for (uint32_t i = 0; i < STREAMS; i++)
        (void)streams_drop(&store->streams, i);
    finish(store);
    replies_end(&store->replies);
    store->net.free(store->net.user);
    talloc_free(store);
}

static bool copy_options(struct redis_store *store, const struct l2tpha_redis_options *options)
{
    store->timeout_us = TIMEOUT_MS * UINT64_C(1000);
    if (!options)
        return true;
    store->user = options->user ? talloc_strdup(store, options->user) : NULL;
    store->password = options->password ? talloc_strdup(store, options->password) : NULL;
    store->alone = options->alone;
    store->replicas_wanted = options->alone ? 0 : options->replicas;
    store->exact = options->exact;
    if (options->timeout_ms)
        store->timeout_us = options->timeout_ms * UINT64_C(1000);
    return (store->user || !options->user) && (store->password || !options->password);
}

/* The keys of a group are in one slot of a cluster. */
static void name_keys(struct redis_store *store, const char *group)
{
    snprintf(store->head_key, sizeof(store->head_key), "l2tpha:{%s}:head", group);
    snprintf(store->log_key, sizeof(store->log_key), "l2tpha:{%s}:log:", group);
}

static int name_process(struct redis_store *store)
{
    uint8_t octets[(PROCESS_TEXT - 1) / 2];
    int error = store->net.random(store->net.user, octets, sizeof(octets));

    for (size_t i = 0; i < sizeof(octets); i++)
        snprintf(store->process + 2 * i, 3, "%02x", octets[i]);
    return error;
}

int redis_store_new(TALLOC_CTX *parent, const struct net *net, const char *group,
                    const struct l2tpha_redis_options *options, struct l2tpha_store **made)
{
    struct redis_store *store = talloc_zero(parent, struct redis_store);

    if (!store) {
        net->free(net->user);
        return L2TPHA_ERR_NOMEM;
    }
    store->net = *net;
    name_keys(store, group);
    int error = copy_options(store, options) ? name_process(store) : L2TPHA_ERR_NOMEM;
    if (error) {
        free_store(store);
        return error;
    }
    store->store = (struct l2tpha_store){.size = sizeof(store->store),
                                         .name = "redis",
                                         .user = store,
                                         .open = read_open,
                                         .read = read_copy,
                                         .begin = begin,
                                         .append = append,
                                         .commit = job_commit,
                                         .event = job_event,
                                         .drop = drop,
                                         .mark_stale = job_mark_stale,
                                         .fd = descriptor,
                                         .free = free_store,
                                         .note = note,
                                         .look = read_look,
                                         .set_level_min = set_level_min};
    *made = &store->store;
    return L2TPHA_OK;
}

/* --- the URL --- */

struct url {
    char host[HOST_MAX + 1], port[6], group[GROUP_MAX + 1];
};

static bool cut(const char *from, size_t len, char *dst, size_t room)
{
    if (len == 0 || len >= room)
        return false;
    memcpy(dst, from, len);
    dst[len] = '\0';
    return true;
}

static bool is_of(const char *text, const char *letters)
{
    return text[strspn(text, letters)] == '\0';
}

/* An address of IPv6 stands in brackets. */
static bool parse(const char *text, struct url *url)
{
    static const char scheme[] = "redis://", digits[] = "0123456789";
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "-_.";

    if (!text || strncmp(text, scheme, sizeof(scheme) - 1) != 0)
        return false;
    text += sizeof(scheme) - 1;
    const char *slash = strchr(text, '/'), *colon = slash;
    while (colon && colon > text && *colon != ':')
        colon--;
    if (!slash || colon == text)
        return false;
    bool brackets = text[0] == '[' && colon[-1] == ']';
    return cut(text + brackets, (size_t)(colon - text) - 2 * brackets, url->host,
               sizeof(url->host)) &&
           cut(colon + 1, (size_t)(slash - colon) - 1, url->port, sizeof(url->port)) &&
           cut(slash + 1, strlen(slash + 1), url->group, sizeof(url->group)) &&
           is_of(url->port, digits) && is_of(url->group, letters) && !strchr(url->host, '@') &&
           (brackets || !strchr(url->host, ':'));
}

int l2tpha_redis_store_new(TALLOC_CTX *parent, const char *text,
                           const struct l2tpha_redis_options *options, struct l2tpha_store **made)
{
    struct url url;
    struct net net;

    if (!made || !parse(text, &url) || (options && options->size != sizeof(*options)))
        return L2TPHA_ERR_INVALID;
    int error = net_posix_new(parent, url.host, url.port, &net);
    return error ? error : redis_store_new(parent, &net, url.group, options, made);
}
