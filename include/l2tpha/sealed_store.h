/* SPDX-License-Identifier: MIT */
/** @file
 *  A store (l2tpha/store.h) whose checkpoints are sealed: encrypted and authenticated, each by
 *  itself, before another store has them. In the optional library l2tpha-seal. docs/stores.md,
 *  "Sealed". */
#ifndef L2TPHA_SEALED_STORE_H
#define L2TPHA_SEALED_STORE_H

#include <l2tpha/seal.h>
#include <l2tpha/store.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Options of a sealed store. Zero-fill it and set size; all but user and takes_plain are required.
 */
struct l2tpha_sealed_store_options {
    size_t size;                         /**< sizeof(struct l2tpha_sealed_store_options) */
    const struct l2tpha_crypto *crypto;  /**< with hmac_sha256, seal and open; borrowed */
    const struct l2tpha_seal_keys *keys; /**< borrowed. A stream is sealed with the first one, and
                                              the suite, as they are when it begins; all are tried
                                              by their ids when it is read */
    /** len unpredictable bytes, from which each stream has a key of its own; 0, or an error. */
    int (*random)(void *user, uint8_t *dst, size_t len);
    void *user;       /**< first argument of random */
    bool takes_plain; /**< what is there may be unsealed as a whole; else that is refused */
};

/** A store around another one. Its read has, besides those of that one, L2TPHA_ERR_SEAL:
 * found->fault says whether it is not sealed, sealed with a key that is not among these, or not
 * what was sealed; nothing of that is mended.
 *  @param parent   talloc parent.
 *  @param inner    not opened yet; the store's from now on, if there is no error, and freed with
 * it.
 *  @param options  copied.
 *  @param[out] store  to be freed by l2tpha_store::free.
 *  @retval L2TPHA_ERR_INVALID  something is missing, or a wrong size.
 *  @retval L2TPHA_ERR_CRYPTO   crypto cannot seal.
 *  @retval L2TPHA_ERR_NOMEM    out of memory. */
L2TPHA_API int l2tpha_sealed_store_new(TALLOC_CTX *parent, struct l2tpha_store *inner,
                                       const struct l2tpha_sealed_store_options *options,
                                       struct l2tpha_store **store);

#ifdef __cplusplus
}
#endif
#endif
