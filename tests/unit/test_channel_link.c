/* SPDX-License-Identifier: MIT */
/* A channel and its peer on a link that loses, doubles and reorders, in virtual time with fixed
 * seeds: whatever happens, each message arrives exactly once and in order. The peer is a second
 * channel, or a small model of what deployed peers do. */
#include "control/reorder.h"
#include "unit/channel_end.h"

#define WIRE_MAX 4096

/* How a deployed peer differs from what RFC 2661 5.8 has in mind. */
enum habit {
    FUTURE_ANSWERED = 1,    /* a message ahead of its turn is dropped, and answered at once */
    NR_IN_ORDER_ONLY = 2,   /* Nr counts only when Ns is the one expected, in a ZLB as well */
    NR_NOT_FROM_COPIES = 4, /* Nr of a duplicate is ignored */
    COPY_NS_PLUS_ONE = 8,   /* a duplicate is answered with its own Ns + 1 */
    NR_BEYOND_DROPS = 16,   /* a message whose Nr is beyond what was sent is dropped whole */
    EAGER = 32              /* every message is acknowledged by a ZLB of its own */
};

/* Keeps nothing ahead of its turn and has one message out at a time. */
struct peer {
    uint32_t habits;
    uint16_t expected; /* R */
    uint16_t next;     /* S */
    bool outstanding;  /* [S - 1] is not acknowledged */
    uint64_t resend;
    uint32_t number; /* of the message outstanding */
};

struct packet {
    uint64_t at;
    size_t len;
    uint8_t to;
    uint8_t data[MESSAGE_LEN];
};

struct rule {
    struct start start[2];
    uint32_t messages;   /* each way */
    uint32_t loss;       /* percent */
    uint32_t copies;     /* percent */
    uint32_t delay_ms;   /* at most; each datagram its own, so they overtake */
    uint32_t standby_ms; /* how long a checkpoint takes at most; 0 = no standby */
    uint32_t restarts;   /* per mille of the steps: one end starts again from its record */
    uint32_t habits;     /* of the model that stands in for end 1; 0 = a channel */
};

struct world {
    const struct rule *rule;
    uint64_t now;
    uint64_t random;
    struct end *ends[2];
    struct peer peer;
    struct packet wire[WIRE_MAX];
    uint32_t on_wire;
    uint32_t said[2];
    uint32_t heard[2];
    uint64_t say_at;
    uint64_t pending[2]; /* checkpoint with the standby */
    uint64_t confirm_at[2];
};

static uint32_t below(struct world *world, uint32_t limit)
{
    world->random ^= world->random << 13;
    world->random ^= world->random >> 7;
    world->random ^= world->random << 17;
    return (uint32_t)(world->random >> 33) % limit;
}

static void put_on_wire(struct world *world, uint8_t to, const uint8_t *data, size_t len)
{
    uint32_t copies = below(world, 100) < world->rule->copies ? 2 : 1;

    for (uint32_t i = 0; i < copies; i++) {
        if (below(world, 100) < world->rule->loss)
            continue;
        require(world->on_wire < WIRE_MAX);
        struct packet *packet = &world->wire[world->on_wire++];
        packet->at = world->now + MS + below(world, world->rule->delay_ms * 1000 + 1);
        packet->to = to;
        packet->len = len;
        memcpy(packet->data, data, len);
    }
}

static void hear(struct world *world, int side, const uint8_t *data)
{
    require(number_of(data) == world->heard[side]);
    world->heard[side]++;
}

/* --- the model --- */

static void peer_send(struct world *world, bool message, uint16_t ns, uint16_t nr)
{
    uint8_t data[MESSAGE_LEN];

    write_message(data, ns, nr, world->peer.number);
    if (message) {
        put_on_wire(world, 0, data, MESSAGE_LEN);
        return;
    }
    put_u16(data + 2, L2TPHA_CONTROL_HEADER);
    put_on_wire(world, 0, data, L2TPHA_CONTROL_HEADER);
}

static void peer_resend(struct world *world)
{
    struct peer *peer = &world->peer;

    peer_send(world, true, (uint16_t)(peer->next - 1), peer->expected);
    peer->resend = world->now + 1000 * MS;
}

static void peer_say(struct world *world)
{
    struct peer *peer = &world->peer;

    if (peer->outstanding || world->said[1] == world->rule->messages)
        return;
    peer->number = world->said[1]++;
    peer->next++;
    peer->outstanding = true;
    peer_resend(world);
}

static void peer_take_nr(struct peer *peer, uint16_t nr, int ahead)
{
    if ((peer->habits & NR_IN_ORDER_ONLY) && ahead != 0)
        return;
    if ((peer->habits & NR_NOT_FROM_COPIES) && ahead < 0)
        return;
    if (nr == peer->next) {
        peer->outstanding = false;
        peer->resend = L2TPHA_NEVER;
    }
}

static void peer_hear(struct world *world, const struct packet *packet)
{
    struct peer *peer = &world->peer;
    struct l2tpha_header header;

    require(l2tpha_header_decode(packet->data, packet->len, &header) == L2TPHA_OK);
    int ahead = serial_diff(header.ns, peer->expected);
    require(!serial_after(header.nr, peer->next)); /* never acknowledge the unsent */
    if ((peer->habits & NR_BEYOND_DROPS) && serial_after(header.nr, peer->next))
        return;
    peer_take_nr(peer, header.nr, ahead);
    if (packet->len == L2TPHA_CONTROL_HEADER)
        return;
    if (ahead == 0) {
        hear(world, 1, packet->data);
        peer->expected++;
        if ((peer->habits & EAGER) || below(world, 2))
            peer_send(world, false, peer->next, peer->expected);
        return;
    }
    if (ahead > 0 && !(peer->habits & FUTURE_ANSWERED))
        return;
    bool plus_one = ahead < 0 && (peer->habits & COPY_NS_PLUS_ONE);
    peer_send(world, false, peer->next, plus_one ? (uint16_t)(header.ns + 1) : peer->expected);
}

/* --- the channels --- */

static void end_deliver(struct world *world, const struct packet *packet)
{
    struct end *end = world->ends[packet->to];
    struct l2tpha_header header;
    struct buffer *kept;

    require(l2tpha_header_decode(packet->data, packet->len, &header) == L2TPHA_OK);
    if (channel_receive(&end->engine, end->channel, &header, packet->data, packet->len) ==
        CHANNEL_IN_ORDER) {
        hear(world, packet->to, packet->data);
        end_accept(end);
        while ((kept = reorder_take(end->channel))) {
            hear(world, packet->to, kept->data);
            buffer_put(end->engine.pool, kept);
            end_accept(end);
        }
    }
    end_commit(end);
}

static void say_some(struct world *world, uint8_t side)
{
    struct end *end = world->ends[side];
    uint32_t burst = 1 + below(world, 20);

    for (; burst > 0 && world->said[side] < world->rule->messages; burst--)
        require(end_queue(end, world->said[side]++) == L2TPHA_OK);
    end_commit(end);
}

static void end_flush_to_wire(struct world *world, uint8_t side)
{
    struct l2tpha_output output;
    struct l2tpha_header header;

    while (end_next(world->ends[side], &output, &header))
        put_on_wire(world, !side, output.data, output.len);
}

/* One checkpoint at a time is with the standby. */
static void visit_standby(struct world *world, uint8_t side)
{
    struct end *end = world->ends[side];

    if (world->pending[side] && world->confirm_at[side] <= world->now) {
        end_confirm(end, world->pending[side]);
        world->pending[side] = 0;
        world->confirm_at[side] = L2TPHA_NEVER;
    }
    uint64_t newest = end_ship(end);
    if (!world->pending[side] && newest > end->confirmed) {
        world->pending[side] = newest;
        world->confirm_at[side] = world->now + below(world, world->rule->standby_ms * 1000 + 1);
    }
}

/* Nothing but the record is left; what the old one sent is still under way. */
static void restart(struct end *end)
{
    channel_stop(&end->engine, end->channel);
    channel_start(&end->engine, end->channel, end->entry);
}

static void end_run(struct world *world, uint8_t side)
{
    struct end *end = world->ends[side];

    end_expire(end);
    require(end->status == L2TPHA_OK);
    if (below(world, 1000) < world->rule->restarts)
        restart(end);
    if (world->rule->standby_ms)
        visit_standby(world, side);
    end_flush_to_wire(world, side);
}

/* --- the world --- */

static uint64_t earliest(struct world *world)
{
    uint64_t at = world->say_at;

    for (uint32_t i = 0; i < world->on_wire; i++)
        at = world->wire[i].at < at ? world->wire[i].at : at;
    for (int side = 0; side < 2; side++) {
        at = world->confirm_at[side] < at ? world->confirm_at[side] : at;
        uint64_t due = world->ends[side] ? wheel_deadline(world->ends[side]->engine.wheel)
                                         : world->peer.resend;
        at = due < at ? due : at;
    }
    require(at != L2TPHA_NEVER); /* or everything stands still */
    return at > world->now ? at : world->now + 1;
}

/* In the order in which they were sent, where their times do not say otherwise. */
static void deliver_due(struct world *world)
{
    for (uint32_t i = 0; i < world->on_wire;) {
        struct packet packet = world->wire[i];
        if (packet.at > world->now) {
            i++;
            continue;
        }
        memmove(&world->wire[i], &world->wire[i + 1],
                (--world->on_wire - i) * sizeof(world->wire[0]));
        if (world->ends[packet.to])
            end_deliver(world, &packet);
        else
            peer_hear(world, &packet);
    }
}

static void step(struct world *world)
{
    world->now = earliest(world);
    for (int side = 0; side < 2; side++)
        if (world->ends[side])
            world->ends[side]->engine.now = world->now;
    deliver_due(world);
    if (world->say_at <= world->now) {
        say_some(world, 0);
        if (world->ends[1])
            say_some(world, 1);
        bool done = world->said[0] == world->rule->messages &&
                    (!world->ends[1] || world->said[1] == world->rule->messages);
        world->say_at = done ? L2TPHA_NEVER : world->now + below(world, 200) * MS;
    }
    end_run(world, 0);
    if (world->ends[1]) {
        end_run(world, 1);
        return;
    }
    if (world->peer.resend <= world->now)
        peer_resend(world);
    peer_say(world);
}

static bool all_is_said_and_acknowledged(const struct world *world)
{
    for (int side = 0; side < 2; side++) {
        const struct end *end = world->ends[side];
        if (world->heard[side] < world->rule->messages)
            return false;
        if (end ? !channel_idle(end->channel) : world->peer.outstanding)
            return false;
    }
    return true;
}

static struct end *make_end(const struct rule *rule, int side)
{
    struct end *end = end_new(rule->start[side]);

    end->engine.config.retries = 1000;
    end->engine.config.retransmit_cap_ms = 8000;
    if (rule->standby_ms)
        end_gate(end);
    return end;
}

static void play(const struct rule *rule, uint64_t seed)
{
    struct world *world = talloc_zero(root, struct world);

    world->rule = rule;
    world->random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    world->ends[0] = make_end(rule, 0);
    if (!rule->habits)
        world->ends[1] = make_end(rule, 1);
    world->peer = (struct peer){.habits = rule->habits,
                                .expected = rule->start[0].ns,
                                .next = rule->start[0].nr,
                                .resend = L2TPHA_NEVER};
    world->now = world->say_at = world->ends[0]->engine.now;
    world->confirm_at[0] = world->confirm_at[1] = L2TPHA_NEVER;
    for (uint32_t steps = 0; !all_is_said_and_acknowledged(world); steps++) {
        require(steps < 1000000);
        step(world);
    }
    for (int side = 0; side < 2; side++) {
        struct end *end = world->ends[side];
        ck_assert_uint_eq(world->heard[side], rule->messages);
        if (!end)
            continue;
        ck_assert_uint_eq(end->engine.counters.ack_unsent, 0);
        ck_assert_uint_eq(end->engine.counters.out_of_window, 0);
        ck_assert_uint_eq(end->entry->record.nr, (uint16_t)(rule->start[side].nr + rule->messages));
        if (!rule->loss && !rule->restarts && (!rule->habits || !rule->delay_ms))
            ck_assert_uint_eq(end->engine.counters.retransmissions, 0);
        end_free(end);
    }
    talloc_free(world);
}

/* Start numbers near the wrap. windows: own, peer's; the same seen from the other end. */
#define WINDOWS(a, b)                                                                              \
    {                                                                                              \
        {65000, 64900, a, b},                                                                      \
        {                                                                                          \
            64900, 65000, b, a                                                                     \
        }                                                                                          \
    }

static const struct rule channels[] = {
    {WINDOWS(1, 1), 1500, 0, 0, 0, 0, 0, 0},
    {WINDOWS(128, 128), 3000, 0, 0, 0, 0, 0, 0},
    {WINDOWS(4, 4), 3000, 0, 30, 40, 0, 0, 0},
    {WINDOWS(1, 1), 1500, 10, 10, 40, 0, 0, 0},
    {WINDOWS(4, 4), 2000, 10, 10, 40, 0, 0, 0},
    {WINDOWS(128, 128), 3000, 10, 10, 40, 0, 0, 0},
    {WINDOWS(100, 7), 2000, 10, 10, 40, 0, 0, 0},
    {WINDOWS(1, 128), 1500, 5, 5, 40, 0, 0, 0},
    {WINDOWS(4, 4), 1000, 35, 20, 100, 0, 0, 0},
    {WINDOWS(128, 128), 2000, 5, 5, 3000, 0, 0, 0}, /* older than its own copies */
    {WINDOWS(4, 4), 2000, 5, 5, 40, 30, 0, 0},
    {WINDOWS(128, 128), 2000, 10, 10, 40, 30, 0, 0},
    {WINDOWS(128, 128), 2000, 0, 0, 10, 30, 0, 0},
    {WINDOWS(128, 128), 1000, 5, 5, 40, 3000, 0, 0}, /* a standby slower than the timer */
    {WINDOWS(4, 4), 2000, 5, 5, 40, 0, 20, 0},
    {WINDOWS(128, 128), 2000, 5, 5, 40, 0, 20, 0},
};

static const struct rule models[] = {
    {WINDOWS(4, 4), 1500, 0, 0, 0, 0, 0, NR_IN_ORDER_ONLY | EAGER}, /* like xl2tpd */
    {WINDOWS(4, 4), 1500, 10, 10, 40, 0, 0, NR_IN_ORDER_ONLY | EAGER},
    {WINDOWS(4, 8), 1500, 10, 10, 40, 30, 0, NR_IN_ORDER_ONLY},
    {WINDOWS(4, 8), 1500, 10, 10, 40, 0, 10, NR_IN_ORDER_ONLY},
    {WINDOWS(4, 8), 1500, 10, 10, 40, 0, 0, FUTURE_ANSWERED}, /* ng_l2tp */
    {WINDOWS(4, 8), 1500, 10, 10, 40, 30, 0, FUTURE_ANSWERED | NR_BEYOND_DROPS | EAGER},
    {WINDOWS(4, 10), 1500, 10, 10, 40, 0, 0, NR_NOT_FROM_COPIES | COPY_NS_PLUS_ONE}, /* openl2tp */
    {WINDOWS(4, 10), 1500, 10, 10, 40, 30, 0, NR_NOT_FROM_COPIES | COPY_NS_PLUS_ONE | EAGER},
    {WINDOWS(4, 10), 1500, 10, 10, 40, 0, 10, NR_NOT_FROM_COPIES | COPY_NS_PLUS_ONE},
};

#define COUNT(rules) ((int)(sizeof(rules) / sizeof((rules)[0])))

START_TEST(two_channels_exactly_once_in_order)
{
    for (uint64_t seed = 1; seed <= 3; seed++)
        play(&channels[_i], seed);
}
END_TEST

START_TEST(deployed_peers_exactly_once_in_order)
{
    for (uint64_t seed = 1; seed <= 3; seed++)
        play(&models[_i], seed);
}
END_TEST

Suite *suite_channel_link(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("channel_link", &tcase);

    tcase_add_loop_test(tcase, two_channels_exactly_once_in_order, 0, COUNT(channels));
    tcase_add_loop_test(tcase, deployed_peers_exactly_once_in_order, 0, COUNT(models));
    return suite;
}
