/* SPDX-License-Identifier: MIT */
/* The sealed link. Noise NNpsk0 (noise.c) gives each direction a key that nobody has who was not
 * there, whoever learns the common key later; records (sealed_record.c) carry the replication
 * link's bytes under them. A seal hands nothing up before a record of the peer has verified, and
 * nothing of a record that does not. Its buffers hold one record each, so it pushes back: the
 * stream is read no further than to the end of a record, and plaintext waits at the caller. */
#include "failure.h"
#include "handshake.h"
#include "keys.h"
#include "sealed_record.h"

#include <string.h>

#define US_PER_MS 1000u
#define US_PER_S 1000000u
#define REKEY_RECORDS (UINT64_C(1) << 24)

static int destroy(struct l2tpha_seal *seal)
{
    seal_wipe(seal);
    return 0;
}

static bool offers_all(const struct l2tpha_crypto *crypto)
{
    return crypto->size >= offsetof(struct l2tpha_crypto, open) + sizeof(crypto->open) &&
           crypto->wipe != NULL && crypto->sha256 != NULL && crypto->hmac_sha256 != NULL &&
           crypto->x25519 != NULL && crypto->seal != NULL && crypto->open != NULL;
}

static int check_options(const struct l2tpha_seal_options *options)
{
    if (options->crypto == NULL || options->keys == NULL || options->random == NULL)
        return L2TPHA_ERR_INVALID;
    return offers_all(options->crypto) ? L2TPHA_OK : L2TPHA_ERR_CRYPTO;
}

int l2tpha_seal_new(TALLOC_CTX *parent, const struct l2tpha_seal_options *options, uint64_t now,
                    struct l2tpha_seal **seal)
{
    struct l2tpha_seal_options given = {0};

    if (seal == NULL)
        return L2TPHA_ERR_INVALID;
    *seal = NULL;
    if (options == NULL || options->size < sizeof(options->size))
        return L2TPHA_ERR_INVALID;
    memcpy(&given, options, options->size < sizeof(given) ? options->size : sizeof(given));
    int error = check_options(&given);
    if (error != L2TPHA_OK)
        return error;
    struct l2tpha_seal *made = talloc_zero(parent, struct l2tpha_seal);
    if (made == NULL)
        return L2TPHA_ERR_NOMEM;
    made->options = given;
    talloc_set_destructor(made, destroy);
    if (given.handshake_ms == 0)
        made->options.handshake_ms = L2TPHA_SEAL_HANDSHAKE_MS;
    if (given.rekey_s == 0)
        made->options.rekey_s = L2TPHA_SEAL_REKEY_S;
    made->state = given.accept ? L2TPHA_SEAL_ACCEPTING : L2TPHA_SEAL_CONNECTING;
    made->deadline = now + (uint64_t)made->options.handshake_ms * US_PER_MS;
    made->rekeyed_at = now;
    made->rekey_records = REKEY_RECORDS;
    if (!given.accept)
        error = handshake_begin(made);
    if (error != L2TPHA_OK) {
        talloc_free(made);
        return error;
    }
    *seal = made;
    return L2TPHA_OK;
}

void l2tpha_seal_free(struct l2tpha_seal *seal)
{
    talloc_free(seal);
}

static bool in_handshake(const struct l2tpha_seal *seal)
{
    return seal->state == L2TPHA_SEAL_CONNECTING || seal->state == L2TPHA_SEAL_ACCEPTING;
}

/* The first record that verifies is the proof that whoever asked is there now. */
static int take_record(struct l2tpha_seal *seal, const uint8_t *data, size_t len, size_t *used,
                       struct l2tpha_bytes *plain)
{
    bool opened;

    int error = sealed_record_take(seal, data, len, used, &opened, plain);
    if (error == L2TPHA_ERR_SEAL)
        return seal_fail(seal, error, "a record was changed, lost, repeated or put elsewhere");
    if (error != L2TPHA_OK)
        return seal_fail_as(seal, error);
    if (opened && seal->state == L2TPHA_SEAL_ANSWERED) {
        seal->state = L2TPHA_SEAL_OPEN;
        seal->deadline = L2TPHA_NEVER;
    }
    return L2TPHA_OK;
}

int l2tpha_seal_feed(struct l2tpha_seal *seal, const uint8_t *data, size_t len, size_t *used,
                     struct l2tpha_bytes *plain, uint64_t now)
{
    int error = seal->error;

    (void)now;
    *used = 0;
    *plain = (struct l2tpha_bytes){NULL, 0};
    while (error == L2TPHA_OK && *used < len && plain->len == 0) {
        size_t taken = 0;
        if (in_handshake(seal))
            error = handshake_take(seal, data + *used, len - *used, &taken);
        else
            error = take_record(seal, data + *used, len - *used, &taken, plain);
        *used += taken;
    }
    if (error != L2TPHA_OK)
        *plain = (struct l2tpha_bytes){NULL, 0};
    return error;
}

/* A key that has served its time: an empty record says that another one follows. */
static int renew_key(struct l2tpha_seal *seal, uint64_t now)
{
    if (now < seal->rekeyed_at ||
        now - seal->rekeyed_at < (uint64_t)seal->options.rekey_s * US_PER_S)
        return L2TPHA_OK;
    seal->rekeyed_at = now;
    return sealed_record_put(seal, NULL, 0);
}

int l2tpha_seal_write(struct l2tpha_seal *seal, const uint8_t *data, size_t len, size_t *used,
                      uint64_t now)
{
    *used = 0;
    if (seal->error != L2TPHA_OK)
        return seal->error;
    if (len == 0 || seal->state != L2TPHA_SEAL_OPEN || sealed_bytes_len(&seal->out) > 0)
        return L2TPHA_OK;
    size_t piece = len < L2TPHA_SEAL_PIECE_MAX ? len : L2TPHA_SEAL_PIECE_MAX;
    int error = renew_key(seal, now);
    if (error == L2TPHA_OK)
        error = sealed_record_put(seal, data, piece);
    if (error != L2TPHA_OK)
        return seal_fail_as(seal, error);
    *used = piece;
    return L2TPHA_OK;
}

size_t l2tpha_seal_poll(const struct l2tpha_seal *seal, const uint8_t **data)
{
    size_t len = sealed_bytes_len(&seal->out);

    *data = len > 0 ? seal->out.data + seal->out.start : NULL;
    return len;
}

void l2tpha_seal_sent(struct l2tpha_seal *seal, size_t len)
{
    size_t all = sealed_bytes_len(&seal->out);

    sealed_bytes_drop(&seal->out, len < all ? len : all);
}

uint64_t l2tpha_seal_deadline(const struct l2tpha_seal *seal)
{
    return seal->deadline;
}

int l2tpha_seal_expire(struct l2tpha_seal *seal, uint64_t now)
{
    return now < seal->deadline ? seal->error : seal_fail_as(seal, L2TPHA_ERR_TIMEOUT);
}

const char *l2tpha_seal_state_name(enum l2tpha_seal_state state)
{
    switch (state) {
    case L2TPHA_SEAL_CONNECTING:
        return "connecting";
    case L2TPHA_SEAL_ACCEPTING:
        return "accepting";
    case L2TPHA_SEAL_ANSWERED:
        return "answered";
    case L2TPHA_SEAL_OPEN:
        return "open";
    case L2TPHA_SEAL_FAILED:
        return "failed";
    }
    return "?";
}

void l2tpha_seal_get(const struct l2tpha_seal *seal, struct l2tpha_seal_info *info)
{
    const struct l2tpha_seal_info now = {.size = info->size,
                                         .state = seal->state,
                                         .error = seal->error,
                                         .reason = seal->reason,
                                         .key_id = seal->key_id,
                                         .suite = seal->suite,
                                         .records_in = seal->from_peer.nonce,
                                         .records_out = seal->to_peer.nonce,
                                         .keys_in = seal->keys_in,
                                         .keys_out = seal->keys_out};

    memcpy(info, &now, info->size < sizeof(now) ? info->size : sizeof(now));
}
