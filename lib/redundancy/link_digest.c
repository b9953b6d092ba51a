/* SPDX-License-Identifier: MIT */
/* Silent faults of a copy, a bit that has flipped or a record that was never applied, are found by
 * digests. The active sends one over a bucket, between two increments; the standby, which reads it
 * when it holds exactly those before it, compares it with its own, and answers. One is under way at
 * a time. What differs is sent whole:
 *
 *     active   DIGEST   of a bucket, as of increment n
 *     standby  VERDICT  differs: from here on it is not in sync, and says so to nobody
 *     active   DIGEST   the same as of n + m, and what is in it
 *     standby  VERDICT  alike: in sync again
 *
 * Where buckets differ again and again, or a repair is refused, the whole copy is made anew. */
#include "redundancy/link_digest.h"

#include "base/assert.h"
#include "redundancy/link_copy.h"
#include "redundancy/link_output.h"

#include "base/timing.h"

#define MISSES_US (UINT64_C(60) * US_PER_S)  /* the third bucket within it: a copy, */
#define COPIES_US (UINT64_C(600) * US_PER_S) /* ... one in so long */
#define AGAIN_US (UINT64_C(1) * US_PER_S)    /* what could not be compared is tried again */

enum verdict { ALIKE, DIFFERENT, NOT_COMPARED };

uint64_t link_digest_due(const struct l2tpha_link *link)
{
    const struct link_digests *digests = &link->digests;

    if (!link->up || link->side != SIDE_ACTIVE || !link->ops.digests || !digests->compares)
        return L2TPHA_NEVER;
    if (digests->state == DIGEST_ASKED || digests->state == DIGEST_REPAIRED)
        return L2TPHA_NEVER;
    return digests->due;
}

/* --- the active --- */

static int put(struct l2tpha_link *link, struct l2tpha_bytes data, uint64_t now)
{
    const struct link_bucket *bucket = &link->digests.bucket;
    struct writer out;
    int error = link_put(link, FRAME_DIGEST, DIGEST_BODY + data.len, now, &out);

    if (error)
        return error;
    write_u64(&out, bucket->number);
    write_u64(&out, bucket->first);
    write_u64(&out, bucket->last);
    write_u64(&out, bucket->digest);
    if (data.len > 0)
        write_bytes(&out, data.data, data.len);
    return L2TPHA_OK;
}

/* A copy of everything: the next round begins with it. A difference that copies do not mend must
 * not cost one after the other; the standby is not in sync meanwhile. */
static int copy_all(struct l2tpha_link *link, uint64_t now)
{
    struct link_digests *digests = &link->digests;
    uint64_t at = digests->copied ? digests->copied + COPIES_US : now;

    digests->state = DIGEST_NONE;
    digests->bucket.first = 0;
    digests->misses[0] = digests->misses[1] = 0;
    digests->copied = at > now ? at : now;
    digests->due = digests->copied + AGAIN_US;
    if (at <= now)
        return link_copy(link, now);
    link->copy_at = at;
    return L2TPHA_OK;
}

/* Under load it is the moment when all that has been made has just been sent; an idle node has it
 * at any time. */
int link_digest(struct l2tpha_link *link, uint64_t now)
{
    struct link_digests *digests = &link->digests;
    struct l2tpha_bytes data = {NULL, 0};
    uint64_t due = link_digest_due(link), pause = AGAIN_US, position = link->base + link->sent;

    if (due == L2TPHA_NEVER || (now < due && !digests->late))
        return L2TPHA_OK;
    bool repairs = digests->state == DIGEST_DIFFERS;
    int error =
        repairs
            ? link->ops.digests->repair(link->ops.user, position, &digests->bucket, &data, &pause)
            : link->ops.digests->next(link->ops.user, position, &digests->bucket, &pause);
    digests->late = error && pause;
    digests->due = now + pause;
    if (error == L2TPHA_ERR_STATE && repairs && !pause)
        digests->state = DIGEST_NONE;
    if (error == L2TPHA_ERR_STATE)
        return L2TPHA_OK;
    if (error || data.len > FRAME_BODY_MAX - DIGEST_BODY)
        return copy_all(link, now);
    digests->state = repairs ? DIGEST_REPAIRED : DIGEST_ASKED;
    return put(link, data, now);
}

static void go_on(struct link_digests *digests, uint64_t now)
{
    digests->state = DIGEST_NONE;
    if (digests->bucket.last == UINT64_MAX)
        digests->round = now;
    digests->bucket.first = digests->bucket.last + 1; /* 0 behind the last one */
}

/* The third one in a row may have the same reason as those before it. */
static bool is_one_too_many(struct link_digests *digests, uint64_t now)
{
    bool third = digests->misses[0] && now - digests->misses[0] < MISSES_US;

    digests->misses[0] = digests->misses[1];
    digests->misses[1] = now;
    return third;
}

static int repair(struct l2tpha_link *link, uint64_t now)
{
    struct link_digests *digests = &link->digests;

    if (!link->ops.digests->differs(link->ops.user, &digests->bucket, now)) {
        digests->state = DIGEST_NONE; /* a copy has been begun, or is asked for */
        return L2TPHA_OK;
    }
    link->offered = false;
    if (is_one_too_many(digests, now))
        return copy_all(link, now);
    digests->state = DIGEST_DIFFERS;
    digests->due = now;
    return link_digest(link, now);
}

int link_take_verdict(struct l2tpha_link *link, const struct link_frame *frame, uint64_t now)
{
    struct link_digests *digests = &link->digests;
    bool repaired = digests->state == DIGEST_REPAIRED;

    if (frame->len != 1 || frame->body[0] > NOT_COMPARED ||
        (digests->state != DIGEST_ASKED && !repaired))
        return L2TPHA_ERR_LINK;
    ASSERT(link->ops.log, link->side == SIDE_ACTIVE);
    if (frame->body[0] == ALIKE) {
        link->ops.digests->alike(link->ops.user, &digests->bucket, now);
        go_on(digests, now);
        return L2TPHA_OK;
    }
    if (repaired && link->ops.digests->differs(link->ops.user, &digests->bucket, now))
        return copy_all(link, now);
    if (!repaired && frame->body[0] == DIFFERENT)
        return repair(link, now);
    digests->state = DIGEST_NONE;
    digests->due = now + AGAIN_US;
    return L2TPHA_OK;
}

/* --- the standby --- */

static int put_verdict(struct l2tpha_link *link, enum verdict verdict, uint64_t now)
{
    struct writer out;
    int error = link_put(link, FRAME_VERDICT, 1, now, &out);

    if (!error)
        write_u8(&out, (uint8_t)verdict);
    return error;
}

/* Rounds are the active's: one has ended when each bucket was alike, from the first to the last. */
static void follow(struct link_digests *digests, const struct link_bucket *bucket, uint64_t now)
{
    if (bucket->first == 0)
        digests->since = now;
    else if (bucket->first != digests->bucket.last + 1)
        digests->since = L2TPHA_NEVER;
    digests->bucket = *bucket;
    if (bucket->last == UINT64_MAX && digests->since != L2TPHA_NEVER)
        digests->round = now;
}

int link_take_digest(struct l2tpha_link *link, const struct link_frame *frame, uint64_t now)
{
    struct reader in = reader_over(frame->body, frame->len);
    struct link_bucket bucket = {.number = read_u64(&in), .first = 0};

    if (!link->ops.digests)
        return L2TPHA_OK; /* as a type that is not known */
    bucket.first = read_u64(&in);
    bucket.last = read_u64(&in);
    bucket.digest = read_u64(&in);
    if (in.error || bucket.first > bucket.last)
        return L2TPHA_ERR_LINK;
    struct l2tpha_bytes data = {.data = NULL, .len = reader_left(&in)};
    data.data = read_bytes(&in, data.len);
    ASSERT(link->ops.log, link->side == SIDE_STANDBY);
    int error = link->ops.digests->compare(link->ops.user, &bucket, data, now);
    if (!error)
        follow(&link->digests, &bucket, now);
    return put_verdict(link,
                       !error                       ? ALIKE
                       : error == L2TPHA_ERR_DIGEST ? DIFFERENT
                                                    : NOT_COMPARED,
                       now);
}
