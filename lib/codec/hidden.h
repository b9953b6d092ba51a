/* SPDX-License-Identifier: MIT */
/* Hiding of AVP values, RFC 2661 4.3. */
#ifndef CODEC_HIDDEN_H
#define CODEC_HIDDEN_H

#include <l2tpha/message.h>

#define HIDDEN_LENGTH 2 /* the original length before the value */
#define HIDDEN_VALUE_MAX (L2TPHA_AVP_VALUE_MAX - HIDDEN_LENGTH)

/* Everything that one value is hidden with. */
struct hidden_key {
    const struct l2tpha_hiding *hiding;
    struct l2tpha_bytes vector; /* data NULL = no Random Vector seen yet */
    uint16_t type;              /* attribute type of the AVP */
};

/* Hide a subformat (length, value, padding) in place. */
int hidden_encipher(const struct hidden_key *key, uint8_t *data, size_t len);

/* Decipher len bytes of src into dst. *value is then the original value inside dst. On failure
 * L2TPHA_ERR_AVP_HIDDEN (or _CRYPTO) with a static text in *why. */
int hidden_decipher(const struct hidden_key *key, const uint8_t *src, size_t len, uint8_t *dst,
                    struct l2tpha_bytes *value, const char **why);

#endif
