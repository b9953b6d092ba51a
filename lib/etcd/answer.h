/* SPDX-License-Identifier: MIT */
/* Answers of the JSON gateway: read whole, and strictly, before anything is made of them. */
#ifndef ETCD_ANSWER_H
#define ETCD_ANSWER_H

#include "body.h"
#include "piece.h"

/* How things were at one instant. */
struct snapshot {
    struct header header;
    struct l2tpha_claim claim;
    uint64_t epoch_revision; /* of the epoch's key; 0 = there is none */
    uint64_t lease;          /* that alive is bound to; 0 = none, or there is no alive */
};

/* To a transaction that puts so many keys when it succeeds. RECORD, NOMEM. */
int answer_snapshot(const char *text, size_t len, const struct keys *keys, size_t puts,
                    struct snapshot *snapshot, bool *succeeded);

struct lease {
    struct header header;
    uint64_t id;
    uint64_t ttl_s; /* 0 = it has ended */
};

/* To a grant, and, which has it in "result", to a renewal. RECORD. */
int answer_granted(const char *text, size_t len, struct lease *lease);
int answer_renewed(const char *text, size_t len, struct lease *lease);

/* To the end of a lease. RECORD. */
int answer_revoked(const char *text, size_t len, struct header *header);

/* What a status of HTTP other than 200 means. */
struct fault {
    int status;
    bool refused; /* nothing has come of the request, nor will; else that is open */
    bool final;   /* another member would say the same */
};

struct fault answer_fault(const char *text, size_t len);

#endif
