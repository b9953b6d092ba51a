/* SPDX-License-Identifier: MIT */
/* What a host does: it answers the node's questions and acts on its outputs. */
#include "sim/pair.h"

#include <l2tpha/checkpoint.h>
#include <l2tpha/observe.h>
#include <l2tpha/session.h>
#include <l2tpha/tunnel.h>
#include <stdio.h>
#include <string.h>

static int host_random(void *user, uint8_t *dst, size_t len)
{
    struct pair *pair = user;

    for (size_t i = 0; i < len; i++)
        dst[i] = (uint8_t)world_random(pair->world);
    return 0;
}

static int host_secret(void *user, const struct l2tpha_peer *peer, uint8_t *dst, size_t *len)
{
    const struct pair *pair = user;

    (void)peer;
    *len = pair->options.secret ? strlen(pair->options.secret) : 0;
    if (*len)
        memcpy(dst, pair->options.secret, *len);
    return 0;
}

static void host_log(void *user, const struct l2tpha_log_line *line)
{
    struct pair *pair = user;

    world_say(pair->world, "log", "%u/%u %s", (unsigned)line->tunnel_id, (unsigned)line->session_id,
              line->text);
}

int pair_node(struct pair *pair, bool standby, struct side *host)
{
    const struct pair_options *options = &pair->options;
    struct l2tpha_config config;
    const struct l2tpha_host callbacks = {.size = sizeof(callbacks),
                                          .user = pair,
                                          .random = host_random,
                                          .secret = host_secret,
                                          .admit_session = world_admit,
                                          .log = pair->world->verbose ? host_log : NULL};

    world_config(&config);
    config.name = "node";
    config.window = options->window;
    config.ack_delay_ms = options->ack_delay_ms;
    config.hello_ms = options->hello_ms;
    config.retransmit_ms = options->retransmit_ms;
    config.hide_avps = options->hides;
    /* Long enough that only a mistake, never bad luck, ends a tunnel or a call. */
    config.retries = 60;
    config.setup_ms = config.answer_ms = 3600 * 1000;
    config.takeover_batch = options->batch; /* few: much happens before all are restored */
    config.crypto = l2tpha_crypto_nettle();
    config.debug = pair->world->verbose ? ~0u : 0;
    config.standby = standby;
    *host = (struct side){0};
    snprintf(host->name, sizeof(host->name), "node %u", ++pair->made % 100);
    return l2tpha_node_new(pair->root, &config, &callbacks, pair->world->now, &host->node);
}

/* --- events --- */

static void on_number(struct pair *pair, const struct l2tpha_event *event)
{
    struct l2tpha_call_errors errors;
    struct l2tpha_accm accm;

    if (!event->message) {
        world_fail(pair->world, "event '%s' without its message", l2tpha_event_name(event->kind));
        return;
    }
    if (l2tpha_avp_accm(l2tpha_message_find(event->message, L2TPHA_AVP_ACCM), &accm))
        oracle_told(pair->oracle, accm.send, pair->epoch);
    if (l2tpha_avp_call_errors(l2tpha_message_find(event->message, L2TPHA_AVP_CALL_ERRORS),
                               &errors))
        oracle_told(pair->oracle, errors.crc, pair->epoch);
}

/* A request that comes late may be asked by nobody any more: what it has made ends unanswered. A
 * peer that does want it is missed where both ends are compared. */
static bool was_only_asked_for(const struct l2tpha_event *event)
{
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};

    l2tpha_tunnel_get(event->tunnel, &record);
    return !(record.flags & L2TPHA_TUNNEL_INITIATOR) && record.nr == 1;
}

static void on_event(struct pair *pair, const struct l2tpha_event *event)
{
    world_say(pair->world, pair->active.name, "event '%s' %u/%u %s", l2tpha_event_name(event->kind),
              (unsigned)event->tunnel_id, (unsigned)event->session_id,
              event->text ? event->text : "");
    switch (event->kind) {
    case L2TPHA_EVENT_SESSION_LINK_INFO:
    case L2TPHA_EVENT_SESSION_ERRORS:
        on_number(pair, event);
        return;
    case L2TPHA_EVENT_SESSION_CALL:
        pair->answer_calls = true;
        return;
    case L2TPHA_EVENT_TUNNEL_DOWN:
        if (!event->by_peer && !pair->oracle->stopping && !was_only_asked_for(event))
            world_fail(pair->world, "tunnel %u went down: %s", (unsigned)event->tunnel_id,
                       event->status ? l2tpha_strerror(event->status) : event->text);
        return;
    case L2TPHA_EVENT_STANDBY_REFUSED:
        world_fail(pair->world, "the standby has refused: %s", l2tpha_strerror(event->status));
        return;
    default:
        return;
    }
}

/* --- outputs --- */

static void ship(struct pair *pair, const struct l2tpha_output *output)
{
    if (!pair->line.attached)
        return;
    world_say(pair->world, pair->active.name, "checkpoint %llu, %zu bytes",
              (unsigned long long)output->number, output->len);
    replication_ship(&pair->line, &pair->active, output->number, output->data, output->len);
}

static void act_on(struct pair *pair, const struct l2tpha_output *output)
{
    switch (output->kind) {
    case L2TPHA_OUTPUT_DATAGRAM:
        oracle_node_sent(pair->oracle, output->tunnel_id, output->data, output->len);
        net_send(pair->net, NET_NODE, net_place(&output->path->remote), output->data, output->len);
        return;
    case L2TPHA_OUTPUT_CHECKPOINT:
        ship(pair, output);
        return;
    case L2TPHA_OUTPUT_EVENT:
        on_event(pair, output->event);
        return;
    }
}

static const char *output_name(const struct l2tpha_output *output)
{
    return output->kind == L2TPHA_OUTPUT_DATAGRAM     ? "after a datagram"
           : output->kind == L2TPHA_OUTPUT_CHECKPOINT ? "after a checkpoint"
                                                      : "after an event";
}

/* The bearer answers at once; a host that has just taken over knows from the records which calls
 * wait for it. False: died meanwhile. */
static bool answer_calls(struct pair *pair)
{
    const struct l2tpha_session_options options = {
        .size = sizeof(options), .call = L2TPHA_CALL_OUTGOING, .framing = 1, .tx_speed = 64000};
    struct l2tpha_session_record record = {.size = sizeof(record)};
    struct l2tpha_tunnel *tunnel = NULL;

    pair->answer_calls = false;
    while ((tunnel = l2tpha_tunnel_next(pair->active.node, tunnel))) {
        struct l2tpha_session *session = NULL;
        while ((session = l2tpha_session_next(tunnel, session))) {
            l2tpha_session_get(session, &record);
            if (record.state != L2TPHA_SESSION_WAIT_CS_ANSWER)
                continue;
            int error = l2tpha_session_answered(session, &options, pair->world->now);
            if (error && error != L2TPHA_ERR_QUEUE_FULL)
                world_fail(pair->world, "session_answered: %s", l2tpha_strerror(error));
            pair->answer_calls |= error != 0;
            if (!pair_step(pair, "after answering a call"))
                return false;
        }
    }
    return true;
}

void host_pump_active(struct pair *pair)
{
    struct l2tpha_output outputs[PAIR_BATCH];
    bool answered;

    if (!pair_step(pair, "before a poll"))
        return;
    do {
        size_t count;
        while ((count = l2tpha_poll(pair->active.node, outputs, pair->options.batch,
                                    pair->world->now))) {
            for (size_t i = 0; i < count; i++) {
                act_on(pair, &outputs[i]);
                if (!pair_step(pair, output_name(&outputs[i])))
                    return;
            }
            replication_flush_active(&pair->line, &pair->active);
        }
        answered = pair->answer_calls && !pair->switching;
        if (answered && !answer_calls(pair))
            return;
    } while (answered && !pair->answer_calls);
    replication_flush_active(&pair->line, &pair->active);
}

void host_pump_silent(struct pair *pair, struct side *host, const char *what)
{
    struct l2tpha_output outputs[PAIR_BATCH];
    size_t count;

    while (host->node && (count = l2tpha_poll(host->node, outputs, PAIR_BATCH, pair->world->now)))
        for (size_t i = 0; i < count; i++) {
            if (outputs[i].kind != L2TPHA_OUTPUT_EVENT)
                world_fail(pair->world, "%s speaks", what);
            else if (outputs[i].event->kind == L2TPHA_EVENT_STANDBY_REFUSED)
                world_fail(pair->world, "%s refuses: %s", what,
                           l2tpha_strerror(outputs[i].event->status));
        }
}
