/* SPDX-License-Identifier: MIT */
/* What the host of an end does: it answers the node's questions and acts on its outputs. */
#include "node/node.h"
#include "sim/end.h"

#include <l2tpha/observe.h>
#include <stdio.h>
#include <string.h>

#define INACTIVITY_MS 120000 /* longer than the hosts act, who may be silent */
#define TIE_BREAKER 8        /* bytes; nothing else that a node draws while it serves has so many */

static int host_random(void *user, uint8_t *dst, size_t len)
{
    struct end *end = user;

    if (len == TIE_BREAKER && end->takeovers && end->options.equal_ties) {
        end->options.equal_ties--;
        memset(dst, 0x55, len);
        return 0;
    }
    for (size_t i = 0; i < len; i++)
        dst[i] = (uint8_t)world_random(end->world);
    return 0;
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

int end_make_node(struct end *end, bool standby, struct l2tpha_node **node)
{
    const struct end_options *options = &end->options;
    struct l2tpha_config config;
    const struct l2tpha_host callbacks = {.size = sizeof(callbacks),
                                          .user = end,
                                          .random = host_random,
                                          .secret = host_secret,
                                          .admit_session = world_admit,
                                          .log = end->world->verbose ? host_log : NULL};

    world_config(&config);
    config.name = end->made++ && options->renamed ? options->renamed : options->name;
    config.window = options->window;
    config.failover = options->method;
    config.commit = options->commit;
    config.commit_lag_ms = options->commit_lag_ms;
    config.inactivity_ms = INACTIVITY_MS;
    config.resync_packets = options->resync_packets;
    config.hello_ms = 20000;
    config.retransmit_ms = options->retransmit_ms;
    /* So many that only a mistake, never bad luck, loses a message. */
    config.retries = 20;
    config.setup_ms = 60000;
    config.answer_ms = 60000;
    config.recovery_ms = 150000;
    config.recovery_answer_ms = 20000;
    config.query_ms = 3000;
    config.query_tries = 20;
    config.takeover_batch = options->batch; /* few: much happens before all are restored */
    config.crypto = l2tpha_crypto_nettle();
    config.debug = end->world->verbose ? ~0u : 0;
    config.standby = standby;
    return l2tpha_node_new(end->root, &config, &callbacks, end->world->now, node);
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
    world_say(end->world, end->place ? "        end 1" : "end 0", "event '%s' %u/%u %s",
              l2tpha_event_name(event->kind), (unsigned)event->tunnel_id,
              (unsigned)event->session_id, event->text);
    if (event->kind == L2TPHA_EVENT_SESSION_CALL)
        end->answer_calls = true;
    if (event->kind == L2TPHA_EVENT_STANDBY_REFUSED)
        world_fail(end->world, "the standby of end %u has refused: %s", end->place,
                   l2tpha_strerror(event->status));
}

static void act_on(struct end *end, const struct l2tpha_output *output)
{
    switch (output->kind) {
    case L2TPHA_OUTPUT_DATAGRAM:
        note_id(end, output->data, output->len);
        net_send(end->net, end->place, net_place(&output->path->remote), output->data, output->len);
        return;
    case L2TPHA_OUTPUT_CHECKPOINT:
        replication_ship(&end->line, &end->active, output->number, output->data, output->len);
        return;
    case L2TPHA_OUTPUT_EVENT:
        on_event(end, output->event);
        return;
    }
}

/* The bearer answers at once. False: died meanwhile. */
static bool answer_calls(struct end *end)
{
    const struct l2tpha_session_options options = {
        .size = sizeof(options), .call = L2TPHA_CALL_OUTGOING, .framing = 1, .tx_speed = 64000};
    struct l2tpha_session_record record = {.size = sizeof(record)};
    struct l2tpha_tunnel *tunnel = NULL;

    end->answer_calls = false;
    while ((tunnel = l2tpha_tunnel_next(end->active.node, tunnel))) {
        struct l2tpha_session *session = NULL;
        while ((session = l2tpha_session_next(tunnel, session))) {
            l2tpha_session_get(session, &record);
            if (record.state != L2TPHA_SESSION_WAIT_CS_ANSWER)
                continue;
            bool live = tunnel->engine; /* else this call restores it, which may end the call */
            int error = l2tpha_session_answered(session, &options, end->world->now);
            bool excused = error == L2TPHA_ERR_QUEUE_FULL || (error == L2TPHA_ERR_STATE && !live);
            if (error && !excused)
                world_fail(end->world, "session_answered: %s", l2tpha_strerror(error));
            end->answer_calls |= error == L2TPHA_ERR_QUEUE_FULL;
            if (!end_step(end, "after answering a call"))
                return false;
        }
    }
    return true;
}

void end_drain(struct end *end)
{
    struct l2tpha_output outputs[END_BATCH];
    bool answered;
    size_t count;

    if (!end_step(end, "before a poll"))
        return;
    do {
        while (
            (count = l2tpha_poll(end->active.node, outputs, end->options.batch, end->world->now)))
            for (size_t i = 0; i < count; i++) {
                act_on(end, &outputs[i]);
                if (!end_step(end, "after an output"))
                    return;
            }
        replication_flush_active(&end->line, &end->active);
        answered = end->answer_calls;
        if (answered && !answer_calls(end))
            return;
    } while (answered && !end->answer_calls);
}

void end_drain_standby(struct end *end)
{
    struct l2tpha_output outputs[END_BATCH];
    size_t count;

    while ((count = l2tpha_poll(end->standby.node, outputs, END_BATCH, end->world->now)))
        for (size_t i = 0; i < count; i++)
            if (outputs[i].kind != L2TPHA_OUTPUT_EVENT)
                world_fail(end->world, "the standby of end %u speaks", end->place);
}
