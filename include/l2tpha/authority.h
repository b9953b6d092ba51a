/* SPDX-License-Identifier: MIT */
/** @file
 *  Authorities: who may serve, decided outside of the nodes. An authority keeps three facts with
 * one owner each: the epoch, who serves in it and who holds all that was served (the claim,
 * replaced as a whole and only by who knows it as it is), and a lease of the one that serves, which
 * ends by itself.
 *
 *  struct l2tpha_authority is what an adapter offers. l2tpha_lease ties one to a node: it takes the
 *  claim before the node serves, renews the lease, has each standby in the claim before that counts
 *  as protection and out of it before anything leaves that the standby lacks, and says until when
 *  anything may leave at all. All this is in the optional library l2tpha-authority.
 * docs/authority.md. */
#ifndef L2TPHA_AUTHORITY_H
#define L2TPHA_AUTHORITY_H

#include <l2tpha/error.h>
#include <l2tpha/node.h>
#include <talloc.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Names of nodes: in the claim, and at most so long. */
#define L2TPHA_CLAIM_NODES_MAX 8
/** Octets of a name, without its terminator. */
#define L2TPHA_CLAIM_NAME_MAX 63

/** What an authority knows. */
struct l2tpha_claim {
    uint64_t epoch;    /**< newest one that was ever claimed; 0 = there is no claim */
    uint64_t revision; /**< of the claim: what a change has to know. 0 = there is none */
    bool leased;       /**< the owner's lease has not ended, as far as the authority knows */
    char owner[L2TPHA_CLAIM_NAME_MAX + 1];                           /**< who serves */
    char in_sync[L2TPHA_CLAIM_NODES_MAX][L2TPHA_CLAIM_NAME_MAX + 1]; /**< who holds all, the owner
                                                                           among them; ascending */
    uint32_t count;                                                  /**< of them */
};

/** Something has come of what was asked. */
struct l2tpha_authority_event {
    enum {
        L2TPHA_AUTHORITY_LOOKED,  /**< claim: as it is */
        L2TPHA_AUTHORITY_TOOK,    /**< status 0: claim is ours, revision new, leased */
        L2TPHA_AUTHORITY_CHANGED, /**< status 0: claim has the new revision */
        L2TPHA_AUTHORITY_RENEWED, /**< status 0: the lease runs anew, from when it was asked for */
        L2TPHA_AUTHORITY_LEFT     /**< the lease was given back */
    } kind;                       /**< what */
    int status; /**< 0; L2TPHA_ERR_FENCED: the claim is another's, or not what was thought, and
                     nothing has changed; L2TPHA_ERR_EXISTS: a lease has not ended (TOOK);
                     L2TPHA_ERR_NOT_FOUND: our lease has ended (RENEWED); L2TPHA_ERR_TIMEOUT,
                     L2TPHA_ERR_HOST: not known what came of it, or it cannot be reached */
    struct l2tpha_claim claim; /**< as known after that; of a failure: as the authority has it, if
                                    epoch is not 0 */
};

/** An authority. None of the calls waits. One of look, take and change is under way at a time, and
 * one of renew and leave beside it; another one is L2TPHA_ERR_STATE. Each that returned 0 has
 * exactly one event. */
struct l2tpha_authority {
    size_t size;      /**< sizeof(struct l2tpha_authority) */
    const char *name; /**< in show, such as "etcd" */
    void *user;       /**< first argument of each */
    /** Say how it is. */
    int (*look)(void *user, uint64_t now);
    /** Put claim in place of the one of this revision, if no lease runs, and begin a lease. */
    int (*take)(void *user, const struct l2tpha_claim *claim, uint64_t revision, uint32_t ttl_ms,
                uint64_t now);
    /** Put claim in place of the one of this revision, if the epoch is still ours. */
    int (*change)(void *user, const struct l2tpha_claim *claim, uint64_t revision, uint64_t now);
    /** Have the lease run anew. */
    int (*renew)(void *user, uint64_t now);
    /** End the lease now; the claim stays. */
    int (*leave)(void *user, uint64_t now);
    /** The next event; false = none now. */
    bool (*event)(void *user, struct l2tpha_authority_event *event, uint64_t now);
    /** Readable when event has something to say, an epoll descriptor perhaps; -1 = ask it. */
    int (*fd)(void *user);
    /** When event is to be called at the latest; L2TPHA_NEVER = no such time. */
    uint64_t (*deadline)(void *user);
    /** Free it. */
    void (*free)(void *user);
};

#ifdef __cplusplus
}
#endif
#endif
