/* SPDX-License-Identifier: MIT */
#include "ha.h"
#include "app.h"
#include "clock.h"
#include "role.h"
#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define RETRY_US 200000
#define LISTEN_TRIES 5 /* before it is said that the predecessor is not gone */
#define READ_BYTES 65536
#define READS_PER_EVENT 16
#define FIRST_BYTE 1
/* Over unix silence proves nothing: the closing of the stream is what counts. */
#define UNIX_SILENCE_MS (24u * 3600 * 1000)

/* Farewells. */
#define BYE_ALONE 'A'
#define BYE_LEFT 'L'

struct ha_stream {
    struct ha *ha;
    int fd;
    struct tevent_fd *fde;
    struct l2tpha_link *link;
    bool local;      /* over unix */
    bool serving;    /* we are the active of the two */
    bool connecting; /* tcp: not yet connected */
    bool passing;    /* descriptors are still awaited */
    bool deaf;       /* the other end does not read any more; what it wrote still counts */
    bool replicated; /* active: the standby has had something to hold */
    bool dropped;    /* active: farewell is said; to be ended when the node is not being drained */
    int farewell;    /* a pipe: active writes, standby reads; -1 = none */
};

struct ha {
    struct app *app;
    struct listener *listener;
    struct ha_stream *stream;
    bool connect;       /* standby: keep trying */
    uint64_t retry_at;  /* when to connect; L2TPHA_NEVER = not waiting for a try */
    uint64_t listen_at; /* when to listen, likewise */
    unsigned listen_tries;
};

struct ha *ha_new(struct app *app)
{
    struct ha *ha = talloc_zero(app, struct ha);
    ha->app = app;
    ha->retry_at = ha->listen_at = L2TPHA_NEVER;
    return ha;
}

static int close_stream(struct ha_stream *stream)
{
    TALLOC_FREE(stream->fde);
    if (stream->farewell >= 0)
        close(stream->farewell);
    close(stream->fd);
    return 0;
}

static void say_farewell(struct ha_stream *stream, char bye)
{
    if (!stream->serving || stream->farewell < 0 || stream->dropped)
        return;
    if (write(stream->farewell, &bye, 1) < 0 && errno != EPIPE) /* gone already: fine */
        log_say(&stream->ha->app->log, L2TPHA_LOG_ERROR, "farewell to the standby: %s",
                strerror(errno));
}

/* Forget the stream; a living active says why. */
static void end_stream(struct ha *ha, char bye)
{
    struct ha_stream *stream = ha->stream;
    if (stream == NULL)
        return;
    ha->stream = NULL;
    say_farewell(stream, bye);
    if (stream->link != NULL)
        l2tpha_link_free(stream->link, clock_now());
    talloc_free(stream);
    if (ha->connect)
        ha->retry_at = clock_now() + RETRY_US;
}

static enum ha_farewell read_farewell(const struct ha_stream *stream)
{
    char bye;
    if (stream->farewell < 0)
        return HA_UNKNOWN;
    if (read(stream->farewell, &bye, 1) != 1)
        return HA_DEATH;
    return bye == BYE_LEFT ? HA_LEFT : HA_ABANDONED;
}

/* The other end has closed the stream, or the system has. */
static void stream_lost(struct ha_stream *stream, const char *why)
{
    struct ha *ha = stream->ha;
    bool serving = stream->serving, connected = !stream->connecting && !stream->passing;
    enum ha_farewell farewell = serving || !connected ? HA_UNKNOWN : read_farewell(stream);
    if (connected)
        log_say(&ha->app->log, L2TPHA_LOG_RF, "replication stream closed: %s", why);
    end_stream(ha, BYE_ALONE);
    if (serving)
        role_standby_lost(ha->app);
    else if (connected)
        role_active_lost(ha->app, farewell);
}

/* The link cannot go on. What it says to the other end about that is sent if possible. */
static void link_failed(struct ha_stream *stream, int error)
{
    struct ha *ha = stream->ha;
    bool serving = stream->serving;
    log_say(&ha->app->log, L2TPHA_LOG_ERROR, "replication link: %s", l2tpha_strerror(error));
    ha_flush(ha);
    if (ha->stream != stream)
        return;
    end_stream(ha, BYE_ALONE);
    if (serving)
        role_standby_lost(ha->app);
    else
        role_link_failed(ha->app);
}

static void watch_writing(struct ha_stream *stream, bool wanted)
{
    if (wanted)
        TEVENT_FD_WRITEABLE(stream->fde);
    else
        TEVENT_FD_NOT_WRITEABLE(stream->fde);
}

void ha_flush(struct ha *ha)
{
    struct ha_stream *stream = ha->stream;
    const uint8_t *data;
    size_t len;
    if (stream == NULL || stream->link == NULL || stream->connecting || stream->deaf)
        return;
    if (stream->dropped) {
        end_stream(ha, BYE_ALONE);
        role_standby_lost(ha->app);
        return;
    }
    while ((len = l2tpha_link_poll(stream->link, &data, clock_now())) > 0) {
        ssize_t sent = send(stream->fd, data, len, MSG_NOSIGNAL);
        if (sent < 0 && (errno == EAGAIN || errno == EINTR)) {
            watch_writing(stream, true);
            return;
        }
        if (sent < 0) {
            /* What the dead has written is still to be read: the reader meets the end. */
            stream->deaf = true;
            break;
        }
        l2tpha_link_sent(stream->link, (size_t)sent);
    }
    watch_writing(stream, false);
}

/* Active, over unix: the socket and the farewell pipe go first. */
static const char *pass_descriptors(struct ha_stream *stream)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return strerror(errno);
    stream->farewell = ends[1];
    int passed[STREAM_DESCRIPTORS_MAX] = {udp_fd(stream->ha->app->udp), ends[0]};
    bool ok = stream_pass(stream->fd, FIRST_BYTE, passed, 2);
    int error = errno;
    close(ends[0]);
    return ok ? NULL : strerror(error);
}

/* Standby, over unix. False when the stream is over. */
static bool take_descriptors(struct ha_stream *stream)
{
    uint8_t byte;
    int passed[STREAM_DESCRIPTORS_MAX];
    int got = stream_accept_passed(stream->fd, &byte, passed, 2);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (got != 1 || byte != FIRST_BYTE) {
        stream_lost(stream, got == 0 ? "before it began" : "no descriptors at its beginning");
        return false;
    }
    stream->passing = false;
    stream->farewell = passed[1];
    app_inherit_socket(stream->ha->app, passed[0]);
    return true;
}

static void feed_link(struct ha_stream *stream, const uint8_t *data, size_t len)
{
    struct ha *ha = stream->ha;
    struct l2tpha_link_info info = {.size = sizeof(info)};
    int error = l2tpha_link_feed(stream->link, data, len, clock_now());
    if (error == L2TPHA_ERR_FENCED && stream->serving) {
        role_superseded(ha->app);
    } else if (error != L2TPHA_OK) {
        link_failed(stream, error);
    } else {
        l2tpha_link_get(stream->link, &info);
        if (info.switchover)
            role_asked_to_serve(ha->app);
    }
}

static void read_stream(struct ha_stream *stream)
{
    struct ha *ha = stream->ha;
    uint8_t data[READ_BYTES];
    for (int i = 0; i < READS_PER_EVENT && ha->stream == stream; i++) {
        ssize_t got = recv(stream->fd, data, sizeof(data), 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (got <= 0) {
            stream_lost(stream, got == 0 ? "by the other end" : strerror(errno));
            return;
        }
        feed_link(stream, data, (size_t)got);
    }
}

static bool make_link(struct ha_stream *stream)
{
    struct l2tpha_link_options options = {.size = sizeof(options)};
    if (stream->local && !stream->serving)
        options.silence_ms = UNIX_SILENCE_MS;
    int error = l2tpha_link_new(stream->ha->app->node, &options, clock_now(), &stream->link);
    if (error != L2TPHA_OK)
        log_say(&stream->ha->app->log, L2TPHA_LOG_ERROR, "replication link: %s",
                l2tpha_strerror(error));
    return error == L2TPHA_OK;
}

static void finish_connecting(struct ha_stream *stream)
{
    if (stream_failed(stream->fd) != 0) {
        end_stream(stream->ha, BYE_ALONE);
        return;
    }
    stream->connecting = false;
    if (!make_link(stream)) {
        end_stream(stream->ha, BYE_ALONE);
        return;
    }
    ha_flush(stream->ha);
}

static void on_stream(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *user)
{
    struct ha_stream *stream = user;
    (void)ev, (void)fde;
    if (stream->connecting) {
        finish_connecting(stream);
        return;
    }
    if (stream->passing && (flags & TEVENT_FD_READ)) {
        if (!take_descriptors(stream) || stream->passing)
            return;
    }
    struct ha *ha = stream->ha;
    if (flags & TEVENT_FD_WRITE)
        ha_flush(ha);
    if ((flags & TEVENT_FD_READ) && ha->stream == stream)
        read_stream(stream);
}

static struct ha_stream *new_stream(struct ha *ha, int fd, bool local)
{
    struct ha_stream *stream = talloc_zero(ha, struct ha_stream);
    stream->ha = ha;
    stream->fd = fd;
    stream->local = local;
    stream->farewell = -1;
    talloc_set_destructor(stream, close_stream);
    stream->fde = tevent_add_fd(ha->app->ev, stream, fd, TEVENT_FD_READ, on_stream, stream);
    ha->stream = stream;
    return stream;
}

/* One standby at a time: the library's link serves one. Another tries again later. */
static void on_standby(void *user, int fd)
{
    struct ha *ha = user;
    const char *why = NULL;
    if (ha->stream != NULL) {
        close(fd);
        return;
    }
    bool local = ha->app->options->ha_listen.kind == ENDPOINT_UNIX;
    struct ha_stream *stream = new_stream(ha, fd, local);
    stream->serving = true;
    if (local)
        why = pass_descriptors(stream);
    if (why != NULL)
        log_say(&ha->app->log, L2TPHA_LOG_ERROR, "handing the socket over: %s", why);
    if (why != NULL || !make_link(stream)) {
        end_stream(ha, BYE_ALONE);
        return;
    }
    log_say(&ha->app->log, L2TPHA_LOG_RF, "standby connected");
    ha_flush(ha);
}

const char *ha_listen(struct ha *ha)
{
    const char *why = NULL;
    const struct endpoint *endpoint = &ha->app->options->ha_listen;
    if (endpoint->kind == ENDPOINT_NONE || ha->listener != NULL)
        return NULL;
    ha->listener = listener_new(ha, ha->app->ev, endpoint, on_standby, ha, &why);
    return why;
}

void ha_keep_listening(struct ha *ha)
{
    const char *why = ha_listen(ha);
    ha->listen_at = why == NULL ? L2TPHA_NEVER : clock_now() + RETRY_US;
    ha->listen_tries = why == NULL ? 0 : ha->listen_tries + 1;
    if (ha->listen_tries == LISTEN_TRIES)
        log_say(&ha->app->log, L2TPHA_LOG_ERROR, "--ha-listen: %s; trying again", why);
}

void ha_stop_listening(struct ha *ha)
{
    ha->listen_at = L2TPHA_NEVER;
    TALLOC_FREE(ha->listener);
}

static void try_connect(struct ha *ha)
{
    const struct endpoint *endpoint = &ha->app->options->ha_connect;
    int fd = stream_connect(endpoint);
    ha->retry_at = fd < 0 ? clock_now() + RETRY_US : L2TPHA_NEVER;
    if (fd < 0)
        return;
    struct ha_stream *stream = new_stream(ha, fd, endpoint->kind == ENDPOINT_UNIX);
    stream->connecting = !stream->local;
    stream->passing = stream->local;
    if (stream->connecting)
        watch_writing(stream, true);
    else
        finish_connecting(stream);
}

void ha_connect(struct ha *ha)
{
    ha->connect = true;
    try_connect(ha);
}

void ha_disconnect(struct ha *ha, bool leaving)
{
    ha->connect = false;
    ha->retry_at = L2TPHA_NEVER;
    ha_flush(ha);
    end_stream(ha, leaving ? BYE_LEFT : BYE_ALONE);
}

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
    if (ha->stream == NULL || ha->stream->link == NULL) {
        stop_replication(ha, now);
        return;
    }
    if (ha->stream->dropped)
        return;
    ha->stream->replicated = true;
    int error = l2tpha_link_send(ha->stream->link, number, data, len, now);
    if (error != L2TPHA_OK)
        link_failed(ha->stream, error);
}

void ha_drop_if_solo(struct ha *ha)
{
    struct ha_stream *stream = ha->stream;
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};
    if (stream == NULL || !stream->serving || !stream->replicated || stream->dropped)
        return;
    l2tpha_redundancy_get(ha->app->node, &info);
    if (info.role != L2TPHA_ROLE_ACTIVE_SOLO)
        return;
    log_say(&ha->app->log, L2TPHA_LOG_RF, "standby dropped: %s", info.reason);
    say_farewell(stream, BYE_ALONE);
    stream->dropped = true;
}

int ha_hand_over(struct ha *ha)
{
    if (ha->stream == NULL || ha->stream->link == NULL)
        return L2TPHA_ERR_NOT_IN_SYNC;
    int error = l2tpha_link_hand_over(ha->stream->link, clock_now());
    ha_flush(ha);
    return error;
}

bool ha_info(const struct ha *ha, struct l2tpha_link_info *info)
{
    if (ha->stream == NULL || ha->stream->link == NULL)
        return false;
    l2tpha_link_get(ha->stream->link, info);
    return true;
}

uint64_t ha_deadline(const struct ha *ha)
{
    uint64_t due = ha->retry_at;
    if (ha->stream != NULL)
        due = ha->stream->link != NULL ? l2tpha_link_deadline(ha->stream->link) : L2TPHA_NEVER;
    return due < ha->listen_at ? due : ha->listen_at;
}

void ha_expire(struct ha *ha, uint64_t now)
{
    if (ha->listen_at <= now)
        ha_keep_listening(ha);
    if (ha->stream == NULL) {
        if (ha->retry_at <= now)
            try_connect(ha);
        return;
    }
    if (ha->stream->link == NULL)
        return;
    int error = l2tpha_link_expire(ha->stream->link, now);
    if (error == L2TPHA_ERR_FENCED)
        role_superseded(ha->app);
    else if (error != L2TPHA_OK)
        link_failed(ha->stream, error);
}
