/* SPDX-License-Identifier: MIT */
#include "greet.h"
#include "talk.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION_MIN "6.2" /* XRANGE from behind an id */

static int refuse(struct redis_store *store, const char *format, ...) L2TPHA_PRINTF(2, 3);

static int refuse(struct redis_store *store, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(store->note, sizeof(store->note), format, arguments);
    va_end(arguments);
    return L2TPHA_ERR_REFUSED;
}

/* A line NAME:VALUE of what INFO says; "" = there is none. */
static void look_up(const struct reply *info, const char *name, char *value, size_t room)
{
    size_t len = strlen(name);
    const char *line = reply_text(info);

    value[0] = '\0';
    while (line && (strncmp(line, name, len) != 0 || line[len] != ':')) {
        line = strchr(line, '\n');
        if (line)
            line++;
    }
    if (!line)
        return;
    line += len + 1;
    snprintf(value, room, "%.*s", (int)strcspn(line, "\r\n"), line);
}

static bool is_older(const char *version)
{
    char *end = NULL;
    unsigned long major = strtoul(version, &end, 10);
    unsigned long minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;

    return major < 6 || (major == 6 && minor < 2);
}

/* How much it may lose is told, but for a store that must lose nothing. */
static int take_waitaof(struct redis_store *store, const struct ask *ask, const struct reply *reply)
{
    const struct reply *first = reply_item(reply, 0);

    (void)ask;
    store->has_waitaof = first && first->type == REDIS_REPLY_ARRAY && first->count > 0;
    store->link = LINK_READY;
    if (!store->exact || (store->appends && strcmp(store->fsync, "always") == 0))
        return L2TPHA_OK;
    if (!store->appends || !store->has_waitaof)
        return refuse(store, "exact needs appendonly yes and appendfsync always: it is %s, %s",
                      store->appends ? "yes" : "no", store->fsync);
    return L2TPHA_OK;
}

/* Whoever may not ask for it is not told what may be lost. */
static int take_fsync(struct redis_store *store, const struct ask *ask, const struct reply *reply)
{
    const char *value = reply_text(reply_item(reply, 1));

    (void)ask;
    snprintf(store->fsync, sizeof(store->fsync), "%s", value[0] ? value : "unknown");
    return L2TPHA_OK;
}

static int take_info(struct redis_store *store, const struct ask *ask, const struct reply *reply)
{
    char value[RUN_TEXT];

    (void)ask;
    if (!reply || reply->type != REDIS_REPLY_STRING)
        return talk_error(store, reply);
    look_up(reply, "redis_version", value, sizeof(value));
    if (is_older(value))
        return refuse(store, "its version is '%s', older than " VERSION_MIN, value);
    look_up(reply, "loading", value, sizeof(value));
    if (strcmp(value, "1") == 0)
        return refuse(store, "it is loading its data");
    look_up(reply, "role", value, sizeof(value));
    if (strcmp(value, "master") != 0)
        return refuse(store, "its role is '%s', not master", value);
    look_up(reply, "maxmemory_policy", value, sizeof(value));
    if (strcmp(value, "noeviction") != 0)
        return refuse(store,
                      "its maxmemory-policy is '%s', which may throw away what is stored: "
                      "noeviction is needed",
                      value);
    look_up(reply, "aof_enabled", value, sizeof(value));
    store->appends = strcmp(value, "1") == 0;
    look_up(reply, "connected_slaves", value, sizeof(value));
    store->has_replicas = strtoul(value, NULL, 10) > 0;
    look_up(reply, "run_id", store->run, sizeof(store->run));
    return store->run[0] ? L2TPHA_OK : refuse(store, "it has no run_id");
}

static int take_auth(struct redis_store *store, const struct ask *ask, const struct reply *reply)
{
    (void)ask;
    return reply_is(reply, "OK") ? L2TPHA_OK : talk_error(store, reply);
}

static int ask_for(struct redis_store *store, const char *a, const char *b, const char *c,
                   int (*take)(struct redis_store *, const struct ask *, const struct reply *))
{
    struct words words = {0};
    const char *const text[] = {a, b, c};

    for (int i = 0; i < 3 && text[i]; i++)
        words_add(&words, text[i]);
    return talk_ask(store, &(struct ask){.take = take}, &words);
}

int greet(struct redis_store *store)
{
    int error = talk_connect(store);

    if (error) {
        snprintf(store->note, sizeof(store->note), "the server cannot be reached");
        return error;
    }
    if (store->streams.owns && store->streams.acquire == ACQUIRE_NONE)
        store->streams.acquire = ACQUIRE_AGAIN;
    if (store->password && store->user)
        error = ask_for(store, "AUTH", store->user, store->password, take_auth);
    else if (store->password)
        error = ask_for(store, "AUTH", store->password, NULL, take_auth);
    if (!error)
        error = ask_for(store, "INFO", NULL, NULL, take_info);
    if (!error)
        error = ask_for(store, "CONFIG", "GET", "appendfsync", take_fsync);
    if (!error)
        error = ask_for(store, "COMMAND", "INFO", "WAITAOF", take_waitaof);
    if (error)
        talk_lose(store, error, NULL);
    return error;
}
