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
#include <l2tpha/failover.h>
#include <l2tpha/node.h>
#include <talloc.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Nodes in a claim, at most. */
#define L2TPHA_CLAIM_NODES_MAX 8
/** ... and octets of their names. */
#define L2TPHA_CLAIM_NAME_MAX 63

/** What an authority knows. */
struct l2tpha_claim {
    uint64_t epoch;    /**< newest one in which anybody served, or might; 0 = there is no claim */
    uint64_t revision; /**< of the claim: what a change has to know, greater with each. 0 = there is
                            none */
    bool leased;       /**< the owner's lease has not ended, as far as the authority knows */
    char owner[L2TPHA_CLAIM_NAME_MAX + 1]; /**< who serves */
    char in_sync[L2TPHA_CLAIM_NODES_MAX]
                [L2TPHA_CLAIM_NAME_MAX + 1]; /**< who holds all, the owner among them; ascending */
    uint32_t count; /**< of them; 0, and there is an owner: that has left with nothing, and anybody
                       may serve */
};

/** Something has come of what was asked. */
struct l2tpha_authority_event {
    enum {
        L2TPHA_AUTHORITY_LOOKED,  /**< claim: as it is */
        L2TPHA_AUTHORITY_TOOK,    /**< status 0: claim is ours, revision new, leased */
        L2TPHA_AUTHORITY_CHANGED, /**< status 0: claim has the new revision */
        L2TPHA_AUTHORITY_RENEWED, /**< status 0: the claim is ours, and its lease runs anew, from
                                       when it was asked for */
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
 *  one of renew and leave beside it; another one is L2TPHA_ERR_STATE. Each that returned 0 has
 *  exactly one event. What has ended with L2TPHA_ERR_TIMEOUT may still be carried out, at any time,
 *  as long as the claim has the revision that it was asked of. */
struct l2tpha_authority {
    size_t size;      /**< sizeof(struct l2tpha_authority) */
    const char *name; /**< in show, such as "etcd" */
    void *user;       /**< first argument of each */
    /** What the claim is: as the authority has it at some moment after the call, no older copy. */
    int (*look)(void *user, uint64_t now);
    /** Put claim in place of the one of this revision, if no lease runs, and begin a lease. The
     *  owner of a claim may take it once more, under its epoch. */
    int (*take)(void *user, const struct l2tpha_claim *claim, uint64_t revision, uint32_t ttl_ms,
                uint64_t now);
    /** Put claim in place of the one of this revision, if the epoch is still ours. */
    int (*change)(void *user, const struct l2tpha_claim *claim, uint64_t revision, uint64_t now);
    /** Of the claim that this node has asked for last, whichever of several takes under its epoch
     *  was carried out: the lease that the claim has, and no other, runs anew. */
    int (*renew)(void *user, uint64_t now);
    /** End that lease now; the claim stays. A lease of a later take is not ended by it. */
    int (*leave)(void *user, uint64_t now);
    /** The next event; false = none now. */
    bool (*event)(void *user, struct l2tpha_authority_event *event, uint64_t now);
    /** Readable when event has something to say, an epoll descriptor perhaps; -1 = ask it. */
    int (*fd)(void *user);
    /** When event is to be called at the latest; L2TPHA_NEVER = no such time. */
    uint64_t (*deadline)(void *user);
    void (*free)(void *user); /**< free it */
};

struct l2tpha_lease;

/** Options of a lease. Zero-fill it and set size and what is wanted. */
struct l2tpha_lease_options {
    size_t size;                              /**< sizeof(struct l2tpha_lease_options) */
    const struct l2tpha_authority *authority; /**< borrowed */
    const char *name;  /**< of this node in the claim, no other node's; copied */
    uint32_t ttl_ms;   /**< how long a lease lasts that is not renewed; 0 = 5000 */
    uint32_t renew_ms; /**< how often it is renewed, and a claim of another's looked at; 0 = 1500 */
    void *user;        /**< first argument of: */
    void (*log)(void *user, const char *text); /**< a line; optional */
};

/** How far a lease is. */
enum l2tpha_lease_state {
    L2TPHA_LEASE_WATCHING = 0, /**< another node serves, or may */
    L2TPHA_LEASE_TAKING,       /**< the claim was asked for, and what came of it is not known */
    L2TPHA_LEASE_HELD,         /**< the claim is ours, and what the node says may leave */
    L2TPHA_LEASE_LOST,         /**< the lease may have ended: nothing leaves until it runs again */
    L2TPHA_LEASE_LEFT,         /**< it was given back: nothing leaves */
    L2TPHA_LEASE_FENCED        /**< the claim has become another's: this node never serves again */
};

/** What is wanted of a lease. */
enum l2tpha_lease_want {
    L2TPHA_LEASE_FOLLOW = 0, /**< nothing: another node is to serve */
    L2TPHA_LEASE_SERVE,      /**< to serve when no lease runs and the node holds all that has left;
                                  or there is no claim at all, or one of nobody */
    L2TPHA_LEASE_SERVE_STALE /**< an operator's order: when no lease runs, whatever the node holds.
                                  It is over when the node serves, or after ttl_ms, and then
                                  L2TPHA_LEASE_SERVE */
};

/** What there is to know for whoever drives the node. */
struct l2tpha_lease_event {
    enum {
        L2TPHA_LEASE_TOOK,  /**< it may serve: l2tpha_takeover_as() with epoch and trust, or
                                 l2tpha_lease_leave() */
        L2TPHA_LEASE_ENDED, /**< the lease may have ended; the node is held */
        L2TPHA_LEASE_BACK,  /**< it runs again, under the same epoch; the node is released */
        L2TPHA_LEASE_GIVEN, /**< after l2tpha_lease_leave(): others may take the claim from now on
                             */
        L2TPHA_LEASE_OVER   /**< epoch serves, or has: the node is fenced, or was made with an older
                                 one. It is to be freed after l2tpha_lease_end(), and another one
                                 made with this epoch */
    } kind;                 /**< what */
    uint64_t epoch;         /**< TOOK, BACK: of the node; OVER: the other's */
    enum l2tpha_trust trust; /**< TOOK: how far the copy is to be believed: EXACT, STALE or EMPTY */
};

/** A lease at a glance. */
struct l2tpha_lease_info {
    size_t size;                   /**< sizeof(struct l2tpha_lease_info), set by the caller */
    enum l2tpha_lease_state state; /**< now */
    const char *reason; /**< WATCHING, and to serve: why not; HELD, and a standby is in sync and
                             not in the claim, or the other way round: what that waits for; LOST:
                             why; else "". Static */
    bool looked;        /**< the claim was seen, since the node is this one's if there is one */
    struct l2tpha_claim claim; /**< as it was then, or is by what was answered since */
    uint64_t epoch;            /**< that this node has asked for last; 0 = none yet */
    uint64_t until;            /**< HELD: nothing leaves from then on */
    uint64_t renewed;          /**< times that the lease has begun anew, */
    uint64_t ended;            /**< ... that it ended under the node, */
    uint64_t changes;          /**< ... that the claim was changed, */
    uint64_t failures; /**< ... and that the authority could not be asked, or did not answer */
    int status;        /**< the last such error; 0 = it has answered since */
    uint64_t looks;    /**< times that the claim was seen as it is */
};

/** A lease without a node. It looks at the claim: a node that is made then has the claim's epoch,
 * if there is one, as l2tpha_config::epoch.
 *  @param parent     talloc parent.
 *  @param options    copied.
 *  @param[out] lease to be freed by l2tpha_lease_free().
 *  @retval L2TPHA_ERR_INVALID  no authority; no name, or a long one; a wrong size; or a lease that
 *          would end before it is renewed: nine tenths of ttl_ms, less 200 ms, are what counts.
 *  @retval L2TPHA_ERR_NOMEM    out of memory. */
L2TPHA_API int l2tpha_lease_new(TALLOC_CTX *parent, const struct l2tpha_lease_options *options,
                                struct l2tpha_lease **lease);
/** A lease that runs is not given back. NULL is allowed. */
L2TPHA_API void l2tpha_lease_free(struct l2tpha_lease *lease);

/** This is the node.
 *  @param lease  without a node.
 *  @param node   a standby that was just made: empty, or filled from a store that has all that this
 *                node has let out. Borrowed until l2tpha_lease_end().
 *  @param now    microseconds, here and in each call by the node's clock, which is to go on while
 * the machine sleeps (CLOCK_BOOTTIME).
 *  @retval L2TPHA_ERR_STATE    it has a node.
 *  @retval L2TPHA_ERR_ROLE     no standby.
 *  @retval L2TPHA_ERR_INVALID  a node without a rank. */
L2TPHA_API int l2tpha_lease_begin(struct l2tpha_lease *lease, struct l2tpha_node *node,
                                  uint64_t now);
/** The node is to be freed. */
L2TPHA_API void l2tpha_lease_end(struct l2tpha_lease *lease);

/** What is wanted, from now on. The claim is looked at soon: call it again, with the same, when an
 *  active was lost or hands over. */
L2TPHA_API void l2tpha_lease_want(struct l2tpha_lease *lease, enum l2tpha_lease_want want,
                                  uint64_t now);

/** This node is to serve no more: it is held, and when nothing more of it can leave the lease is
 *  given back, L2TPHA_LEASE_GIVEN. A node that has served, holds no tunnel and hands nothing over
 *  has the claim say before that nobody holds anything.
 *  @retval L2TPHA_ERR_STATE  the claim is not ours. */
L2TPHA_API int l2tpha_lease_leave(struct l2tpha_lease *lease, uint64_t now);
/** It is to serve after all, if nobody else has taken the claim: L2TPHA_LEASE_BACK, or _OVER.
 *  @retval L2TPHA_ERR_STATE  not in L2TPHA_LEASE_LEFT. */
L2TPHA_API int l2tpha_lease_return(struct l2tpha_lease *lease, uint64_t now);

/** A consumer of the node is the standby of this name: it is in the claim while it is in sync, and
 *  nothing leaves that a standby in the claim lacks. A consumer of this name that is there already
 *  is that one. No l2tpha_consumer_hold() and l2tpha_consumer_remove() of it from here on.
 *  @param lease     with a node.
 *  @param name      of the node that is at its other end, as that one's lease has it; copied.
 *  @param consumer  one that gates.
 *  @retval L2TPHA_ERR_EXISTS   the name is another consumer's, or the other way round.
 *  @retval L2TPHA_ERR_LIMIT    there are L2TPHA_CLAIM_NODES_MAX - 1.
 *  @retval L2TPHA_ERR_INVALID  no name, a long one, or this node's own.
 *  @retval L2TPHA_ERR_STATE    it has no node. */
L2TPHA_API int l2tpha_lease_add(struct l2tpha_lease *lease, const char *name, uint32_t consumer);
/** It is no standby any more: as soon as it is not in the claim it is removed from the node.
 *  @retval L2TPHA_ERR_NOT_FOUND  no consumer of this name. */
L2TPHA_API int l2tpha_lease_drop(struct l2tpha_lease *lease, const char *name, uint64_t now);
/** Whether the standby of this name is in the claim: it may take over. */
L2TPHA_API bool l2tpha_lease_protects(const struct l2tpha_lease *lease, const char *name);

/** Whether the streams of the node are to be read: not from when the claim was asked for until it
 * is known what came of it, and the node has taken over. Its copy would become another one. */
L2TPHA_API bool l2tpha_lease_reads(const struct l2tpha_lease *lease);

/** Right before each l2tpha_poll(), with a time that was just read: a node whose lease may have
 *  ended is held. True: it may speak. */
L2TPHA_API bool l2tpha_lease_check(struct l2tpha_lease *lease, uint64_t now);
/** What there is to do: in each turn, when the authority's descriptor is readable, and when the
 *  deadline has come. Not from within l2tpha_poll()'s outputs. True: the node may have more to give
 *  out, or there is an event. */
L2TPHA_API bool l2tpha_lease_service(struct l2tpha_lease *lease, uint64_t now);
/** The next event; false = none now. */
L2TPHA_API bool l2tpha_lease_event(struct l2tpha_lease *lease, struct l2tpha_lease_event *event);
/** The authority's descriptor; -1 = none. */
L2TPHA_API int l2tpha_lease_fd(const struct l2tpha_lease *lease);
/** When l2tpha_lease_service() is to be called at the latest; L2TPHA_NEVER = no such time. */
L2TPHA_API uint64_t l2tpha_lease_deadline(const struct l2tpha_lease *lease);
/** Until when what the node says may leave; 0 = nothing may. */
L2TPHA_API uint64_t l2tpha_lease_until(const struct l2tpha_lease *lease);
/** Fill in what fits into info->size. */
L2TPHA_API void l2tpha_lease_get(const struct l2tpha_lease *lease, struct l2tpha_lease_info *info);
/** "watching", "taking", "held", "lost", "left" or "fenced". Static. */
L2TPHA_API const char *l2tpha_lease_state_name(enum l2tpha_lease_state state);

#ifdef __cplusplus
}
#endif
#endif
