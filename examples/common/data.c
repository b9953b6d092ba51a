/* SPDX-License-Identifier: MIT */
#include "data.h"

#include <string.h>

static const uint8_t magic[4] = {'l', '2', 'h', 'a'};

static uint8_t *put(uint8_t *dst, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        dst[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
    return dst + bytes;
}

static uint64_t get(const uint8_t **src, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | *(*src)++;
    return value;
}

void data_encode(const struct data_frame *frame, uint8_t dst[DATA_FRAME_SIZE])
{
    memcpy(dst, magic, sizeof(magic));
    dst = put(dst + sizeof(magic), frame->epoch, 8);
    dst = put(dst, frame->tunnel_id, 4);
    dst = put(dst, frame->session_id, 4);
    dst = put(dst, frame->number, 8);
    put(dst, frame->sent_us, 8);
}

bool data_decode(const uint8_t *data, size_t len, struct data_frame *frame)
{
    if (len != DATA_FRAME_SIZE || memcmp(data, magic, sizeof(magic)) != 0)
        return false;
    data += sizeof(magic);
    frame->epoch = get(&data, 8);
    frame->tunnel_id = (uint32_t)get(&data, 4);
    frame->session_id = (uint32_t)get(&data, 4);
    frame->number = get(&data, 8);
    frame->sent_us = get(&data, 8);
    return true;
}
