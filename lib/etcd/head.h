/* SPDX-License-Identifier: MIT */
/* Whose a store is, and which log is to be read, as the value of a key:
 * {"cluster":"7","copy":"00000000000000ab","epoch":"0000000000000102","format":1,
 * "level":1,"level_min":1,"owner":"..."}.
 * Who reads passes over members that it does not know. */
#ifndef ETCD_HEAD_H
#define ETCD_HEAD_H

#include "hex.h"

#include <l2tpha/types.h>
#include <talloc.h>

#define PROCESS_DIGITS 32
#define OWNER_DIGITS (PROCESS_DIGITS + 8)

struct head {
    char owner[OWNER_DIGITS + 1]; /* a process, and one of its acquisitions */
    uint64_t epoch;               /* 0 = none has written */
    uint64_t copy;                /* a log; 0 = none */
    uint64_t cluster;             /* that it was written to */
    uint32_t level, level_min;    /* of the copy; absent in the text = 1 */
};

/* talloc'd below parent. NULL: no memory. */
char *head_text(TALLOC_CTX *parent, const struct head *head);
/* RECORD, or RECORD_VERSION: another release has written it. */
int head_read(const char *text, size_t len, struct head *head);

#endif
