/* SPDX-License-Identifier: MIT */
#include "control/auth.h"

#include "base/assert.h"

#include <string.h>

/* RFC 2661 4.4.3: CHAP with the number of the message that carries the response as its id, so that
 * a response cannot be reflected (9.1). */
static int digest(const struct l2tpha_tunnel *tunnel, uint16_t type,
                  const struct l2tpha_bytes *challenge, uint8_t out[L2TPHA_MD5_SIZE])
{
    const struct l2tpha_crypto *crypto = tunnel->engine->config.crypto;
    const uint8_t number = (uint8_t)type;
    const struct l2tpha_bytes parts[] = {{&number, 1}, tunnel->entry.record.secret, *challenge};

    if (!crypto)
        return L2TPHA_ERR_CRYPTO;
    return crypto->md5(crypto->user, parts, sizeof(parts) / sizeof(parts[0]), out);
}

static int ask_host(struct engine *engine, const struct l2tpha_peer *peer, uint8_t *secret,
                    size_t *len)
{
    engine_ask(engine);
    int error = engine->host.secret(engine->host.user, peer, secret, len);
    engine_answered(engine);
    if (!error && *len <= L2TPHA_SECRET_MAX)
        return L2TPHA_OK;
    *len = 0;
    engine->counters.callback_errors++;
    log_line(&engine->log, L2TPHA_LOG_ERROR, 0, 0, "the host cannot tell the secret");
    return L2TPHA_ERR_HOST;
}

int auth_ask_secret(struct engine *engine, const struct l2tpha_path *path,
                    const struct l2tpha_bytes *peer_name, uint8_t secret[L2TPHA_SECRET_MAX],
                    size_t *len)
{
    char name[L2TPHA_AVP_VALUE_MAX + 1] = "";
    struct l2tpha_peer peer = {.path = path, .name = name};

    *len = 0;
    if (!engine->host.secret || !engine->config.crypto)
        return L2TPHA_OK;
    if (peer_name && peer_name->len > 0 && peer_name->len < sizeof(name)) {
        memcpy(name, peer_name->data, peer_name->len);
        name[peer_name->len] = '\0';
        peer.name_len = peer_name->len;
    }
    return ask_host(engine, &peer, secret, len);
}

int auth_fetch_secret(struct l2tpha_tunnel *tunnel, const struct l2tpha_bytes *peer_name)
{
    struct engine *engine = tunnel->engine;
    struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    const struct l2tpha_crypto *crypto = engine->config.crypto;
    uint8_t secret[L2TPHA_SECRET_MAX];
    size_t len;

    ASSERT(&engine->log, !tunnel_is_recovery(tunnel)); /* it has the old tunnel's */
    int error = auth_ask_secret(engine, &record->path, peer_name, secret, &len);
    /* No secret under the name leaves that of the address in force. */
    if (error || len == 0)
        return error;
    error = table_tunnel_set_bytes(engine->table, &record->secret, secret, len);
    crypto->wipe(crypto->user, secret, sizeof(secret));
    return error;
}

int auth_put_challenge(struct l2tpha_tunnel *tunnel, struct l2tpha_builder *builder)
{
    struct engine *engine = tunnel->engine;
    struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    uint8_t challenge[AUTH_CHALLENGE_SIZE];

    if (record->secret.len == 0)
        return L2TPHA_OK;
    int error = engine_random(engine, challenge, sizeof(challenge));
    if (!error)
        error =
            table_tunnel_set_bytes(engine->table, &record->challenge, challenge, sizeof(challenge));
    if (error)
        return error;
    l2tpha_builder_put_bytes(builder, L2TPHA_AVP_CHALLENGE, challenge, sizeof(challenge));
    return L2TPHA_OK;
}

int auth_put_response(struct l2tpha_tunnel *tunnel, struct l2tpha_builder *builder, uint16_t type,
                      const struct l2tpha_bytes *challenge)
{
    uint8_t response[L2TPHA_MD5_SIZE];

    if (!challenge)
        return L2TPHA_OK;
    if (tunnel->entry.record.secret.len == 0)
        return L2TPHA_ERR_AUTH;
    int error = digest(tunnel, type, challenge, response);
    if (!error)
        l2tpha_builder_put_bytes(builder, L2TPHA_AVP_CHALLENGE_RESPONSE, response,
                                 sizeof(response));
    return error;
}

static int refused(struct l2tpha_tunnel *tunnel)
{
    tunnel->engine->counters.auth_failed++;
    return L2TPHA_ERR_AUTH;
}

int auth_check_challenge(struct l2tpha_tunnel *tunnel, const struct l2tpha_message *message)
{
    bool asked = l2tpha_message_has(message, L2TPHA_AVP_CHALLENGE);

    return asked && !tunnel->entry.record.secret.len ? refused(tunnel) : L2TPHA_OK;
}

int auth_check_response(struct l2tpha_tunnel *tunnel, const struct l2tpha_message *message)
{
    struct engine *engine = tunnel->engine;
    struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    const struct l2tpha_crypto *crypto = engine->config.crypto;
    uint8_t expected[L2TPHA_MD5_SIZE];
    struct l2tpha_bytes response;

    if (record->challenge.len == 0)
        return L2TPHA_OK;
    int error = digest(tunnel, message->type, &record->challenge, expected);
    table_tunnel_set_bytes(engine->table, &record->challenge, NULL, 0);
    if (error)
        return error;
    if (!l2tpha_message_bytes(message, L2TPHA_AVP_CHALLENGE_RESPONSE, &response) ||
        response.len != sizeof(expected) ||
        !crypto->equal(crypto->user, expected, response.data, sizeof(expected)))
        return refused(tunnel);
    record->flags |= L2TPHA_TUNNEL_AUTHENTICATED;
    return L2TPHA_OK;
}
