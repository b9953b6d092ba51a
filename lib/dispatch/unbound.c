/* SPDX-License-Identifier: MIT */
/* Datagrams with header tunnel id 0: SCCRQ, which may make a tunnel, and the StopCCN of a peer that
 * does not know our id yet. What is no copy and may be looked at is a machine's. */
#include "dispatch/unbound.h"

#include "base/assert.h"
#include "codec/wire.h"
#include "codec/wire_id.h"

#include "control/auth.h"
#include "control/duplicate.h"
#include "control/event.h"
#include "control/find.h"
#include "control/half_open.h"
#include "control/message.h"
#include "control/place.h"
#include "dispatch/attributes.h"
#include "dispatch/deliver.h"
#include "dispatch/tunnel_duplicate.h"
#include "failover/request.h"
#include "failover/takeover.h"

#include <string.h>

/* Requests refused: in a second, and as many at once after one without. */
#define REFUSALS 32
#define REFUSALS_US UINT64_C(1000000)
#define REFUSAL_US (REFUSALS_US / REFUSALS)
#define NO_TUNNEL UINT16_MAX /* whoever has this id is not asked for */

static bool read_pair(struct request *request)
{
    return l2tpha_avp_tunnel_recovery(
        l2tpha_message_find(&request->engine->message, L2TPHA_AVP_TUNNEL_RECOVERY),
        &request->recovery);
}

const struct tunnel_entry *request_find_pair(const struct request *request)
{
    const struct l2tpha_tunnel_recovery *pair = &request->recovery;
    const struct l2tpha_tunnel *old = engine_tunnel_find(request->engine, pair->remote_tunnel_id);

    return old && old->entry.record.remote_id == pair->tunnel_id ? &old->entry : NULL;
}

/* RFC 4951 3.2.1: a recovery tunnel has the old one's secret, whatever the host would say by now.
 * The pair is never hidden (5.2), so it can be read first. */
static int find_secret(struct request *request, uint8_t secret[L2TPHA_SECRET_MAX], size_t *len)
{
    const struct tunnel_entry *old = read_pair(request) ? request_find_pair(request) : NULL;
    struct l2tpha_bytes name = {0};

    if (old) {
        *len = old->record.secret.len;
        if (*len)
            memcpy(secret, old->record.secret.data, *len);
        return L2TPHA_OK;
    }
    l2tpha_message_bytes(&request->engine->message, L2TPHA_AVP_HOST_NAME, &name);
    return auth_ask_secret(request->engine, request->path, &name, secret, len);
}

/* Hidden AVPs need the secret before there is a tunnel to keep it. */
static void decipher(struct request *request)
{
    struct engine *engine = request->engine;
    uint8_t secret[L2TPHA_SECRET_MAX];
    size_t len = 0;

    if (engine->message.hidden)
        request->input.status = find_secret(request, secret, &len);
    struct l2tpha_hiding hiding = {
        .crypto = engine->config.crypto, .secret = secret, .secret_len = len};
    message_finish(engine, &hiding, &request->fault);
    if (len)
        engine->config.crypto->wipe(engine->config.crypto->user, secret, sizeof(secret));
}

/* --- the tunnel --- */

/* RFC 4951 3.2.1: the address of the tunnel that is asked back has answered us before. */
static bool is_proven(const struct request *request)
{
    const struct tunnel_entry *old = request->welcome ? request_find_pair(request) : NULL;

    return old && address_is(&old->record.path.remote, &request->path->remote);
}

/* One that names no tunnel of ours is a recovery tunnel all the same: it is refused by the machine
 * of these, in a place among these. */
static uint32_t named_tunnel(const struct request *request)
{
    if (!request->recovers)
        return 0;
    return request->recovery.remote_tunnel_id ? request->recovery.remote_tunnel_id : NO_TUNNEL;
}

int request_make_tunnel(struct request *request)
{
    struct engine *engine = request->engine;
    struct l2tpha_node_record after;
    struct l2tpha_tunnel *tunnel;
    uint32_t id = wire_tunnel_id(&engine->message);

    ASSERT(&engine->log, !request->tunnel);
    /* RFC 4951 3.2.1: who may have his tunnel back does not wait for those who want one; and who
     * may not sends nobody away. */
    int error = L2TPHA_OK;
    if (!request->recovers)
        tunnel_make_duplicate_place(engine, request->path, id);
    if (!request->recovers)
        error = half_open_make_place(engine, &request->path->remote);
    else if (!request->welcome && engine->strangers.started.count >= engine->config.max_half_open)
        error = L2TPHA_ERR_LIMIT;
    if (!error)
        error = buffer_reserve(engine->pool, ENGINE_ANSWER);
    if (!error)
        error = tunnel_new_with_id(engine, request->path, named_tunnel(request), request->local_id,
                                   &after, &tunnel);
    if (error)
        return error;
    tunnel_note_request(tunnel, &engine->message);
    error = table_tunnel_set_remote(engine->table, &tunnel->entry, request->path, id);
    if (error) {
        machine_clear(tunnel, error, "no memory");
        return error;
    }
    if (!request->local_id)
        engine_set_record(engine, &after);
    tunnel_note_duplicates(tunnel);
    tunnel_set_half_open(tunnel, true);
    if (!is_proven(request))
        half_open_mark_unproven(tunnel, request->len);
    request->tunnel = tunnel;
    engine->counters.messages_in++;
    channel_receive(engine, &tunnel->channel, request->header, request->data, request->len);
    return L2TPHA_OK;
}

/* Each refusal costs a place and messages of ours, sent to an address that may be forged; and
 * probing for ids that can be recovered is done with nothing else. */
bool request_may_refuse(struct engine *engine)
{
    if (engine->refusals_until < engine->now)
        engine->refusals_until = engine->now;
    ASSERT(&engine->log, engine->refusals_until - engine->now <= REFUSALS_US);
    if (engine->refusals_until - engine->now > REFUSALS_US - REFUSAL_US)
        return false;
    engine->refusals_until += REFUSAL_US;
    return true;
}

/* --- what comes --- */

/* A copy of the SCCRQ that a tunnel began with; its numbers mean nothing to the channel, which may
 * have been reset or be one round on. RFC 2661 7.2.1: an SCCRQ ends the tunnel whose id its header
 * has, and this one has none. */
static int process_copy(struct request *request, struct l2tpha_tunnel *known)
{
    struct engine *engine = request->engine;

    if (known->channel.suspended) {
        engine->counters.suspended_drops++;
        return L2TPHA_OK;
    }
    engine->counters.duplicates++;
    half_open_asked_again(known, request->len);
    return L2TPHA_ERR_DUPLICATE;
}

/* RFC 4951 3.2.1: recovery tunnels have a machine of their own. */
static int ask_machine(struct request *request)
{
    struct engine *engine = request->engine;
    const struct machine_ops *machine =
        request->recovers ? engine->recovery_machine : engine->machine;

    int error = machine->request(request);
    if (request->tunnel && !request->tunnel->dying)
        channel_accept(engine, &request->tunnel->channel);
    return error;
}

static int process_sccrq(struct request *request)
{
    struct engine *engine = request->engine;

    if (request->fault.error)
        engine->counters.bad_avp++;
    engine->counters.ignored_avp += engine->message.ignored;
    /* RFC 2661 5.8: a tunnel's first message has Ns 0 and nothing to acknowledge. */
    if (request->header->ns != 0 || request->header->nr != 0) {
        engine->counters.out_of_window++;
        return L2TPHA_ERR_OUT_OF_WINDOW;
    }
    struct l2tpha_tunnel *known =
        tunnel_find_copied(engine, request->path, &engine->message, named_tunnel(request));
    if (known)
        return process_copy(request, known);
    if (request->recovers && !request_wanted(engine->failover, &engine->message))
        return L2TPHA_ERR_WRONG_PEER;
    if (!takeover_restore_pending(engine->failover)) {
        half_open_dropped(engine, L2TPHA_ERR_LIMIT);
        return L2TPHA_ERR_LIMIT; /* the peer sends it again */
    }
    return ask_machine(request);
}

static int process_stopccn(struct request *request)
{
    struct engine *engine = request->engine;
    struct l2tpha_tunnel *tunnel = tunnel_find_stopped(engine, request->path, &engine->message);

    if (!tunnel) {
        engine->counters.unknown_tunnel++;
        return L2TPHA_ERR_NOT_OURS;
    }
    return engine_deliver(engine, tunnel, request->path, request->header, request->data,
                          request->len);
}

int unbound_receive(struct engine *engine, const struct l2tpha_path *path,
                    const struct l2tpha_header *header, const uint8_t *data, size_t len)
{
    struct request request = {
        .engine = engine,
        .path = path,
        .header = header,
        .data = data,
        .len = len,
        .input = {.message = &engine->message, .path = path, .by_peer = true}};

    l2tpha_message_decode(data, len, &engine->message, &request.fault);
    if (engine->message.type == L2TPHA_MESSAGE_STOPCCN)
        return process_stopccn(&request);
    if (engine->message.type != L2TPHA_MESSAGE_SCCRQ) {
        engine->counters.unknown_tunnel++;
        return L2TPHA_ERR_NOT_OURS;
    }
    int error = engine_make_room(engine, len);
    if (error)
        return error; /* the peer sends it again */
    decipher(&request);
    request.recovers = read_pair(&request);
    error = process_sccrq(&request);
    message_done(engine);
    return error;
}

int request_make_later(struct engine *engine, const struct l2tpha_path *path, const uint8_t *data,
                       size_t len, uint32_t local_id, struct l2tpha_tunnel **tunnel)
{
    struct l2tpha_header header;
    struct request request = {.engine = engine,
                              .path = path,
                              .header = &header,
                              .data = data,
                              .len = len,
                              .local_id = local_id,
                              .input = {.message = &engine->message, .path = path}};

    int error = wire_header_decode(data, len, &header);
    if (!error)
        error = engine_make_room(engine, len);
    if (error)
        return error;
    l2tpha_message_decode(data, len, &engine->message, &request.fault);
    decipher(&request);
    error = request_make_tunnel(&request);
    if (!error) {
        channel_accept(engine, &request.tunnel->channel);
        error = tunnel_take_peer(request.tunnel, &engine->message, path);
    }
    if (error && request.tunnel)
        machine_clear(request.tunnel, error, "not made");
    message_done(engine);
    *tunnel = error ? NULL : request.tunnel;
    return error;
}
