/* SPDX-License-Identifier: MIT */
/** @file
 *  Serializers: checkpoints to bytes and back. `proto` is built in; its schema is
 *  lib/state/l2tpha.proto. */
#ifndef L2TPHA_SERIALIZER_H
#define L2TPHA_SERIALIZER_H

#include <l2tpha/record.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A checkpoint being written, from the end of its buffer backwards: the last record first. */
struct l2tpha_writing {
    uint8_t *low;     /**< the buffer's beginning */
    uint8_t *start;   /**< of what is written: what comes next goes in front of it */
    uint8_t *end;     /**< the buffer's end */
    uint32_t records; /**< written so far; counted by who calls */
};

/** The records of a checkpoint that is being read. */
struct l2tpha_reading {
    const uint8_t *data; /**< what is left */
    size_t len;          /**< its bytes */
    uint32_t left;       /**< the serializer's own: how many records, where the header says so */
    uint8_t *room;       /**< l2tpha_serializer::room bytes of who calls get_record() */
};

/** Octets of a serializer's name by which a link compares it. */
#define L2TPHA_SERIALIZER_NAME_MAX 63

/** A serializer. A checkpoint is written record by record, then closed by its header; it is read
 *  header first. All pointers are required. */
struct l2tpha_serializer {
    size_t size;      /**< sizeof(struct l2tpha_serializer) */
    const char *name; /**< "proto"; a pair has the same at both nodes, of which the first
                           L2TPHA_SERIALIZER_NAME_MAX octets count */
    /** Bytes of l2tpha_reading::room that get_record() may need for what cannot be a view of the
     *  input; 0 = none. */
    size_t room;
    /** Write one record in front of writing->start and move that down; on failure nothing moves.
     *  0, L2TPHA_ERR_TOO_SMALL, L2TPHA_ERR_INVALID. */
    int (*put_record)(const struct l2tpha_record *record, struct l2tpha_writing *writing);
    /** Write the header in front of all records of the checkpoint, likewise. */
    int (*put_header)(const struct l2tpha_checkpoint_header *header,
                      struct l2tpha_writing *writing);
    /** Read the header; *reading is set to the records, but for its room. Those are the bytes from
     *  the start that put_record() left to the end. 0, L2TPHA_ERR_RECORD,
     *  L2TPHA_ERR_RECORD_VERSION. */
    int (*get_header)(const uint8_t *data, size_t len, struct l2tpha_checkpoint_header *header,
                      struct l2tpha_reading *reading);
    /** Read the next record and step past it. Views point into the input, or into the room and
     *  last until the next call. 0, L2TPHA_ERR_NOT_FOUND at the end, L2TPHA_ERR_RECORD. */
    int (*get_record)(struct l2tpha_reading *reading, struct l2tpha_record *record);
};

/** The built-in serializer: a canonical subset of the protobuf wire format. Fields ascend, default
 *  values are left out, varints are minimal, unknown fields follow the known ones unchanged.
 *  Static. */
L2TPHA_API const struct l2tpha_serializer *l2tpha_serializer_proto(void);

#ifdef __cplusplus
}
#endif
#endif
