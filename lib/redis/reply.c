/* SPDX-License-Identifier: MIT */
#include "reply.h"

#include <l2tpha/error.h>

#include <string.h>

/* --- what hiredis asks for; elements are the children of their array --- */

static struct reply *make(const redisReadTask *task, int type)
{
    struct replies *replies = task->privdata;
    struct reply *parent = task->parent ? task->parent->obj : NULL;

    if (++replies->elements > REPLY_ELEMENTS)
        return NULL;
    struct reply *reply = talloc_zero(parent, struct reply);
    if (!reply)
        return NULL;
    reply->type = type;
    if (parent)
        parent->items[task->idx] = reply;
    return reply;
}

static void *fail(struct reply *reply)
{
    talloc_free(reply);
    return NULL;
}

static void *make_string(const redisReadTask *task, char *text, size_t len)
{
    struct reply *reply = make(task, task->type);

    if (!reply)
        return NULL;
    char *copy = talloc_size(reply, len + 1);
    if (!copy)
        return fail(reply);
    memcpy(copy, text, len);
    copy[len] = 0;
    reply->text = copy;
    reply->len = len;
    return reply;
}

#if HIREDIS_MAJOR >= 1
static void *make_array(const redisReadTask *task, size_t count)
#else
static void *make_array(const redisReadTask *task, int count)
#endif
{
    struct reply *reply = make(task, REDIS_REPLY_ARRAY);

    if (!reply || (unsigned long long)count > REPLY_ELEMENTS)
        return fail(reply);
    reply->items = talloc_zero_array(reply, struct reply *, (size_t)count);
    if (!reply->items)
        return fail(reply);
    reply->count = (uint32_t)count;
    return reply;
}

static void *make_integer(const redisReadTask *task, long long integer)
{
    struct reply *reply = make(task, REDIS_REPLY_INTEGER);

    if (reply)
        reply->integer = integer;
    return reply;
}

static void *make_nil(const redisReadTask *task)
{
    return make(task, REDIS_REPLY_NIL);
}

#if HIREDIS_MAJOR >= 1
/* Not in the protocol that is spoken here. */
static void *make_double(const redisReadTask *task, double number, char *text, size_t len)
{
    (void)task, (void)number, (void)text, (void)len;
    return NULL;
}

static void *make_bool(const redisReadTask *task, int value)
{
    (void)task, (void)value;
    return NULL;
}
#endif

static void free_reply(void *reply)
{
    talloc_free(reply);
}

static redisReplyObjectFunctions functions = {.createString = make_string,
                                              .createArray = make_array,
                                              .createInteger = make_integer,
#if HIREDIS_MAJOR >= 1
                                              .createDouble = make_double,
                                              .createBool = make_bool,
#endif
                                              .createNil = make_nil,
                                              .freeObject = free_reply};

/* --- a connection's --- */

int replies_begin(struct replies *replies)
{
    replies_end(replies);
    replies->reader = redisReaderCreateWithFunctions(&functions);
    if (!replies->reader)
        return L2TPHA_ERR_NOMEM;
    replies->reader->privdata = replies;
    return L2TPHA_OK;
}

void replies_end(struct replies *replies)
{
    if (replies->reader)
        redisReaderFree(replies->reader);
    *replies = (struct replies){0};
}

int replies_feed(struct replies *replies, const uint8_t *data, size_t len)
{
    if (replies->reader->len > REPLY_MAX)
        return L2TPHA_ERR_LIMIT;
    return redisReaderFeed(replies->reader, (const char *)data, len) == REDIS_OK ? L2TPHA_OK
                                                                                 : L2TPHA_ERR_NOMEM;
}

int replies_next(struct replies *replies, struct reply **reply)
{
    void *made = NULL;

    if (redisReaderGetReply(replies->reader, &made) != REDIS_OK)
        return L2TPHA_ERR_RECORD;
    if (made)
        replies->elements = 0;
    *reply = made;
    return L2TPHA_OK;
}

/* --- what it is --- */

static bool has_text(const struct reply *reply)
{
    return reply && (reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS);
}

bool reply_is(const struct reply *reply, const char *text)
{
    return has_text(reply) && strcmp(reply->text, text) == 0;
}

bool reply_fails(const struct reply *reply, const char *word)
{
    return reply && reply->type == REDIS_REPLY_ERROR &&
           strncmp(reply->text, word, strlen(word)) == 0;
}

const char *reply_text(const struct reply *reply)
{
    return has_text(reply) ? reply->text : "";
}

const struct reply *reply_item(const struct reply *reply, uint32_t index)
{
    bool there = reply && reply->type == REDIS_REPLY_ARRAY && index < reply->count;

    return there ? reply->items[index] : NULL;
}
