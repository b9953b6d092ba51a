/* SPDX-License-Identifier: MIT */
/* A daemon with machines of its own, on the public calls of l2tpha/attach.h alone: tunnels and
 * calls in lists, a state that a switch looks at. It answers who asks, and places calls. */
#ifndef ATTACHED_DAEMON_H
#define ATTACHED_DAEMON_H

#include <l2tpha/l2tpha.h>

struct own_call {
    struct own_call *next;
    uint16_t id;
    uint16_t peers_id; /* 0 = not known yet */
    bool lac;          /* this end asked for it */
    bool up;
    bool confirmed; /* SESSION_UP has come */
};

struct own_tunnel {
    struct own_tunnel *next;
    struct l2tpha_tunnel *handle;
    struct own_call *calls;
    struct l2tpha_path path;
    uint16_t id;
    uint16_t peers_id;
    bool up;
    bool confirmed;
};

struct daemon {
    struct l2tpha_node *node;
    struct own_tunnel *tunnels;
    const char *name;
    uint16_t next_id;           /* of tunnels and calls */
    struct l2tpha_tunnel *only; /* it looks after this tunnel alone; NULL = all */
    bool is_slow;               /* fetches nothing */
    bool ignores_stop;          /* takes no notice of a StopCCN */
    unsigned handled;           /* messages */
    unsigned told_down;         /* calls and tunnels that an event has ended */
    unsigned polled_within;     /* outputs while a message was handed out: never */
};

/* A datagram of the daemon's socket. */
void daemon_hear(struct daemon *daemon, const struct l2tpha_path *path, const uint8_t *data,
                 size_t len, uint64_t now);
/* Messages that wait: after a takeover and after what has come. */
void daemon_work(struct daemon *daemon, uint64_t now);
void daemon_told(struct daemon *daemon, const struct l2tpha_event *event);
/* After a takeover: objects for what is in the node's records. */
void daemon_restore(struct daemon *daemon);
void daemon_forget(struct daemon *daemon);

/* --- its user --- */
int daemon_ask(struct daemon *daemon, const struct l2tpha_path *path, uint64_t now);
int daemon_dial(struct daemon *daemon, struct own_tunnel *tunnel, uint64_t now);
int daemon_hang_up(struct daemon *daemon, struct own_tunnel *tunnel, struct own_call *call,
                   uint64_t now);
/* A HELLO of its own. */
int daemon_hello(struct own_tunnel *tunnel, uint64_t now);
/* A StopCCN, and no more said of it. */
int daemon_say_stop(struct own_tunnel *tunnel, uint64_t now);
int daemon_close(struct daemon *daemon, struct own_tunnel *tunnel, uint64_t now);

#endif
