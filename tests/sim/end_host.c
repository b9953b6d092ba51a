/* SPDX-License-Identifier: MIT */
/* What the host of an end does: it answers the node's questions and acts on its outputs. */
#include "attached/daemon.h"
#include "crypto/crypto.h"
#include "node/node.h"
#include "sim/end.h"

#include <l2tpha/observe.h>
#include <stdio.h>
#include <string.h>

#define TIE_BREAKER 8 /* bytes; nothing else that a node draws while it serves has so many */

static int host_random(void *user, uint8_t *dst, size_t len)
{
    struct end *end = user;

    if (len == TIE_BREAKER && end->takeovers && end->options.equal_ties) {
        end->options.equal_ties--;
        memset(dst, 0x55, len);
        return 0;
    }
    return world_draw(end->world, dst, len);
}

static int host_secret(void *user, const struct l2tpha_peer *peer, uint8_t *dst, size_t *len)
{
    const struct end *end = user;

    (void)peer;
    *len = end->options.secret ? strlen(end->options.secret) : 0;
    if (*len)
        memcpy(dst, end->options.secret, *len);
    return 0;
}

static void host_log(void *user, const struct l2tpha_log_line *line)
{
    struct end *end = user;

    world_say(end->world, end->place ? "        log" : "log", "%u/%u %s", (unsigned)line->tunnel_id,
              (unsigned)line->session_id, line->text);
}

/* --- its daemon, where tunnels are attached --- */

static int daemon_random(void *user, uint8_t *dst, size_t len)
{
    const struct end *end = user;

    return world_draw(end->world, dst, len);
}

static bool daemon_step(void *user, const char *where)
{
    return end_step_within(user, where);
}

static void daemon_heard(void *user, uint32_t number)
{
    const struct end *end = user;

    if (end->watch.heard)
        end->watch.heard(end->watch.user, end, number);
}

int end_make_node(struct end *end, bool standby, struct side *side)
{
    const struct end_options *options = &end->options;
    struct l2tpha_config config = options->config;
    const struct l2tpha_host callbacks = {.size = sizeof(callbacks),
                                          .user = end,
                                          .random = host_random,
                                          .secret = host_secret,
                                          .admit_session = world_admit,
                                          .log = end->world->verbose ? host_log : NULL};

    config.name = end->made++ && options->renamed ? options->renamed : options->name;
    config.takeover_batch = options->batch; /* few: much happens before all are restored */
    config.crypto = tests_crypto();
    config.debug = end->world->verbose ? ~0u : 0;
    config.standby = standby;
    machines_configure(&config, end->place == 0);
    *side = (struct side){0};
    snprintf(side->name, sizeof(side->name), "%*send %u.%u", end->place ? 8 : 0, "",
             end->place % 10, end->made % 100);
    int error = l2tpha_node_new(end->root, &config, &callbacks, end->world->now, &side->node);
    if (error)
        return error;
    machines_install(side->node, end->place == 0);
    machines_attach(
        side->node, end->place == 0, config.name, options->secret,
        &(struct daemon_hooks){
            .user = end, .random = daemon_random, .step = daemon_step, .heard = daemon_heard});
    return L2TPHA_OK;
}

/* --- outputs --- */

static uint64_t hash_of(const uint8_t *data, size_t len)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    for (size_t i = L2TPHA_CONTROL_HEADER; i < len; i++)
        hash = (hash ^ data[i]) * UINT64_C(1099511628211);
    return hash;
}

/* The AVP in which a message gives an id away; 0 = it gives none. */
static uint16_t giving_avp(uint16_t type)
{
    switch (type) {
    case L2TPHA_MESSAGE_SCCRQ:
    case L2TPHA_MESSAGE_SCCRP:
        return L2TPHA_AVP_ASSIGNED_TUNNEL_ID;
    case L2TPHA_MESSAGE_OCRQ:
    case L2TPHA_MESSAGE_OCRP:
    case L2TPHA_MESSAGE_ICRQ:
    case L2TPHA_MESSAGE_ICRP:
        return L2TPHA_AVP_ASSIGNED_SESSION_ID;
    default:
        return 0;
    }
}

/* An id names one tunnel only, and one session of a tunnel, however often its first message is sent
 * and whoever has sent it. */
static void note_id(struct end *end, const uint8_t *data, size_t len)
{
    struct l2tpha_decode_fault fault = {0};
    struct l2tpha_message message;
    uint16_t id, avp;

    if (len <= L2TPHA_CONTROL_HEADER + 8 || !(avp = giving_avp(get_u16(data + 18))))
        return;
    if (l2tpha_message_decode(data, len, &message, &fault) ||
        !l2tpha_message_u16(&message, avp, &id))
        return;
    uint64_t hash = hash_of(data, len);
    uint32_t tunnel = avp == L2TPHA_AVP_ASSIGNED_SESSION_ID ? message.header.tunnel_id : 0;
    for (unsigned i = 0; i < end->id_count; i++) {
        if (end->ids[i].id != id || end->ids[i].tunnel != tunnel)
            continue;
        if (end->ids[i].hash != hash)
            world_fail(end->world, "end %u uses %s id %u for another one", end->place,
                       tunnel ? "session" : "tunnel", id);
        return;
    }
    if (end->id_count == END_IDS)
        return;
    end->ids[end->id_count].tunnel = tunnel;
    end->ids[end->id_count].id = id;
    end->ids[end->id_count++].hash = hash;
}

static void on_event(struct end *end, const struct l2tpha_event *event)
{
    world_say(end->world, end->active.name, "event '%s' %u/%u %s", l2tpha_event_name(event->kind),
              (unsigned)event->tunnel_id, (unsigned)event->session_id,
              event->text ? event->text : "");
    if (event->kind == L2TPHA_EVENT_SESSION_CALL)
        end->answer_calls = true;
    if (event->kind == L2TPHA_EVENT_STANDBY_REFUSED && !end->line.faulty)
        world_fail(end->world, "the standby of end %u has refused: %s", end->place,
                   l2tpha_strerror(event->status));
    if (event->kind == L2TPHA_EVENT_STANDBY_DIFFERS && !end->line.faulty)
        world_fail(end->world, "the standby of end %u differs %s", end->place, event->text);
    host_told(end->active.node, event);
    if (end->watch.told)
        end->watch.told(end->watch.user, end, event);
}

static void ship(struct end *end, const struct l2tpha_output *output)
{
    world_say(end->world, end->active.name, "checkpoint %llu, %zu bytes",
              (unsigned long long)output->number, output->len);
    end->shared += end->read > 1;
    end->read = 0;
    replication_ship(&end->line, &end->active, output->position, output->data, output->len);
}

/* Returns what has been done. */
static const char *act_on(struct end *end, const struct l2tpha_output *output)
{
    switch (output->kind) {
    case L2TPHA_OUTPUT_DATAGRAM:
        note_id(end, output->data, output->len);
        if (end->watch.sent)
            end->watch.sent(end->watch.user, output);
        net_send(end->net, end->place, net_place(&output->path->remote), output->data, output->len);
        return "after a datagram";
    case L2TPHA_OUTPUT_CHECKPOINT:
        ship(end, output);
        return "after a checkpoint";
    case L2TPHA_OUTPUT_EVENT:
        on_event(end, output->event);
        return "after an event";
    }
    return "after nothing";
}

/* Nothing half set up is lost by a silent takeover from an exact record. */
static bool may_be_lost(const struct end *end, const struct l2tpha_tunnel *tunnel)
{
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};

    l2tpha_tunnel_get(tunnel, &record);
    return end->options.trust != L2TPHA_TRUST_EXACT ||
           end->options.config.commit != L2TPHA_COMMIT_GATED ||
           record.effective_method != L2TPHA_FAILOVER_SILENT;
}

static void answer(struct end *end, struct l2tpha_session *session)
{
    const struct l2tpha_session_options options = {
        .size = sizeof(options), .call = L2TPHA_CALL_OUTGOING, .framing = 1, .tx_speed = 64000};
    const struct l2tpha_tunnel *tunnel = l2tpha_session_tunnel(session);
    /* Else this call restores the tunnel, which may end the session. */
    bool live = tunnel->engine || !may_be_lost(end, tunnel);
    int error = host_session_answered(session, &options, end->world->now);

    /* A daemon says nothing of it while its tunnel is being recovered. */
    bool later = error == L2TPHA_ERR_STATE && machines_are_attached(end->place == 0) && live;
    if (error == L2TPHA_ERR_QUEUE_FULL || later)
        end->answer_calls = true;
    else if (error && (error != L2TPHA_ERR_STATE || live))
        world_fail(end->world, "session_answered: %s", l2tpha_strerror(error));
}

/* The bearer answers at once; a host that has just taken over knows from the records which calls
 * wait for it. False: died meanwhile. */
static bool answer_calls(struct end *end)
{
    struct l2tpha_session_record record = {.size = sizeof(record)};
    struct l2tpha_tunnel *tunnel = NULL;

    end->answer_calls = false;
    while ((tunnel = l2tpha_tunnel_next(end->active.node, tunnel))) {
        struct l2tpha_session *session = NULL;
        while ((session = l2tpha_session_next(tunnel, session))) {
            l2tpha_session_get(session, &record);
            if (record.state != L2TPHA_SESSION_WAIT_CS_ANSWER)
                continue;
            answer(end, session);
            if (end_perish(end) || !end_step(end, "after answering a call"))
                return false;
        }
    }
    return true;
}

/* All outputs that there are. False: died meanwhile. */
static bool fetch(struct end *end)
{
    struct l2tpha_output outputs[END_BATCH];
    size_t count;

    if (end->watch.polls)
        end->watch.polls(end->watch.user, end);
    while ((count = l2tpha_poll(end->active.node, outputs, end->options.batch, end->world->now))) {
        for (size_t i = 0; i < count; i++)
            if (!end_step(end, act_on(end, &outputs[i])))
                return false;
        if (!end->options.writes_last)
            replication_flush_active(&end->line, &end->active);
    }
    replication_flush_active(&end->line, &end->active);
    return true;
}

void end_drain(struct end *end)
{
    bool answered;

    if (end_perish(end) || !end_step(end, "before a poll"))
        return;
    do {
        if (!fetch(end))
            return;
        end->answer_calls |= host_owes_answers(end->active.node);
        answered = end->answer_calls && !end->switching && !end->restoring;
        if (answered && !answer_calls(end))
            return;
    } while (answered && !end->answer_calls);
    if (!end->restoring && machines_fault(end->active.node, false))
        world_fail(end->world, "end %u: %s", end->place, machines_fault(end->active.node, false));
}

static void judge_silent(struct end *end, const struct side *side,
                         const struct l2tpha_output *output, const char *what)
{
    if (output->kind != L2TPHA_OUTPUT_EVENT) {
        world_fail(end->world, "%s of end %u speaks", what, end->place);
        return;
    }
    host_told(side->node, output->event);
    if (output->event->kind == L2TPHA_EVENT_STANDBY_REFUSED && !end->line.faulty)
        world_fail(end->world, "%s of end %u refuses: %s", what, end->place,
                   l2tpha_strerror(output->event->status));
}

void end_drain_silent(struct end *end, struct side *side, const char *what)
{
    struct l2tpha_output outputs[END_BATCH];
    size_t count;

    while (side->node && (count = l2tpha_poll(side->node, outputs, END_BATCH, end->world->now)))
        for (size_t i = 0; i < count; i++)
            judge_silent(end, side, &outputs[i], what);
}
