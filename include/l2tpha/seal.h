/* SPDX-License-Identifier: MIT */
/** @file
 *  libl2tpha-seal: the sealed link, a layer between a byte stream and the replication link that
 *  encrypts and authenticates what both nodes say, under a key that both have. Sans-I/O: the host
 *  carries bytes between the stream, this layer and the link (docs/replication-link.md, "Sealed
 *  link", has the format and what it protects).
 *
 *  @code
 *  bytes of the stream:
 *      while (len > 0) {
 *          error = l2tpha_seal_feed(seal, data, len, &used, &plain, now);
 *          if (error == L2TPHA_OK && plain.len > 0)
 *              error = l2tpha_link_feed(link, plain.data, plain.len, now);
 *          if (error != L2TPHA_OK) close the stream;
 *          data += used;  len -= used;
 *      }
 *  while the stream takes bytes:
 *      if ((len = l2tpha_seal_poll(seal, &data)) > 0)
 *          write them, l2tpha_seal_sent(seal, how many were taken);
 *      else if ((len = l2tpha_link_poll(link, &data, now)) > 0 &&
 *               l2tpha_seal_write(seal, data, len, &used, now) == L2TPHA_OK && used > 0)
 *          l2tpha_link_sent(link, used);
 *      else
 *          break;
 *  @endcode
 *
 *  The link is best made once the seal is open (l2tpha_seal_info::state), since its own time runs
 *  from then on. A host has no more than some 32 of these in their handshake at once. One object
 *  is used by one thread at a time. */
#ifndef L2TPHA_SEAL_H
#define L2TPHA_SEAL_H

#include <l2tpha/crypto.h>
#include <l2tpha/error.h>
#include <talloc.h>

#ifdef __cplusplus
extern "C" {
#endif

#define L2TPHA_SEAL_KEYS_MAX 8        /**< keys of a key file */
#define L2TPHA_SEAL_PIECE_MAX 65519   /**< bytes of plaintext in one record */
#define L2TPHA_SEAL_HANDSHAKE_MS 2000 /**< default of l2tpha_seal_options::handshake_ms */
#define L2TPHA_SEAL_REKEY_S 3600      /**< default of l2tpha_seal_options::rekey_s */

struct l2tpha_seal;
struct l2tpha_seal_keys;

/** What is wrong with a key file. */
struct l2tpha_seal_fault {
    unsigned line;   /**< from 1; 0 = the file as a whole */
    const char *why; /**< static text, without anything of the line; NULL = nothing is wrong */
};

/** Keys from the text of a key file, which the host has read and checked to be its owner's alone.
 *  Its lines are `key ID SECRET`, with ID from 1 to 2^32-1 and SECRET of 64 hexadecimal digits, at
 *  most one `suite chacha` (the default) or `suite aes`, and comments behind `#`. The first key and
 *  the suite are those to connect with; all keys are accepted, and both suites.
 *  @param parent      owns the keys; may be NULL.
 *  @param crypto      for wiping secrets; borrowed for as long as the keys live.
 *  @param text        borrowed for the call; wiping it is the host's.
 *  @param len         its bytes.
 *  @param[out] fault  what is wrong, or NULL.
 *  @param[out] keys   the keys; end them with l2tpha_seal_keys_free(), or with their parent.
 *  @retval L2TPHA_ERR_INVALID  the text is not a key file: fault says where and why.
 *  @retval L2TPHA_ERR_CRYPTO   crypto cannot wipe.
 *  @retval L2TPHA_ERR_NOMEM    out of memory. */
L2TPHA_API int l2tpha_seal_keys_new(TALLOC_CTX *parent, const struct l2tpha_crypto *crypto,
                                    const char *text, size_t len, struct l2tpha_seal_fault *fault,
                                    struct l2tpha_seal_keys **keys);

/** Take other keys in their place: those of a file that has changed. Links that are open keep what
 *  they have; a handshake that is under way may fail and is tried again.
 *  @return as above; after an error the keys are what they were. */
L2TPHA_API int l2tpha_seal_keys_replace(struct l2tpha_seal_keys *keys, const char *text, size_t len,
                                        struct l2tpha_seal_fault *fault);

/** Wipe and free them; NULL is none. No seal may have them any more. */
L2TPHA_API void l2tpha_seal_keys_free(struct l2tpha_seal_keys *keys);

/** The id of the @p index-th key, in the order of the file; 0 past the last one. Secrets are not
 *  told. */
L2TPHA_API uint32_t l2tpha_seal_keys_id(const struct l2tpha_seal_keys *keys, size_t index);

/** The suite to connect with. */
L2TPHA_API enum l2tpha_suite l2tpha_seal_keys_suite(const struct l2tpha_seal_keys *keys);

/** Options of a seal. Zero-fill it and set size; crypto, keys and random are required. */
struct l2tpha_seal_options {
    size_t size;                         /**< sizeof(struct l2tpha_seal_options) */
    const struct l2tpha_crypto *crypto;  /**< with all from sha256 on; borrowed */
    const struct l2tpha_seal_keys *keys; /**< borrowed for as long as the seal lives */
    bool accept; /**< this end has accepted the stream; false: it has connected it */
    /** len unpredictable bytes, for a key of this stream alone; 0, or anything else if there are
     *  none. Nothing of the library may be called from it. */
    int (*random)(void *user, uint8_t *dst, size_t len);
    void *user;            /**< first argument of random */
    uint32_t handshake_ms; /**< how long until both ends have proven their key (0 = 2000) */
    uint32_t rekey_s;      /**< how long this end seals under one key (0 = 3600) */
};

/** Seal a stream that has just been opened.
 *  @param parent     owns the seal; may be NULL.
 *  @param options    copied.
 *  @param now        microseconds.
 *  @param[out] seal  the seal; end it with l2tpha_seal_free(), or with its parent.
 *  @retval L2TPHA_ERR_INVALID  something that is required is not there.
 *  @retval L2TPHA_ERR_CRYPTO   crypto does not offer all that is needed, or has failed.
 *  @retval L2TPHA_ERR_HOST     random has failed.
 *  @retval L2TPHA_ERR_NOMEM    out of memory. */
L2TPHA_API int l2tpha_seal_new(TALLOC_CTX *parent, const struct l2tpha_seal_options *options,
                               uint64_t now, struct l2tpha_seal **seal);

/** Wipe its keys and free it; NULL is none. */
L2TPHA_API void l2tpha_seal_free(struct l2tpha_seal *seal);

/** Bytes that have come from the stream, in pieces of any size. A call ends behind the first record
 *  that had something in it: call again with what was not used.
 *  @param seal        either end.
 *  @param data        borrowed for the call.
 *  @param len         bytes.
 *  @param[out] used   how many of them were used.
 *  @param[out] plain  what the peer has said, in order; its len may be 0. It stays where it is
 * until the next call on the seal that is not l2tpha_seal_get() or l2tpha_seal_deadline().
 *  @param now         microseconds.
 *  @retval L2TPHA_ERR_SEAL     a tag is wrong, the key is not known here, or these are not bytes of
 *                              a seal; nothing of them has been handed up.
 *  @retval L2TPHA_ERR_VERSION  the peer seals in another version.
 *  @retval L2TPHA_ERR_CRYPTO   crypto has failed, or the peer has sent a point of small order.
 *  @retval L2TPHA_ERR_LIMIT    2^64-1 records.
 *  @retval L2TPHA_ERR_HOST     random has failed.
 *  @retval L2TPHA_ERR_NOMEM    out of memory.
 *  @return after each of these the stream is to be closed, the keys are wiped, and every call
 *          gives the same error again. */
L2TPHA_API int l2tpha_seal_feed(struct l2tpha_seal *seal, const uint8_t *data, size_t len,
                                size_t *used, struct l2tpha_bytes *plain, uint64_t now);

/** Plaintext for the peer. It is taken once the seal is open and the stream has taken all that was
 *  sealed before, so that what waits at the caller fills the next record.
 *  @param seal       either end.
 *  @param data       copied.
 *  @param len        bytes.
 *  @param[out] used  how many of them were taken: at most L2TPHA_SEAL_PIECE_MAX, 0 = not now.
 *  @param now        microseconds.
 *  @retval L2TPHA_ERR_CRYPTO, L2TPHA_ERR_LIMIT, L2TPHA_ERR_NOMEM  close the stream.
 *  @return the seal's error again, once it has failed. */
L2TPHA_API int l2tpha_seal_write(struct l2tpha_seal *seal, const uint8_t *data, size_t len,
                                 size_t *used, uint64_t now);

/** Bytes to write to the stream; 0 = none. They stay until l2tpha_seal_sent(), and where they are
 *  until the next call of l2tpha_seal_feed() or l2tpha_seal_write(). None once the seal has failed.
 */
L2TPHA_API size_t l2tpha_seal_poll(const struct l2tpha_seal *seal, const uint8_t **data);

/** The stream has taken the first @p len of them. */
L2TPHA_API void l2tpha_seal_sent(struct l2tpha_seal *seal, size_t len);

/** When to call l2tpha_seal_expire() at the latest; L2TPHA_NEVER once the seal is open or failed.
 */
L2TPHA_API uint64_t l2tpha_seal_deadline(const struct l2tpha_seal *seal);

/** The end of patience with a handshake. Harmless when early.
 *  @retval L2TPHA_ERR_TIMEOUT  the peer has not proven its key in time: close the stream.
 *  @return the seal's error again, once it has failed. */
L2TPHA_API int l2tpha_seal_expire(struct l2tpha_seal *seal, uint64_t now);

/** How far a seal is. */
enum l2tpha_seal_state {
    L2TPHA_SEAL_CONNECTING, /**< it has asked, and waits for the answer */
    L2TPHA_SEAL_ACCEPTING,  /**< it waits to be asked */
    L2TPHA_SEAL_ANSWERED,   /**< it has been asked, by somebody who may only repeat what was said on
                                 another stream, and has answered */
    L2TPHA_SEAL_OPEN,       /**< the peer is there and has the key */
    L2TPHA_SEAL_FAILED      /**< close the stream */
};

/** Name of a state, such as "answered"; "?" if unknown. Static. */
L2TPHA_API const char *l2tpha_seal_state_name(enum l2tpha_seal_state state);

/** A seal at a glance. */
struct l2tpha_seal_info {
    size_t size;                  /**< sizeof(struct l2tpha_seal_info), set by the caller */
    enum l2tpha_seal_state state; /**< how far it is */
    int error;                    /**< why it has failed, 0 = it has not */
    const char *reason;           /**< the same in words, static; NULL = it has not failed */
    uint32_t key_id;              /**< of the key; 0 = not known yet */
    enum l2tpha_suite suite;      /**< meaningful once key_id is */
    uint64_t records_in;          /**< records that have verified */
    uint64_t records_out;         /**< records that were made */
    uint64_t keys_in;             /**< how often the peer has changed its key on the way */
    uint64_t keys_out;            /**< how often this end has */
};

/** Look at it. At most info->size bytes are written. */
L2TPHA_API void l2tpha_seal_get(const struct l2tpha_seal *seal, struct l2tpha_seal_info *info);

#ifdef __cplusplus
}
#endif
#endif
