/* SPDX-License-Identifier: MIT */
/** @file
 *  An etcd cluster as the authority (l2tpha/authority.h), or as a store (l2tpha/store.h), or both:
 *  keys below `l2tpha/GROUP/`, changed by transactions of its JSON gateway (etcd 3.4 and later).
 * All this is in the optional library l2tpha-etcd, over libcurl and jansson. Linux. docs/etcd.md,
 *  docs/stores.md. */
#ifndef L2TPHA_ETCD_H
#define L2TPHA_ETCD_H

#include <l2tpha/authority.h>
#include <l2tpha/store.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Members that are known at most. */
#define L2TPHA_ETCD_MEMBERS_MAX 8

/** Files of a TLS client, in PEM. Zero-fill it, set size, and what is wanted. */
struct l2tpha_etcd_tls {
    size_t size;             /**< sizeof(struct l2tpha_etcd_tls) */
    const char *ca;          /**< certificates of who may sign the members'; NULL = the system's */
    const char *certificate; /**< of this node; NULL = none */
    const char *key;         /**< ... and its key */
};

/** An authority in etcd. Nothing is asked yet. Besides the statuses of l2tpha_authority_event
 *  there are L2TPHA_ERR_REFUSED (etcd refuses it: nothing has changed), L2TPHA_ERR_RECORD (an
 *  answer or a value that makes no sense) and L2TPHA_ERR_LIMIT (no space). What came of a take or
 *  change is open after RECORD, LIMIT and TIMEOUT; after HOST nothing was sent. The next look that
 *  succeeds ends that: what was asked for before it has come to pass by then, or never does.
 *  @param parent  talloc parent.
 *  @param place   `HOST:PORT,HOST:PORT,.../GROUP`. A HOST is an address in numbers, IPv6 in [],
 *                 or a name, which is looked up here, and waited for, and never again; without
 *                 PORT it is 2379. GROUP has 1 to 63 letters, digits, `.`, `_` and `-`.
 *  @param tls     NULL = HTTP in clear, without any proof of who is who. Files are read as
 *                 connections are made; the strings are copied.
 *  @param[out] authority  to be freed by l2tpha_authority::free, which waits for nothing.
 *  @retval L2TPHA_ERR_INVALID    that is no such place.
 *  @retval L2TPHA_ERR_NOT_FOUND  a name is unknown.
 *  @retval L2TPHA_ERR_HOST       no descriptor, or libcurl cannot be used.
 *  @retval L2TPHA_ERR_NOMEM      out of memory. */
L2TPHA_API int l2tpha_etcd_authority_new(TALLOC_CTX *parent, const char *place,
                                         const struct l2tpha_etcd_tls *tls,
                                         struct l2tpha_authority **authority);

/** Options of a store in etcd. Zero-fill it and set size and what is wanted. */
struct l2tpha_etcd_store_options {
    size_t size;                       /**< sizeof(struct l2tpha_etcd_store_options) */
    const struct l2tpha_etcd_tls *tls; /**< as for l2tpha_etcd_authority_new() */
    uint32_t timeout_ms;               /**< what is asked for takes so long at most, whichever
                                            members are asked; 0 = 4000 */
    uint32_t history_s; /**< the cluster's history, which is that of all who use it, is compacted
                             up to what is this old, when logs have gone; 0 = 600 */
    bool keeps_history; /**< ... it is left to etcd (`--auto-compaction-retention`) */
};

/** A store in etcd. Whoever serves last has it: an older writer is refused by the cluster, with
 *  L2TPHA_ERR_FENCED. What is confirmed is on the disks of a majority. A checkpoint of more than
 *  L2TPHA_CHECKPOINT_MAX and what sealing adds is L2TPHA_ERR_LIMIT. Nothing is asked before it is
 * opened.
 *  @param parent   talloc parent.
 *  @param place    as for l2tpha_etcd_authority_new(); an authority of the same group is another
 *                  matter, whose keys are others.
 *  @param options  NULL = none.
 *  @param[out] store  to be freed by l2tpha_store::free, which waits for timeout_ms at most.
 *  @retval L2TPHA_ERR_INVALID    no such place, or a wrong size.
 *  @retval L2TPHA_ERR_NOT_FOUND  a name is unknown.
 *  @retval L2TPHA_ERR_HOST       no descriptor, no random bytes, or libcurl cannot be used.
 *  @retval L2TPHA_ERR_NOMEM      out of memory. */
L2TPHA_API int l2tpha_etcd_store_new(TALLOC_CTX *parent, const char *place,
                                     const struct l2tpha_etcd_store_options *options,
                                     struct l2tpha_store **store);

#ifdef __cplusplus
}
#endif
#endif
