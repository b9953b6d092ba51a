/* SPDX-License-Identifier: MIT */
#include "redis/fake_server.h"
#include "redis/script.h"

#include <hiredis/hiredis.h>
#include <l2tpha/error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUT_MAX (64u << 20)

/* --- what it has --- */

void fake_server_init(struct fake_server *server)
{
    *server = (struct fake_server){.role = "master",
                                   .policy = "noeviction",
                                   .fsync = "everysec",
                                   .version = "7.0.15",
                                   .appends = true,
                                   .now = 1000000,
                                   .seed = 1,
                                   .run = "run-1"};
}

static void empty_log(struct fake_log *log)
{
    for (uint32_t i = 0; i < log->count; i++)
        free(log->entries[i].value);
    log->count = 0;
}

void fake_server_free(struct fake_server *server)
{
    for (uint32_t i = 0; i < FAKE_LOGS; i++)
        empty_log(&server->logs[i]);
}

void fake_server_restart(struct fake_server *server, bool empty)
{
    server->run[4]++;
    if (!empty)
        return;
    fake_server_free(server);
    memset(server->head, 0, sizeof(server->head));
}

void fake_server_lose(struct fake_server *server, uint32_t entries)
{
    for (uint32_t i = 0; i < FAKE_LOGS; i++) {
        struct fake_log *log = &server->logs[i];
        for (uint32_t n = 0; n < entries && log->count > 0; n++)
            free(log->entries[--log->count].value);
    }
}

static struct fake_field *find(struct fake_server *server, const char *name)
{
    for (uint32_t i = 0; i < FAKE_FIELDS; i++)
        if (strcmp(server->head[i].name, name) == 0)
            return &server->head[i];
    return NULL;
}

const char *fake_server_field(const struct fake_server *server, const char *name)
{
    const struct fake_field *field = find((struct fake_server *)server, name);

    return field ? field->value : "";
}

static void set(struct fake_server *server, const char *name, const char *value)
{
    struct fake_field *field = find(server, name);

    if (!field)
        field = find(server, "");
    if (!field)
        abort();
    snprintf(field->name, sizeof(field->name), "%s", name);
    snprintf(field->value, sizeof(field->value), "%s", value);
}

void fake_server_forget(struct fake_server *server, const char *name)
{
    struct fake_field *field = find(server, name);

    if (field)
        *field = (struct fake_field){0};
}

uint32_t fake_server_logs(const struct fake_server *server)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < FAKE_LOGS; i++)
        count += server->logs[i].count > 0;
    return count;
}

static struct fake_log *log_of(struct fake_server *server, const char *key, bool make)
{
    struct fake_log *room = NULL;

    for (uint32_t i = 0; i < FAKE_LOGS; i++) {
        struct fake_log *log = &server->logs[i];
        if (log->count > 0 && strcmp(log->key, key) == 0)
            return log;
        if (log->count == 0 && !room)
            room = log;
    }
    if (make && !room)
        abort();
    if (make)
        snprintf(room->key, sizeof(room->key), "%s", key);
    return make ? room : NULL;
}

struct fake_log *fake_server_copy(struct fake_server *server)
{
    const char *copy = fake_server_field(server, "copy");

    for (uint32_t i = 0; i < FAKE_LOGS && copy[0]; i++) {
        struct fake_log *log = &server->logs[i];
        size_t len = strlen(log->key);
        if (log->count > 0 && len > 16 && strcmp(log->key + len - 16, copy) == 0)
            return log;
    }
    return NULL;
}

/* --- answers --- */

static void say(struct fake_link *link, const char *data, size_t len)
{
    if (len == 0)
        return;
    link->out = realloc(link->out, link->out_len + len);
    memcpy(link->out + link->out_len, data, len);
    link->out_len += len;
}

static void say_text(struct fake_link *link, const char *text)
{
    say(link, text, strlen(text));
}

static void say_string(struct fake_link *link, const void *data, size_t len)
{
    char head[32];

    snprintf(head, sizeof(head), "$%zu\r\n", len);
    say_text(link, head);
    say(link, data, len);
    say_text(link, "\r\n");
}

static void say_array(struct fake_link *link, uint32_t count)
{
    char head[16];

    snprintf(head, sizeof(head), "*%u\r\n", count);
    say_text(link, head);
}

static void say_word(struct fake_link *link, const char *word)
{
    say_string(link, word, strlen(word));
}

static void say_words(struct fake_link *link, const char *a, const char *b)
{
    say_array(link, 2);
    say_word(link, a);
    say_word(link, b);
}

/* --- scripts --- */

static const char *argument(const redisReply *command, size_t index)
{
    return index < command->elements ? command->element[index]->str : "";
}

/* EVAL, the script, the number of keys, and keys; behind them what it is told. */
static const char *told(const redisReply *command, size_t index)
{
    return argument(command, 2 + (size_t)atoi(argument(command, 2)) + index);
}

/* NULL, or why not. */
static const char *not_owned(struct fake_server *server, const redisReply *command)
{
    const char *owner = fake_server_field(server, "owner");

    return !owner[0] ? "GONE" : strcmp(owner, told(command, 1)) != 0 ? "FENCED" : NULL;
}

static bool is_there(struct fake_server *server, const char *key, const char *id)
{
    const struct fake_log *log = log_of(server, key, false);

    for (uint32_t i = 0; log && i < log->count; i++)
        if (strcmp(log->entries[i].id, id) == 0)
            return true;
    return false;
}

static bool may_acquire(const struct fake_server *server, const redisReply *command)
{
    char owner[64];
    const char *now = fake_server_field(server, "owner"), *how = told(command, 3);
    bool mine = strncmp(now, told(command, 1), strlen(told(command, 1))) == 0;

    snprintf(owner, sizeof(owner), "%s%s", told(command, 1), told(command, 2));
    if (!now[0] || (!mine && strcmp(how, "take") == 0))
        return true;
    if (mine)
        return strcmp(now, owner) < 0;
    return strcmp(how, "serve") == 0 &&
           strcmp(fake_server_field(server, "epoch"), told(command, 4)) < 0;
}

static void acquire(struct fake_link *link, const redisReply *command)
{
    struct fake_server *server = link->server;
    char owner[64], copy[64], replicas[64];
    const char *how = told(command, 3);
    bool had = fake_server_field(server, "owner")[0];
    bool mine = had && strncmp(fake_server_field(server, "owner"), told(command, 1), 32) == 0;

    if (!may_acquire(server, command)) {
        say_array(link, 1);
        say_word(link, "FENCED");
        return;
    }
    const char *level_min = fake_server_field(server, "level_min");
    if (atoi(level_min) > atoi(told(command, 10))) {
        say_array(link, 2);
        say_word(link, "LEVEL");
        say_word(link, level_min);
        return;
    }
    bool take = strcmp(how, "take") == 0;
    bool same = strcmp(fake_server_field(server, "run"), told(command, 5)) == 0;
    if ((take && !same && strcmp(told(command, 9), "1") != 0) ||
        (strcmp(how, "serve") == 0 && !mine) ||
        (told(command, 8)[0] && !is_there(server, argument(command, 4), told(command, 8))))
        fake_server_forget(server, "exact");
    snprintf(replicas, sizeof(replicas), "%s", told(command, 6));
    if (!replicas[0])
        snprintf(replicas, sizeof(replicas), "%s", fake_server_field(server, "replicas"));
    if (!told(command, 6)[0] && (!replicas[0] || strcmp(replicas, "0") == 0))
        snprintf(replicas, sizeof(replicas), "%s", told(command, 7));
    snprintf(owner, sizeof(owner), "%s%s", told(command, 1), told(command, 2));
    snprintf(copy, sizeof(copy), "%s", fake_server_field(server, "copy"));
    set(server, "owner", owner);
    set(server, "run", told(command, 5));
    set(server, "replicas", replicas);
    if (!take)
        set(server, "epoch", told(command, 4));
    say_array(link, 7);
    say_word(link, "OK");
    say_word(link, copy);
    say_word(link, fake_server_field(server, "exact")[0] ? "1" : "0");
    say_word(link, replicas);
    say_word(link, had ? "1" : "0");
    say_word(link, level_min[0] ? fake_server_field(server, "level") : "1");
    say_word(link, level_min[0] ? level_min : "1");
}

static const char *append(struct fake_server *server, const redisReply *command)
{
    const char *key = argument(command, 4);
    struct fake_log *log = log_of(server, key, false);
    char field[32];

    if ((log ? log->count : 0) != (uint32_t)atoi(told(command, 3)))
        return "GAP";
    log = log_of(server, key, true);
    if (log->count == FAKE_ENTRIES)
        abort();
    const redisReply *value = command->element[2 + 2 + 5];
    struct fake_entry *entry = &log->entries[log->count++];
    snprintf(entry->id, sizeof(entry->id), "%s", told(command, 4));
    entry->value = malloc(value->len);
    entry->len = value->len;
    memcpy(entry->value, value->str, value->len);
    snprintf(field, sizeof(field), "log:%s", told(command, 2));
    set(server, field, "1");
    if (strcmp(told(command, 6), "1") == 0) {
        set(server, "copy", told(command, 2));
        set(server, "exact", "1");
        set(server, "level", told(command, 7));
        set(server, "level_min", told(command, 8));
    }
    return "OK";
}

static bool stays(const struct fake_server *server, const redisReply *command, const char *log)
{
    bool wanted = strcmp(log, fake_server_field(server, "copy")) == 0;

    for (size_t i = 3; told(command, i)[0]; i++)
        wanted |= strcmp(log, told(command, i)) == 0;
    return wanted;
}

static const char *sweep(struct fake_server *server, const redisReply *command)
{
    char key[96];

    for (uint32_t i = 0; i < FAKE_FIELDS; i++) {
        const char *name = server->head[i].name;
        if (strncmp(name, "log:", 4) != 0 || stays(server, command, name + 4))
            continue;
        snprintf(key, sizeof(key), "%s%s", told(command, 2), name + 4);
        struct fake_log *log = log_of(server, key, false);
        if (log)
            empty_log(log);
        fake_server_forget(server, name);
    }
    return "OK";
}

static void eval(struct fake_link *link, const redisReply *command)
{
    struct fake_server *server = link->server;
    const char *script = argument(command, 1);
    bool appends = strcmp(script, script_append) == 0;

    if (strcmp(server->role, "master") != 0) {
        say_text(link, "-READONLY You can't write against a read only replica.\r\n");
        return;
    }
    bool acquires = strcmp(script, script_acquire) == 0;
    const char *why = acquires ? NULL : not_owned(server, command);
    if (!why && server->full && (acquires || appends))
        say_text(link, "-OOM command not allowed when used memory > 'maxmemory'.\r\n");
    else if (acquires)
        acquire(link, command);
    else if (why)
        say_word(link, why);
    else if (appends)
        say_word(link, append(server, command));
    else if (strcmp(script, script_sweep) == 0)
        say_word(link, sweep(server, command));
    else if (strcmp(script, script_mark) == 0) {
        fake_server_forget(server, "exact");
        say_word(link, "OK");
    } else
        abort();
}

/* --- commands --- */

static void info(struct fake_link *link)
{
    const struct fake_server *server = link->server;
    char text[512];

    snprintf(text, sizeof(text),
             "# Server\r\nredis_version:%s\r\nrun_id:%s\r\n# Memory\r\nmaxmemory_policy:%s\r\n"
             "loading:%d\r\naof_enabled:%d\r\nrole:%s\r\nconnected_slaves:%u\r\n",
             server->version, server->run, server->policy, server->loading, server->appends,
             server->role, server->replicas);
    say_word(link, text);
}

static void xrange(struct fake_link *link, const redisReply *command)
{
    const struct fake_log *log = log_of(link->server, argument(command, 1), false);
    const char *from = argument(command, 2);
    uint32_t first = 0, count = log ? log->count : 0, most = (uint32_t)atoi(argument(command, 5));

    while (from[0] == '(' && first < count && strcmp(log->entries[first].id, from + 1) != 0)
        first++;
    first += from[0] == '(' && first < count;
    count = count - first < most ? count - first : most;
    say_array(link, count);
    for (uint32_t i = first; i < first + count; i++) {
        say_array(link, 2);
        say_word(link, log->entries[i].id);
        say_array(link, 2);
        say_word(link, "c");
        say_string(link, log->entries[i].value, log->entries[i].len);
    }
}

static void xlen(struct fake_link *link, const redisReply *command)
{
    const struct fake_log *log = log_of(link->server, argument(command, 1), false);
    char text[16];

    snprintf(text, sizeof(text), ":%u\r\n", log ? log->count : 0);
    say_text(link, text);
}

static void wait_for(struct fake_link *link, bool disk)
{
    char text[48];

    if (disk)
        snprintf(text, sizeof(text), "*2\r\n:%d\r\n:%u\r\n", !link->server->disk_is_late,
                 link->server->following);
    else
        snprintf(text, sizeof(text), ":%u\r\n", link->server->following);
    say_text(link, text);
}

static void hgetall(struct fake_link *link)
{
    const struct fake_field *head = link->server->head;
    uint32_t count = 0;

    for (uint32_t i = 0; i < FAKE_FIELDS; i++)
        count += head[i].name[0] != '\0';
    say_array(link, 2 * count);
    for (uint32_t i = 0; i < FAKE_FIELDS; i++)
        for (unsigned n = 0; n < 2 && head[i].name[0]; n++)
            say_word(link, n == 0 ? head[i].name : head[i].value);
}

static void do_one(struct fake_link *link, const redisReply *command)
{
    struct fake_server *server = link->server;
    const char *name = argument(command, 0);
    size_t before = link->out_len;

    if (strcmp(name, "AUTH") == 0)
        say_text(link, server->password && strcmp(argument(command, command->elements - 1),
                                                  server->password) == 0
                           ? "+OK\r\n"
                           : "-WRONGPASS invalid username-password pair\r\n");
    else if (strcmp(name, "INFO") == 0)
        info(link);
    else if (strcmp(name, "CONFIG") == 0)
        say_words(link, "appendfsync", server->fsync);
    else if (strcmp(name, "COMMAND") == 0)
        say_text(link, server->waitaof ? "*1\r\n*1\r\n+waitaof\r\n" : "*1\r\n*-1\r\n");
    else if (strcmp(name, "EVAL") == 0)
        eval(link, command);
    else if (strcmp(name, "WAIT") == 0 || strcmp(name, "WAITAOF") == 0)
        wait_for(link, strcmp(name, "WAITAOF") == 0);
    else if (strcmp(name, "HGET") == 0 && fake_server_field(server, argument(command, 2))[0])
        say_word(link, fake_server_field(server, argument(command, 2)));
    else if (strcmp(name, "HGET") == 0)
        say_text(link, "$-1\r\n");
    else if (strcmp(name, "HGETALL") == 0)
        hgetall(link);
    else if (strcmp(name, "XRANGE") == 0)
        xrange(link, command);
    else if (strcmp(name, "XLEN") == 0)
        xlen(link, command);
    else
        abort();
    if (++server->answers == server->spoil_at) {
        link->out_len = before;
        say(link, server->spoil, server->spoil_len);
    }
}

void fake_link_do(struct fake_link *link)
{
    void *command = NULL;

    if (link->in_len == 0)
        return;
    redisReader *reader = redisReaderCreate();
    redisReaderFeed(reader, (const char *)link->in, link->in_len);
    size_t done = 0;
    while (redisReaderGetReply(reader, &command) == REDIS_OK && command) {
        do_one(link, command);
        freeReplyObject(command);
        done = link->in_len - (reader->len - reader->pos);
    }
    redisReaderFree(reader);
    link->in_len -= done;
    memmove(link->in, link->in + done, link->in_len);
}
