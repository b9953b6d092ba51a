/* SPDX-License-Identifier: MIT */
/** @file
 *  The one list of errors. Every function that can fail returns 0 or one of these. */
#ifndef L2TPHA_ERROR_H
#define L2TPHA_ERROR_H

#include <l2tpha/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Rows of the list: X(name, value, fatal, text). Fatal means that the object concerned cannot go
 *  on (the node for memory and host faults, the tunnel for authentication). Values never change. */
#define L2TPHA_ERRORS(X)                                                                           \
    /* API use */                                                                                  \
    X(NOMEM, -1, true, "out of memory")                                                            \
    X(INVALID, -2, false, "invalid argument")                                                      \
    X(REENTERED, -3, false, "called from inside a host callback")                                  \
    X(STATE, -4, false, "not possible in this state")                                              \
    X(NOT_FOUND, -5, false, "no such object")                                                      \
    X(EXISTS, -6, false, "object exists already")                                                  \
    X(LIMIT, -7, false, "a configured limit is reached")                                           \
    X(QUEUE_FULL, -8, false, "the queue is full")                                                  \
    X(NO_ID, -9, false, "no free id")                                                              \
    X(TOO_SMALL, -10, false, "the buffer is too small")                                            \
    X(HOST, -11, true, "a host callback failed")                                                   \
    X(CRYPTO, -12, false, "no crypto available or the operation failed")                           \
    X(ROLE, -13, false, "not possible in this redundancy role")                                    \
    X(UNSUPPORTED, -14, false, "left out of this build of the library")                            \
    /* datagrams */                                                                                \
    X(TRUNCATED, -20, false, "input ends too early")                                               \
    X(HEADER, -21, false, "malformed header")                                                      \
    X(VERSION, -22, false, "unsupported version")                                                  \
    X(LENGTH, -23, false, "length field does not fit the datagram")                                \
    X(DATA_MESSAGE, -24, false, "a data message, not control")                                     \
    X(NOT_OURS, -25, false, "no such tunnel")                                                      \
    X(WRONG_PEER, -26, false, "right ids from the wrong address")                                  \
    X(DUPLICATE, -27, false, "duplicate, acknowledged again")                                      \
    X(OUT_OF_WINDOW, -28, false, "sequence number outside the window")                             \
    X(SEQUENCE, -30, false, "data frame out of sequence")                                          \
    /* messages and AVPs */                                                                        \
    X(MALFORMED, -40, false, "malformed AVP")                                                      \
    X(AVP_LENGTH, -41, false, "AVP of wrong length")                                               \
    X(AVP_VALUE, -42, false, "AVP value out of range")                                             \
    X(AVP_RESERVED, -43, false, "reserved AVP bits are set")                                       \
    X(AVP_UNKNOWN, -44, false, "unknown mandatory AVP")                                            \
    X(AVP_DUPLICATE, -45, false, "AVP present twice")                                              \
    X(AVP_FORBIDDEN, -46, false, "AVP not allowed in this message")                                \
    X(AVP_MISSING, -47, false, "required AVP is missing")                                          \
    X(AVP_HIDDEN, -48, false, "hidden AVP cannot be deciphered")                                   \
    X(MESSAGE_TYPE, -49, false, "unknown message type")                                            \
    X(TOO_MANY, -50, false, "too many AVPs")                                                       \
    X(UNEXPECTED, -51, false, "message improper for the state")                                    \
    X(AUTH, -52, true, "tunnel authentication failed")                                             \
    X(REFUSED, -53, false, "refused by policy")                                                    \
    X(TIMEOUT, -54, true, "no answer in time")                                                     \
    X(REPLACED, -55, true, "the peer has begun anew")                                              \
    /* records, checkpoints, replication */                                                        \
    X(RECORD, -60, false, "malformed record")                                                      \
    X(RECORD_VERSION, -61, false, "unsupported format version")                                    \
    X(GAP, -62, false, "a checkpoint is missing")                                                  \
    X(STALE_EPOCH, -63, false, "epoch is older than ours")                                         \
    X(DIGEST, -64, false, "bulk digest or count does not match")                                   \
    X(NOT_IN_SYNC, -65, false, "the replica is not in sync")                                       \
    X(LINK, -66, true, "replication link protocol violated")                                       \
    X(FENCED, -67, true, "a newer epoch has taken over")                                           \
    X(UNCONFIRMED, -68, false, "the standby has yet to confirm it")                                \
    X(STALE, -69, false, "the replica may be behind what was served")                              \
    X(EPOCH, -70, true, "epoch too far ahead")                                                     \
    X(ID_RANGE, -71, false, "tunnel ids of another range")                                         \
    X(MACHINES, -72, false, "tunnels of other machines")                                           \
    X(SEAL, -73, true, "what was sealed does not verify")                                          \
    X(LEVEL, -74, false, "a release whose level is too low")                                       \
    X(SERIALIZER, -75, false, "checkpoints of another serializer")

/** Error codes; 0 is success. Each row of L2TPHA_ERRORS is one, named L2TPHA_ERR_ and its name. */
enum l2tpha_error {
    L2TPHA_OK = 0, /**< success */
#define L2TPHA_ERROR_ENUM(name, value, fatal, text) L2TPHA_ERR_##name = value,
    L2TPHA_ERRORS(L2TPHA_ERROR_ENUM)
#undef L2TPHA_ERROR_ENUM
};

/** English text of an error; "unknown error" for any other number. Static. */
L2TPHA_API const char *l2tpha_strerror(int error);

/** Name of an error as written in the list, such as "AVP_MISSING"; "?" if unknown. Static. */
L2TPHA_API const char *l2tpha_error_name(int error);

/** Whether the object concerned cannot go on after this error. */
L2TPHA_API bool l2tpha_error_is_fatal(int error);

/** The @p index-th error of the list, for iterating over all of them.
 *  @return the error, or 0 past the end. */
L2TPHA_API int l2tpha_error_at(size_t index);

#ifdef __cplusplus
}
#endif
#endif
