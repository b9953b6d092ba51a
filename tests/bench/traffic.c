/* SPDX-License-Identifier: MIT */
#include "bench/traffic.h"
#include "node/node.h"

#include <string.h>

#define VISITS 2048    /* of each kind in a round */
#define MESSAGES 6     /* of a visit: ICRQ, ICRP, ICCN, CDN, SLI, HELLO */
#define ACK_PASS 60000 /* microseconds: later than a delayed acknowledgement */
#define FRAME 72       /* bytes of a data message's payload */

/* Of one call, what either host holds. */
struct call {
    struct l2tpha_session *lac;
    struct l2tpha_session *lns;
    uint32_t tunnel; /* its place */
};

/* Drawn before the clock runs. */
struct visit {
    struct l2tpha_tunnel *dials; /* gets a new call */
    struct l2tpha_tunnel *greets;
    struct call call; /* one that is up */
};

static struct visit visits[VISITS];

static uint32_t draw(struct traffic *traffic, uint32_t below)
{
    traffic->seed = traffic->seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((traffic->seed >> 32) * below >> 32);
}

/* One that is not in this batch yet: a message more for a tunnel is cheaper than the first. */
static uint32_t draw_tunnel(struct traffic *traffic)
{
    uint32_t place;

    do
        place = draw(traffic, traffic->tunnel_count);
    while (traffic->met[place] == traffic->batches);
    traffic->met[place] = traffic->batches;
    return place;
}

static const struct call *draw_call(struct traffic *traffic)
{
    const struct call *call;

    do
        call = &traffic->calls[draw(traffic, traffic->call_count)];
    while (traffic->met[call->tunnel] == traffic->batches);
    traffic->met[call->tunnel] = traffic->batches;
    return call;
}

static void draw_visits(struct traffic *traffic, uint32_t batch)
{
    for (uint32_t i = 0; i < VISITS; i++) {
        traffic->batches += i % batch == 0;
        visits[i] = (struct visit){
            .dials = traffic->tunnels[draw_tunnel(traffic)],
            .greets = traffic->tunnels[draw_tunnel(traffic)],
            .call = *draw_call(traffic),
        };
    }
}

static void note_call(struct traffic *traffic, struct l2tpha_session *lac)
{
    struct l2tpha_tunnel_record tunnel = {.size = sizeof(tunnel)};
    struct l2tpha_session_record session = {.size = sizeof(session)};

    l2tpha_tunnel_get(l2tpha_session_tunnel(lac), &tunnel);
    l2tpha_session_get(lac, &session);
    struct l2tpha_session *lns =
        l2tpha_session_find(traffic->pair->lns, tunnel.remote_id, session.remote_id);
    if (!lns || session.state != L2TPHA_SESSION_ESTABLISHED)
        check(L2TPHA_ERR_STATE, "a call is not up");
    traffic->calls[traffic->call_count++] = (struct call){lac, lns, traffic->tunnel_count};
}

static void note_tunnel(struct traffic *traffic, struct l2tpha_tunnel *tunnel)
{
    struct l2tpha_session *session = NULL;

    while ((session = l2tpha_session_next(tunnel, session)))
        note_call(traffic, session);
    traffic->tunnels[traffic->tunnel_count++] = tunnel;
}

void traffic_open(struct traffic *traffic, struct bench *pair, uint32_t tunnels, uint32_t calls)
{
    struct l2tpha_tunnel *tunnel = NULL;

    bench_open_silent(pair);
    bench_calls(pair, tunnels, calls, 16);
    *traffic = (struct traffic){.pair = pair, .seed = 7};
    traffic->tunnels = talloc_array(pair->root, struct l2tpha_tunnel *, tunnels);
    traffic->calls = talloc_array(pair->root, struct call, tunnels * calls);
    traffic->met = talloc_zero_array(pair->root, uint32_t, tunnels);
    check(traffic->tunnels && traffic->calls && traffic->met ? L2TPHA_OK : L2TPHA_ERR_NOMEM,
          "traffic");
    while ((tunnel = l2tpha_tunnel_next(pair->lac, tunnel)))
        note_tunnel(traffic, tunnel);
    if (traffic->tunnel_count != tunnels || traffic->call_count != tunnels * calls)
        check(L2TPHA_ERR_STATE, "not all calls came up");
}

static uint64_t messages_in(const struct bench *pair)
{
    return l2tpha_counters(pair->lac)->messages_in + l2tpha_counters(pair->lns)->messages_in;
}

static void exchange_messages(struct bench *pair, const struct visit *visit, uint32_t batch)
{
    const struct l2tpha_disconnect why = {.size = sizeof(why), .result = 3};
    const struct l2tpha_session_options call = {
        .size = sizeof(call), .call = L2TPHA_CALL_INCOMING, .framing = 1, .tx_speed = 64000};
    struct l2tpha_session *fresh[TRAFFIC_BATCH];

    for (uint32_t i = 0; i < batch; i++) {
        check(l2tpha_session_open(visit[i].dials, &call, pair->now, &fresh[i]), "session");
        check(l2tpha_session_set_link_info(visit[i].call.lns, 0xa0000, 0xa0000, pair->now), "SLI");
        bench_hello(pair, visit[i].greets);
    }
    bench_settle(pair);
    for (uint32_t i = 0; i < batch; i++)
        check(l2tpha_session_close(fresh[i], &why, pair->now), "close");
    bench_settle(pair);
    bench_pass(pair, ACK_PASS);
}

double traffic_messages(struct traffic *traffic, uint32_t batch)
{
    struct bench *pair = traffic->pair;
    uint64_t before = messages_in(pair);

    draw_visits(traffic, batch);
    uint64_t start = clock_ns();
    for (uint32_t at = 0; at < VISITS; at += batch)
        exchange_messages(pair, &visits[at], batch);
    double each = (double)(clock_ns() - start) / (double)(messages_in(pair) - before);
    if (messages_in(pair) - before != MESSAGES * VISITS)
        check(L2TPHA_ERR_STATE, "not as many messages as were to be");
    return each;
}

static uint8_t frames[TRAFFIC_BATCH][12 + FRAME];

static struct l2tpha_bytes say(struct l2tpha_session *session, uint64_t now, uint8_t *frame)
{
    const struct l2tpha_path *path;
    size_t head;

    check(l2tpha_data_send(session, FRAME, false, frame, &head, &path, now), "send");
    memset(frame + head, 0x55, FRAME);
    return (struct l2tpha_bytes){frame, head + FRAME};
}

/* Each call says one frame, and *sessions become those that hear them at the other end. */
static void carry_frames(struct bench *pair, struct l2tpha_node *to,
                         struct l2tpha_session **sessions, uint32_t count)
{
    struct l2tpha_bytes said[TRAFFIC_BATCH] = {{NULL, 0}};

    for (uint32_t i = 0; i < count; i++)
        said[i] = say(sessions[i], pair->now, frames[i]);
    bench_look_ahead(pair, to, said, count);
    for (uint32_t i = 0; i < count; i++)
        sessions[i] = bench_frame(pair, to, said[i].data, said[i].len);
}

static void exchange_frames(struct bench *pair, const struct visit *visit, uint32_t batch)
{
    struct l2tpha_session *sessions[TRAFFIC_BATCH];

    for (uint32_t i = 0; i < batch; i++)
        sessions[i] = visit[i].call.lac;
    carry_frames(pair, pair->lns, sessions, batch);
    carry_frames(pair, pair->lac, sessions, batch);
    for (uint32_t i = 0; i < batch; i++)
        if (sessions[i] != visit[i].call.lac)
            check(L2TPHA_ERR_STATE, "another call");
}

double traffic_frames(struct traffic *traffic, uint32_t batch)
{
    draw_visits(traffic, batch);
    uint64_t start = clock_ns();
    for (uint32_t at = 0; at < VISITS; at += batch)
        exchange_frames(traffic->pair, &visits[at], batch);
    return (double)(clock_ns() - start) / (2 * VISITS);
}
