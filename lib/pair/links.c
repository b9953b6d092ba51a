/* SPDX-License-Identifier: MIT */
#include "links.h"
#include "common/app.h"
#include "common/clock.h"
#include "common/fingerprint.h"
#include "stream.h"
#include "common/hook.h"
#include "role.h"
#include "socket.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define RETRY_US 200000
#define SOON_US 20000 /* a standby that has just lost its active, or begins */
#define SOON_TRIES 25
#define HERALD_US 500000       /* an active that looks for another one */
#define CONNECT_US 1000000     /* tcp: a path that was cut is tried anew, not waited for */
#define HANDSHAKE_US 2000000   /* who has not said hello by then leaves its place */
#define OLD_US 60000000        /* tcp: a superseded active that reads nothing */
#define PENDING_MAX 8          /* streams without a hello */
#define TELL_AGAIN_US 30000000 /* why nobody is reached */
#define CATCH_UP_READS 64

struct ha {
    struct app *app;
    struct listener *listener;
    struct ha_stream *streams;
    struct ha_stream *ended; /* to be freed when nobody looks at them */
    bool connect;            /* keep trying */
    unsigned tries;          /* to connect, since hellos were exchanged last */
    uint64_t retry_at;       /* when to connect; L2TPHA_NEVER = not waiting for a try */
    uint64_t listen_at;      /* when to listen, likewise */
    int refusal;      /* why the last try failed: errno, or an error of the library; 0 = none */
    uint64_t told_at; /* when that was told */
    struct ha_other other;
};

struct ha *ha_new(struct app *app)
{
    struct ha *ha = talloc_zero(app, struct ha);
    ha->app = app;
    ha->retry_at = ha->listen_at = L2TPHA_NEVER;
    return ha;
}

/* The stream that counts: of the standby, or of the active. */
static struct ha_stream *current(const struct ha *ha)
{
    for (struct ha_stream *stream = ha->streams; stream != NULL; stream = stream->next)
        if (stream->up && !stream->promoted)
            return stream;
    return NULL;
}

static struct ha_stream *outgoing(const struct ha *ha)
{
    for (struct ha_stream *stream = ha->streams; stream != NULL; stream = stream->next)
        if (stream->outgoing && !stream->promoted)
            return stream;
    return NULL;
}

static void add(struct ha *ha, struct ha_stream *stream)
{
    stream->next = ha->streams;
    ha->streams = stream;
}

/* Over unix there is but one place, which the active has. */
static bool wants_to_connect(const struct ha *ha)
{
    const struct endpoint *endpoint = &ha->app->options->ha_connect;
    if (!ha->connect || endpoint->kind == ENDPOINT_NONE || outgoing(ha) != NULL)
        return false;
    return current(ha) == NULL && (role_is_standby(ha->app) || endpoint->kind == ENDPOINT_TCP);
}

static void plan_retry(struct ha *ha)
{
    uint64_t wait = ha->tries < SOON_TRIES ? SOON_US : RETRY_US;
    if (!role_is_standby(ha->app))
        wait = HERALD_US;
    ha->retry_at = wants_to_connect(ha) ? clock_now() + wait : L2TPHA_NEVER;
}

void ha_stream_gone(struct ha *ha, struct ha_stream *stream)
{
    struct ha_stream **link = &ha->streams;
    while (*link != stream)
        link = &(*link)->next;
    *link = stream->next;
    stream->next = ha->ended;
    ha->ended = stream;
    plan_retry(ha);
}

static void free_ended(struct ha *ha)
{
    struct ha_stream *next;
    for (struct ha_stream *stream = ha->ended; stream != NULL; stream = next) {
        next = stream->next;
        talloc_free(stream);
    }
    ha->ended = NULL;
}

static void note_other(struct ha *ha, const struct ha_stream *stream)
{
    struct l2tpha_link_info info = ha_stream_info(stream);
    if (!info.met || info.peer_serves || stream->taken)
        return;
    ha->other = (struct ha_other){.holds = info.peer_last > 0,
                                  .looks = info.peer_last == 0,
                                  .rank = info.peer_rank,
                                  .epoch = info.peer_epoch};
}

static void tell_differences(struct ha *ha, struct ha_stream *stream)
{
    char text[FINGERPRINT_TEXT_MAX];
    struct l2tpha_link_info info = ha_stream_info(stream);
    if (stream->told_differs || !info.fingerprint_differs)
        return;
    stream->told_differs = true;
    log_say(&ha->app->log, L2TPHA_LOG_ERROR, "the other node is configured otherwise: %s",
            fingerprint_differences(fingerprint_of(ha->app->options), info.peer_fingerprint, text));
}

/* One standby at a time: the library's link serves one. Another tries again later. */
static void become_current(struct ha *ha, struct ha_stream *stream)
{
    struct ha_stream *next;
    stream->up = true;
    ha->tries = 0;
    ha->refusal = 0;
    log_say(&ha->app->log, L2TPHA_LOG_RF, "%s connected",
            stream->serving ? "standby" : "to the active,");
    tell_differences(ha, stream);
    for (struct ha_stream *other = ha->streams; other != NULL; other = next) {
        next = other->next;
        if (other != stream && !other->promoted)
            ha_stream_end(other, BYE_ALONE);
    }
}

void ha_stream_heard(struct ha *ha, struct ha_stream *stream)
{
    if (stream->ended)
        return;
    note_other(ha, stream);
    if (!stream->up && !stream->promoted && ha_stream_info(stream).up)
        become_current(ha, stream);
}

/* ---- listening ---- */

/* The other node says hello within a round trip; a crowd of those who say nothing must not keep it
 * out, so the longest there leaves. */
static void make_room(struct ha *ha)
{
    struct ha_stream *oldest = NULL;
    unsigned count = 0;
    for (struct ha_stream *stream = ha->streams; stream != NULL; stream = stream->next) {
        if (stream->up || stream->outgoing)
            continue;
        count++;
        oldest = stream; /* new ones are put in front */
    }
    if (count >= PENDING_MAX)
        ha_stream_end(oldest, BYE_ALONE);
}

static void on_connection(void *user, int fd)
{
    struct ha *ha = user;
    const char *why = NULL;
    bool serves = !role_is_standby(ha->app);
    bool local = ha->app->options->ha_listen.kind == ENDPOINT_UNIX;
    bool taken = current(ha) != NULL;
    if (local && taken) {
        close(fd);
        return;
    }
    make_room(ha);
    struct ha_stream *stream = ha_stream_new(ha, ha->app, fd, local);
    stream->taken = stream->promoted = taken;
    add(ha, stream);
    if (serves)
        why = ha_stream_serve(stream);
    else
        ha_stream_finish_connecting(stream); /* two that look for one another */
    if (why != NULL) {
        log_say(&ha->app->log, L2TPHA_LOG_ERROR, "handing the socket over: %s", why);
        ha_stream_end(stream, BYE_ALONE);
        return;
    }
    ha_stream_flush(stream);
}

const char *ha_listen(struct ha *ha)
{
    const char *why = NULL;
    const struct endpoint *endpoint = &ha->app->options->ha_listen;
    if (endpoint->kind == ENDPOINT_NONE || ha->listener != NULL)
        return NULL;
    ha->listener = listener_new(ha, ha->app->ev, endpoint, on_connection, ha, &why);
    return why;
}

void ha_keep_listening(struct ha *ha)
{
    bool first = ha->listen_at == L2TPHA_NEVER;
    const char *why = ha_listen(ha);
    ha->listen_at = why == NULL ? L2TPHA_NEVER : clock_now() + RETRY_US;
    if (why != NULL && first)
        log_say(&ha->app->log, L2TPHA_LOG_RF, "--ha-listen: %s; trying again", why);
}

void ha_stop_listening(struct ha *ha)
{
    ha->listen_at = L2TPHA_NEVER;
    TALLOC_FREE(ha->listener);
}

/* ---- connecting ---- */

void ha_stream_refused(struct ha *ha, int error)
{
    char text[ENDPOINT_TEXT_MAX];
    uint64_t now = clock_now();
    ha->other.refused = error == ECONNREFUSED || error == ENOENT;
    if (!role_is_standby(ha->app)) /* it is well that nobody else serves */
        return;
    if (error == ha->refusal && now - ha->told_at < TELL_AGAIN_US)
        return;
    ha->refusal = error;
    ha->told_at = now;
    log_say(&ha->app->log, L2TPHA_LOG_RF, "--ha-connect %s: %s; trying again",
            endpoint_text(&ha->app->options->ha_connect, text), strerror(error));
}

/* A standby that holds more than the one that serves has made will not forget it for that. */
static const char *advice(const struct ha *ha, int error)
{
    if (error != L2TPHA_ERR_STALE_EPOCH || !role_is_standby(ha->app))
        return "";
    return ": this copy is not of the one that serves; 'takeover' goes on with it, a restart of "
           "this node follows";
}

/* Tried again five times a second, or by anybody. */
void ha_stream_unwelcome(struct ha *ha, int error)
{
    uint64_t now = clock_now();
    if (error == ha->refusal && now - ha->told_at < TELL_AGAIN_US)
        return;
    ha->refusal = error;
    ha->told_at = now;
    log_say(&ha->app->log, L2TPHA_LOG_RF, "replication link: %s%s", l2tpha_strerror(error),
            advice(ha, error));
}

void ha_stream_connected(struct ha *ha)
{
    ha->other.refused = false;
}

static void try_connect(struct ha *ha)
{
    const struct endpoint *endpoint = &ha->app->options->ha_connect;
    ha->retry_at = L2TPHA_NEVER;
    if (!wants_to_connect(ha))
        return;
    ha->tries++;
    int fd = stream_connect(endpoint);
    if (fd < 0) {
        ha_stream_refused(ha, errno);
        plan_retry(ha);
        return;
    }
    struct ha_stream *stream = ha_stream_new(ha, ha->app, fd, endpoint->kind == ENDPOINT_UNIX);
    stream->outgoing = true;
    stream->serving = !role_is_standby(ha->app);
    stream->connecting = !stream->local;
    stream->passing = stream->local;
    add(ha, stream);
    if (stream->connecting)
        TEVENT_FD_WRITEABLE(stream->fde);
    else
        ha_stream_finish_connecting(stream);
}

void ha_connect(struct ha *ha)
{
    ha->connect = true;
    try_connect(ha);
}

/* old_too: also those that only wait for a superseded active to read. */
static void end_all(struct ha *ha, bool old_too, char bye)
{
    struct ha_stream *next;
    ha->connect = false;
    ha->retry_at = L2TPHA_NEVER;
    for (struct ha_stream *stream = ha->streams; stream != NULL; stream = next) {
        next = stream->next;
        ha_stream_flush(stream);
        if (!stream->ended && (old_too || !stream->promoted))
            ha_stream_end(stream, bye);
    }
}

void ha_disconnect(struct ha *ha, bool leaving)
{
    end_all(ha, leaving, leaving ? BYE_LEFT : BYE_ALONE);
}

void ha_let_go(struct ha *ha)
{
    end_all(ha, true, BYE_NONE);
}

void ha_promoted(struct ha *ha)
{
    struct ha_stream *next;
    for (struct ha_stream *stream = ha->streams; stream != NULL; stream = next) {
        next = stream->next;
        if (!stream->up) {
            ha_stream_end(stream, BYE_ALONE);
            continue;
        }
        stream->promoted = true;
        stream->opened = clock_now();
        ha_stream_flush(stream); /* the new epoch, before anything leaves for a peer */
    }
    ha->connect = true;
    plan_retry(ha);
}

/* ---- replication ---- */

static void stop_replication(struct ha *ha, uint64_t now)
{
    int error = l2tpha_checkpoint_stop(ha->app->node, now);
    if (error != L2TPHA_OK)
        log_say(&ha->app->log, L2TPHA_LOG_ERROR, "stopping the replication: %s",
                l2tpha_strerror(error));
}

void ha_send(struct ha *ha, uint64_t number, const uint8_t *data, size_t len)
{
    uint64_t now = clock_now();
    struct ha_stream *stream = current(ha);
    if (stream == NULL || !stream->serving) {
        stop_replication(ha, now);
        return;
    }
    stream->replicated = true;
    int error = l2tpha_link_send(stream->link, number, data, len, now);
    if (error != L2TPHA_OK)
        ha_stream_failed(stream, error);
}

void ha_tell_sync(struct ha *ha)
{
    struct ha_stream *stream = current(ha);
    if (stream != NULL)
        ha_stream_tell_sync(stream);
}

void ha_flush(struct ha *ha)
{
    struct ha_stream *next;
    for (struct ha_stream *stream = ha->streams; stream != NULL; stream = next) {
        next = stream->next;
        ha_stream_flush(stream);
    }
}

void ha_catch_up(struct ha *ha)
{
    struct ha_stream *stream = current(ha);
    if (stream != NULL && !stream->connecting && !stream->passing)
        ha_stream_read(stream);
}

static struct l2tpha_link *current_link(const struct ha *ha)
{
    struct ha_stream *stream = current(ha);
    return stream != NULL ? stream->link : NULL;
}

int ha_hand_over(struct ha *ha)
{
    struct l2tpha_link *link = current_link(ha);
    int error = link != NULL ? l2tpha_link_hand_over(link, clock_now()) : L2TPHA_ERR_NOT_IN_SYNC;
    ha_flush(ha);
    return error;
}

int ha_take_back(struct ha *ha)
{
    struct l2tpha_link *link = current_link(ha);
    return link != NULL ? l2tpha_link_withdraw(link, clock_now()) : L2TPHA_ERR_STATE;
}

int ha_decline(struct ha *ha, int why)
{
    struct l2tpha_link *link = current_link(ha);
    int error = link != NULL ? l2tpha_link_decline(link, why, clock_now()) : L2TPHA_ERR_STATE;
    ha_flush(ha);
    return error;
}

int ha_announce(struct ha *ha, uint64_t epoch, bool force)
{
    struct l2tpha_link *link = current_link(ha);
    int error =
        link != NULL ? l2tpha_link_announce(link, epoch, force, clock_now()) : L2TPHA_ERR_STATE;
    ha_flush(ha);
    return error;
}

bool ha_info(const struct ha *ha, struct l2tpha_link_info *info)
{
    struct l2tpha_link *link = current_link(ha);
    if (link == NULL)
        return false;
    l2tpha_link_get(link, info);
    return true;
}

bool ha_is_exact(struct ha *ha)
{
    struct ha_stream *stream = current(ha);
    if (stream == NULL || !stream->local)
        return false;
    for (int i = 0; i < CATCH_UP_READS && !stream->ended; i++)
        ha_stream_read(stream);
    char bye = stream->ended ? BYE_ALONE : ha_stream_last_bye(stream);
    return bye == 0 || bye == BYE_SYNC;
}

void ha_look(struct ha *ha, struct ha_other *other)
{
    *other = ha->other;
    ha->other = (struct ha_other){0};
}

bool ha_was_refused(const struct ha *ha)
{
    return ha->refusal == ECONNREFUSED;
}

/* ---- time ---- */

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t place_until(const struct ha_stream *stream)
{
    if (stream->promoted && !stream->taken)
        return stream->local ? L2TPHA_NEVER : stream->opened + OLD_US;
    if (stream->up)
        return L2TPHA_NEVER;
    return stream->opened + (stream->connecting ? CONNECT_US : HANDSHAKE_US);
}

/* When an active that hangs is to be ended. */
static uint64_t fence_at(const struct ha *ha, const struct ha_stream *stream)
{
    uint32_t ms = ha->app->options->fence_hung_ms;
    struct l2tpha_link_info info = ha_stream_info(stream);
    if (ms == 0 || !stream->local || stream->serving || !stream->up || stream->promoted ||
        stream->fenced)
        return L2TPHA_NEVER;
    return info.heard + ms * UINT64_C(1000);
}

/* Handed over, and over unix: the end of the stream tells, and silence does not. */
static bool waits_for_the_end(const struct ha *ha, const struct ha_stream *stream)
{
    return stream->local && stream->serving && role_has_handed(ha->app);
}

static uint64_t stream_due(const struct ha *ha, const struct ha_stream *stream)
{
    uint64_t due = earlier(place_until(stream), fence_at(ha, stream));
    if (stream->link != NULL && !waits_for_the_end(ha, stream))
        due = earlier(due, l2tpha_link_deadline(stream->link));
    return due;
}

uint64_t ha_deadline(const struct ha *ha)
{
    uint64_t due = earlier(ha->retry_at, ha->listen_at);
    for (const struct ha_stream *stream = ha->streams; stream != NULL; stream = stream->next)
        due = earlier(due, stream_due(ha, stream));
    return ha->ended != NULL ? 0 : due;
}

/* The state itself is the node's role; what others can do about it begins here. */
static void judge_hung(struct ha *ha, struct ha_stream *stream, uint64_t now)
{
    struct l2tpha_link_info info = ha_stream_info(stream);
    if (stream->serving || !stream->up || stream->promoted)
        return;
    if (!info.unheard)
        stream->hung_told = false;
    else if (!stream->hung_told) {
        stream->hung_told = true;
        hook_run(ha->app, "on-hung", ha->app->options->on_hung);
    }
    if (now >= fence_at(ha, stream)) {
        stream->fenced = true;
        ha_stream_end_process(stream);
    }
}

static void expire_stream(struct ha *ha, struct ha_stream *stream, uint64_t now)
{
    if (place_until(stream) <= now) {
        if (stream->connecting)
            ha_stream_refused(ha, ETIMEDOUT);
        ha_stream_end(stream, BYE_ALONE);
        return;
    }
    if (stream->link == NULL || waits_for_the_end(ha, stream))
        return;
    int error = l2tpha_link_expire(stream->link, now);
    if (error == L2TPHA_ERR_FENCED && stream->serving)
        role_superseded(ha->app);
    else if (error != L2TPHA_OK)
        ha_stream_failed(stream, error);
    else
        judge_hung(ha, stream, now);
}

void ha_expire(struct ha *ha, uint64_t now)
{
    struct ha_stream *next;
    free_ended(ha);
    if (ha->listen_at <= now)
        ha_keep_listening(ha);
    if (ha->retry_at <= now)
        try_connect(ha);
    for (struct ha_stream *stream = ha->streams; stream != NULL; stream = next) {
        next = stream->next;
        if (stream_due(ha, stream) <= now)
            expire_stream(ha, stream, now);
    }
}
