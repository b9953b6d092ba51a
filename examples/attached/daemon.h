/* SPDX-License-Identifier: MIT */
/* What an LNS with machines of its own consists of: tunnels in a list, their calls in lists. What
 * stands between #ifdef ATTACHED_HA and #endif, and ha.c, is all that it has to do with libl2tpha.
 */
#ifndef ATTACHED_DAEMON_H
#define ATTACHED_DAEMON_H

#include "message.h"

#include <netinet/in.h>
#ifdef ATTACHED_HA
#include <l2tpha/l2tpha.h>
#include <l2tpha/pair.h>
#endif

#define NEVER UINT64_MAX
#define SECOND UINT64_C(1000000) /* all times are microseconds, monotonic */
#define WINDOW 64                /* messages that a peer may send at a time */
#define CHALLENGE_SIZE 16
#define LONG_AGO_S 31 /* by then nobody says the same thing again: RFC 2661 5.8 */

/* What was said and is not acknowledged yet. */
struct said {
    struct said *next;
    uint16_t ns;
    size_t len;
    uint8_t data[];
};

/* The reliable delivery of a tunnel's messages, RFC 2661 5.8. */
struct channel {
    uint16_t ns, nr;      /* of the next message of this end, and of the peer */
    uint16_t window;      /* so many messages the peer takes at a time */
    struct said *queue;   /* oldest first */
    unsigned outstanding; /* so many of them, from the oldest on, have left */
    unsigned tries;       /* of the oldest, after the first */
    uint64_t due;         /* when it is sent again */
    uint64_t heard;       /* when the peer was, last */
    bool owes;            /* an acknowledgement, */
    uint16_t owes_call;   /* ... which names this call; 0 = none */
};

struct call {
    struct call *next;
    uint16_t id, peers_id;
    bool up;
};

/* One that is over is STOPPING while the peer is yet to know, then STOPPED. */
enum tunnel_state { TUNNEL_ASKED, TUNNEL_UP, TUNNEL_STOPPING, TUNNEL_STOPPED };

struct tunnel {
    struct tunnel *next;
    struct daemon *daemon;
    struct call *calls;
    struct channel channel;
    struct sockaddr_in peer;
    uint16_t id, peers_id;
    enum tunnel_state state;
    uint64_t until; /* when one that is over is forgotten */
    char name[64];  /* of the peer */
    uint8_t challenge[CHALLENGE_SIZE];
#ifdef ATTACHED_HA
    struct l2tpha_tunnel *handle; /* which has the channel */
#endif
};

struct daemon {
    struct sockaddr_in listen;
    const char *name, *secret, *control_path;
    bool echo;
    uint32_t hello_s, retries;
    int udp; /* -1 = none */
    struct tunnel *tunnels;
    uint16_t last_tunnel, last_call; /* ids given last */
    uint64_t now;                    /* of this turn */
    uint64_t datagrams;              /* that have come */
    uint64_t unexpected;             /* messages that did not fit */
    uint32_t log_calls;              /* tunnels are logged, and calls if it is not 0 */
    struct control *control;
    bool leaving, quit;
    int status;
#ifdef ATTACHED_HA
    const char *ha_listen, *ha_connect, *method;
    uint32_t role, takeover, commit;
    struct l2tpha_pair *pair;
#endif
};

/* Its socket. NULL, or what is wrong. */
const char *daemon_open(struct daemon *daemon);
/* Peers are told, and the daemon stays until they know, or have been given up. */
void daemon_leave(struct daemon *daemon);
#ifdef ATTACHED_HA
/* ha.c: what the daemon has, besides calls in its own files, to be highly available. */
const char *ha_start(struct daemon *daemon); /* NULL, or what is wrong */
bool ha_attach(struct tunnel *tunnel);       /* a new one. False: it is gone */
void ha_feed(struct daemon *daemon, const uint8_t *data, size_t len,
             const struct sockaddr_in *peer); /* a control message as it came */
#endif

#endif
