/* SPDX-License-Identifier: MIT */
/* One end of a control connection with nothing above its channel: what the channel's suites share.
 * It stands on the real wheel and pool; the test plays the wire, the clock, and the standby for
 * which outputs wait: neither table nor ledger is there. */
#ifndef TESTS_CHANNEL_END_H
#define TESTS_CHANNEL_END_H

#include "base/cursor.h"
#include "base/serial.h"
#include "control/ready.h"
#include "control/tunnel.h"
#include "control/window.h"
#include "dispatch/output.h"
#include "fixture.h"
#include "state/queue.h"

#define MESSAGE_LEN (L2TPHA_CONTROL_HEADER + 4) /* a header and the message's number */
#define MS UINT64_C(1000)
#define GRAIN_US 1024 /* the wheel's */

/* libcheck notes every assertion that holds as well: too slow where there are a million. */
#define require(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            ck_abort_msg("does not hold: %s", #condition);                                         \
    } while (0)

#define END_MARKS 4096

/* What may leave once this transaction is with the standby. */
struct end_mark {
    uint16_t ns;
    uint16_t nr;
};

struct end {
    struct engine engine;
    struct l2tpha_tunnel *tunnel;
    struct tunnel_entry *entry;
    struct channel *channel;
    int status;         /* what channel_retransmit_timer said last */
    bool gated;         /* outputs wait for the standby */
    bool moved;         /* Ns or Nr have, in the open transaction */
    uint64_t last;      /* number of the newest transaction that the standby is to know */
    uint64_t confirmed; /* it knows them up to this one */
    uint64_t restarted; /* what is marked up to this one is of numbers before a reset */
    struct end_mark marks[END_MARKS]; /* by number */
};

/* What an end starts with. */
struct start {
    uint16_t ns;
    uint16_t nr;
    uint16_t local_window;
    uint16_t remote_window;
};

static inline struct end *end_of(const struct engine *engine)
{
    return container_of(engine, struct end, engine);
}

static inline void end_set_safe(struct end *end, uint16_t ns, uint16_t nr)
{
    end->entry->ns_safe = ns;
    end->entry->nr_safe = nr;
    engine_ready(&end->engine, end->channel);
}

/* The transaction is over: with the standby, or on its way there. */
static inline void end_commit(struct end *end)
{
    const struct l2tpha_tunnel_record *record = &end->entry->record;

    if (!end->moved)
        return;
    end->moved = false;
    if (!end->gated) {
        end_set_safe(end, record->ns, record->nr);
        return;
    }
    require(end->last - end->confirmed < END_MARKS);
    end->marks[++end->last % END_MARKS] = (struct end_mark){record->ns, record->nr};
}

static inline void end_changed(struct engine *engine, struct tunnel_entry *entry, uint8_t dirty)
{
    struct end *end = end_of(engine);

    require(entry == end->entry);
    end->moved |= dirty != DIRTY_ACKED;
}

static inline void end_restarted(struct engine *engine, struct tunnel_entry *entry)
{
    struct end *end = end_of(engine);

    end->moved = true;
    end->restarted = end->last;
    entry->ns_safe = entry->record.ns;
    entry->nr_safe = entry->record.nr;
}

static inline bool end_holds(const struct engine *engine, const struct tunnel_entry *entry)
{
    (void)engine, (void)entry;
    return false;
}

static const struct channel_port end_port = {
    .changed = end_changed, .restarted = end_restarted, .holds = end_holds};

static inline void make_tunnel(struct end *end, struct start start)
{
    struct l2tpha_tunnel_record *record;

    end->tunnel = talloc_zero(end, struct l2tpha_tunnel);
    struct tunnel_entry *entry = end->entry = &end->tunnel->entry;
    end->channel = &end->tunnel->channel;
    record = &entry->record;
    record->size = sizeof(*record);
    record->local_id = 7;
    record->remote_id = 9;
    record->state = L2TPHA_TUNNEL_ESTABLISHED;
    record->local_window = start.local_window;
    record->remote_window = start.remote_window;
    record->ns = record->acked = start.ns;
    record->nr = start.nr;
    record->path.remote = (struct l2tpha_address){.len = 4, .bytes = {192, 0, 2, 1}};
    channel_start(&end->engine, end->channel, entry);
    end->moved = true;
    end_commit(end);
}

static inline struct end *end_new(struct start start)
{
    struct end *end = talloc_zero(root, struct end);
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
    end->engine.port = &end_port;
    make_tunnel(end, start);
    return end;
}

/* The pool is empty and no timer runs once the tunnel is gone. */
static inline void end_free(struct end *end)
{
    channel_stop(&end->engine, end->channel);
    ck_assert_uint_eq(wheel_count(end->engine.wheel), 0);
    ck_assert_ptr_null(end->engine.ready_head);
    ck_assert_ptr_null(end->engine.ready_tail);
    queue_trim(end->engine.pool, end->entry, end->entry->record.ns);
    ck_assert_uint_eq(buffer_pool_out(end->engine.pool), 0);
    talloc_free(end);
}

/* What is waiting goes to the standby; returns the newest number. */
static inline uint64_t end_ship(const struct end *end)
{
    return end->last;
}

static inline void end_confirm(struct end *end, uint64_t number)
{
    require(number <= end->last);
    while (end->confirmed < number) {
        const struct end_mark *mark = &end->marks[++end->confirmed % END_MARKS];
        if (end->confirmed > end->restarted)
            end_set_safe(end, mark->ns, mark->nr);
    }
}

/* From here on outputs wait for a standby, which knows all that has been. */
static inline void end_gate(struct end *end)
{
    end->gated = true;
}

/* The standby is lost: nothing waits for it any more. */
static inline void end_lose_standby(struct end *end)
{
    end->gated = false;
    end->confirmed = end->last;
    end_set_safe(end, end->entry->record.ns, end->entry->record.nr);
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
        end_commit(end);
    }
}

static inline void end_accept(struct end *end)
{
    channel_accept(&end->engine, end->channel);
    end_commit(end);
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
    end_commit(end);
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
    end_commit(end);
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
            channel_ack_timer(&end->engine, end->channel);
        else
            end->status = channel_retransmit_timer(&end->engine, end->channel);
        end_commit(end);
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
