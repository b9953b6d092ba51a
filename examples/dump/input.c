/* SPDX-License-Identifier: MIT */
#include "dump/input.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define ROOM_FIRST 65536

void input_begin(struct input *input, int fd)
{
    *input = (struct input){.fd = fd};
}

void input_end(struct input *input)
{
    talloc_free(input->data);
    input->data = NULL;
}

/* What is in it moves to the front, and it grows when it is full. */
static int make_room(struct input *input)
{
    size_t len = input_len(input);
    if (len > 0 && input->start > 0)
        memmove(input->data, input->data + input->start, len);
    input->start = 0;
    input->end = len;
    if (len < input->room)
        return 0;
    size_t room = input->room > 0 ? 2 * input->room : ROOM_FIRST;
    uint8_t *data = talloc_realloc_size(NULL, input->data, room);
    if (data == NULL)
        return ENOMEM;
    input->data = data;
    input->room = room;
    return 0;
}

int input_want(struct input *input, size_t want)
{
    while (input_len(input) < want && !input->ended) {
        int error = input->end == input->room ? make_room(input) : 0;
        if (error != 0)
            return error;
        ssize_t got = read(input->fd, input->data + input->end, input->room - input->end);
        if (got < 0 && errno != EINTR)
            return errno;
        if (got == 0)
            input->ended = true;
        if (got > 0)
            input->end += (size_t)got;
    }
    return 0;
}

void input_step(struct input *input, size_t len)
{
    input->start += len;
    input->at += len;
}
