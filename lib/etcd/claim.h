/* SPDX-License-Identifier: MIT */
/* A claim as the value of a key: {"epoch":"0000000000000102","in_sync":["a","b"],"owner":"a"}. Who
 * reads passes over members that it does not know. */
#ifndef ETCD_CLAIM_H
#define ETCD_CLAIM_H

#include "hex.h"

#include <l2tpha/authority.h>

#define CLAIM_TEXT_MAX 4096
/* talloc'd below parent. INVALID: no epoch, names that are none or not in order, no owner among
 * them. */
int claim_text(TALLOC_CTX *parent, const struct l2tpha_claim *claim, char **text);

/* Its epoch and names; RECORD. */
int claim_read(const char *text, size_t len, struct l2tpha_claim *claim);

/* Whether epoch and names are the same. */
bool claim_same(const struct l2tpha_claim *a, const struct l2tpha_claim *b);

#endif
