/* SPDX-License-Identifier: MIT */
/* The payload of a numbered data frame. Everything in it is there to find out, when the frame comes
 * back, whether it is ours, of this call, of this epoch of the node, and which one. */
#ifndef EXAMPLES_DATA_H
#define EXAMPLES_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DATA_FRAME_SIZE 36

struct data_frame {
    uint64_t epoch; /* of the sender: a predecessor's frames are not counted */
    uint32_t tunnel_id;
    uint32_t session_id;
    uint64_t number;
    uint64_t sent_us;
};

void data_encode(const struct data_frame *frame, uint8_t dst[DATA_FRAME_SIZE]);

/* False: not a frame of ours. */
bool data_decode(const uint8_t *data, size_t len, struct data_frame *frame);

#endif
