/* SPDX-License-Identifier: MIT */
#include "host.h"
#include "pair.h"
#include "process.h"
#include "socket.h"
#include "stream_private.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define FIRST_BYTE 1
#define PASS_AGAIN_MAX_US 256000

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

bool stream_pass_given(struct stream *stream)
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

const char *stream_pass_descriptors(struct stream *stream)
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
    stream->process = process_open(stream->fd, &stream->pid);
    return NULL;
}

/* NULL, or why it was not ended. */
static const char *end_process(int process)
{
    if (process < 0)
        return "its process is not known, or another user's";
    int error = process_kill(process);
    return error == 0 ? NULL : error == ESRCH ? "its process is gone" : strerror(error);
}

void stream_end_process(struct stream *stream)
{
    const char *who = stream->serving ? "the successor" : "the active";
    const char *why = end_process(stream->process);
    if (why == NULL)
        say(stream->pair, L2TPHA_LOG_ERROR, "%s hangs: its process is ended", who);
    else
        say(stream->pair, L2TPHA_LOG_ERROR, "%s hangs, and cannot be ended: %s", who, why);
}

void stream_take_passed(struct stream *stream)
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
        int before = passed_take(&pair->kept, tag);
        if (before >= 0)
            close(before);
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
    stream_take_passed(user);
}

const char *stream_take_descriptors(struct stream *stream)
{
    uint8_t byte;
    struct l2tpha_pair *pair = stream->pair;
    int passed[SOCKET_DESCRIPTORS_MAX];
    int got = socket_accept_passed(stream->fd, &byte, passed, SOCKET_DESCRIPTORS_MAX);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return NULL;
    if (got != 1 || byte != FIRST_BYTE)
        return got == 0 ? "before it began" : "no descriptors at its beginning";
    stream->passing = false;
    farewell_adopt(&stream->farewell, passed[1]);
    stream->farewell_watch =
        (struct watch){.fd = stream->farewell.in, .handler = on_farewell, .user = stream};
    (void)watch_for(&pair->watcher, &stream->farewell_watch, EPOLLIN);
    passed_clear(&pair->kept, true); /* of an earlier stream: all come again */
    stream->process = process_open(stream->fd, &stream->pid);
    inherit_socket(pair, passed[0]);
    return NULL;
}
