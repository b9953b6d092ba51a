/* SPDX-License-Identifier: MIT */
#include "log_limit.h"

#define SECOND_US 1000000
#define STRANGE_BUCKETS 256 /* powers of two, with room for all kinds that there are */
#define KNOWN_BUCKETS 1024

struct bucket {
    const char *kind; /* NULL = not in use */
    enum l2tpha_log_category category;
    uint32_t place;
    uint64_t until; /* up to when its lines are used up, at the rate of the class */
    uint64_t left_out;
    uint64_t tell_at;
};

struct class
{
    struct bucket *buckets;
    uint32_t count;
    uint32_t line_us, at_once_us;
};

struct log_limit {
    struct bucket strange[STRANGE_BUCKETS], known[KNOWN_BUCKETS];
    uint64_t due; /* the first tell_at */
    uint64_t total;
};

struct log_limit *log_limit_new(TALLOC_CTX *parent)
{
    struct log_limit *limit = talloc_zero(parent, struct log_limit);
    limit->due = UINT64_MAX;
    return limit;
}

static struct class class_of(struct log_limit *limit, bool known)
{
    if (known)
        return (struct class){limit->known, KNOWN_BUCKETS, SECOND_US / LOG_KNOWN_PER_S,
                              SECOND_US / LOG_KNOWN_PER_S * LOG_KNOWN_AT_ONCE};
    return (struct class){limit->strange, STRANGE_BUCKETS, SECOND_US / LOG_STRANGE_PER_S,
                          SECOND_US};
}

/* Kinds stay. Were there more than buckets, some would share the last one that was looked at. */
static struct bucket *find(const struct class *class, const char *kind, uint32_t place)
{
    uint32_t at = (uint32_t)(((uintptr_t)kind * UINT64_C(0x9e3779b97f4a7c15)) >> 32) + place * 97;
    struct bucket *bucket = NULL;
    for (uint32_t i = 0; i < class->count; i++) {
        bucket = &class->buckets[(at + i) & (class->count - 1)];
        if (bucket->kind == NULL)
            bucket->kind = kind, bucket->place = place;
        if (bucket->kind == kind && bucket->place == place)
            break;
    }
    return bucket;
}

static void leave_out(struct log_limit *limit, struct bucket *bucket, uint64_t now)
{
    limit->total++;
    if (bucket->left_out++ == 0)
        bucket->tell_at = now + LOG_TELL_US;
    if (bucket->tell_at < limit->due)
        limit->due = bucket->tell_at;
}

bool log_limit_take(struct log_limit *limit, enum l2tpha_log_category category, const char *kind,
                    uint32_t tunnel_id, uint64_t now)
{
    struct class class = class_of(limit, tunnel_id != 0);
    struct bucket *bucket =
        find(&class, kind, tunnel_id == 0 ? 0 : 1 + tunnel_id % LOG_KNOWN_PLACES);
    bucket->category = category;
    if (bucket->until < now)
        bucket->until = now;
    if (bucket->until - now + class.line_us > class.at_once_us) {
        leave_out(limit, bucket, now);
        return false;
    }
    bucket->until += class.line_us;
    return true;
}

static bool tell_of(struct log_limit *limit, struct bucket *buckets, uint32_t count, uint64_t now,
                    struct log_left_out *left_out)
{
    for (struct bucket *bucket = buckets; bucket < buckets + count; bucket++) {
        if (bucket->left_out == 0)
            continue;
        if (bucket->tell_at <= now) {
            *left_out = (struct log_left_out){bucket->category, bucket->kind, bucket->left_out};
            bucket->left_out = 0;
            return true;
        }
        if (bucket->tell_at < limit->due)
            limit->due = bucket->tell_at;
    }
    return false;
}

bool log_limit_tell(struct log_limit *limit, uint64_t now, struct log_left_out *left_out)
{
    uint64_t due = limit->due;
    if (now < due)
        return false;
    limit->due = UINT64_MAX;
    bool any = tell_of(limit, limit->strange, STRANGE_BUCKETS, now, left_out) ||
               tell_of(limit, limit->known, KNOWN_BUCKETS, now, left_out);
    if (any)
        limit->due = due; /* there may be more */
    return any;
}

uint64_t log_limit_deadline(const struct log_limit *limit)
{
    return limit->due;
}

uint64_t log_limit_total(const struct log_limit *limit)
{
    return limit->total;
}
