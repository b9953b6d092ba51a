/* SPDX-License-Identifier: MIT */
/** @file
 *  libl2tpha-json: checkpoints as JSON (RFC 8259), a line for each, for people and files. Secrets
 *  are in it. The schema is lib/state/l2tpha.schema.json; docs/checkpoint-format.md says what it
 *  cannot express. */
#ifndef L2TPHA_JSON_H
#define L2TPHA_JSON_H

#include <l2tpha/serializer.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The serializer "json". Reading takes memory while it goes on. Where that runs out the
 *  error is L2TPHA_ERR_NOMEM or, as jansson does not always say why, L2TPHA_ERR_RECORD. Static. */
L2TPHA_API const struct l2tpha_serializer *l2tpha_serializer_json(void);

/** The same to be shown: secrets are "(hidden)", and so are fields that this release does not know,
 *  which may be some. Records that have any cannot be read again. Static. */
L2TPHA_API const struct l2tpha_serializer *l2tpha_serializer_json_hidden(void);

#ifdef __cplusplus
}
#endif
#endif
