/* SPDX-License-Identifier: MIT */
/* An L2TP peer, LAC or LNS, written from RFC 2661. It opens, answers and ends tunnels and calls,
 * sends numbered WEN or SLI and writes down every message that it processes. */
#ifndef SIM_PEER_H
#define SIM_PEER_H

#include "sim/peer_channel.h"

#include <l2tpha/message.h>

#define PEER_TUNNELS 4
#define PEER_SESSIONS 96

struct oracle;

enum peer_state {
    PEER_IDLE,
    PEER_WAIT_REPLY,
    PEER_WAIT_CONNECT,
    PEER_ESTABLISHED,
    PEER_STOPPING, /* StopCCN sent */
    PEER_STOPPED   /* either end has ended it and the other knows */
};

struct peer_session {
    enum peer_state state; /* PEER_STOPPED: CDN sent or received */
    uint16_t id;
    uint16_t node_id; /* 0 = not yet known */
    uint32_t serial;
    bool outgoing; /* an OCRQ asked for it */
    bool by_node;  /* the node asked for it */
};

struct peer_tunnel {
    enum peer_state state;
    bool by_node; /* the node asked for it */
    uint16_t id;
    uint16_t node_id;  /* 0 = not yet known */
    uint32_t messages; /* processed */
    uint8_t challenge[16];
    struct peer_channel channel;
    uint32_t session_count;
    struct peer_session sessions[PEER_SESSIONS];
};

struct peer_options {
    enum l2tpha_side side;
    struct habits habits;
    const char *secret; /* NULL = none */
    bool hides;         /* hides what may be hidden */
};

struct peer {
    struct world *world;
    struct net *net;
    struct oracle *oracle;
    struct peer_options options;
    unsigned place;
    uint16_t next_id; /* of tunnels and sessions */
    uint32_t next_serial;
    uint32_t tunnel_count;
    struct peer_tunnel tunnels[PEER_TUNNELS];
};

void peer_begin(struct peer *peer, struct world *world, struct net *net, struct oracle *oracle,
                unsigned place, const struct peer_options *options);
void peer_receive(struct peer *peer, const uint8_t *data, size_t len);
uint64_t peer_deadline(const struct peer *peer);
void peer_expire(struct peer *peer);
/* Nothing is outstanding on any tunnel. */
bool peer_idle(const struct peer *peer);

/* The newest tunnel that is established, or NULL. */
struct peer_tunnel *peer_tunnel(struct peer *peer);
/* A place for one more tunnel, its channel ready; NULL = all are taken. */
struct peer_tunnel *peer_add_tunnel(struct peer *peer);
/* A place for one more session; NULL = all are taken. */
struct peer_session *peer_add_session(struct peer *peer, struct peer_tunnel *tunnel);
/* Any session of the tunnel in this state, by seed; NULL = none. */
struct peer_session *peer_pick(struct peer *peer, struct peer_tunnel *tunnel,
                               enum peer_state state);

/* What the peer does of its own; nothing when the moment does not allow it. */
void peer_open_tunnel(struct peer *peer);
void peer_close_tunnel(struct peer *peer, struct peer_tunnel *tunnel);
void peer_hello(struct peer *peer, struct peer_tunnel *tunnel);
/* ICRQ from a LAC, OCRQ from an LNS. */
void peer_open_session(struct peer *peer, struct peer_tunnel *tunnel);
void peer_close_session(struct peer *peer, struct peer_tunnel *tunnel,
                        struct peer_session *session);
/* A numbered WEN from a LAC, a numbered SLI from an LNS. */
void peer_send_number(struct peer *peer, struct peer_tunnel *tunnel, struct peer_session *session);

#endif
