/* SPDX-License-Identifier: MIT */
/* One end of the replication link: its life, its time, and what it is asked to send. */
#include "redundancy/link.h"

#include "redundancy/link_copy.h"
#include "redundancy/link_digest.h"
#include "redundancy/link_end.h"
#include "redundancy/link_output.h"
#include "redundancy/link_presence.h"

#define HEARTBEAT_MS 50
#define ANSWER_MS 200
#define MAX_QUEUE ((size_t)64 << 20)
#define FIRST_DIGEST_US 1000000

static uint32_t with_default(uint32_t value, uint32_t otherwise)
{
    return value ? value : otherwise;
}

static int set_options(struct l2tpha_link *link, const struct l2tpha_link_options *options)
{
    struct l2tpha_link_options *to = &link->options;

    if (options && options->size != sizeof(*options))
        return L2TPHA_ERR_INVALID;
    if (options)
        *to = *options;
    to->heartbeat_ms = with_default(to->heartbeat_ms, HEARTBEAT_MS);
    to->answer_ms = with_default(to->answer_ms, ANSWER_MS);
    to->max_queue = to->max_queue ? to->max_queue : MAX_QUEUE;
    link_agree_on_gate(link, to->ungated);
    if (to->heartbeat_ms < HEARTBEAT_MIN_MS || link->silence_us / 2000 < to->heartbeat_ms)
        return L2TPHA_ERR_INVALID;
    if (to->max_queue < FRAME_HEADER + HELLO_MAX || to->max_queue > SIZE_MAX / 4)
        return L2TPHA_ERR_INVALID;
    to->node_name = to->node_name ? to->node_name : "";
    if (strlen(to->node_name) > L2TPHA_NODE_NAME_MAX)
        return L2TPHA_ERR_INVALID;
    link->heartbeat_us = (uint64_t)to->heartbeat_ms * 1000;
    return L2TPHA_OK;
}

_Static_assert((sizeof(struct link_ops) - offsetof(struct link_ops, role)) %
                       sizeof(((struct link_ops *)NULL)->role) ==
                   0,
               "one function beside the other");

/* From role on there is nothing else. */
static bool ops_complete(const struct link_ops *ops)
{
    const size_t first = offsetof(struct link_ops, role), each = sizeof(ops->role);
    enum l2tpha_role (*none)(void *user) = NULL;

    for (size_t at = first; at < sizeof(*ops); at += each)
        if (memcmp((const uint8_t *)ops + at, &none, each) == 0)
            return false;
    return true;
}

static int open_link(struct l2tpha_link *link, const struct l2tpha_link_options *options,
                     uint64_t now)
{
    int error = set_options(link, options);

    if (error)
        return error;
    byte_queue_init(&link->out, link, link->options.max_queue);
    frame_reader_init(&link->in, link);
    link->side = role_serves(role_of(link)) ? SIDE_ACTIVE : SIDE_STANDBY;
    link->opened = link->driven = link->heard = now;
    link->copy_at = L2TPHA_NEVER;
    link->digests.due = now + FIRST_DIGEST_US;
    link->info.peer_rank = L2TPHA_RANK_NONE;
    link->absences = link_present(link, false, now);
    return link->options.taken ? L2TPHA_OK : link_put_hello(link, now);
}

int link_new(TALLOC_CTX *parent, const struct link_ops *ops,
             const struct l2tpha_link_options *options, uint64_t now, struct l2tpha_link **link)
{
    *link = NULL;
    if (!ops_complete(ops))
        return L2TPHA_ERR_INVALID;
    if (ops->role(ops->user) == L2TPHA_ROLE_FENCED)
        return L2TPHA_ERR_ROLE;
    struct l2tpha_link *made = talloc_zero(parent, struct l2tpha_link);
    if (!made)
        return L2TPHA_ERR_NOMEM;
    made->ops = *ops;
    int error = open_link(made, options, now);
    if (error) {
        (void)ops->present(ops->user, false, L2TPHA_NEVER, now); /* nobody drives it */
        talloc_free(made);
        return error;
    }
    *link = made;
    return L2TPHA_OK;
}

void l2tpha_link_free(struct l2tpha_link *link, uint64_t now)
{
    if (link) {
        link_wake(link, now);
        link_stop_serving(link, now);
    }
    talloc_free(link);
}

int l2tpha_link_send(struct l2tpha_link *link, uint64_t position, const uint8_t *data, size_t len,
                     uint64_t now)
{
    struct writer out;
    int error = link_check(link, now);

    if (error)
        return error;
    if (link->side != SIDE_ACTIVE)
        return L2TPHA_ERR_ROLE;
    if (!link->up)
        return L2TPHA_ERR_STATE;
    if (!data || len == 0 || len > FRAME_BODY_MAX || position == 0)
        return L2TPHA_ERR_INVALID;
    if (link->sent > 0 && position != link->base + link->sent + 1)
        return L2TPHA_ERR_INVALID;
    error = link_put(link, FRAME_CHECKPOINT, len, now, &out);
    if (error)
        return link_fail(link, error, now);
    write_bytes(&out, data, len);
    if (link->sent++ == 0)
        link->base = position - 1;
    if (link->sampled == 0) {
        link->sampled = link->sent;
        link->sampled_at = now;
    }
    error = link_digest(link, now);
    return error ? link_fail(link, error, now) : L2TPHA_OK;
}

int l2tpha_link_expire(struct l2tpha_link *link, uint64_t now)
{
    int error = link_check(link, now);

    if (error)
        return error;
    error = link_check_silence(link, now);
    if (error)
        return link_fail(link, error, now);
    link_check_answer(link, now);
    if (now >= link->copy_at && (error = link_copy(link, now)))
        return link_fail(link, error, now);
    if ((error = link_digest(link, now)))
        return link_fail(link, error, now);
    if (now < link_heartbeat_due(link))
        return L2TPHA_OK;
    link->spoke = now;
    if (!link->up || byte_queue_len(&link->out) > 0)
        return L2TPHA_OK; /* what still waits will say that we live */
    error = link_put_number(link, FRAME_HEARTBEAT, last_of(link), now);
    return error ? link_fail(link, error, now) : L2TPHA_OK;
}

/* A standby that has taken over says so at once: the old active, should it live, is fenced by the
 * epoch of any frame. */
static void tell_promotion(struct l2tpha_link *link, uint64_t now)
{
    if (link->side != SIDE_STANDBY || !link->up || link->error || link->promoted ||
        !role_serves(role_of(link)))
        return;
    link->promoted = true;
    int error = link_put_number(link, FRAME_HEARTBEAT, last_of(link), now);
    if (error)
        link_fail(link, error, now);
}

size_t l2tpha_link_poll(struct l2tpha_link *link, const uint8_t **data, uint64_t now)
{
    if (!link || !data)
        return 0;
    link_wake(link, now);
    tell_promotion(link, now);
    *data = byte_queue_data(&link->out);
    return byte_queue_len(&link->out);
}

void l2tpha_link_sent(struct l2tpha_link *link, size_t len)
{
    if (link)
        byte_queue_take(&link->out, len);
}

static void describe(const struct l2tpha_link *link, struct l2tpha_link_info *info)
{
    bool in_sync =
        link->side == SIDE_ACTIVE ? is_in_sync(link) : role_of(link) == L2TPHA_ROLE_STANDBY_HOT;

    *info = link->info;
    info->up = link->up && !link->error;
    info->in_sync = info->up && in_sync;
    info->queued = byte_queue_len(&link->out);
    info->switchover = link->switchover;
    info->offered = link->offered;
    info->handed = link->handed;
    info->declined = link->declined;
    info->unanswered = link->unanswered;
    info->stepped_down = link->stepped_down;
    info->unheard = link->unheard;
    info->heard = link_last_heard(link);
    info->peer_serves = info->met && link->peer_side == SIDE_ACTIVE;
    info->consumer = link->ops.consumer(link->ops.user);
    info->compared = link->digests.round;
}

void l2tpha_link_get(const struct l2tpha_link *link, struct l2tpha_link_info *info)
{
    struct l2tpha_link_info now = {0};

    if (!info)
        return;
    if (link)
        describe(link, &now);
    now.size = info->size;
    memcpy(info, &now, info->size < sizeof(now) ? info->size : sizeof(now));
}
