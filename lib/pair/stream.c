/* SPDX-License-Identifier: MIT */
#include "stream.h"
#include "common/app.h"
#include "common/clock.h"
#include "common/fingerprint.h"
#include "role.h"
#include "socket.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define READ_BYTES 65536
#define READS_PER_EVENT 16
#define FIRST_BYTE 1
/* Over unix silence proves nothing: the closing of the stream is what counts. */
#define UNIX_SILENCE_MS (24u * 3600 * 1000)

static void close_if(int fd)
{
    if (fd >= 0)
        close(fd);
}

static int close_stream(struct ha_stream *stream)
{
    TALLOC_FREE(stream->fde); /* before the descriptor */
    close_if(stream->farewell);
    close_if(stream->process);
    close(stream->fd);
    return 0;
}

static bool say_farewell(struct ha_stream *stream, char bye)
{
    if (!stream->serving || stream->farewell < 0 || bye == BYE_NONE)
        return true;
    if (write(stream->farewell, &bye, 1) == 1 || errno == EPIPE) /* gone already: fine */
        return true;
    log_say(&stream->app->log, L2TPHA_LOG_ERROR, "farewell to the standby: %s", strerror(errno));
    return false;
}

/* The node is told now; the memory goes at the end of the turn, since whoever called may still look
 * at it. */
void ha_stream_end(struct ha_stream *stream, char bye)
{
    if (stream->ended)
        return;
    stream->ended = true;
    (void)say_farewell(stream, bye);
    if (stream->link != NULL)
        l2tpha_link_free(stream->link, clock_now());
    stream->link = NULL;
    TALLOC_FREE(stream->fde);
    ha_stream_gone(stream->ha, stream);
}

char ha_stream_last_bye(struct ha_stream *stream)
{
    char byes[64], last = 0;
    ssize_t got;
    if (stream->farewell < 0)
        return 0;
    while ((got = read(stream->farewell, byes, sizeof(byes))) > 0)
        last = byes[got - 1];
    if (last == BYE_SOLO || last == BYE_SYNC)
        stream->alone = last == BYE_SOLO;
    return last != 0 ? last : stream->alone ? BYE_SOLO : 0;
}

static enum ha_farewell farewell_of(struct ha_stream *stream)
{
    if (stream->farewell < 0)
        return HA_UNKNOWN;
    switch (ha_stream_last_bye(stream)) {
    case BYE_LEFT:
        return HA_LEFT;
    case BYE_ALONE:
        return HA_ABANDONED;
    case BYE_SOLO:
        return HA_DEATH_BEHIND;
    default:
        return HA_DEATH;
    }
}

/* The other end has closed the stream, or the system has. */
static void stream_lost(struct ha_stream *stream, const char *why)
{
    struct app *app = stream->app;
    bool serving = stream->serving, up = stream->up, promoted = stream->promoted;
    enum ha_farewell farewell = serving || !up ? HA_UNKNOWN : farewell_of(stream);
    if (up)
        log_say(&app->log, L2TPHA_LOG_RF, "replication stream closed: %s", why);
    ha_stream_end(stream, BYE_ALONE);
    if (promoted || (serving && !up))
        return;
    if (serving)
        role_standby_lost(app, stream->local);
    else if (up)
        role_active_lost(app, farewell);
    else
        role_link_failed(app);
}

/* What the link says to the other end about it is sent if possible. */
void ha_stream_failed(struct ha_stream *stream, int error)
{
    struct app *app = stream->app;
    bool serving = stream->serving, up = stream->up, promoted = stream->promoted;
    /* Of one that we have superseded, and of a stranger, it is no error of ours. */
    bool expected = promoted || error == L2TPHA_ERR_STALE_EPOCH || error == L2TPHA_ERR_FENCED;
    if (!up && !stream->taken)
        ha_stream_unwelcome(stream->ha, error);
    else if (up)
        log_say(&app->log, expected ? L2TPHA_LOG_RF : L2TPHA_LOG_ERROR, "replication link: %s",
                l2tpha_strerror(error));
    ha_stream_flush(stream);
    if (stream->ended)
        return;
    ha_stream_end(stream, BYE_ALONE);
    if (promoted || (serving && !up))
        return;
    if (serving)
        role_standby_lost(app, false);
    else
        role_link_failed(app);
}

static void watch_writing(struct ha_stream *stream, bool wanted)
{
    if (wanted)
        TEVENT_FD_WRITEABLE(stream->fde);
    else
        TEVENT_FD_NOT_WRITEABLE(stream->fde);
}

void ha_stream_flush(struct ha_stream *stream)
{
    const uint8_t *data;
    size_t len;
    if (stream->ended || stream->link == NULL || stream->connecting || stream->deaf)
        return;
    while ((len = l2tpha_link_poll(stream->link, &data, clock_now())) > 0) {
        ssize_t sent = send(stream->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
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

/* Outputs that the standby does not hold must not leave before it can be known there: a pipe that
 * takes no more says it by being closed, with the stream. */
void ha_stream_tell_sync(struct ha_stream *stream)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};
    if (!stream->serving || !stream->replicated || stream->ended)
        return;
    l2tpha_redundancy_get(stream->app->node, &info);
    bool alone = info.role == L2TPHA_ROLE_ACTIVE_SOLO;
    if (alone == stream->alone || (!alone && info.role != L2TPHA_ROLE_ACTIVE))
        return;
    stream->alone = alone;
    if (alone)
        log_say(&stream->app->log, L2TPHA_LOG_RF, "standby left behind: %s", info.reason);
    if (!say_farewell(stream, alone ? BYE_SOLO : BYE_SYNC))
        ha_stream_end(stream, BYE_ALONE);
}

/* ---- descriptors ---- */

/* Active, over unix: the socket and the farewell pipe go first. */
static const char *pass_descriptors(struct ha_stream *stream)
{
    int ends[2];
    if (stream->app->udp == NULL)
        return "no socket to hand over";
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return strerror(errno);
    stream->farewell = ends[1];
    int passed[STREAM_DESCRIPTORS_MAX] = {udp_fd(stream->app->udp), ends[0]};
    bool ok = stream_pass(stream->fd, FIRST_BYTE, passed, 2);
    int error = errno;
    close(ends[0]);
    return ok ? NULL : strerror(error);
}

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* Linux 6.5 */
#endif

/* Whose process it is at the other end: a descriptor of the process itself, so that no other that
 * comes to have its number is ever meant. An older kernel tells the number alone. */
static int open_process(int fd, pid_t pid)
{
    int process = -1;
    socklen_t len = sizeof(process);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &process, &len) == 0)
        return process;
    if (errno != ENOPROTOOPT)
        return -1;
    struct pollfd open = {.fd = fd, .events = POLLRDHUP};
    process = (int)syscall(SYS_pidfd_open, pid, 0);
    /* If the stream is there after that, the process that had the number was there before. */
    if (process >= 0 && poll(&open, 1, 0) != 0) {
        close(process);
        return -1;
    }
    return process;
}

/* Of another user it is none of our business. */
static void name_process(struct ha_stream *stream)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);
    if (getsockopt(stream->fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0 || peer.pid <= 1 ||
        peer.pid == getpid())
        return;
    if (geteuid() == 0 || peer.uid == geteuid())
        stream->process = open_process(stream->fd, peer.pid);
}

void ha_stream_end_process(struct ha_stream *stream)
{
    struct app *app = stream->app;
    if (stream->process < 0) {
        log_say(&app->log, L2TPHA_LOG_ERROR,
                "--fence-hung: the process of the active is not known, or another user's");
        return;
    }
    int error = syscall(SYS_pidfd_send_signal, stream->process, SIGKILL, NULL, 0) == 0 ? 0 : errno;
    log_say(&app->log, L2TPHA_LOG_ERROR,
            error == 0       ? "the active hangs: its process is ended"
            : error == ESRCH ? "--fence-hung: the process that made the stream is gone"
                             : "--fence-hung: the process of the active cannot be ended");
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
    name_process(stream);
    app_inherit_socket(stream->app, passed[0]);
    return true;
}

/* ---- the link ---- */

struct l2tpha_link_info ha_stream_info(const struct ha_stream *stream)
{
    struct l2tpha_link_info info = {.size = sizeof(info)};
    l2tpha_link_get(stream->link, &info);
    return info;
}

static bool make_link(struct ha_stream *stream)
{
    const struct options *options = stream->app->options;
    struct l2tpha_link_options link = {.size = sizeof(link),
                                       .fingerprint = fingerprint_of(options),
                                       .answer_ms = options->commit_timeout_ms,
                                       .ranks_differ = !stream->local && options->rank_given,
                                       .taken = stream->taken};
    if (stream->local && !stream->serving)
        link.silence_ms = UNIX_SILENCE_MS;
    int error = l2tpha_link_new(stream->app->node, &link, clock_now(), &stream->link);
    if (error != L2TPHA_OK)
        log_say(&stream->app->log, L2TPHA_LOG_ERROR, "replication link: %s",
                l2tpha_strerror(error));
    return error == L2TPHA_OK;
}

const char *ha_stream_serve(struct ha_stream *stream)
{
    const char *why = NULL;
    stream->serving = true;
    if (stream->local)
        why = pass_descriptors(stream);
    if (why == NULL && !make_link(stream))
        why = "no link";
    return why;
}

void ha_stream_finish_connecting(struct ha_stream *stream)
{
    int error = stream_failed(stream->fd);
    if (error != 0) {
        ha_stream_refused(stream->ha, error);
        ha_stream_end(stream, BYE_ALONE);
        return;
    }
    stream->connecting = false;
    ha_stream_connected(stream->ha);
    if (!make_link(stream)) {
        ha_stream_end(stream, BYE_ALONE);
        return;
    }
    ha_stream_flush(stream);
}

static void feed_link(struct ha_stream *stream, const uint8_t *data, size_t len)
{
    struct app *app = stream->app;
    int error = l2tpha_link_feed(stream->link, data, len, clock_now());
    struct l2tpha_link_info info = ha_stream_info(stream);
    ha_stream_heard(stream->ha, stream);
    if (stream->serving && info.handed)
        role_handed(app); /* before the word leaves */
    if (error == L2TPHA_ERR_FENCED && stream->serving) {
        ha_stream_flush(stream); /* the other waits to hear that this node has stopped */
        role_superseded(app);
    } else if (error == L2TPHA_ERR_FENCED && info.stepped_down && !stream->promoted) {
        ha_stream_end(stream, BYE_ALONE);
        role_yielded(app);
    } else if (error != L2TPHA_OK) {
        ha_stream_failed(stream, error);
    } else if (info.switchover) {
        role_asked_to_serve(app);
    } else if (info.declined != 0) {
        role_declined(app, info.declined);
    }
}

void ha_stream_read(struct ha_stream *stream)
{
    static const int flags = MSG_DONTWAIT;
    uint8_t data[READ_BYTES];
    for (int i = 0; i < READS_PER_EVENT && !stream->ended && stream->link != NULL; i++) {
        ssize_t got = recv(stream->fd, data, sizeof(data), flags);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (got <= 0) {
            stream_lost(stream, got == 0 ? "by the other end" : strerror(errno));
            return;
        }
        feed_link(stream, data, (size_t)got);
    }
}

static void on_stream(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *user)
{
    struct ha_stream *stream = user;
    (void)ev, (void)fde;
    if (stream->connecting) {
        ha_stream_finish_connecting(stream);
        return;
    }
    if (stream->passing && (flags & TEVENT_FD_READ)) {
        if (!take_descriptors(stream) || stream->passing)
            return;
    }
    if (flags & TEVENT_FD_WRITE)
        ha_stream_flush(stream);
    if ((flags & TEVENT_FD_READ) && !stream->ended)
        ha_stream_read(stream);
}

struct ha_stream *ha_stream_new(struct ha *ha, struct app *app, int fd, bool local)
{
    struct ha_stream *stream = talloc_zero(ha, struct ha_stream);
    stream->ha = ha;
    stream->app = app;
    stream->fd = fd;
    stream->local = local;
    stream->opened = clock_now();
    stream->farewell = stream->process = -1;
    talloc_set_destructor(stream, close_stream);
    stream->fde = tevent_add_fd(app->ev, stream, fd, TEVENT_FD_READ, on_stream, stream);
    return stream;
}
