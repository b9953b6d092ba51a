/* SPDX-License-Identifier: MIT */
/* Octets of a file as they come. What is kept of them grows with what has come, never with what
 * somebody says is to come. */
#ifndef DUMP_INPUT_H
#define DUMP_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <talloc.h>

struct input {
    int fd;
    uint64_t at; /* of what is at the front */
    /* private */
    uint8_t *data;
    size_t start, end, room;
    bool ended;
};

void input_begin(struct input *input, int fd);
void input_end(struct input *input);
/* Have so many octets, if there are. 0, or errno. */
int input_want(struct input *input, size_t want);
static inline const uint8_t *input_front(const struct input *input)
{
    return input->data + input->start;
}
static inline size_t input_len(const struct input *input)
{
    return input->end - input->start;
}
void input_step(struct input *input, size_t len);

#endif
