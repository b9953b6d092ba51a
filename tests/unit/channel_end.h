/* SPDX-License-Identifier: MIT */
/* One end of a control connection with nothing above its channel: what the channel's suites share.
 * It stands on the real table, ledger, wheel and pool; the test plays the wire and the clock. */
#ifndef TESTS_CHANNEL_END_H
#define TESTS_CHANNEL_END_H

#include "base/cursor.h"
#include "base/serial.h"
#include "control/ready.h"
#include "control/window.h"
#include "dispatch/output.h"
#include "fixture.h"

#define MESSAGE_LEN (L2TPHA_CONTROL_HEADER + 4) /* a header and the message's number */
#define MS UINT64_C(1000)
#define GRAIN_US 1024 /* the wheel's */

/* libcheck notes every assertion that holds as well: too slow where there are a million. */
#define require(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            ck_abort_msg("does not hold: %s", #condition);                                         \
    } while (0)

struct end {
    struct engine engine;
    struct l2tpha_tunnel *tunnel;
    struct tunnel_entry *entry;
    struct channel *channel;
    int status; /* what channel_retransmit_due said last */
};

/* What an end starts with. */
struct start {
    uint16_t ns;
    uint16_t nr;
    uint16_t local_window;
    uint16_t remote_window;
};

static inline void end_seal(struct end *end)
{
    ledger_seal(end->engine.ledger, end->engine.now);
}

static inline void mode_changed(void *user, enum ledger_mode mode, bool in_sync, const char *why)
{
    (void)user, (void)mode, (void)in_sync, (void)why;
}

static inline void make_ledger(struct end *end)
{
    const struct ledger_options options = {
        .table = end->engine.table,
        .serializer = l2tpha_serializer_proto(),
        .counters = &end->engine.counters,
        .log = &end->engine.log,
        .epoch = 1,
        .max_in_flight = 65536,
        .timeout_us = 3600 * 1000 * MS,
        .user = &end->engine,
        .confirmed = engine_confirmed,
        .mode_changed = mode_changed,
    };
    assert_ok(ledger_new(end, &options, &end->engine.ledger));
}

static inline void make_tunnel(struct end *end, struct start start)
{
    struct l2tpha_tunnel_record *record;
    int error = L2TPHA_OK;

    struct tunnel_entry *entry = table_tunnel_add(end->engine.table, 7, &error);
    ck_assert_ptr_nonnull(entry);
    end->entry = entry;
    end->tunnel = tunnel_of(entry);
    end->channel = &end->tunnel->channel;
    record = &entry->record;
    record->size = sizeof(*record);
    record->remote_id = 9;
    record->state = L2TPHA_TUNNEL_ESTABLISHED;
    record->local_window = start.local_window;
    record->remote_window = start.remote_window;
    record->ns = record->acked = start.ns;
    record->nr = start.nr;
    record->path.remote = (struct l2tpha_address){.len = 4, .bytes = {192, 0, 2, 1}};
    ledger_mark_tunnel(end->engine.ledger, entry, DIRTY_FULL);
    end_seal(end);
    channel_start(&end->engine, end->channel, entry);
}

static inline struct end *end_new(struct start start)
{
    struct end *end = talloc_zero(root, struct end);
    const struct table_options options = {.tunnel_size = sizeof(struct l2tpha_tunnel),
                                          .session_size = sizeof(struct session_entry),
                                          .max_tunnels = 4,
                                          .max_sessions = 4,
                                          .seed = 1};

    end->engine.config = (struct l2tpha_config){.retransmit_ms = 1000,
                                                .retransmit_cap_ms = 16000,
                                                .retries = 5,
                                                .ack_delay_ms = 50,
                                                .max_queue = 70000};
    end->engine.log.host = &end->engine.host;
    end->engine.serving = true;
    end->engine.now = 1000 * MS;
    assert_ok(buffer_pool_new(end, 64 << 20, &end->engine.pool));
    assert_ok(wheel_new(end, end->engine.now, &end->engine.wheel));
    assert_ok(table_new(end, &options, end->engine.pool, &end->engine.table));
    make_ledger(end);
    make_tunnel(end, start);
    return end;
}

/* The pool is empty and no timer runs once the tunnel is gone. */
static inline void end_free(struct end *end)
{
    ledger_stop(end->engine.ledger, "the test is over", end->engine.now);
    channel_stop(&end->engine, end->channel);
    ck_assert_uint_eq(wheel_count(end->engine.wheel), 0);
    ck_assert_ptr_null(end->engine.ready_head);
    ck_assert_ptr_null(end->engine.ready_tail);
    ledger_gone_tunnel(end->engine.ledger, end->entry);
    table_tunnel_remove(end->engine.table, end->entry);
    end_seal(end);
    ck_assert_uint_eq(buffer_pool_out(end->engine.pool), 0);
    talloc_free(end);
}

/* Every checkpoint that is waiting goes to the standby; returns the newest number. */
static inline uint64_t end_ship(struct end *end)
{
    const uint8_t *data;
    uint64_t number;
    size_t len;

    while (ledger_poll(end->engine.ledger, end->engine.now, &number, &data, &len))
        continue;
    return ledger_last(end->engine.ledger);
}

static inline void end_confirm(struct end *end, uint64_t number)
{
    require(ledger_done(end->engine.ledger, number, L2TPHA_OK, end->engine.now) == L2TPHA_OK);
}

/* From here on outputs wait for a standby. */
static inline void end_gate(struct end *end)
{
    assert_ok(ledger_bulk(end->engine.ledger, end->engine.now));
    for (int i = 0; i < 10 && !ledger_in_sync(end->engine.ledger); i++)
        end_confirm(end, end_ship(end));
    ck_assert(ledger_in_sync(end->engine.ledger));
}

static inline size_t write_message(uint8_t *data, uint16_t ns, uint16_t nr, uint32_t number)
{
    const struct l2tpha_header header = {.control = true,
                                         .has_length = true,
                                         .has_sequence = true,
                                         .version = 2,
                                         .length = MESSAGE_LEN,
                                         .tunnel_id = 9,
                                         .ns = ns,
                                         .nr = nr};
    size_t len;

    require(l2tpha_header_encode(&header, data, MESSAGE_LEN, &len) == L2TPHA_OK);
    for (int i = 0; i < 4; i++)
        data[len + i] = (uint8_t)(number >> (24 - 8 * i));
    return MESSAGE_LEN;
}

static inline uint32_t number_of(const uint8_t *data)
{
    return get_u32(data + L2TPHA_CONTROL_HEADER);
}

/* Queue a message; its transaction stays open. */
static inline int end_queue(struct end *end, uint32_t number)
{
    uint8_t data[MESSAGE_LEN];
    size_t len = write_message(data, 0, 0, number);

    return channel_send(&end->engine, end->channel, data, len);
}

/* Queue messages, each a transaction of its own. */
static inline void end_say(struct end *end, uint32_t messages)
{
    for (uint32_t i = 0; i < messages; i++) {
        assert_ok(end_queue(end, i));
        end_seal(end);
    }
}

static inline void end_accept(struct end *end)
{
    channel_accept(&end->engine, end->channel);
    end_seal(end);
}

/* A message arrives and is processed when it is in order. */
static inline enum channel_verdict end_hear(struct end *end, uint16_t ns, uint16_t nr)
{
    uint8_t data[MESSAGE_LEN];
    size_t len = write_message(data, ns, nr, ns);
    struct l2tpha_header header;

    require(l2tpha_header_decode(data, len, &header) == L2TPHA_OK);
    enum channel_verdict verdict = channel_receive(&end->engine, end->channel, &header, data, len);
    if (verdict == CHANNEL_IN_ORDER)
        channel_accept(&end->engine, end->channel);
    end_seal(end);
    return verdict;
}

static inline enum channel_verdict end_hear_zlb(struct end *end, uint16_t ns, uint16_t nr)
{
    const struct l2tpha_header header = {.control = true,
                                         .length = L2TPHA_CONTROL_HEADER,
                                         .header_len = L2TPHA_CONTROL_HEADER,
                                         .session_id = 3, /* xl2tpd sends one */
                                         .ns = ns,
                                         .nr = nr};
    static const uint8_t data[L2TPHA_CONTROL_HEADER];

    enum channel_verdict verdict =
        channel_receive(&end->engine, end->channel, &header, data, sizeof(data));
    end_seal(end);
    return verdict;
}

/* The next datagram out; false = none. What holds for each of them is asserted here. */
static inline bool end_next(struct end *end, struct l2tpha_output *output,
                            struct l2tpha_header *header)
{
    struct tunnel_entry *entry = end->entry;

    if (!engine_next_datagram(&end->engine, output))
        return false;
    require(output->kind == L2TPHA_OUTPUT_DATAGRAM);
    require(output->tunnel_id == 7);
    require(output->path == &entry->record.path);
    require(l2tpha_header_decode(output->data, output->len, header) == L2TPHA_OK);
    require(header->length == output->len);
    require(header->tunnel_id == 9);
    require(header->session_id == 0);
    require(header->nr == entry->nr_safe);
    if (output->len > L2TPHA_CONTROL_HEADER) {
        require(serial_before(header->ns, entry->ns_safe));
        require((uint16_t)(header->ns - entry->record.acked) < window_size(end->channel));
    } else {
        require(header->ns == end->channel->sent_ns);
    }
    return true;
}

/* Run what is due at the end's time. */
static inline void end_expire(struct end *end)
{
    struct timer *timer;

    while ((timer = wheel_pop(end->engine.wheel, end->engine.now))) {
        if (timer == &end->channel->ack)
            channel_ack_due(&end->engine, end->channel);
        else
            end->status = channel_retransmit_due(&end->engine, end->channel);
        end_seal(end);
    }
}

static inline void end_wait(struct end *end, uint64_t us)
{
    end->engine.now += us;
    end_expire(end);
}

#define expect_nothing(end)                                                                        \
    do {                                                                                           \
        struct l2tpha_output output_;                                                              \
        struct l2tpha_header header_;                                                              \
        bool some_ = end_next(end, &output_, &header_);                                            \
        ck_assert_msg(!some_, "Ns %u Nr %u leaves", header_.ns, header_.nr);                       \
    } while (0)

#define expect_datagram(end, bytes, ns_, nr_)                                                      \
    do {                                                                                           \
        struct l2tpha_output output_;                                                              \
        struct l2tpha_header header_;                                                              \
        ck_assert_msg(end_next(end, &output_, &header_), "nothing leaves");                        \
        ck_assert_uint_eq(output_.len, bytes);                                                     \
        ck_assert_uint_eq(header_.ns, (uint16_t)(ns_));                                            \
        ck_assert_uint_eq(header_.nr, (uint16_t)(nr_));                                            \
    } while (0)

#define expect_message(end, ns, nr) expect_datagram(end, MESSAGE_LEN, ns, nr)
#define expect_zlb(end, ns, nr) expect_datagram(end, L2TPHA_CONTROL_HEADER, ns, nr)

/* The messages that leave now, and nothing else; returns how many. */
static inline uint32_t end_flush(struct end *end)
{
    struct l2tpha_output output;
    struct l2tpha_header header;
    uint32_t messages = 0;

    while (end_next(end, &output, &header)) {
        ck_assert_uint_eq(output.len, MESSAGE_LEN);
        messages++;
    }
    return messages;
}

#endif
