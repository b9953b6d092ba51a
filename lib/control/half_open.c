/* SPDX-License-Identifier: MIT */
/* Anybody can ask for tunnels, from addresses of others too, and each request takes a place, memory
 * and an answer until it is completed. So nobody who asks is kept at the cost of the next who does:
 * where a limit is reached, the one that was started first goes, without a word, first among those
 * of the same source. Whoever answers at once gets in for as long as a round trip takes less time
 * than a limit's worth of requests. A tunnel that is established makes place for nobody.
 *
 * A tunnel starts once more when its peer has acknowledged something: from then on its address is
 * its own. Until then less than three times the bytes that came from there are sent there, so that
 * a forged request brings a third party little; copies of the request earn more, since a peer that
 * asks again has not got our answer. */
#include "control/half_open.h"

#include "base/assert.h"
#include "base/sockaddr.h"
#include "control/ready.h"
#include "state/digest.h"

#define CREDIT 3
#define CREDIT_MAX (1u << 20)
#define PREFIX 8 /* of an IPv6 address: a subscriber has a /64 of his own */

_Static_assert(ENGINE_SOURCES <= UINT8_MAX + 1, "a tunnel's source");

/* --- lines: oldest first --- */

static void line_append(struct tunnel_line *line, struct l2tpha_tunnel *tunnel, unsigned which)
{
    struct tunnel_place *place = &tunnel->places[which];

    ASSERT(&tunnel->engine->log, line->tail ? !line->tail->places[which].next : line->count == 0);
    place->next = NULL;
    place->prev = line->tail;
    if (line->tail)
        line->tail->places[which].next = tunnel;
    else
        line->head = tunnel;
    line->tail = tunnel;
    line->count++;
}

static void line_remove(struct tunnel_line *line, struct l2tpha_tunnel *tunnel, unsigned which)
{
    struct tunnel_place *place = &tunnel->places[which];

    ASSERT(&tunnel->engine->log, line->count > 0);
    ASSERT(&tunnel->engine->log,
           (place->prev ? place->prev->places[which].next : line->head) == tunnel);
    ASSERT(&tunnel->engine->log,
           (place->next ? place->next->places[which].prev : line->tail) == tunnel);
    if (place->prev)
        place->prev->places[which].next = place->next;
    else
        line->head = place->next;
    if (place->next)
        place->next->places[which].prev = place->prev;
    else
        line->tail = place->prev;
    line->count--;
}

/* --- sources --- */

/* What a sender cannot choose anew with each datagram: the port is not part of it. Sources share a
 * place now and then; nobody can foretell which. */
uint8_t half_open_source(const struct engine *engine, const struct l2tpha_address *remote)
{
    const uint8_t *data = remote->bytes;
    size_t len = remote->len;

    if (sockaddr_is_ipv4(remote)) {
        data += SOCKADDR_IN_ADDRESS;
        len = 4;
    } else if (sockaddr_is_ipv6(remote)) {
        data += SOCKADDR_IN6_ADDRESS;
        len = PREFIX;
    }
    uint64_t hash = digest_bytes(engine->strangers.seed, data, len);
    return (uint8_t)(hash % ENGINE_SOURCES);
}

static void join(struct l2tpha_tunnel *tunnel)
{
    struct strangers *strangers = &tunnel->engine->strangers;

    ASSERT(&tunnel->engine->log, !tunnel->opening && !tunnel->lingering); /* one place for all */
    tunnel->source = half_open_source(tunnel->engine, &tunnel->entry.record.path.remote);
    tunnel->channel.begun_ms = engine_now_ms(tunnel->engine);
    line_append(&strangers->started, tunnel, TUNNEL_LINE);
    line_append(&strangers->sources[tunnel->source], tunnel, TUNNEL_SOURCE);
}

static void leave(struct l2tpha_tunnel *tunnel)
{
    struct strangers *strangers = &tunnel->engine->strangers;

    line_remove(&strangers->started, tunnel, TUNNEL_LINE);
    line_remove(&strangers->sources[tunnel->source], tunnel, TUNNEL_SOURCE);
}

/* Recovery tunnels have a limit of their own, is_full(). One that was never established stays in
 * its line until it is gone, whatever its state: to end what one has begun takes no more than to
 * begin. */
void tunnel_set_half_open(struct l2tpha_tunnel *tunnel, bool half_open)
{
    if (half_open == tunnel->counted_half_open || tunnel_is_recovery(tunnel))
        return;
    tunnel->counted_half_open = half_open;
    if (half_open)
        join(tunnel);
    else
        leave(tunnel);
}

void half_open_note(struct l2tpha_tunnel *tunnel)
{
    bool over = tunnel_is_over(tunnel) && !tunnel->counted_half_open && !tunnel_is_recovery(tunnel);

    if (over == tunnel->counted_over)
        return;
    tunnel->counted_over = over;
    if (over)
        line_append(&tunnel->engine->strangers.over, tunnel, TUNNEL_LINE);
    else
        line_remove(&tunnel->engine->strangers.over, tunnel, TUNNEL_LINE);
}

/* --- addresses that may be forged --- */

static void earn(struct l2tpha_tunnel *tunnel, size_t len)
{
    size_t credit = tunnel->channel.credit + CREDIT * len;

    tunnel->channel.credit = credit < CREDIT_MAX ? (uint32_t)credit : CREDIT_MAX;
}

void half_open_mark_unproven(struct l2tpha_tunnel *tunnel, size_t len)
{
    ASSERT(&tunnel->engine->log, channel_idle(&tunnel->channel)); /* nothing was sent there */
    tunnel->channel.unproven = true;
    tunnel->channel.credit = 0;
    earn(tunnel, len);
    tunnel->channel.credit -= tunnel->channel.credit > 0; /* less than three times */
}

void half_open_restored(struct l2tpha_tunnel *tunnel)
{
    ASSERT(&tunnel->engine->log, tunnel_is_half_open(tunnel));
    if (tunnel->entry.record.acked)
        return;
    tunnel->channel.unproven = true;
    tunnel->channel.credit = tunnel->channel.queue_bytes;
}

void half_open_asked_again(struct l2tpha_tunnel *tunnel, size_t len)
{
    bool recovery = tunnel_is_recovery(tunnel);

    /* Who has the answer needs no other, and a client that has begun anew with the same words would
     * take the numbers of this tunnel for those of its own. What is over is asked for again only
     * while nobody has heard of it. */
    if (tunnel->channel.unproven || (tunnel_is_over(tunnel) && !recovery)) {
        tunnel->answers = tunnel->duplicated;
        earn(tunnel, len);
        channel_say_again(tunnel->engine, &tunnel->channel);
    } else if (recovery) {
        channel_acknowledge_again(tunnel->engine, &tunnel->channel);
    }
}

void half_open_proved(struct l2tpha_tunnel *tunnel)
{
    tunnel->channel.unproven = false;
    engine_ready(tunnel->engine, &tunnel->channel);
    if (!tunnel->counted_half_open)
        return;
    leave(tunnel);
    join(tunnel);
}
