/* SPDX-License-Identifier: MIT */
#include "stream.h"
#include "host.h"
#include "links.h"
#include "pair.h"
#include "socket.h"

#include <l2tpha/consumer.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <talloc.h>
#include <unistd.h>

#define READ_BYTES 65536
#define READS_PER_EVENT 16
#define FIRST_BYTE 1
/* The standby has taken none of the descriptors that are under way: doubled each time. */
#define PASS_AGAIN_US 2000
#define PASS_AGAIN_MAX_US 256000
/* Over unix silence proves nothing: the closing of the stream is what counts. */
#define UNIX_SILENCE_MS (24u * 3600 * 1000)

static void close_if(int fd)
{
    if (fd >= 0)
        close(fd);
}

void stream_free(struct stream *stream)
{
    farewell_close(&stream->farewell);
    close_if(stream->process);
    close_if(stream->channel);
    close(stream->fd);
    passed_queue_clear(&stream->to_pass);
    talloc_free(stream);
}

static bool say_farewell(struct stream *stream, char bye)
{
    if (!stream->serving || stream->farewell.out < 0 || bye == BYE_NONE ||
        farewell_say(&stream->farewell, bye))
        return true;
    say(stream->pair, L2TPHA_LOG_ERROR, "farewell to the standby: %s", strerror(errno));
    return false;
}

/* The node is told now; the memory goes at the end of the turn, since whoever called may still look
 * at it. */
void stream_end(struct stream *stream, char bye)
{
    if (stream->ended)
        return;
    stream->ended = true;
    (void)say_farewell(stream, bye);
    if (stream->link != NULL)
        l2tpha_link_free(stream->link, l2tpha_pair_now());
    stream->link = NULL;
    watch_stop(&stream->pair->watcher, &stream->watch);
    watch_stop(&stream->pair->watcher, &stream->channel_watch);
    watch_stop(&stream->pair->watcher, &stream->farewell_watch);
    stream->events->gone(stream->links, stream);
}

static void on_channel(void *user, uint32_t events);

static void take_channel(struct stream *stream)
{
    if (stream->channel >= 0) {
        watch_stop(&stream->pair->watcher, &stream->channel_watch);
        close(stream->channel);
    }
    stream->channel = stream->farewell.channel;
    stream->farewell.channel = -1;
    stream->channel_watch =
        (struct watch){.fd = stream->channel, .handler = on_channel, .user = stream};
    (void)watch_for(&stream->pair->watcher, &stream->channel_watch, EPOLLIN);
}

/* Standby. True = there will be no more. */
static bool read_farewells(struct stream *stream)
{
    bool over = farewell_read(&stream->farewell);
    if (stream->farewell.channel >= 0)
        take_channel(stream);
    if (stream->farewell.lost)
        say(stream->pair, L2TPHA_LOG_ERROR, "no room for the channel of descriptors");
    stream->farewell.lost = false;
    return over;
}

/* It says more than who serves: without this a channel would be found with the stream's next word.
 */
static void on_farewell(void *user, uint32_t events)
{
    struct stream *stream = user;
    (void)events;
    if (read_farewells(stream))
        watch_stop(&stream->pair->watcher, &stream->farewell_watch);
}

char stream_last_bye(struct stream *stream)
{
    (void)read_farewells(stream);
    return stream->farewell.last;
}

static enum farewell farewell_of(struct stream *stream)
{
    if (stream->farewell.in < 0)
        return FAREWELL_UNKNOWN;
    switch (stream_last_bye(stream)) {
    case BYE_LEFT:
        return FAREWELL_LEFT;
    case BYE_ALONE:
        return FAREWELL_ABANDONED;
    case BYE_SOLO:
        return FAREWELL_DEATH_BEHIND;
    default:
        return FAREWELL_DEATH;
    }
}

/* The other end has closed the stream, or the system has. */
static void stream_lost(struct stream *stream, const char *why)
{
    struct l2tpha_pair *pair = stream->pair;
    bool serving = stream->serving, up = stream->up, promoted = stream->promoted;
    enum farewell farewell = serving || !up ? FAREWELL_UNKNOWN : farewell_of(stream);
    if (up)
        say(pair, L2TPHA_LOG_RF, "replication stream closed: %s", why);
    stream_end(stream, BYE_ALONE);
    if (promoted || (serving && !up))
        return;
    if (serving)
        pair->events->standby_lost(pair, stream->local);
    else if (up)
        pair->events->active_lost(pair, farewell);
    else
        pair->events->link_failed(pair);
}

/* What the link says to the other end about it is sent if possible. */
void stream_failed(struct stream *stream, int error)
{
    struct l2tpha_pair *pair = stream->pair;
    bool serving = stream->serving, up = stream->up, promoted = stream->promoted;
    /* Of one that we have superseded, and of a stranger, it is no error of ours. */
    bool expected = promoted || error == L2TPHA_ERR_STALE_EPOCH || error == L2TPHA_ERR_FENCED;
    if (!up && !stream->taken)
        stream->events->unwelcome(stream->links, error);
    else if (up)
        say(pair, expected ? L2TPHA_LOG_RF : L2TPHA_LOG_ERROR, "replication link: %s",
            l2tpha_strerror(error));
    stream_flush(stream);
    if (stream->ended)
        return;
    stream_end(stream, BYE_ALONE);
    if (promoted || (serving && !up))
        return;
    if (serving)
        pair->events->standby_lost(pair, false);
    else
        pair->events->link_failed(pair);
}

void stream_watch(struct stream *stream, uint32_t events)
{
    if (!stream->ended)
        (void)watch_for(&stream->pair->watcher, &stream->watch, events);
}

static void watch_writing(struct stream *stream, bool wanted)
{
    stream_watch(stream, wanted ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static bool make_channel(struct stream *stream)
{
    int ends[2];
    if (stream->channel >= 0)
        return true;
    if (!socket_channel(ends))
        return false;
    bool sent = farewell_send_channel(&stream->farewell, ends[0]);
    int error = errno;
    close(ends[0]);
    if (sent)
        stream->channel = ends[1];
    else
        close(ends[1]);
    errno = error;
    return sent;
}

/* Active: what the standby is yet to be told of. False = it is not told of all now. */
static bool pass_given(struct stream *stream)
{
    struct passed_queue *queue = &stream->to_pass;
    stream->pass_at = L2TPHA_NEVER;
    for (; queue->first < queue->count; queue->first++) {
        uint32_t tag = queue->tags[queue->first];
        if (make_channel(stream) &&
            passed_send(stream->channel, tag, passed_find(&stream->pair->given, tag))) {
            stream->pass_wait = PASS_AGAIN_US;
            continue;
        }
        if (errno == EPIPE || errno == ECONNRESET || errno == ECONNREFUSED)
            return true; /* the reader of the stream meets the end */
        stream->pass_at = l2tpha_pair_now() + stream->pass_wait;
        if (stream->pass_wait < PASS_AGAIN_MAX_US)
            stream->pass_wait *= 2;
        return false;
    }
    queue->first = queue->count = 0;
    return true;
}

void stream_pass(struct stream *stream, uint32_t tag)
{
    if (stream->ended || !stream->serving || stream->farewell.out < 0)
        return;
    stream->pass_at = 0; /* as soon as anything is done */
    if (passed_queue_put(&stream->to_pass, tag) != L2TPHA_OK)
        stream_end(stream, BYE_ALONE); /* it takes nothing: it is to begin anew */
}

/* A link, or a seal that is to have one. */
static bool has_bytes(const struct stream *stream)
{
    return !stream->ended && (stream->link != NULL || stream->seal != NULL);
}

void stream_flush(struct stream *stream)
{
    const uint8_t *data;
    size_t len;
    int error;
    if (!has_bytes(stream) || stream->connecting || stream->deaf)
        return;
    if (stream->serving && stream->farewell.out >= 0 && !pass_given(stream))
        return;
    while ((len = sealed_poll(stream->seal, stream->link, &data, &error)) > 0) {
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
        sealed_sent(stream->seal, stream->link, (size_t)sent);
    }
    if (error != L2TPHA_OK)
        shutdown(stream->fd, SHUT_RDWR); /* likewise */
    watch_writing(stream, false);
}

/* Of this standby: the node's role speaks of all that its outputs wait for, such as a store. */
static enum l2tpha_consumer_state standby_state(const struct stream *stream, const char **why)
{
    struct l2tpha_consumer_info info = {.size = offsetof(struct l2tpha_consumer_info, lag)};
    if (stream->link == NULL ||
        l2tpha_consumer_get(stream->pair->node, stream_info(stream).consumer, &info) != L2TPHA_OK)
        return L2TPHA_CONSUMER_OUT;
    *why = info.state == L2TPHA_CONSUMER_OUT ? info.reason : "it needs a copy";
    return info.state;
}

bool stream_is_in_sync(const struct stream *stream)
{
    const char *why;
    return stream->serving && standby_state(stream, &why) == L2TPHA_CONSUMER_IN_SYNC;
}

/* Outputs that the standby does not hold must not leave before it can be known there: a socket that
 * takes no more says it by being closed, with the stream. They wait for it once its copy has ended,
 * and that is on its way to it before they are. */
void stream_tell_sync(struct stream *stream)
{
    const char *why = "it is not known any more";
    if (!stream->serving || stream->ended)
        return;
    bool waited_for = standby_state(stream, &why) >= L2TPHA_CONSUMER_ENDED;
    if (waited_for == stream->waited_for)
        return;
    stream->waited_for = waited_for;
    if (!waited_for)
        say(stream->pair, L2TPHA_LOG_RF, "standby left behind: %s", why);
    if (!say_farewell(stream, waited_for ? BYE_SYNC : BYE_SOLO))
        stream_end(stream, BYE_ALONE);
}

/* ---- descriptors ---- */

/* Active, over unix: the socket and the channel for farewells go first. */
static const char *pass_descriptors(struct stream *stream)
{
    if (!has_socket(stream->pair))
        return "no socket to hand over";
    if (!farewell_open(&stream->farewell) || !farewell_say(&stream->farewell, BYE_SOLO))
        return strerror(errno);
    int passed[SOCKET_DESCRIPTORS_MAX] = {socket_of(stream->pair), stream->farewell.in};
    if (!socket_pass(stream->fd, FIRST_BYTE, passed, SOCKET_DESCRIPTORS_MAX))
        return strerror(errno);
    if (passed_queue_all(&stream->to_pass, &stream->pair->given) != L2TPHA_OK)
        return "no memory for the descriptors";
    return NULL;
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
static void name_process(struct stream *stream)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);
    if (getsockopt(stream->fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0 || peer.pid <= 1 ||
        peer.pid == getpid())
        return;
    if (geteuid() == 0 || peer.uid == geteuid())
        stream->process = open_process(stream->fd, peer.pid);
}

void stream_end_process(struct stream *stream)
{
    struct l2tpha_pair *pair = stream->pair;
    if (stream->process < 0) {
        say(pair, L2TPHA_LOG_ERROR,
            "--fence-hung: the process of the active is not known, or another user's");
        return;
    }
    int error = syscall(SYS_pidfd_send_signal, stream->process, SIGKILL, NULL, 0) == 0 ? 0 : errno;
    say(pair, L2TPHA_LOG_ERROR,
        error == 0       ? "the active hangs: its process is ended"
        : error == ESRCH ? "--fence-hung: the process that made the stream is gone"
                         : "--fence-hung: the process of the active cannot be ended");
}

/* Standby: what the active has passed under tags so far. It has sent that before what its stream
 * says of it. */
static void take_passed(struct stream *stream)
{
    struct l2tpha_pair *pair = stream->pair;
    uint32_t tag;
    int fd, got;
    bool lost;
    if (stream->channel < 0)
        (void)read_farewells(stream);
    if (stream->channel < 0)
        return;
    while ((got = passed_receive(stream->channel, &tag, &fd, &lost)) > 0) {
        close_if(passed_take(&pair->kept, tag));
        if (fd >= 0 && passed_put(&pair->kept, tag, fd) != L2TPHA_OK) {
            close(fd);
            lost = true;
        }
        if (lost)
            say(pair, L2TPHA_LOG_ERROR, "no room for the descriptor that was passed as %u", tag);
    }
    if (got == 0 || (errno != EAGAIN && errno != EINTR))
        watch_stop(&pair->watcher, &stream->channel_watch); /* all is read */
}

static void on_channel(void *user, uint32_t events)
{
    (void)events;
    take_passed(user);
}

/* Standby, over unix. False when the stream is over. */
static bool take_descriptors(struct stream *stream)
{
    uint8_t byte;
    struct l2tpha_pair *pair = stream->pair;
    int passed[SOCKET_DESCRIPTORS_MAX];
    int got = socket_accept_passed(stream->fd, &byte, passed, SOCKET_DESCRIPTORS_MAX);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (got != 1 || byte != FIRST_BYTE) {
        stream_lost(stream, got == 0 ? "before it began" : "no descriptors at its beginning");
        return false;
    }
    stream->passing = false;
    farewell_adopt(&stream->farewell, passed[1]);
    stream->farewell_watch =
        (struct watch){.fd = stream->farewell.in, .handler = on_farewell, .user = stream};
    (void)watch_for(&pair->watcher, &stream->farewell_watch, EPOLLIN);
    passed_clear(&pair->kept, true); /* of an earlier stream: all come again */
    name_process(stream);
    inherit_socket(pair, passed[0]);
    return true;
}

/* ---- the link ---- */

struct l2tpha_link_info stream_info(const struct stream *stream)
{
    struct l2tpha_link_info info = {.size = sizeof(info)};
    l2tpha_link_get(stream->link, &info);
    return info;
}

static bool make_link(struct stream *stream)
{
    const struct l2tpha_config *config = config_of(stream->pair);
    struct l2tpha_link_options link = {.size = sizeof(link),
                                       .fingerprint = stream->pair->options.fingerprint,
                                       .answer_ms = config->commit_timeout_ms,
                                       .ranks_differ =
                                           !stream->local && config->rank != L2TPHA_RANK_NONE,
                                       .taken = stream->taken};
    if (stream->local && !stream->serving)
        link.silence_ms = UNIX_SILENCE_MS;
    int error = l2tpha_link_new(stream->pair->node, &link, l2tpha_pair_now(), &stream->link);
    if (error != L2TPHA_OK)
        say(stream->pair, L2TPHA_LOG_ERROR, "replication link: %s", l2tpha_strerror(error));
    return error == L2TPHA_OK;
}

/* The link, or the seal that it waits for. */
static bool begin(struct stream *stream)
{
    struct l2tpha_pair *pair = stream->pair;
    if (stream->local || pair->keys == NULL)
        return make_link(stream);
    int error = sealed_new(pair, stream, !stream->outgoing, &stream->seal);
    if (error != L2TPHA_OK)
        say(pair, L2TPHA_LOG_ERROR, "sealed link: %s", l2tpha_strerror(error));
    return error == L2TPHA_OK;
}

const char *stream_serve(struct stream *stream)
{
    const char *why = NULL;
    stream->serving = true;
    if (stream->local)
        why = pass_descriptors(stream);
    if (why == NULL && !begin(stream))
        why = "no link";
    return why;
}

void stream_finish_connecting(struct stream *stream)
{
    int error = socket_failed(stream->fd);
    if (error != 0) {
        stream->events->refused(stream->links, error);
        stream_end(stream, BYE_ALONE);
        return;
    }
    stream->connecting = false;
    stream->events->connected(stream->links);
    if (!begin(stream)) {
        stream_end(stream, BYE_ALONE);
        return;
    }
    stream_flush(stream);
}

static void feed_link(struct stream *stream, const uint8_t *data, size_t len)
{
    struct l2tpha_pair *pair = stream->pair;
    int error = l2tpha_link_feed(stream->link, data, len, l2tpha_pair_now());
    struct l2tpha_link_info info = stream_info(stream);
    stream->events->heard(stream->links, stream);
    if (stream->serving && info.handed)
        pair->events->handed(pair); /* before the word leaves */
    if (error == L2TPHA_ERR_FENCED && stream->serving) {
        stream_flush(stream); /* the other waits to hear that this node has stopped */
        pair->events->superseded(pair);
    } else if (error == L2TPHA_ERR_FENCED && info.stepped_down && !stream->promoted) {
        stream_end(stream, BYE_ALONE);
        pair->events->active_stopped(pair);
    } else if (error != L2TPHA_OK) {
        stream_failed(stream, error);
    } else if (info.switchover) {
        pair->events->asked_to_serve(pair);
    } else if (info.declined != 0) {
        pair->events->declined(pair, info.declined);
    }
}

/* The peer of a seal that is open is the other node: now the link begins. */
static void feed_seal(struct stream *stream, const uint8_t *data, size_t len)
{
    struct l2tpha_bytes plain;
    size_t used;
    bool begins = stream->link == NULL;
    while (len > 0 && !stream->ended) {
        int error = sealed_feed(stream->seal, data, len, &used, &plain);
        if (error != L2TPHA_OK) {
            stream_failed(stream, error);
            return;
        }
        if (stream->link == NULL && sealed_is_open(stream->seal) && !make_link(stream)) {
            stream_end(stream, BYE_ALONE);
            return;
        }
        if (plain.len > 0)
            feed_link(stream, plain.data, plain.len);
        data += used;
        len -= used;
    }
    if (begins)
        stream_flush(stream);
}

void stream_read(struct stream *stream)
{
    static const int flags = MSG_DONTWAIT;
    uint8_t data[READ_BYTES];
    for (int i = 0; i < READS_PER_EVENT && has_bytes(stream); i++) {
        ssize_t got = recv(stream->fd, data, sizeof(data), flags);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (got <= 0) {
            stream_lost(stream, got == 0 ? "by the other end" : strerror(errno));
            return;
        }
        if (!stream->serving && stream->local)
            take_passed(stream);
        if (stream->seal != NULL)
            feed_seal(stream, data, (size_t)got);
        else
            feed_link(stream, data, (size_t)got);
    }
}

static void on_stream(void *user, uint32_t events)
{
    struct stream *stream = user;
    if (stream->connecting) {
        stream_finish_connecting(stream);
        return;
    }
    if (stream->passing && (events & EPOLLIN)) {
        if (!take_descriptors(stream) || stream->passing)
            return;
    }
    if (events & EPOLLOUT)
        stream_flush(stream);
    if ((events & EPOLLIN) && !stream->ended)
        stream_read(stream);
}

struct stream *stream_new(const struct stream_events *events, struct links *links,
                          struct l2tpha_pair *pair, int fd, bool local)
{
    struct stream *stream = talloc_zero(links, struct stream);
    if (stream == NULL) {
        close(fd);
        return NULL;
    }
    stream->events = events;
    stream->links = links;
    stream->pair = pair;
    stream->fd = fd;
    stream->local = local;
    stream->opened = l2tpha_pair_now();
    stream->farewell = FAREWELL_NONE;
    stream->process = stream->channel = -1;
    stream->pass_at = L2TPHA_NEVER;
    stream->pass_wait = PASS_AGAIN_US;
    stream->watch = (struct watch){.fd = fd, .handler = on_stream, .user = stream};
    (void)watch_for(&pair->watcher, &stream->watch, EPOLLIN);
    return stream;
}
