/* SPDX-License-Identifier: MIT */
/* The first pass over a checkpoint: whether its records can all be applied to this table. */
#ifndef STATE_VERIFY_H
#define STATE_VERIFY_H

#include "state/table.h"

#include <l2tpha/serializer.h>

struct verifier;

/* From the first to the last; both 0 = all. */
struct id_range {
    uint16_t first;
    uint16_t last;
};

/* Whether the machine of this side and call has this state: whoever runs the machines knows. */
typedef bool (*session_check)(uint8_t side, uint8_t call, uint8_t state);

int verifier_new(TALLOC_CTX *parent, const struct table *table,
                 const struct l2tpha_serializer *serializer, session_check has_state,
                 struct id_range tunnel_ids, bool attached, struct verifier **verifier);

/* level: of the release that has written it. copying: a copy is coming in, and what does not carry
 * its generation counts as not there; passes: what is said of a tunnel that is not there is passed
 * over. *count = records, unknown kinds included. On L2TPHA_ERR_RECORD, L2TPHA_ERR_LEVEL and
 * L2TPHA_ERR_ID_RANGE *why names the first fault. Memory used is bounded by the size of the input.
 */
int verify_records(struct verifier *verifier, const struct l2tpha_reading *from, uint32_t level,
                   bool copying, bool passes, uint32_t generation, uint64_t *count,
                   const char **why);
/* What has been verified is in the table now. */
void verify_applied(const struct verifier *verifier);
/* All that a copy consists of is in the table, with its generation: what could not be checked
 * before the end. */
int verify_copy(struct verifier *verifier, uint32_t generation, const char **why);

#endif
