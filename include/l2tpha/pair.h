/* SPDX-License-Identifier: MIT */
/** @file
 *  libl2tpha-pair: two nodes of one endpoint, driven. It makes the node, keeps the stream to the
 *  other one (listening, connecting, the replication link, descriptors), decides who serves, and
 *  lets out what the node has to say. A program watches one descriptor and has no timer for it.
 *  Linux; no event library. Everything happens in the calls of one thread.
 *
 *  @code
 *  l2tpha_pair_new(&options, &pair);  l2tpha_pair_start(pair, &why);
 *  each turn of the loop:
 *      watch l2tpha_pair_fd(pair), and the program's sockets while l2tpha_pair_reads(pair)
 *      what has come on the sockets: l2tpha_feed(l2tpha_pair_node(pair), ...)
 *      l2tpha_pair_service(pair);
 *  @endcode
 *
 *  Over `unix:` the active hands its descriptors over in advance, the kernel tells its death, and
 *  the standby takes over by itself when its copy is all that was served; two processes of one box,
 *  which serve one after the other, or of which each start replaces the one before.
 *  Over `tcp:` a silent node may live: an operator or a cluster manager decides, and whoever meets
 * a newer epoch steps down; or an authority does (l2tpha/authority.h), and a node serves by a lease
 * alone. docs/pair.md and docs/operations.md say more.
 *
 *  A function that gives a text gives NULL when it went well, else what is wrong, static or valid
 *  until the next call. */
#ifndef L2TPHA_PAIR_H
#define L2TPHA_PAIR_H

#include <l2tpha/authority.h>
#include <l2tpha/crypto.h>
#include <l2tpha/link.h>
#include <l2tpha/node.h>
#include <l2tpha/redundancy.h>
#include <l2tpha/store.h>

#ifdef __cplusplus
extern "C" {
#endif

struct l2tpha_pair;

/** What a node is when it starts. */
enum l2tpha_pair_role {
    L2TPHA_PAIR_ACTIVE,  /**< it serves */
    L2TPHA_PAIR_STANDBY, /**< it follows whoever serves */
    L2TPHA_PAIR_AUTO     /**< it follows whoever serves, and serves when nobody does */
};

/** What the program is told of its role. */
enum l2tpha_pair_event {
    L2TPHA_PAIR_WAITS,     /**< a standby, with a node that is empty */
    L2TPHA_PAIR_SERVES,    /**< it serves; a node that was held comes back to what it has */
    L2TPHA_PAIR_TOOK_OVER, /**< it serves what the other did: the program makes its objects from the
                                node's records. What was urgent has left already. */
    L2TPHA_PAIR_STOPPED,   /**< it serves no more: the program forgets all tunnels, silently. With
                               the socket as it sees fit; l2tpha_pair_host::close comes */
    L2TPHA_PAIR_LEFT,      /**< of a standby: the active has closed its tunnels and left. Unless
                                l2tpha_pair_end() is called, this node serves from now on */
    L2TPHA_PAIR_HUNG,      /**< of a standby, over unix: the active lives and says nothing */
    L2TPHA_PAIR_ENDS,      /**< another node serves, or nothing can be had: this one is of no more
                                use. l2tpha_pair_status() says which */
    L2TPHA_PAIR_LEASE_LOST /**< it says nothing any more, since its lease may have ended: what is
                                not the library's, such as a data plane of the kernel or the
                                address, the program stops. SERVES or STOPPED follows */
};

/** Orders of an operator or a cluster manager. */
enum l2tpha_pair_order {
    L2TPHA_PAIR_SWITCHOVER = 1, /**< l2tpha_pair_switchover() */
    L2TPHA_PAIR_TAKEOVER,       /**< l2tpha_pair_takeover() */
    L2TPHA_PAIR_STAND_BY        /**< l2tpha_pair_stand_by() */
};

/** What the program does for the pair. Set size; what is said to be optional may be NULL. */
struct l2tpha_pair_host {
    size_t size; /**< sizeof(struct l2tpha_pair_host) */
    void *user;  /**< first argument of each */
    /** Make the node: with config.standby and config.epoch as given. A node that has stepped down
     *  is freed by unmake and made again. An error of the library's. NULL = the pair makes it, see
     *  l2tpha_pair_options::config. */
    int (*make)(void *user, bool standby, uint64_t epoch, struct l2tpha_node **node);
    /** Free it. Optional: l2tpha_node_free(). */
    void (*unmake)(void *user, struct l2tpha_node *node);
    /** Have the UDP socket that peers speak to, unless there is one. beside: the other node has one
     *  bound to the same address, and lets it be shared. */
    bool (*open)(void *user, bool beside, const char **why);
    /** That socket, -1 = none: what is handed to the standby over unix. This function and the two
     *  that follow may be NULL, see l2tpha_pair_options::fd. */
    int (*socket)(void *user);
    /** The active's socket has come; the program's from now on, in place of its own. Not to be read
     *  until l2tpha_pair_reads(). */
    void (*inherit)(void *user, int fd);
    /** Close it. */
    void (*close)(void *user);
    /** Outputs of the node: datagrams are sent, events are dealt with, in their order. Checkpoints
     *  among them are not the program's. No call into the node from here, but those that
     *  l2tpha_poll() allows to its outputs. */
    void (*outputs)(void *user, const struct l2tpha_output *outputs, size_t count);
    /** There may be many more outputs: peers answer already, and their datagrams may be read and
     *  fed here. Optional. */
    void (*more)(void *user);
    /** The role. Optional but for programs that have objects of their own. */
    void (*event)(void *user, enum l2tpha_pair_event event);
    /** How an order has ended that had begun: why NULL = it came to pass. Optional. */
    void (*outcome)(void *user, enum l2tpha_pair_order order, const char *why);
    /** A line for the log. Optional. */
    void (*log)(void *user, enum l2tpha_log_category category, const char *text);
    /** The other node is configured otherwise: its l2tpha_pair_options::fingerprint. Optional. */
    void (*differs)(void *user, uint64_t fingerprint);
};

/** Options. Zero-fill it and set size and what is wanted. Strings are copied. */
struct l2tpha_pair_options {
    size_t size;                /**< sizeof(struct l2tpha_pair_options) */
    enum l2tpha_pair_role role; /**< at the start */
    const char *listen;         /**< `unix:PATH` or `tcp:ADDR:PORT`: where a standby finds this node
                                     when it serves. NULL = nowhere */
    const char *connect;        /**< likewise, of the other nodes: one over unix, or up to 5, as
                                     `tcp:ADDR:PORT,tcp:ADDR:PORT`, each at an address of its own:
                                     each is a standby of whoever serves. NULL = this one follows
                                     nobody */
    bool insecure;              /**< tcp beyond loopback may be used, to listen and to connect,
                                     though nothing protects it: not needed with keys */
    bool takeover_manual;       /**< no takeover by itself, over unix */
    uint32_t fence_hung_ms;     /**< standby, over unix: the process of an active that is silent for
                                     so long is killed. 0 = never */
    struct l2tpha_address address; /**< where peers reach the endpoint: a node that cannot have it
                                        does not go on. Unspecified = anywhere */
    uint64_t fingerprint;          /**< of what both nodes must have in common; 0 = not compared */
    const struct l2tpha_config *config; /**< with no l2tpha_pair_host::make: of the node that the
                                             pair makes, with random bytes of the system, and lines
                                             of the log as of its own; standby and epoch are the
                                             pair's. Borrowed */
    int *fd; /**< with no l2tpha_pair_host::socket, inherit and close: where the program keeps the
                  UDP socket, -1 = none. Borrowed; closed and set by the pair as it sees fit */
    const struct l2tpha_store *store; /**< where the node that serves keeps its checkpoints: a node
                                           that begins as L2TPHA_PAIR_ACTIVE, and knows that nobody
                                           else has served since, goes on from it. NULL = nowhere.
                                           Borrowed, not open yet */
    bool store_holds; /**< without its store the node says nothing new; else the store is marked
                           as stale, and it goes on */
    bool store_mend;  /**< of a damaged store what is before the damage, as stale */
    struct l2tpha_pair_host host; /**< what the program does */
    const char *keys; /**< text of a key file (l2tpha/seal.h): streams over tcp are sealed, and
                           nobody without a key is listened to. NULL = they are not. The text is
                           not kept; wiping it is the program's. A text that is no key file is
                           L2TPHA_ERR_INVALID, and a line of the log says why and where */
    const struct l2tpha_crypto *crypto; /**< for keys; borrowed */
    const char *far; /**< more of the other nodes, likewise: far ones, for which no output waits.
                        What has left may be unknown to them: they take over when they are handed
                        over to, or from a copy that counts as stale. NULL = none */
    const struct l2tpha_authority
        *authority; /**< who may serve: with it a node serves by a lease alone, whatever its role,
                         and takes over by itself over tcp too, unless takeover_manual. connect and
                         listen are of tcp then, and each node has a rank, by which the authority
                         knows it ("node-1"). A role of L2TPHA_PAIR_STANDBY never begins what nobody
                         has served. NULL = none. Borrowed */
    uint32_t lease_ms; /**< how long a lease lasts that is not renewed, at least 2000; 0 = 5000 */
    const char *name;  /**< of this node, for the others to show: l2tpha_link_info::peer_name. At
                          most L2TPHA_NODE_NAME_MAX octets; nobody sees to it that names differ. NULL
                          = none */
    bool replaces;     /**< there is no other node, and each start replaces the process that serves:
                            listen and connect are the same unix:PATH, the role is L2TPHA_PAIR_AUTO, and
                            all starts have this. A successor follows, is handed over to when its copy
                            is whole, and the one before ends, as well. One that is not handed over to
                            within L2TPHA_PAIR_REPLACE_MS ends, and says why in the log; the one before
                            serves on. All have one store, or none: a successor opens it when it serves,
                            and goes on writing it */
    bool observer; /**< over tcp: as a standby, this node asks whoever serves not to wait for it, as
                        if it stood in far there */
};
/** How long a successor may take until it serves, milliseconds. */
#define L2TPHA_PAIR_REPLACE_MS 30000

/** A pair that has not begun. talloc'd below no parent. 0, INVALID, NOMEM, or an error of the
 *  system as L2TPHA_ERR_HOST; with keys also CRYPTO, or UNSUPPORTED where sealing, and of an
 * authority where libl2tpha-authority, is left out of the build. */
L2TPHA_API int l2tpha_pair_new(const struct l2tpha_pair_options *options,
                               struct l2tpha_pair **pair);
/** Take other keys in place of those of the options: the next stream has them, and none is cut
 *  (docs/replication-link.md, "Sealed link"). NULL, or what is wrong and in which line; then
 * nothing has changed. */
L2TPHA_API const char *l2tpha_pair_set_keys(struct l2tpha_pair *pair, const char *text);
/** Begin, in the role of the options. After what is wrong the pair is to be freed. */
L2TPHA_API const char *l2tpha_pair_start(struct l2tpha_pair *pair);
/** End at once, without a word, as when the process had died. NULL is allowed. */
L2TPHA_API void l2tpha_pair_free(struct l2tpha_pair *pair);

/** The descriptor that is readable when there is something to do, by a message or by time. */
L2TPHA_API int l2tpha_pair_fd(const struct l2tpha_pair *pair);
/** Do what there is to do. Called when the descriptor is readable, and at the end of each turn in
 *  which anything was said to the node. From within a function of the host it does nothing. False:
 *  L2TPHA_PAIR_ENDS was told, or it has not begun. */
L2TPHA_API bool l2tpha_pair_service(struct l2tpha_pair *pair);
/** Let the node's outputs out now; l2tpha_pair_service() does it as well. From within
 *  l2tpha_pair_host::outputs or more it does nothing: it goes on by itself. */
L2TPHA_API void l2tpha_pair_drain(struct l2tpha_pair *pair);
/** Read what the other node has said, before anything else is looked at: after this process had no
 *  turn for long. l2tpha_pair_reads() is up to date then. */
L2TPHA_API void l2tpha_pair_catch_up(struct l2tpha_pair *pair);
/** Monotonic microseconds, those included in which the machine sleeps (CLOCK_BOOTTIME): the time of
 *  all calls that want it. */
L2TPHA_API uint64_t l2tpha_pair_now(void);

/** The node. It changes when this one steps down: not to be kept across l2tpha_pair_service(). */
L2TPHA_API struct l2tpha_node *l2tpha_pair_node(const struct l2tpha_pair *pair);
/** Whether the sockets are read. Else what has come waits in them, for whoever serves. */
L2TPHA_API bool l2tpha_pair_reads(const struct l2tpha_pair *pair);
/** After L2TPHA_PAIR_ENDS: whether it is as it should be, as of a node that another has replaced.
 */
L2TPHA_API bool l2tpha_pair_status(const struct l2tpha_pair *pair);

/** Descriptors besides the UDP socket: such as the sockets of kernel tunnels, which live as long as
 *  one of their descriptors. Over unix each standby, now and later, has a duplicate before any
 *  checkpoint that leaves after this call. tag: the program's name for it, such as the local tunnel
 *  id; UINT32_MAX is none. fd: borrowed until it is forgotten; -1 = forget it. 0, INVALID, NOMEM,
 * LIMIT. */
L2TPHA_API int l2tpha_pair_pass(struct l2tpha_pair *pair, uint32_t tag, int fd);
/** The one that the active has passed under this tag; the caller's from now on. -1 = none. */
L2TPHA_API int l2tpha_pair_passed(struct l2tpha_pair *pair, uint32_t tag);
/** How many may be passed at a time. */
#define L2TPHA_PAIR_PASSED_MAX 65536

/** Hand over to the standby: nothing is lost, peers notice nothing. NULL = it has begun; the host's
 *  outcome tells the rest. */
L2TPHA_API const char *l2tpha_pair_switchover(struct l2tpha_pair *pair);
/** Have this node serve. Whoever serves now is told, and asked to hand over. stale: also from a
 * copy that may be behind what was served. NULL = done, or begun: the host's outcome tells. */
L2TPHA_API const char *l2tpha_pair_takeover(struct l2tpha_pair *pair, bool stale);
/** Serve no longer, once the other does. NULL = done, or begun. */
L2TPHA_API const char *l2tpha_pair_stand_by(struct l2tpha_pair *pair);
/** Serve no longer, at once, whether or not another does. */
L2TPHA_API const char *l2tpha_pair_fence(struct l2tpha_pair *pair);
/** All tunnels were closed, and the program leaves: a standby is told that it has nothing to take
 *  over, and a lease is given back, for which l2tpha_pair_info::leaving tells to wait. */
L2TPHA_API void l2tpha_pair_leave(struct l2tpha_pair *pair);
/** The program is about to end as it is: this node takes nothing over any more. */
L2TPHA_API void l2tpha_pair_end(struct l2tpha_pair *pair);

/** What the pair knows of itself; the rest is in l2tpha_redundancy_get(). */
struct l2tpha_pair_info {
    size_t size;        /**< sizeof(struct l2tpha_pair_info), set by the caller */
    bool standby;       /**< follows, or would */
    bool reads;         /**< l2tpha_pair_reads() */
    bool held;          /**< silent, with all it has, until another serves */
    bool handed;        /**< the standby was told to serve, and nothing was heard since */
    bool switching;     /**< a switchover or a takeover by command is under way */
    bool looking;       /**< L2TPHA_PAIR_AUTO: nobody is there to follow so far */
    bool met;           /**< link holds something: there is a stream to the other node */
    uint64_t behind_us; /**< standby: how long its copy has not been known to be the newest */
    struct l2tpha_link_info link; /**< the replication link */
    uint32_t key_id;   /**< id of the key that its stream is sealed with; 0 = it is not */
    uint32_t standbys; /**< of a node that serves: with a stream; link is that of the one that would
                          be handed over to */
    uint64_t refused;  /**< streams that ended before a hello: of strangers, or of another node with
                            another key */
    const char *refusal; /**< why the last of them did, or the last try to connect, valid until the
                              next call; NULL: there is a stream, or none of them since */
    bool from_store;     /**< what the node has began with what the store had, not another node */
    bool leaving;   /**< after l2tpha_pair_leave(): the lease is being given back, for a second at
                         most */
    bool protects;  /**< active: the standby of link is in sync, and the authority has it in the
                         claim, if there is one. Standby: its copy is whole, and it is in the claim
                         as that was seen last */
    bool successor; /**< standby: of a process that it is to replace */
    uint32_t replaced_by; /**< process that serves in place of this one, which is about to end; 0 =
                               none */
};
/** Of the lease. False: there is none. */
L2TPHA_API bool l2tpha_pair_lease(const struct l2tpha_pair *pair, struct l2tpha_lease_info *info);
/** Of the store. False: there is none. */
L2TPHA_API bool l2tpha_pair_storage(const struct l2tpha_pair *pair,
                                    struct l2tpha_storage_info *info);
/** Fill in what fits into info->size. */
L2TPHA_API void l2tpha_pair_get(const struct l2tpha_pair *pair, struct l2tpha_pair_info *info);

#ifdef __cplusplus
}
#endif

#endif
