/* SPDX-License-Identifier: MIT */
/* What comes in. Which frame may come from whom and when is one table. A handler returns 0 or the
 * error for which the link ends; l2tpha_link_feed() tells that error to the peer in a REFUSE and
 * ends the link, in one place.
 *
 * Every frame carries its sender's epoch. It is checked before the frame is: an active that hears a
 * newer epoch is fenced, an active that is heard with an older one is refused. */
#include "redundancy/link_copy.h"

#include "base/assert.h"
#include "redundancy/link_digest.h"
#include "redundancy/link_end.h"
#include "redundancy/link_output.h"
#include "redundancy/link_presence.h"
#include "redundancy/link_switchover.h"

/* Refusals after which a new copy puts things right. */
static bool wants_copy(int error)
{
    return error == L2TPHA_ERR_GAP || error == L2TPHA_ERR_DIGEST || error == L2TPHA_ERR_NOT_IN_SYNC;
}

static int check_epoch(struct l2tpha_link *link, uint64_t epoch, uint64_t now)
{
    uint64_t ours = epoch_of(link);
    bool knows_none = role_of(link) == L2TPHA_ROLE_STANDBY_COLD;

    if (!knows_none && epoch > ours && epoch - ours > EPOCHS_AHEAD_MAX)
        return L2TPHA_ERR_EPOCH;
    link->info.peer_epoch = epoch;
    link->ops.met(link->ops.user, epoch);
    if (epoch > ours && role_serves(role_of(link)))
        return link_fenced(link, epoch, now);
    if (epoch < ours && link->peer_side == SIDE_ACTIVE)
        return L2TPHA_ERR_STALE_EPOCH;
    return L2TPHA_OK;
}

/* One active and one standby, and the standby's checkpoints are the active's. An active that came
 * back empty under its old epoch would have the standby throw away what it lost itself. */
static int check_sides(const struct l2tpha_link *link, const struct link_frame *frame,
                       const struct link_hello *hello)
{
    uint64_t ours = last_of(link);
    uint64_t made = link->side == SIDE_ACTIVE ? ours : hello->last;
    uint64_t held = link->side == SIDE_ACTIVE ? hello->last : ours;

    if (hello->side == (uint8_t)link->side)
        return L2TPHA_ERR_ROLE;
    if (frame->epoch == epoch_of(link) && held > made)
        return L2TPHA_ERR_STALE_EPOCH;
    return L2TPHA_OK;
}

/* Both speak at the pace of whoever wants to hear more often. */
static void agree_on_heartbeat(struct l2tpha_link *link, uint32_t peer_ms)
{
    uint32_t ms = peer_ms < HEARTBEAT_MIN_MS ? HEARTBEAT_MIN_MS : peer_ms;

    if (ms < link->options.heartbeat_ms)
        link->heartbeat_us = (uint64_t)ms * 1000;
}

/* The hello that such a link has kept back is said to whom it ends, or who ends this epoch. */
static bool wants_hello(const struct l2tpha_link *link, uint64_t epoch)
{
    uint64_t ours = epoch_of(link);

    return link->options.taken &&
           (epoch > ours || (epoch < ours && link->peer_side == SIDE_ACTIVE));
}

/* The checkpoints of one can be read by the other, and what they mean. */
static int check_release(const struct l2tpha_link *link, const struct link_hello *hello)
{
    struct l2tpha_bytes theirs = hello->serializer, ours = link->ops.serializer;

    if (hello->version_max < LINK_VERSION_MIN || hello->version_min > LINK_VERSION_MAX)
        return L2TPHA_ERR_RECORD_VERSION;
    if (hello->level < link_level_min(link) || hello->level_min > L2TPHA_LEVEL)
        return L2TPHA_ERR_LEVEL;
    if (theirs.len > 0 && (theirs.len != ours.len || memcmp(theirs.data, ours.data, ours.len) != 0))
        return L2TPHA_ERR_SERIALIZER;
    return L2TPHA_OK;
}

static int take_hello(struct l2tpha_link *link, const struct link_frame *frame, uint64_t now)
{
    struct link_hello hello;
    int error = hello_read(frame, &hello);

    if (error)
        return error;
    link->peer_side = hello.side;
    link->info.peer_rank = hello.rank;
    link->info.peer_last = hello.last;
    link->peer_copy = frame->epoch == epoch_of(link) ? hello.copy : 0;
    link->info.peer_fingerprint = hello.fingerprint;
    link_agree_on_gate(link, link->options.ungated || (hello.capabilities & HELLO_UNGATED));
    link->info.peer_level = hello.level;
    memset(link->info.peer_name, 0, sizeof(link->info.peer_name));
    if (hello.node.len > 0)
        memcpy(link->info.peer_name, hello.node.data, hello.node.len);
    link->info.met = true;
    /* Later fields, which one release keeps and the other one makes anew, may differ. */
    link->digests.compares = (hello.capabilities & HELLO_DIGESTS) && hello.level == L2TPHA_LEVEL;
    if (wants_hello(link, frame->epoch) && (error = link_put_hello(link, now)))
        return link_fail(link, error, now);
    error = check_epoch(link, frame->epoch, now);
    if (!error && link->options.taken)
        return link_fail(link, L2TPHA_ERR_LIMIT, now);
    if (error)
        return error;
    error = check_release(link, &hello);
    if (error)
        return error;
    if (link->options.ranks_differ && hello.rank == link->ops.rank(link->ops.user))
        return L2TPHA_ERR_EXISTS;
    error = check_sides(link, frame, &hello);
    if (error)
        return error;

    link->ops.meets(link->ops.user, hello.level, link->info.ungated);
    link->info.version =
        hello.version_max < LINK_VERSION_MAX ? hello.version_max : LINK_VERSION_MAX;
    link->info.fingerprint_differs = hello.fingerprint != link->options.fingerprint;
    agree_on_heartbeat(link, hello.heartbeat_ms);
    return link_meets(link, now);
}

/* After a gap all that is on its way does not fit either: it is told once. */
static int take_checkpoint(struct l2tpha_link *link, const struct link_frame *frame, uint64_t now)
{
    uint64_t number = 0;

    ASSERT(link->ops.log, link->side == SIDE_STANDBY);
    link->came++;
    int error =
        link->ops.apply(link->ops.user, frame->epoch, frame->body, frame->len, now, &number);

    if (!error) {
        link->applied = link->came;
        link->ack_due = true;
        link->lost = false;
        return L2TPHA_OK;
    }
    if (!wants_copy(error))
        return error;
    if (link->lost)
        return L2TPHA_OK;
    link->lost = true;
    int told = link_put_ack(link, now);
    return told ? told : link_put_refuse(link, error, now);
}

static void measure(struct l2tpha_link *link, uint64_t now)
{
    if (link->sampled == 0 || link->acked < link->sampled)
        return;
    link->info.round_trip = now - link->sampled_at;
    link->sampled = 0;
}

/* A standby that was too slow gets nothing more; it is tried again once all is confirmed. */
static int take_ack(struct l2tpha_link *link, const struct link_frame *frame, uint64_t now)
{
    uint64_t count;
    int error = number_read(frame, &count);

    if (error)
        return error;
    if (count > link->sent)
        return L2TPHA_ERR_LINK;
    ASSERT(link->ops.log, link->side == SIDE_ACTIVE);
    if (count <= link->acked)
        return L2TPHA_OK;
    link->acked = count;
    measure(link, now);
    if (!link->ops.listens(link->ops.user))
        return count == link->sent ? link_copy_later(link, now) : L2TPHA_OK;
    return link->ops.done(link->ops.user, link->base + count, L2TPHA_OK, now);
}

static int take_heartbeat(struct l2tpha_link *link, const struct link_frame *frame, uint64_t now)
{
    uint64_t number;
    int error = number_read(frame, &number);

    (void)now;
    if (error)
        return error;
    return link->applied > 0 && number < last_of(link) ? L2TPHA_ERR_LINK : L2TPHA_OK;
}

static int take_refuse(struct l2tpha_link *link, const struct link_frame *frame, uint64_t now)
{
    int why;
    int error = refuse_read(frame, &why);

    if (error)
        return error;
    if (link->side == SIDE_STANDBY) {
        link->stepped_down = why == L2TPHA_ERR_FENCED;
        return link_fail(link, why, now);
    }
    if (why == L2TPHA_ERR_DIGEST) /* the next one may end like it */
        (void)link->ops.done(link->ops.user, link->base + link->acked, why, now);
    if (wants_copy(why))
        return link_copy(link, now);
    if (!link->ops.done(link->ops.user, link->base + link->sent, why, now))
        link->serving = false; /* it knows, and knows why */
    return link_fail(link, why, now);
}

#define EITHER (SIDE_ACTIVE | SIDE_STANDBY)

static const struct frame_rule {
    uint8_t type;
    uint8_t from; /* enum frame_side bits */
    bool up;      /* after the hellos, else before */
    int (*take)(struct l2tpha_link *link, const struct link_frame *frame, uint64_t now);
} rules[] = {
    {FRAME_HELLO, EITHER, false, take_hello},
    {FRAME_CHECKPOINT, SIDE_ACTIVE, true, take_checkpoint},
    {FRAME_ACK, SIDE_STANDBY, true, take_ack},
    {FRAME_HEARTBEAT, EITHER, true, take_heartbeat},
    {FRAME_REFUSE, EITHER, true, take_refuse},
    {FRAME_OFFER, SIDE_ACTIVE, true, link_take_offer},
    {FRAME_PROBE, EITHER, true, link_take_probe},
    {FRAME_ECHO, EITHER, true, link_take_echo},
    {FRAME_ACCEPT, SIDE_STANDBY, true, link_take_accept},
    {FRAME_GO, SIDE_ACTIVE, true, link_take_go},
    {FRAME_DECLINE, EITHER, true, link_take_decline},
    {FRAME_ANNOUNCE, SIDE_STANDBY, true, link_take_announce},
    {FRAME_DIGEST, SIDE_ACTIVE, true, link_take_digest},
    {FRAME_VERDICT, SIDE_STANDBY, true, link_take_verdict},
};

static const struct frame_rule *find_rule(uint8_t type)
{
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        if (rules[i].type == type)
            return &rules[i];
    return NULL;
}

static int take_frame(struct l2tpha_link *link, const struct link_frame *frame, uint64_t now)
{
    const struct frame_rule *rule = find_rule(frame->type);
    bool ignored = !rule && link->up && (frame->type & FRAME_MAY_IGNORE);

    link->info.frames_in++;
    if (!rule && !ignored)
        return L2TPHA_ERR_LINK;
    if (rule && (rule->up != link->up || (link->up && !(rule->from & link->peer_side))))
        return L2TPHA_ERR_LINK;
    int error = link->up ? check_epoch(link, frame->epoch, now) : L2TPHA_OK;
    if (error || ignored)
        return error;
    return rule->take(link, frame, now);
}

#ifndef __OPTIMIZE_SIZE__
#define AHEAD 16 /* what was asked for is still there when it is used */

/* At this frame and those behind it, where data begins. Returns for how many frames that is
 * enough. */
static size_t look_ahead(const struct l2tpha_link *link, const struct link_frame *frame,
                         const uint8_t *data, size_t len)
{
    struct l2tpha_bytes next[AHEAD] = {{frame->body, frame->len}};

    if (frame->type != FRAME_CHECKPOINT || link->side != SIDE_STANDBY || !link->ops.ahead)
        return 1;
    size_t count = 1 + frames_ahead(data, len, &next[1], AHEAD - 1);
    return link->ops.ahead(link->ops.user, next, count);
}
#else
#define look_ahead(link, frame, data, len) 1
#endif

static int take_input(struct l2tpha_link *link, const uint8_t *data, size_t len, uint64_t now)
{
    struct link_frame frame;
    size_t ahead = 0;
    int got;

    while ((got = frame_next(&link->in, &data, &len, &frame)) > 0) {
        if (ahead == 0)
            ahead = look_ahead(link, &frame, data, len);
        ahead--;
        int error = take_frame(link, &frame, now);
        if (error)
            return error;
    }
    return got;
}

int l2tpha_link_feed(struct l2tpha_link *link, const uint8_t *data, size_t len, uint64_t now)
{
    int error = link_check(link, now);

    if (error)
        return error;
    if (!data && len > 0)
        return L2TPHA_ERR_INVALID;
    if (len > 0)
        link_hears(link, now);
    error = take_input(link, data, len, now);
    int told = link_put_ack(link, now);
    error = error ? error : told;
    if (!error && len > 0)
        link_has_heard(link, now);
    if (!error || link->error)
        return link->error;
    /* Without room for the reason the closing of the stream has to say it. */
    (void)link_put_refuse(link, error, now);
    return link_fail(link, error, now);
}
