/* SPDX-License-Identifier: MIT */
/* What the authority is asked for, as steps; each is one request, asked of one member after the
 * other until one has an answer that says how it is.
 *
 *      look      read, or fence; where a take is open: revoke its lease, read
 *      take      where another one is open: revoke its lease; grant, take
 *      change    change
 *      renew     keep, read
 *      leave     revoke
 *
 * A request that was sent and not answered may come to pass at any time after: in a member that is
 * stopped, say. To send it again does no harm, for a transaction that has come to pass makes its
 * own compares fail. Whether it was one's own is told by what it has left: alive under the lease
 * that was granted for it, or the claim as it was to be under a newer revision. What ends without
 * an answer is open; no look is believed before that can come to pass no more. */
#ifndef ETCD_OPERATION_H
#define ETCD_OPERATION_H

#include "answer.h"
#include "http.h"

#define REQUEST_US UINT64_C(1000000) /* for an answer, and the connection before it */
#define ANSWER_MAX 65536

enum kind { NOTHING = 0, LOOK, TAKE, CHANGE, RENEW, LEAVE };

enum step { STEP_READ, STEP_FENCE, STEP_REVOKE, STEP_GRANT, STEP_TAKE, STEP_CHANGE, STEP_KEEP };

struct operation {
    enum kind kind; /* NOTHING: another one may begin */
    enum step step;
    bool ended;     /* the event is there */
    uint32_t which; /* of the requests */
    uint32_t member;
    uint32_t tries;
    uint32_t rounds; /* renew: once more, after an election */
    uint64_t until;  /* no further try then */
    bool maybe;      /* a try of this step may have come to pass */
    char *body;
    struct l2tpha_claim claim; /* take and change: what is to be put */
    char *text;
    uint64_t revision;
    uint32_t ttl_s;
    uint64_t lease; /* take, renew, leave: which */
    struct lease kept;
    struct l2tpha_authority_event event;
};

struct etcd {
    struct place place;
    struct keys keys;
    struct http *http;
    struct operation operations[REQUESTS_MAX]; /* of the claim, of the lease */
    uint32_t member;                           /* that is asked first */
    uint64_t cluster;                          /* whose answer was the first; 0 = none yet */
    uint64_t epoch_revision;                   /* as last read */
    uint64_t newest_epoch;                     /* likewise */
    char newest_owner[L2TPHA_CLAIM_NAME_MAX + 1];
    uint64_t lease;      /* ours; 0 = none */
    uint32_t ttl_s;      /* ... as it was asked for */
    uint64_t open_lease; /* a take with it is open; 0 = none */
    uint32_t open_ttl_s; /* likewise */
    uint64_t open_epoch; /* a change under it is open; 0 = none */
    struct l2tpha_authority authority;
};

/* An operation whose members are set. HOST, NOMEM: it has not begun. */
int operation_begin(struct etcd *etcd, struct operation *operation, enum kind kind, uint64_t now);
/* What has come of its request, if anything has. True: that has led on. */
bool operation_turn(struct etcd *etcd, struct operation *operation, uint64_t now);

#endif
