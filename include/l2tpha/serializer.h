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

/** A serializer. A checkpoint is written record by record, then closed by its header, so that a
 *  writer may work from the end of the buffer backwards; it is read header first. All pointers are
 *  required. */
struct l2tpha_serializer {
    size_t size;      /**< sizeof(struct l2tpha_serializer) */
    const char *name; /**< "proto" */
    /** Write one record in front of *start, which lies room bytes above the buffer's beginning;
     *  on success move *start down. 0, L2TPHA_ERR_TOO_SMALL, L2TPHA_ERR_INVALID. */
    int (*put_record)(const struct l2tpha_record *record, uint8_t **start, size_t room);
    /** Write the header in front of all records of the checkpoint, likewise. */
    int (*put_header)(const struct l2tpha_checkpoint_header *header, uint8_t **start, size_t room);
    /** Read the header; *records is set to the bytes that hold the records. 0, L2TPHA_ERR_RECORD,
     *  L2TPHA_ERR_RECORD_VERSION. */
    int (*get_header)(const uint8_t *data, size_t len, struct l2tpha_checkpoint_header *header,
                      struct l2tpha_bytes *records);
    /** Read the record at the front of *records and step past it. Views point into the input.
     *  0, L2TPHA_ERR_NOT_FOUND at the end, L2TPHA_ERR_RECORD. */
    int (*get_record)(struct l2tpha_bytes *records, struct l2tpha_record *record);
};

/** The built-in serializer: a canonical subset of the protobuf wire format. Fields ascend, default
 *  values are left out, varints are minimal, unknown fields follow the known ones unchanged.
 *  Static. */
L2TPHA_API const struct l2tpha_serializer *l2tpha_serializer_proto(void);

#ifdef __cplusplus
}
#endif
#endif
