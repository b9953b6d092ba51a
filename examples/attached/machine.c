/* SPDX-License-Identifier: MIT */
#include "machine.h"
#include "channel.h"
#include "log.h"
#include "proof.h"

#include <stdlib.h>
#include <string.h>

/* RFC 2661 4.4.2 */
enum { STOP_ERROR = 2, STOP_UNAUTHORIZED = 4 };
enum { CDN_ERROR = 2, CDN_BUSY = 4, CDN_NO_FACILITIES = 5 };
enum { ERROR_UNKNOWN_AVP = 8 };

/* --- lists --- */

struct tunnel *tunnel_find(const struct daemon *daemon, uint16_t id)
{
    struct tunnel *tunnel = daemon->tunnels;
    while (tunnel && tunnel->id != id)
        tunnel = tunnel->next;
    return tunnel;
}

bool tunnel_is_of(const struct tunnel *tunnel, const struct sockaddr_in *peer)
{
    return tunnel->peer.sin_addr.s_addr == peer->sin_addr.s_addr &&
           tunnel->peer.sin_port == peer->sin_port;
}

struct tunnel *tunnel_find_asked(const struct daemon *daemon, const struct sockaddr_in *peer,
                                 uint16_t peers_id)
{
    struct tunnel *tunnel = daemon->tunnels;
    while (tunnel && (tunnel->peers_id != peers_id || tunnel->state > TUNNEL_UP ||
                      !tunnel_is_of(tunnel, peer)))
        tunnel = tunnel->next;
    return tunnel;
}

struct tunnel *tunnel_add(struct daemon *daemon, const struct sockaddr_in *peer)
{
    struct tunnel *tunnel = calloc(1, sizeof(*tunnel));
    if (!tunnel)
        return NULL;
    tunnel->daemon = daemon;
    tunnel->peer = *peer;
    tunnel->until = NEVER;
    channel_start(&tunnel->channel, WINDOW, daemon->now);
    tunnel->next = daemon->tunnels;
    daemon->tunnels = tunnel;
    return tunnel;
}

/* It goes into logs and answers. */
void tunnel_take_name(struct tunnel *tunnel, const uint8_t *name, size_t len)
{
    for (size_t i = 0; i < len && i < sizeof(tunnel->name) - 1; i++) {
        bool harmless = name[i] >= ' ' && name[i] <= '~' && name[i] != '"' && name[i] != '\\';
        tunnel->name[i] = harmless ? (char)name[i] : '?';
    }
}

void tunnel_free(struct tunnel *tunnel)
{
    struct tunnel **at = &tunnel->daemon->tunnels;
    while (tunnel->calls)
        call_free(tunnel, tunnel->calls);
    while (*at != tunnel)
        at = &(*at)->next;
    *at = tunnel->next;
    channel_clear(&tunnel->channel);
    free(tunnel);
}

struct call *call_find(const struct tunnel *tunnel, uint16_t id)
{
    struct call *call = tunnel->calls;
    while (call && call->id != id)
        call = call->next;
    return call;
}

struct call *call_add(struct tunnel *tunnel, uint16_t id, uint16_t peers_id, bool up)
{
    struct call *call = calloc(1, sizeof(*call));
    if (!call)
        return NULL;
    *call = (struct call){.next = tunnel->calls, .id = id, .peers_id = peers_id, .up = up};
    tunnel->calls = call;
    return call;
}

void call_free(struct tunnel *tunnel, struct call *call)
{
    struct call **at = &tunnel->calls;
    while (*at != call)
        at = &(*at)->next;
    *at = call->next;
    free(call);
}

/* --- saying --- */

static void put_result(struct outgoing *out, uint16_t result, uint16_t error)
{
    uint8_t octets[4];
    put_u16(octets, result);
    put_u16(octets + 2, error);
    message_octets(out, AVP_RESULT_CODE, octets, error != 0 ? 4 : 2);
}

static bool say_sccrp(struct tunnel *tunnel, const struct message *request)
{
    const struct daemon *daemon = tunnel->daemon;
    struct outgoing out;
    message_begin(&out, SCCRP, tunnel->peers_id, 0);
    message_u16(&out, AVP_PROTOCOL_VERSION, 0x0100);
    message_u32(&out, AVP_FRAMING_CAPABILITIES, 3);
    message_octets(&out, AVP_HOST_NAME, daemon->name, strlen(daemon->name));
    message_u16(&out, AVP_ASSIGNED_TUNNEL_ID, tunnel->id);
    message_u16(&out, AVP_WINDOW, WINDOW);
    if (daemon->secret)
        message_octets(&out, AVP_CHALLENGE, tunnel->challenge, CHALLENGE_SIZE);
    if (request->challenge.data) {
        uint8_t proof[PROOF_SIZE];
        proof_make(SCCRP, daemon->secret, request->challenge.data, request->challenge.len, proof);
        message_octets(&out, AVP_CHALLENGE_RESPONSE, proof, sizeof(proof));
    }
    return channel_send(tunnel, &out);
}

static bool say_icrp(struct tunnel *tunnel, const struct call *call)
{
    struct outgoing out;
    message_begin(&out, ICRP, tunnel->peers_id, call->peers_id);
    message_u16(&out, AVP_ASSIGNED_SESSION_ID, call->id);
    return channel_send(tunnel, &out);
}

static void say_cdn(struct tunnel *tunnel, uint16_t peers_id, uint16_t own_id, uint16_t result,
                    uint16_t error)
{
    struct outgoing out;
    message_begin(&out, CDN, tunnel->peers_id, peers_id);
    put_result(&out, result, error);
    message_u16(&out, AVP_ASSIGNED_SESSION_ID, own_id);
    (void)channel_send(tunnel, &out);
}

static void say_hello(struct tunnel *tunnel)
{
    struct outgoing out;
    message_begin(&out, HELLO, tunnel->peers_id, 0);
    (void)channel_send(tunnel, &out);
}

/* --- the ends of things --- */

static void call_end(struct tunnel *tunnel, struct call *call)
{
    if (tunnel->daemon->log_calls)
        log_line("tunnel %u: call %u is over", tunnel->id, call->id);
#ifdef ATTACHED_HA
    (void)l2tpha_attach_gone(tunnel->handle, call->id, l2tpha_pair_now());
#endif
    call_free(tunnel, call);
}

/* What has ended answers for some time to whoever has not heard of it. */
static void tunnel_end(struct tunnel *tunnel, enum tunnel_state how)
{
    log_line("tunnel %u is over", tunnel->id);
    while (tunnel->calls)
        call_free(tunnel, tunnel->calls);
    tunnel->state = how;
    tunnel->until = tunnel->daemon->now + LONG_AGO_S * SECOND;
#ifdef ATTACHED_HA
    (void)l2tpha_attach_gone(tunnel->handle, 0, l2tpha_pair_now());
#endif
}

void machine_stop(struct tunnel *tunnel, uint16_t result, uint16_t error)
{
    struct outgoing out;
    message_begin(&out, STOPCCN, tunnel->peers_id, 0);
    message_u16(&out, AVP_ASSIGNED_TUNNEL_ID, tunnel->id);
    put_result(&out, result, error);
    /* Who has not completed a tunnel may not be there at all. */
    bool awaits = channel_send(tunnel, &out) && tunnel->state == TUNNEL_UP;
    tunnel_end(tunnel, awaits ? TUNNEL_STOPPING : TUNNEL_STOPPED);
}

void machine_hang_up(struct tunnel *tunnel, struct call *call, uint16_t result, uint16_t error)
{
    say_cdn(tunnel, call->peers_id, call->id, result, error);
    call_end(tunnel, call);
}

/* --- tunnels --- */

static uint16_t free_tunnel_id(struct daemon *daemon)
{
    do
        daemon->last_tunnel++;
    while (daemon->last_tunnel == 0 || tunnel_find(daemon, daemon->last_tunnel));
    return daemon->last_tunnel;
}

void machine_request(struct daemon *daemon, const struct sockaddr_in *peer,
                     const struct message *message)
{
    bool wanted = message->peers_tunnel != 0 && !daemon->leaving;
    struct tunnel *tunnel = wanted ? tunnel_add(daemon, peer) : NULL;
    if (!tunnel)
        return; /* the peer asks again */
    tunnel_take_name(tunnel, message->name.data, message->name.len);
    tunnel->id = free_tunnel_id(daemon);
    tunnel->peers_id = message->peers_tunnel;
    tunnel->channel.window = message->window > 0 ? message->window : 1;
    tunnel->channel.nr = 1; /* the SCCRQ was number 0 */
    proof_random(tunnel->challenge, CHALLENGE_SIZE);
#ifdef ATTACHED_HA
    if (!ha_attach(tunnel))
        return;
#endif
    if (message->unknown)
        machine_stop(tunnel, STOP_ERROR, ERROR_UNKNOWN_AVP);
    else if (message->challenge.data && !daemon->secret)
        machine_stop(tunnel, STOP_UNAUTHORIZED, 0);
    else if (!say_sccrp(tunnel, message))
        tunnel_end(tunnel, TUNNEL_STOPPED);
}

static void on_scccn(struct tunnel *tunnel, const struct message *message)
{
    const struct daemon *daemon = tunnel->daemon;
    if (daemon->secret &&
        !proof_is(SCCCN, daemon->secret, tunnel->challenge, CHALLENGE_SIZE, &message->response)) {
        machine_stop(tunnel, STOP_UNAUTHORIZED, 0);
        return;
    }
    tunnel->state = TUNNEL_UP;
    log_line("tunnel %u is up: %s", tunnel->id, tunnel->name);
#ifdef ATTACHED_HA
    l2tpha_attach_state(tunnel->handle, 0, L2TPHA_TUNNEL_ESTABLISHED, l2tpha_pair_now());
#endif
}

/* --- calls --- */

static uint16_t free_call_id(const struct tunnel *tunnel)
{
    struct daemon *daemon = tunnel->daemon;
    do
        daemon->last_call++;
    while (daemon->last_call == 0 || call_find(tunnel, daemon->last_call));
    return daemon->last_call;
}

/* A call that there will not be has an id all the same. */
static void refuse(struct tunnel *tunnel, const struct message *message, uint16_t result,
                   uint16_t error)
{
    say_cdn(tunnel, message->peers_session, free_call_id(tunnel), result, error);
}

static void on_icrq(struct tunnel *tunnel, const struct message *message)
{
    if (message->peers_session == 0)
        return; /* there is nobody to answer to */
    if (message->unknown) {
        refuse(tunnel, message, CDN_ERROR, ERROR_UNKNOWN_AVP);
        return;
    }
    struct call *call = call_add(tunnel, free_call_id(tunnel), message->peers_session, false);
    if (call && say_icrp(tunnel, call))
        return;
    if (call)
        call_free(tunnel, call);
    refuse(tunnel, message, CDN_BUSY, 0);
}

static void on_iccn(struct tunnel *tunnel, struct call *call)
{
    call->up = true;
    if (tunnel->daemon->log_calls)
        log_line("tunnel %u: call %u is up", tunnel->id, call->id);
#ifdef ATTACHED_HA
    l2tpha_attach_state(tunnel->handle, call->id, L2TPHA_SESSION_ESTABLISHED, l2tpha_pair_now());
#endif
}

static void on_call(struct tunnel *tunnel, struct call *call, const struct message *message)
{
    if (message->type == CDN) {
        tunnel->channel.owes_call = call->peers_id; /* xl2tpd waits for its name */
        call_end(tunnel, call);
    } else if (message->unknown) {
        machine_hang_up(tunnel, call, CDN_ERROR, ERROR_UNKNOWN_AVP);
    } else if (message->type == ICCN && !call->up) {
        on_iccn(tunnel, call);
    }
}

/* Whose CDN may come before it has heard of this end's id. */
static struct call *call_find_peers(const struct tunnel *tunnel, uint16_t peers_id)
{
    struct call *call = tunnel->calls;
    while (call && call->peers_id != peers_id)
        call = call->next;
    return call;
}

static void on_call_message(struct tunnel *tunnel, const struct message *message)
{
    struct call *call = message->session_id != 0 ? call_find(tunnel, message->session_id)
                                                 : call_find_peers(tunnel, message->peers_session);
    if (call) /* else it has ended here just now */
        on_call(tunnel, call, message);
}

/* --- all --- */

void machine_message(struct tunnel *tunnel, const struct message *message)
{
    if (tunnel->state > TUNNEL_UP)
        return;
    switch (message->type) {
    case STOPCCN:
        tunnel_end(tunnel, TUNNEL_STOPPED);
        return;
    case SCCCN:
        if (tunnel->state == TUNNEL_ASKED)
            on_scccn(tunnel, message);
        return;
    case HELLO:
        return;
    default:
        break;
    }
    if (tunnel->state != TUNNEL_UP)
        tunnel->daemon->unexpected++;
    else if (message->type == ICRQ)
        on_icrq(tunnel, message);
    else if (message->type == OCRQ)
        refuse(tunnel, message, CDN_NO_FACILITIES, 0); /* outgoing calls are a LAC's to place */
    else if (message->session_id == 0 && message->unknown)
        machine_stop(tunnel, STOP_ERROR, ERROR_UNKNOWN_AVP);
    else
        on_call_message(tunnel, message);
}

static uint64_t hello_at(const struct tunnel *tunnel)
{
    const struct channel *channel = &tunnel->channel;
    if (tunnel->state != TUNNEL_UP || tunnel->daemon->hello_s == 0 || channel->queue)
        return NEVER;
    return channel->heard + tunnel->daemon->hello_s * SECOND;
}

static void tunnel_turn(struct tunnel *tunnel)
{
    uint64_t now = tunnel->daemon->now;
    if (!channel_expire(tunnel)) {
        log_line("tunnel %u: the peer does not answer", tunnel->id);
        tunnel_free(tunnel);
        return;
    }
    if (tunnel->until <= now) {
        tunnel_free(tunnel);
        return;
    }
    if (hello_at(tunnel) <= now)
        say_hello(tunnel);
    channel_flush(tunnel);
}

void machine_turn(struct daemon *daemon)
{
    for (struct tunnel *tunnel = daemon->tunnels, *next; tunnel; tunnel = next) {
        next = tunnel->next;
        tunnel_turn(tunnel);
    }
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t machine_deadline(const struct daemon *daemon)
{
    uint64_t due = NEVER;
    for (const struct tunnel *tunnel = daemon->tunnels; tunnel; tunnel = tunnel->next) {
        due = earlier(due, earlier(tunnel->until, earlier(tunnel->channel.due, hello_at(tunnel))));
    }
    return due;
}

bool machine_is_leaving(const struct daemon *daemon)
{
    const struct tunnel *tunnel = daemon->tunnels;
    while (tunnel && tunnel->state != TUNNEL_STOPPING)
        tunnel = tunnel->next;
    return tunnel != NULL;
}
