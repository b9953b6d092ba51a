/* SPDX-License-Identifier: MIT */
#include "host.h"
#include "info.h"
#include "links.h"
#include "pair.h"
#include "refusal.h"
#include "socket.h"
#include "stream_private.h"

#include <l2tpha/consumer.h>

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <talloc.h>
#include <unistd.h>

#define READ_BYTES 65536
#define READS_PER_EVENT 16
/* Over unix silence proves nothing: the closing of the stream is what counts. */
#define UNIX_SILENCE_MS (24u * 3600 * 1000)
/* Round trips of some 100 ms, and what is lost on the way is sent again by tcp. */
#define FAR_ANSWER_MS 2000

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
    bool heir = stream->heir;
    enum farewell farewell = serving || !up ? FAREWELL_UNKNOWN : farewell_of(stream);
    if (up)
        say(pair, L2TPHA_LOG_RF, "replication stream closed: %s", why);
    else if (!stream->local || stream->outgoing)
        stream->events->unwelcome(stream->links, stream, ECONNRESET);
    stream_end(stream, BYE_ALONE);
    if (promoted || (serving && !up))
        return;
    if (serving)
        pair->events->standby_lost(pair, heir, stream->local);
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
    bool heir = stream->heir;
    /* Of one that we have superseded, and of a stranger, it is no error of ours. */
    bool expected = promoted || error == L2TPHA_ERR_STALE_EPOCH || error == L2TPHA_ERR_FENCED;
    if (!up)
        stream->events->unwelcome(stream->links, stream, error);
    else
        say(pair, expected ? L2TPHA_LOG_RF : L2TPHA_LOG_ERROR, "replication link: %s",
            l2tpha_strerror(error));
    stream_flush(stream);
    if (stream->ended)
        return;
    bool ends = heir && has_handed(pair) && replaces(pair);
    if (ends)
        stream_end_process(stream); /* then what it was told is nobody's */
    stream_end(stream, BYE_ALONE);
    if (promoted || (serving && !up))
        return;
    if (serving)
        pair->events->standby_lost(pair, heir, ends);
    else
        pair->events->link_failed(pair);
}

void stream_watch(struct stream *stream, uint32_t events)
{
    if (!stream->ended)
        (void)watch_for(&stream->pair->watcher, &stream->watch, stream->pair->paused ? 0 : events);
}

static void watch_writing(struct stream *stream, bool wanted)
{
    stream_watch(stream, wanted ? EPOLLIN | EPOLLOUT : EPOLLIN);
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
    if (stream->serving && stream->farewell.out >= 0 && !stream_pass_given(stream))
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
    if (!stream->serving || stream->ended || info_of(stream->pair).role == L2TPHA_ROLE_FENCED)
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

/* ---- the link ---- */

struct l2tpha_link_info stream_info(const struct stream *stream)
{
    struct l2tpha_link_info info = {.size = sizeof(info)};
    l2tpha_link_get(stream->link, &info);
    return info;
}

void stream_name(struct stream *stream, unsigned other)
{
    const struct others *others = &stream->pair->others;
    stream->other = other;
    if (stream->local || other == OTHERS_NONE)
        return;
    endpoint_text(&others->list[other].endpoint, stream->name);
    stream->far = others->list[other].far;
}

uint32_t stream_consumer(struct stream *stream)
{
    if (stream->consumer == 0 && stream->serving && stream->up && !stream->promoted)
        stream->consumer = stream_info(stream).consumer;
    return stream->consumer;
}

static bool is_observer(const struct stream *stream)
{
    return !stream->serving && stream->pair->options.observer;
}

bool stream_is_waited_for(const struct stream *stream)
{
    return !stream->far && !stream_info(stream).ungated;
}

static bool make_link(struct stream *stream)
{
    const struct l2tpha_config *config = config_of(stream->pair);
    struct l2tpha_link_options link = {.size = sizeof(link),
                                       .fingerprint = stream->pair->options.fingerprint,
                                       .answer_ms = config->commit_timeout_ms,
                                       .ranks_differ =
                                           !stream->local && config->rank != L2TPHA_RANK_NONE,
                                       .name = *stream->name != '\0' ? stream->name : NULL,
                                       .ungated = stream->far || is_observer(stream),
                                       .taken = stream->taken,
                                       .node_name = stream->pair->node_name};
    if (stream->local && !stream->serving)
        link.silence_ms = UNIX_SILENCE_MS;
    if (link.ungated)
        link.answer_ms = FAR_ANSWER_MS;
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
        why = stream_pass_descriptors(stream);
    if (why == NULL && replaces(stream->pair) && stream->pid == 0)
        why = "its process is not known, or another user's: should it hang, it could not be ended";
    if (why == NULL && !begin(stream))
        why = "no link";
    return why;
}

void stream_finish_connecting(struct stream *stream)
{
    int error = socket_failed(stream->fd);
    if (error != 0) {
        stream->events->refused(stream->links, stream, error);
        stream_end(stream, BYE_ALONE);
        return;
    }
    stream->connecting = false;
    stream->events->connected(stream->links, stream);
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
        stream_failed(stream,
                      !stream->up && refusal_is_sealed(data, len) ? L2TPHA_ERR_SEAL : error);
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
    stream->unread = false;
    for (int i = 0; i < READS_PER_EVENT && has_bytes(stream); i++) {
        ssize_t got = recv(stream->fd, data, sizeof(data), flags);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (got <= 0) {
            stream_lost(stream, got == 0 ? "by the other end" : strerror(errno));
            return;
        }
        if (!stream->serving && stream->local)
            stream_take_passed(stream);
        if (stream->seal != NULL)
            feed_seal(stream, data, (size_t)got);
        else
            feed_link(stream, data, (size_t)got);
        if ((size_t)got < sizeof(data))
            return; /* there was no more; what has come since is told */
    }
    stream->unread = has_bytes(stream);
}

static void on_stream(void *user, uint32_t events)
{
    struct stream *stream = user;
    if (stream->connecting) {
        stream_finish_connecting(stream);
        return;
    }
    if (stream->passing && (events & EPOLLIN)) {
        const char *why = stream_take_descriptors(stream);
        if (why != NULL)
            stream_lost(stream, why);
        if (why != NULL || stream->passing)
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
