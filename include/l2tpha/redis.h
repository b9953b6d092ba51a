/* SPDX-License-Identifier: MIT */
/** @file
 *  libl2tpha-redis: a store (l2tpha/store.h) in a Redis or Valkey server, for checkpoints that
 *  outlive the machine. Whoever serves last has it: an older writer is refused by the server, with
 *  L2TPHA_ERR_FENCED. It is no authority over who serves. docs/stores.md, "Redis". */
#ifndef L2TPHA_REDIS_H
#define L2TPHA_REDIS_H

#include <l2tpha/store.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Options of a Redis store. Zero-fill it and set size and what is wanted. */
struct l2tpha_redis_options {
    size_t size;          /**< sizeof(struct l2tpha_redis_options) */
    const char *user;     /**< of the server's; NULL = "default". Copied */
    const char *password; /**< NULL = none is told. Copied; it goes over the network in the clear */
    uint32_t replicas;    /**< replicas that must have what is confirmed; 0 = one, where the server
                               has any, or had when the store was written last */
    bool alone;           /**< ... none, whatever there is */
    bool exact;          /**< nothing that the server has confirmed is lost by a crash or a failover
                              of it: else what was written under a server that has started since is
                              stale. Needs appendfsync always, or a server with WAITAOF */
    uint32_t timeout_ms; /**< an answer takes so long at most; 0 = 3000 */
};

/** A store in a server. The server's name is looked up when it is opened, and not again. Linux.
 *  @param parent   talloc parent.
 *  @param url      `redis://HOST:PORT/GROUP`. Group: letters, digits, `-`, `_` and `.`, 64 at most;
 *                  whoever writes under it has what is there. Copied.
 *  @param options  NULL = none.
 *  @param[out] store  to be freed by l2tpha_store::free.
 *  @retval L2TPHA_ERR_INVALID  no such URL, or a wrong size.
 *  @retval L2TPHA_ERR_NOMEM    out of memory.
 *  @retval L2TPHA_ERR_HOST     no descriptor, or no random bytes. */
L2TPHA_API int l2tpha_redis_store_new(TALLOC_CTX *parent, const char *url,
                                      const struct l2tpha_redis_options *options,
                                      struct l2tpha_store **store);

#ifdef __cplusplus
}
#endif
#endif
