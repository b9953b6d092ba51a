/* SPDX-License-Identifier: MIT */
#include "sink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct sink {
    int fd;
    bool own; /* the descriptor is ours */
    bool is_socket;
    struct sockaddr_un to; /* of datagrams; else no path in it */
    bool toggles;          /* shared and not to be opened anew: does not wait only while we write */
    bool torn;             /* the last line that was written has no end */
    bool split;            /* what is kept begins with the rest of a line */
    off_t whole;           /* a file of our own: where its last whole put ends; -1 = no such file */
    int error;
    uint64_t lost;
    char *kept;
    size_t begin, end, limit; /* of what is kept */
    struct tevent_context *ev;
    struct tevent_fd *fde;
    void (*emptied)(void *user);
    void *user;
};

static int close_sink(struct sink *sink)
{
    TALLOC_FREE(sink->fde); /* before the descriptor */
    if (sink->own)
        sink_flush(sink);
    if (sink->own)
        close(sink->fd);
    return 0;
}

static struct sink *new_sink(TALLOC_CTX *parent, int fd, bool own, size_t limit)
{
    struct sink *sink = talloc_zero(parent, struct sink);
    sink->fd = fd;
    sink->own = own;
    sink->whole = -1;
    sink->limit = limit;
    sink->kept = talloc_array(sink, char, limit);
    talloc_set_destructor(sink, close_sink);
    return sink;
}

/* O_NONBLOCK belongs to the open file, not to the descriptor: whoever started us has the same one.
 * Opening it anew makes one of our own; a regular file, whose position is shared, never waits. */
struct sink *sink_share(TALLOC_CTX *parent, int fd, size_t limit)
{
    char path[32];
    struct stat found = {0};
    struct sink *sink = new_sink(parent, fd, false, limit);
    bool known = fstat(fd, &found) == 0;
    sink->is_socket = known && S_ISSOCK(found.st_mode);
    if (!known || sink->is_socket || S_ISREG(found.st_mode))
        return sink;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    int again = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    sink->toggles = again < 0;
    sink->own = again >= 0;
    sink->fd = again >= 0 ? again : fd;
    return sink;
}

static struct sink *open_file(TALLOC_CTX *parent, const char *path, int how, size_t limit)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | how, 0666);
    return fd >= 0 ? new_sink(parent, fd, true, limit) : NULL;
}

void sink_begin(struct sink *sink)
{
    struct stat found = {0};
    if (fstat(sink->fd, &found) == 0 && S_ISREG(found.st_mode))
        sink->whole = found.st_size;
}

struct sink *sink_create(TALLOC_CTX *parent, const char *path, size_t limit)
{
    struct sink *sink = open_file(parent, path, O_TRUNC, limit);
    if (sink != NULL)
        sink_begin(sink);
    return sink;
}

struct sink *sink_add(TALLOC_CTX *parent, const char *path, size_t limit)
{
    return open_file(parent, path, O_APPEND, limit);
}

struct sink *sink_datagrams(TALLOC_CTX *parent, const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(to.sun_path)) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    strcpy(to.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return NULL;
    if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) != 0) {
        int error = errno;
        close(fd);
        errno = error;
        return NULL;
    }
    struct sink *sink = new_sink(parent, fd, true, 1);
    sink->to = to;
    return sink;
}

/* ---- writing ---- */

static bool try_datagram(const struct sink *sink, const void *data, size_t len)
{
    return send(sink->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)len;
}

/* One that has been started again has another socket at that path. */
static bool put_datagram(struct sink *sink, const void *data, size_t len)
{
    bool put = try_datagram(sink, data, len);
    if (!put && errno != EAGAIN && errno != EINTR &&
        connect(sink->fd, (const struct sockaddr *)&sink->to, sizeof(sink->to)) == 0)
        put = try_datagram(sink, data, len);
    sink->error = put || errno == EAGAIN ? 0 : errno;
    sink->lost += !put;
    return put;
}

static ssize_t try_write(const struct sink *sink, const char *data, size_t len)
{
    ssize_t done;
    int flags = sink->toggles ? fcntl(sink->fd, F_GETFL) : 0;
    bool toggle = sink->toggles && flags >= 0 && !(flags & O_NONBLOCK);
    if (toggle)
        (void)fcntl(sink->fd, F_SETFL, flags | O_NONBLOCK);
    do {
        done = sink->is_socket ? send(sink->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL)
                               : write(sink->fd, data, len);
    } while (done < 0 && errno == EINTR);
    int error = errno;
    if (toggle)
        (void)fcntl(sink->fd, F_SETFL, flags);
    errno = error;
    return done;
}

/* As much as is taken now. Sets sink->error if it is not for want of a reader that this is not
 * all. */
static size_t write_some(struct sink *sink, const char *data, size_t len)
{
    size_t done = 0;
    while (done < len) {
        ssize_t wrote = try_write(sink, data + done, len - done);
        if (wrote < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
            sink->error = errno;
        if (wrote <= 0)
            return done;
        sink->error = 0;
        done += (size_t)wrote;
    }
    return done;
}

static void on_room(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *user)
{
    struct sink *sink = user;
    (void)ev, (void)fde, (void)flags;
    if (sink_flush(sink) && sink->emptied != NULL)
        sink->emptied(sink->user);
}

static void watch(struct sink *sink, bool wanted)
{
    if (!wanted)
        TALLOC_FREE(sink->fde);
    else if (sink->fde != NULL)
        TEVENT_FD_WRITEABLE(sink->fde);
    else if (sink->ev != NULL)
        sink->fde = tevent_add_fd(sink->ev, sink, sink->fd, TEVENT_FD_WRITE, on_room, sink);
}

void sink_watch(struct sink *sink, struct tevent_context *ev, void (*emptied)(void *user),
                void *user)
{
    watch(sink, false);
    sink->ev = ev;
    sink->emptied = emptied;
    sink->user = user;
    watch(sink, ev != NULL && sink_kept(sink) > 0);
}

size_t sink_kept(const struct sink *sink)
{
    return sink->end - sink->begin;
}

/* What is half written to a file of our own is taken back, so that a reader finds whole blocks. */
static void take_back(struct sink *sink)
{
    if (sink->whole < 0)
        return;
    if (ftruncate(sink->fd, sink->whole) == 0)
        (void)lseek(sink->fd, sink->whole, SEEK_SET);
    sink->torn = false;
}

static void forget_kept(struct sink *sink)
{
    sink->begin = sink->end = 0;
    sink->split = false;
    watch(sink, false);
}

bool sink_flush(struct sink *sink)
{
    size_t len = sink_kept(sink);
    if (len == 0)
        return true;
    size_t done = write_some(sink, sink->kept + sink->begin, len);
    sink->begin += done;
    if (done > 0)
        sink->split = sink->kept[sink->begin - 1] != '\n';
    if (done == len) {
        if (sink->whole >= 0)
            sink->whole += (off_t)len;
        forget_kept(sink);
        return true;
    }
    if (sink->error != 0) {
        sink->torn = sink->torn || sink->split;
        sink->lost++;
        take_back(sink);
        forget_kept(sink);
        return true;
    }
    watch(sink, true);
    return false;
}

bool sink_keep(struct sink *sink, const void *data, size_t len)
{
    if (sink->end + len > sink->limit && sink->begin > 0) {
        memmove(sink->kept, sink->kept + sink->begin, sink_kept(sink));
        sink->end -= sink->begin;
        sink->begin = 0;
    }
    if (sink->end + len > sink->limit) {
        sink->lost++;
        return false;
    }
    memcpy(sink->kept + sink->end, data, len);
    sink->end += len;
    return true;
}

/* A line that could not be ended gets its end before the next one. */
static bool mend(struct sink *sink)
{
    if (sink->torn && write_some(sink, "\n", 1) == 1)
        sink->torn = false;
    return !sink->torn;
}

/* tevent ends the watch, without a word, when the reader has gone. */
static bool is_watched(const struct sink *sink)
{
    return sink->fde != NULL && (tevent_fd_get_flags(sink->fde) & TEVENT_FD_WRITE);
}

bool sink_put(struct sink *sink, const void *data, size_t len)
{
    if (sink->to.sun_path[0] != '\0')
        return put_datagram(sink, data, len);
    if (sink_kept(sink) > 0 && !is_watched(sink))
        sink_flush(sink);
    if (sink_kept(sink) > 0)
        return sink_keep(sink, data, len);
    size_t done = mend(sink) ? write_some(sink, data, len) : 0;
    if (done == len)
        return true;
    if (sink->error != 0) {
        sink->torn = sink->torn || done > 0;
        sink->lost++;
        return false;
    }
    if (!sink_keep(sink, (const char *)data + done, len - done)) {
        sink->torn = sink->torn || done > 0;
        return false;
    }
    sink->split = done > 0;
    watch(sink, true);
    return true;
}

void sink_finish(struct sink *sink, unsigned wait_ms)
{
    struct pollfd room = {.fd = sink->fd, .events = POLLOUT};
    while (!sink_flush(sink) && wait_ms > 0) {
        unsigned step = wait_ms < 10 ? wait_ms : 10;
        (void)poll(&room, 1, (int)step);
        wait_ms -= step;
    }
}

uint64_t sink_lost(const struct sink *sink)
{
    return sink->lost;
}

int sink_error(const struct sink *sink)
{
    return sink->error;
}
