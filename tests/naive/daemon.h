/* SPDX-License-Identifier: MIT */
/* What the naive machines hold, for their own files. */
#ifndef NAIVE_DAEMON_H
#define NAIVE_DAEMON_H

#include "naive/naive.h"

/* A tunnel: nobody but its daemon knows of this. */
struct naive_tunnel {
    struct naive_tunnel *next;
    struct naive_call *calls;
    uint32_t id;
    enum { TUNNEL_ASKS, TUNNEL_ANSWERS, TUNNEL_RUNS, TUNNEL_CLOSES } state;
};

struct naive_call {
    struct naive_call *next;
    uint32_t id;
    uint32_t peers_id; /* 0 = not known yet */
    bool lac;
    bool outgoing;
    enum { CALL_WAITS, CALL_ASKS, CALL_RINGS, CALL_IS_PLACED, CALL_TALKS } state;
    uint32_t minimum_bps, maximum_bps; /* of one that waits, and is outgoing */
    char called[32];
};

/* --- daemon.c: the lists --- */
struct naive_tunnel *naive_tunnel_of(const struct l2tpha_tunnel *tunnel); /* NULL = none */
struct naive_tunnel *naive_tunnel_add(const struct l2tpha_tunnel *tunnel);
void naive_tunnel_forget(const struct l2tpha_tunnel *tunnel);
void naive_calls_forget(struct naive_tunnel *own);
struct naive_call *naive_call_of(const struct l2tpha_session *session);
struct naive_call *naive_call_add(const struct l2tpha_session *session);
void naive_call_forget(const struct l2tpha_tunnel *tunnel, uint32_t id);
/* From the records, after a takeover. */
void naive_restore(struct l2tpha_tunnel *tunnel);

/* --- tunnel.c --- */
int naive_tunnel_message(struct l2tpha_tunnel *tunnel, const struct l2tpha_path *path,
                         const uint8_t *data, size_t len);
int naive_tunnel_asked(struct request *request);
int naive_tunnel_ask(struct l2tpha_tunnel *tunnel);
/* With a StopCCN; or without. */
int naive_tunnel_stop(struct l2tpha_tunnel *tunnel, const struct machine_input *input);
void naive_tunnel_clear(struct l2tpha_tunnel *tunnel, const struct machine_input *input);
void naive_tunnel_due(struct l2tpha_tunnel *tunnel);

/* --- call.c --- */
int naive_call_message(struct l2tpha_tunnel *tunnel, struct machine_input *input,
                       const struct l2tpha_decode_fault *fault);
/* Those that wait for the tunnel, as far as there is room. */
void naive_calls_place(struct l2tpha_tunnel *tunnel);
int naive_call_ask(struct l2tpha_session *session);
int naive_call_connect(struct l2tpha_session *session, const struct machine_input *input);
int naive_call_stop(struct l2tpha_session *session, const struct machine_input *input);
void naive_call_clear(struct l2tpha_session *session, const struct machine_input *input);
void naive_call_due(struct l2tpha_session *session);

#endif
