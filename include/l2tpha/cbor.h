/* SPDX-License-Identifier: MIT */
/** @file
 *  libl2tpha-cbor: checkpoints as CBOR (RFC 8949), in its deterministic encoding. The schema is
 *  lib/state/l2tpha.cddl; docs/checkpoint-format.md says what it cannot express. */
#ifndef L2TPHA_CBOR_H
#define L2TPHA_CBOR_H

#include <l2tpha/serializer.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The serializer "cbor". Static. */
L2TPHA_API const struct l2tpha_serializer *l2tpha_serializer_cbor(void);

#ifdef __cplusplus
}
#endif
#endif
