/* SPDX-License-Identifier: MIT */
/* Frames of the replication link (docs/replication-link.md): how they lie in the stream. */
#ifndef REDUNDANCY_LINK_FRAME_H
#define REDUNDANCY_LINK_FRAME_H

#include "base/cursor.h"
#include "redundancy/byte_queue.h"

#include <l2tpha/link.h>
#include <l2tpha/serializer.h>

#define LINK_VERSION_MIN 3
#define LINK_VERSION_MAX 3
#define LINK_MAGIC 0x4c324841u /* "L2HA" */

#define FRAME_LENGTH 4  /* the length field, which does not count itself */
#define FRAME_HEADER 13 /* length, type, epoch */
#define FRAME_BODY_MAX L2TPHA_CHECKPOINT_MAX
#define FRAME_MAX (FRAME_HEADER + FRAME_BODY_MAX)
#define FRAME_MAY_IGNORE 0x80 /* in a type: whoever does not know it skips it */
#define HELLO_BODY 45         /* as the first release said it; then levels and names: */
#define HELLO_TAIL (4 + 4 + 1 + 1)
#define HELLO_MAX (HELLO_BODY + HELLO_TAIL + L2TPHA_SERIALIZER_NAME_MAX + L2TPHA_NODE_NAME_MAX)
#define HELLO_UNGATED 1 /* no output waits for the standby; from it: none is to */
#define HELLO_DIGESTS 2 /* standby: it answers DIGEST */
#define REFUSE_TEXT_MAX 255
#define ANNOUNCE_BODY 9
#define DIGEST_BODY 32 /* and what is in the bucket */

enum frame_type {
    FRAME_HELLO = 1,
    FRAME_CHECKPOINT = 2,
    FRAME_ACK = 3,
    FRAME_HEARTBEAT = 4,
    FRAME_REFUSE = 5,
    FRAME_OFFER = 6, /* active: the standby may take over */
    FRAME_PROBE = 7, /* answered by an ECHO of its number */
    FRAME_ECHO = 8,
    FRAME_ACCEPT = 9,    /* standby: I could take it */
    FRAME_GO = 10,       /* active: take it; this end sends nothing any more */
    FRAME_DECLINE = 11,  /* to GO or ANNOUNCE: not after all */
    FRAME_ANNOUNCE = 12, /* standby: I am about to serve */
    FRAME_DIGEST =
        0x81, /* active: digest of a bucket, and what is in it if that is to be replaced */
    FRAME_VERDICT = 0x82 /* standby: answer to that */
};

enum frame_side { SIDE_ACTIVE = 1, SIDE_STANDBY = 2 };

/* One frame; the body is a view. */
struct link_frame {
    uint8_t type;
    uint64_t epoch; /* the sender's */
    const uint8_t *body;
    size_t len; /* of the body */
};

struct link_hello {
    uint16_t version_min;
    uint16_t version_max;
    uint32_t capabilities; /* HELLO_UNGATED, HELLO_DIGESTS; any are accepted */
    uint8_t side;          /* enum frame_side */
    uint64_t last;         /* newest checkpoint made or applied */
    uint64_t fingerprint;
    uint32_t heartbeat_ms;
    uint32_t rank; /* L2TPHA_RANK_NONE: not said, or none */
    uint64_t copy; /* standby: generation of the copy that it has, 0 = none whole */
    uint32_t level;
    uint32_t level_min;
    struct l2tpha_bytes serializer; /* empty: not said */
    struct l2tpha_bytes node;       /* views */
};

/* Cuts a stream that comes in pieces of any size into frames. */
struct frame_reader {
    struct byte_queue partial; /* a frame that spans pieces */
    bool whole;                /* the frame in partial has been given out */
};

void frame_reader_init(struct frame_reader *reader, TALLOC_CTX *parent);
/* The next frame, moving *data and *len past what was used. A frame that lies in the input whole is
 * not copied. 1 = there is one, valid until the next call; 0 = the input is used up;
 * L2TPHA_ERR_LINK = impossible length, L2TPHA_ERR_NOMEM. */
int frame_next(struct frame_reader *reader, const uint8_t **data, size_t *len,
               struct link_frame *frame);

/* Checkpoints whose frames lie whole in the input, from its beginning on: views, `max` at most.
 * Returns how many. */
size_t frames_ahead(const uint8_t *data, size_t len, struct l2tpha_bytes *checkpoints, size_t max);

/* Append a frame; `out` then covers its body, which the caller fills exactly. */
int frame_begin(struct byte_queue *queue, uint8_t type, uint64_t epoch, size_t len,
                struct writer *out);

size_t hello_len(const struct link_hello *hello);
void hello_write(struct writer *out, const struct link_hello *hello);
/* L2TPHA_ERR_LINK unless it is one of ours; bytes after the known ones are a newer release's. */
int hello_read(const struct link_frame *frame, struct link_hello *hello);
/* A body that is one number and nothing else. */
int number_read(const struct link_frame *frame, uint64_t *number);
/* The error told by a REFUSE; always negative. */
int refuse_read(const struct link_frame *frame, int *error);

#endif
