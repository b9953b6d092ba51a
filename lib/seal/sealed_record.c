/* SPDX-License-Identifier: MIT */
#include "sealed_record.h"

#include <string.h>

#define HEADER_LEN 2
/* More for a record whose length is all that is known: what is announced costs nothing yet. */
#define AHEAD 4096

static const struct l2tpha_bytes nothing = {NULL, 0};

/* Behind each record that is empty, and each whose number is a multiple of the count. */
static int change_key(const struct l2tpha_seal *seal, struct cipher *cipher, size_t len,
                      uint64_t *changes)
{
    if (len > 0 && cipher->nonce % seal->rekey_records != 0)
        return L2TPHA_OK;
    ++*changes;
    return cipher_rekey(cipher);
}

int sealed_record_put(struct l2tpha_seal *seal, const uint8_t *data, size_t len)
{
    struct sealed_bytes *out = &seal->out;
    size_t follows = len + L2TPHA_TAG_SIZE;

    int error = sealed_bytes_reserve(out, seal, seal->options.crypto, HEADER_LEN + follows);
    if (error != L2TPHA_OK)
        return error;
    uint8_t *at = out->data + out->end;
    at[0] = (uint8_t)(follows >> 8);
    at[1] = (uint8_t)follows;
    at += HEADER_LEN;
    if (len > 0)
        memcpy(at, data, len);
    error = cipher_seal(&seal->to_peer, nothing, at, len, at + len);
    if (error != L2TPHA_OK)
        return error;
    out->end += HEADER_LEN + follows;
    return change_key(seal, &seal->to_peer, len, &seal->keys_out);
}

/* How many bytes the record has that has begun to come; 0 = not known yet. */
static size_t length_of(const struct sealed_bytes *in)
{
    return in->end < HEADER_LEN ? 0 : HEADER_LEN + ((size_t)in->data[0] << 8 | in->data[1]);
}

static int open_record(struct l2tpha_seal *seal, struct l2tpha_bytes *plain)
{
    uint8_t *data = seal->in.data + HEADER_LEN;
    size_t len = seal->in.end - HEADER_LEN - L2TPHA_TAG_SIZE;

    int error = cipher_open(&seal->from_peer, nothing, data, len, data + len);
    if (error == L2TPHA_OK)
        error = change_key(seal, &seal->from_peer, len, &seal->keys_in);
    if (error != L2TPHA_OK)
        return error;
    seal->opened = seal->in.end;
    *plain = (struct l2tpha_bytes){data, len};
    return L2TPHA_OK;
}

static int append(struct l2tpha_seal *seal, size_t whole, const uint8_t *data, size_t len)
{
    struct sealed_bytes *in = &seal->in;
    size_t missing = whole - in->end, room = len > AHEAD ? len : AHEAD;

    int error =
        sealed_bytes_reserve(in, seal, seal->options.crypto, room < missing ? room : missing);
    if (error != L2TPHA_OK)
        return error;
    memcpy(in->data + in->end, data, len);
    in->end += len;
    return L2TPHA_OK;
}

int sealed_record_take(struct l2tpha_seal *seal, const uint8_t *data, size_t len, size_t *used,
                       bool *opened, struct l2tpha_bytes *plain)
{
    struct sealed_bytes *in = &seal->in;

    *used = 0;
    *opened = false;
    sealed_bytes_drop(in, seal->opened);
    seal->opened = 0;
    while (*used < len) {
        size_t known = length_of(in), whole = known > 0 ? known : HEADER_LEN;
        if (known > 0 && known < HEADER_LEN + L2TPHA_TAG_SIZE)
            return L2TPHA_ERR_SEAL;
        size_t more = whole - in->end < len - *used ? whole - in->end : len - *used;
        int error = append(seal, whole, data + *used, more);
        if (error != L2TPHA_OK)
            return error;
        *used += more;
        if (known > 0 && in->end == whole) {
            *opened = true;
            return open_record(seal, plain);
        }
    }
    return L2TPHA_OK;
}
