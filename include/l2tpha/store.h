/* SPDX-License-Identifier: MIT */
/** @file
 *  Stores: where the checkpoints of a node are kept outside of processes, so that it is there again
 *  after its process has died, without any standby. A store's content is what a standby is told: a
 *  copy, then increments. It is read by giving that to a node that starts as a standby.
 *
 *  struct l2tpha_store is what an adapter offers; l2tpha_file_store_new() makes the one for a
 *  directory, l2tpha_redis_store_new() (l2tpha/redis.h) that in a server. l2tpha_storage ties a
 * store to a node: it is a consumer (l2tpha/consumer.h) that outputs wait for. All this is in the
 * optional library l2tpha-store. docs/stores.md. */
#ifndef L2TPHA_STORE_H
#define L2TPHA_STORE_H

#include <l2tpha/error.h>
#include <l2tpha/node.h>
#include <talloc.h>

#ifdef __cplusplus
extern "C" {
#endif

/** First octet of a checkpoint that was sealed (l2tpha/sealed_store.h); none begins with it. */
#define L2TPHA_STORE_SEALED 0

/** What was found in a store. */
struct l2tpha_store_found {
    bool any;           /**< there is a whole copy; else nothing else is set */
    bool stale;         /**< it was marked, or mended: more than this may have been served */
    uint64_t epoch;     /**< under which it was begun */
    uint64_t items;     /**< checkpoints */
    uint64_t bytes;     /**< of them */
    bool torn;          /**< the last ones were being written when the writer ended, and have not
                             been confirmed to anybody */
    const char *fault;  /**< NULL, or what is damaged. Static */
    uint64_t fault_at;  /**< ... at this octet */
    uint64_t unproven;  /**< looked at: of so many of the items, the last ones, it is not known
                             whether they have been confirmed to anybody yet */
    uint32_t level;     /**< L2TPHA_LEVEL of the release that has written it, */
    uint32_t level_min; /**< ... and the lowest level of one that can go on from it */
};

/** Something has come of what was asked of a store. */
struct l2tpha_store_event {
    enum {
        L2TPHA_STORE_PROGRESS, /**< a stream: position and whole, or its status */
        L2TPHA_STORE_MARKED    /**< what was asked by mark_stale: status */
    } kind;                    /**< what */
    uint32_t stream;           /**< which */
    uint64_t position;         /**< all up to it is there, whatever happens; 0 = nothing yet */
    bool whole;                /**< ... the end of its copy too */
    int status;                /**< an error that the stream has ended with, 0 = it goes on.
                                    L2TPHA_ERR_FENCED: another writer has the store, and nothing
                                    that is in it may be changed */
};

/** Gives a checkpoint back. Nonzero ends the reading with that. */
typedef int (*l2tpha_store_item)(void *user, const uint8_t *data, size_t len);

/** A store. None of the calls waits for a disk or a network but open and read; errors are the
 *  library's. A stream is a copy and what follows it; two may be written at a time. */
struct l2tpha_store {
    size_t size;      /**< sizeof(struct l2tpha_store) */
    const char *name; /**< in show, such as "file" */
    void *user;       /**< first argument of each */
    /** Be its only writer. *why: a text when that is not possible, valid until the next call.
     *  L2TPHA_ERR_LEVEL: what is there needs a newer release; nothing of it is read or changed. */
    int (*open)(void *user, const char **why);
    /** Give back the newest whole copy and what follows it. mend: damage ends it, and makes it
     *  stale; else it is an error, L2TPHA_ERR_RECORD, and nothing is given back. */
    int (*read)(void *user, bool mend, l2tpha_store_item fn, void *arg,
                struct l2tpha_store_found *found);
    /** A new stream. L2TPHA_ERR_LIMIT: two are there. */
    int (*begin)(void *user, uint64_t epoch, uint32_t *stream);
    /** The next checkpoint of a stream; copied. whole: it is the end of the copy. Kept together
     *  with others until commit. */
    int (*append)(void *user, uint32_t stream, uint64_t position, const uint8_t *data, size_t len,
                  bool whole);
    /** Let what was appended become durable, unless that is under way: called again when event has
     *  said something. */
    int (*commit)(void *user);
    /** The next event; false = none now. */
    bool (*event)(void *user, struct l2tpha_store_event *event);
    /** A stream is not written any more. keep: a whole copy stays to be read, until another one is
     *  whole; else it goes. */
    int (*drop)(void *user, uint32_t stream, bool keep);
    /** What would be read is stale: the node goes on without the store. Must need no space. An
     *  event says how that went. */
    int (*mark_stale)(void *user);
    /** Readable when event has something to say; -1 = ask it. */
    int (*fd)(void *user);
    /** Free it. Waits for what is under way. */
    void (*free)(void *user);
    /** What there is to be known of it, or its last error in its own words: for show. Valid until
     *  the next call. NULL = it says nothing. */
    const char *(*note)(void *user);
    /** Give back the newest whole copy and what follows it, as far as it is there now, of a store
     *  that another process may be writing: nothing of it is changed or acquired, and nobody is
     *  kept from it. Instead of open; no other call follows but note and free. Damage ends it:
     *  L2TPHA_ERR_RECORD, behind all that is before it. L2TPHA_ERR_GAP: the writer has replaced
     *  what was being read. *why: as open, NULL where the error says it all. NULL = it cannot be
     *  looked at. */
    int (*look)(void *user, l2tpha_store_item fn, void *arg, struct l2tpha_store_found *found,
                const char **why);
    /** Streams that are begun from now on say that releases below this level cannot go on from
     *  them. It is L2TPHA_LEVEL_MIN at first. NULL = the store has no place for it. */
    void (*set_level_min)(void *user, uint32_t level_min);
};

/** A store in a directory: segments `NUMBER.seg`, and `lock`. Made with mode 0700, files with 0600.
 *  A thread of its own writes and waits for the disk. Linux.
 *  @param parent     talloc parent.
 *  @param directory  copied.
 *  @param[out] store to be freed by l2tpha_store::free. */
L2TPHA_API int l2tpha_file_store_new(TALLOC_CTX *parent, const char *directory,
                                     struct l2tpha_store **store);

struct l2tpha_storage;

/** Options of a storage. Zero-fill it and set size and what is wanted. */
struct l2tpha_storage_options {
    size_t size;                      /**< sizeof(struct l2tpha_storage_options) */
    const struct l2tpha_store *store; /**< open; borrowed */
    bool holds_for_ever; /**< a store that is lost stops the node's outputs, until it is there
                              again; else the store is marked as stale, and the node goes on */
    uint32_t timeout_ms; /**< the store is late after so long, and is tried anew; 0 = 5000 */
    uint32_t tail_bytes; /**< a copy is made anew when so many octets follow it, and twice as many
                              as it has; 0 = 16 MiB */
    void *user;          /**< first argument of: */
    void (*log)(void *user, const char *text); /**< a line; optional */
};

/** How far a storage is. */
enum l2tpha_storage_state {
    L2TPHA_STORAGE_OFF = 0, /**< no node, or it does not serve */
    L2TPHA_STORAGE_COPYING, /**< the first copy is on its way: what is new waits for it */
    L2TPHA_STORAGE_IN_SYNC, /**< all that has left is in the store */
    L2TPHA_STORAGE_HOLDS,   /**< the store is lost or late: what is new waits */
    L2TPHA_STORAGE_GOES_ON  /**< ... and is marked as stale: nothing waits, nothing is protected */
};

/** A storage at a glance. */
struct l2tpha_storage_info {
    size_t size;                     /**< sizeof(struct l2tpha_storage_info), set by the caller */
    enum l2tpha_storage_state state; /**< now */
    const char *reason;              /**< HOLDS, GOES_ON: why; else "". Static */
    int status;                      /**< the store's last error, 0 = none */
    uint64_t copies;                 /**< that have become whole */
    uint64_t items;                  /**< checkpoints handed to the store, */
    uint64_t bytes;                  /**< ... their octets */
    uint64_t losses;                 /**< times that a stream has failed */
    uint64_t since;                  /**< HOLDS, GOES_ON: since when */
};

/** A storage without a node.
 *  @retval L2TPHA_ERR_INVALID  no store, or a wrong size. */
L2TPHA_API int l2tpha_storage_new(TALLOC_CTX *parent, const struct l2tpha_storage_options *options,
                                  struct l2tpha_storage **storage);
/** Its node gets nothing more of it. NULL is allowed. */
L2TPHA_API void l2tpha_storage_free(struct l2tpha_storage *storage);

/** Fill a standby that is empty with what the store has. It is as hot as if an active had done so:
 *  l2tpha_takeover_as() goes on, with L2TPHA_TRUST_STALE where found->stale says so, after
 *  l2tpha_storage_begin().
 *  @param storage     without a node.
 *  @param node        the standby.
 *  @param mend        see l2tpha_store::read.
 *  @param now         microseconds.
 *  @param[out] found  what there was; without any copy the node is still empty.
 *  @retval L2TPHA_ERR_RECORD  the store is damaged: found->fault.
 *  @retval L2TPHA_ERR_LEVEL   what is there needs a newer release.
 *  @retval L2TPHA_ERR_SEAL    it is sealed, or is not, or otherwise: found->fault.
 *  @return or an error of the store's, or of l2tpha_checkpoint_apply(). */
L2TPHA_API int l2tpha_storage_restore(struct l2tpha_storage *storage, struct l2tpha_node *node,
                                      bool mend, uint64_t now, struct l2tpha_store_found *found);

/** From now on the node's checkpoints go to the store, and its outputs wait for that.
 *  @param storage  without a node.
 *  @param node     an active, or a standby that is about to take over: nothing that the store lacks
 *                  leaves then. Borrowed until l2tpha_storage_end().
 *  @param now      microseconds.
 *  @retval L2TPHA_ERR_STATE  it has a node.
 *  @return or an error of l2tpha_consumer_add(). */
L2TPHA_API int l2tpha_storage_begin(struct l2tpha_storage *storage, struct l2tpha_node *node,
                                    uint64_t now);
/** The node ends, or serves no more. What the store has stays in it. */
L2TPHA_API void l2tpha_storage_end(struct l2tpha_storage *storage);

/** Its node serves no more, and another one does, or nobody: l2tpha_storage_end(), and what the
 * store has is marked as stale. That is tried until the store has it: l2tpha_storage_service() goes
 * on to be called. A storage whose node is fenced does so by itself. l2tpha_storage_begin() ends
 * it. */
L2TPHA_API void l2tpha_storage_retire(struct l2tpha_storage *storage);

/** A checkpoint that l2tpha_poll() has given out. False: it is for another consumer. */
L2TPHA_API bool l2tpha_storage_output(struct l2tpha_storage *storage,
                                      const struct l2tpha_output *output);
/** What there is to do: after outputs, when the store's descriptor is readable, and when the
 *  deadline has come; with and without a node. Not from within l2tpha_poll()'s outputs. True: the
 * node may have more to give out, l2tpha_poll() is to be drained. */
L2TPHA_API bool l2tpha_storage_service(struct l2tpha_storage *storage, uint64_t now);
/** L2TPHA_NEVER = none. */
L2TPHA_API uint64_t l2tpha_storage_deadline(const struct l2tpha_storage *storage);
/** Fill in what fits into info->size. */
L2TPHA_API void l2tpha_storage_get(const struct l2tpha_storage *storage,
                                   struct l2tpha_storage_info *info);
/** "off", "copying", "in-sync", "holds" or "goes-on". Static. */
L2TPHA_API const char *l2tpha_storage_state_name(enum l2tpha_storage_state state);

#ifdef __cplusplus
}
#endif
#endif
