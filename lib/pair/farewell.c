/* SPDX-License-Identifier: MIT */
#include "farewell.h"
#include "socket.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

bool farewell_open(struct farewell_line *line)
{
    int ends[2];
    *line = FAREWELL_NONE;
    if (!socket_channel(ends))
        return false;
    line->in = ends[0];
    line->out = ends[1];
    return true;
}

void farewell_adopt(struct farewell_line *line, int fd)
{
    *line = FAREWELL_NONE;
    line->in = fd;
    fcntl(fd, F_SETFL, O_NONBLOCK); /* whatever the other end has made */
}

static void close_one(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void farewell_close(struct farewell_line *line)
{
    close_one(&line->out);
    close_one(&line->in);
    close_one(&line->channel);
}

/* What the standby has not read so far is taken back: all of it is older than what is to be said.
 * Only while the copy is in sync is BYE_SYNC said, so who dies in between has left an exact one. */
static bool make_room(struct farewell_line *line)
{
    static const char word = BYE_NOT_CHANNEL;
    if (errno != EAGAIN)
        return false;
    (void)farewell_read(line);
    if (line->channel < 0)
        return true;
    bool sent = socket_send(line->out, &word, 1, line->channel);
    int error = errno;
    close_one(&line->channel);
    errno = error;
    return sent;
}

bool farewell_say(struct farewell_line *line, char bye)
{
    if (socket_send(line->out, &bye, 1, -1))
        return true;
    return make_room(line) && socket_send(line->out, &bye, 1, -1);
}

bool farewell_send_channel(struct farewell_line *line, int fd)
{
    static const char word = BYE_NOT_CHANNEL;
    return socket_send(line->out, &word, 1, fd); /* it has time: it is tried again */
}

static ssize_t read_one(struct farewell_line *line, char *bye, int *fd, bool *lost)
{
    ssize_t got = socket_receive(line->in, bye, 1, fd, lost);
    return got < 0 && errno == ENOTSOCK ? read(line->in, bye, 1) : got;
}

bool farewell_read(struct farewell_line *line)
{
    char bye;
    int fd = -1;
    bool lost = false;
    ssize_t got;
    if (line->in < 0)
        return true;
    while ((got = read_one(line, &bye, &fd, &lost)) > 0) {
        if (bye != BYE_NOT_CHANNEL)
            line->last = bye;
        line->lost = line->lost || lost;
        if (fd < 0)
            continue;
        close_one(&line->channel);
        line->channel = fd;
    }
    return got == 0;
}
