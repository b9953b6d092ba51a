/* SPDX-License-Identifier: MIT */
/* A daemon with machines of its own, on the public calls of l2tpha/attach.h alone: tunnels and
 * calls in lists, a state that a switch looks at. It answers who asks, and places calls of both
 * kinds. What it must know after a takeover, and no record has, is in what it attaches: of a tunnel
 * the last call's id and a challenge that is not answered yet, of a call what its user and the peer
 * have said of it. */
#ifndef ATTACHED_DAEMON_H
#define ATTACHED_DAEMON_H

#include <l2tpha/l2tpha.h>

#define DAEMON_NUMBERS 256  /* of the peer's, kept of each call */
#define DAEMON_NOTE 64      /* bytes of its user's */
#define DAEMON_CHALLENGE 16 /* bytes */
#define DAEMON_ID_LEAP 256  /* of a tunnel's calls, in one epoch */
#define DAEMON_CHAINS 4096  /* of its tunnels, a power of two */

struct daemon;

struct own_call {
    struct own_call *next;
    uint16_t id;
    uint16_t peers_id; /* 0 = not known yet */
    bool asks;         /* this end asked for it */
    bool outgoing;     /* by an OCRQ */
    bool rings;        /* an OCRQ has been taken, the OCCN is owed */
    bool up;
    bool confirmed; /* SESSION_UP has come */
    uint32_t serial;
    uint64_t since; /* half set up */
    uint8_t note[DAEMON_NOTE];
    uint8_t note_len;
    unsigned heard_count; /* numbers in WENs and SLIs of the peer's, */
    uint32_t heard[DAEMON_NUMBERS];
};

struct own_tunnel {
    struct own_tunnel *next;
    struct own_tunnel **place; /* which points at it, in the list */
    struct own_tunnel *next_of_chain;
    struct daemon *daemon;
    struct l2tpha_tunnel *handle;
    struct own_call *calls;
    struct l2tpha_path path;
    uint16_t id;
    uint16_t peers_id;
    uint16_t last_call; /* id given last, where the daemon counts them by tunnel */
    bool challenged;    /* the peer owes a response */
    uint8_t challenge[DAEMON_CHALLENGE];
    bool up;
    bool confirmed;
    uint64_t since;
};

/* Who looks on, and what the daemon needs of its world; any may be NULL. */
struct daemon_hooks {
    void *user;
    int (*random)(void *user, uint8_t *dst, size_t len);
    /* It has come to a place at which it may die; false: it dies there, and does nothing more. */
    bool (*step)(void *user, const char *where);
    /* Around each call that may fail for want of memory or room. */
    void (*calls)(void *user);
    void (*called)(void *user, int error);
    /* Zeroed memory of the daemon's own; NULL = calloc(). */
    void *(*alloc)(size_t size);
    /* A numbered WEN or SLI of the peer's is dealt with. */
    void (*heard)(void *user, uint32_t number);
};

/* How it goes about its work; all 0 = a message at once, one thing after the other. */
struct daemon_habits {
    bool reports_first; /* that something is up, before it says so to the peer */
    bool by_tunnel;     /* fetches one tunnel's messages after the other's */
    uint8_t hellos;     /* chance that it says HELLO in the middle of a message, percent */
    uint8_t dawdles;    /* chance that it leaves what has come for later, percent */
};

struct daemon {
    struct l2tpha_node *node;
    struct own_tunnel *tunnels;
    struct own_tunnel *chains[DAEMON_CHAINS]; /* the same, by their handles */
    uint64_t look_at; /* before then nothing has been half set up too long */
    const char *name;
    const char *secret; /* NULL = none; else: */
    const struct l2tpha_crypto *crypto;
    struct daemon_hooks hooks;
    uint16_t next_id; /* of tunnels and calls */
    bool counts;      /* its calls by tunnel, over takeovers; tunnel ids by the library */
    struct daemon_habits habits;
    uint64_t fetch_at;          /* what has come is fetched then; 0 = nothing was left for later */
    uint64_t events_lost;       /* of its node's counters, those that it has seen to */
    bool within;                /* a message is handed out */
    uint32_t setup_ms;          /* for a tunnel or a call half set up; 0 = for ever */
    struct l2tpha_tunnel *only; /* it looks after this tunnel alone; NULL = all */
    bool is_slow;               /* fetches nothing */
    bool ignores_stop;          /* takes no notice of a StopCCN */
    bool owes;                  /* some call rings */
    bool dead;                  /* see daemon_hooks */
    unsigned handled;           /* messages */
    unsigned told_down;         /* calls and tunnels that an event has ended */
    unsigned polled_within;     /* outputs while a message was handed out: never */
};

/* A datagram of the daemon's socket. As l2tpha_feed(). */
int daemon_hear(struct daemon *daemon, const struct l2tpha_path *path, const uint8_t *data,
                size_t len, uint64_t now);
/* A data message, which the library does not see: for a call that is not there it is told. */
void daemon_hear_data(struct daemon *daemon, const uint8_t *data, size_t len, uint64_t now);
/* Messages that wait: after a takeover and after what has come. */
void daemon_work(struct daemon *daemon, uint64_t now);
void daemon_told(struct daemon *daemon, const struct l2tpha_event *event);
/* After a takeover: objects for what is in the node's records. */
void daemon_restore(struct daemon *daemon, uint64_t now);
void daemon_forget(struct daemon *daemon);
/* What has lasted too long, and when that will be. */
void daemon_expire(struct daemon *daemon, uint64_t now);
uint64_t daemon_deadline(const struct daemon *daemon);

/* --- its user --- */
int daemon_ask(struct daemon *daemon, const struct l2tpha_path *path, uint64_t now);
int daemon_dial(struct daemon *daemon, struct own_tunnel *tunnel, uint64_t now);
/* The same, of either kind. */
int daemon_call(struct own_tunnel *tunnel, bool outgoing, uint64_t now, struct own_call **call);
/* The bearer has answered. */
int daemon_answer(struct own_tunnel *tunnel, struct own_call *call, uint64_t now);
int daemon_hang_up(struct daemon *daemon, struct own_tunnel *tunnel, struct own_call *call,
                   uint64_t now);
/* A number, in a WEN of the LAC's or an SLI of the LNS's. */
int daemon_number(struct own_tunnel *tunnel, struct own_call *call, bool errors, uint32_t number,
                  uint64_t now);
/* Keep something with the call. */
int daemon_note(struct own_tunnel *tunnel, struct own_call *call, const uint8_t *data, size_t len,
                uint64_t now);
/* A HELLO of its own. */
int daemon_hello(struct own_tunnel *tunnel, uint64_t now);
/* A StopCCN, and no more said of it. */
int daemon_say_stop(struct own_tunnel *tunnel, uint64_t now);
int daemon_close(struct daemon *daemon, struct own_tunnel *tunnel, uint64_t now);

/* --- what it has --- */
struct own_tunnel *daemon_tunnel(const struct daemon *daemon, const struct l2tpha_tunnel *handle);
struct own_call *daemon_call_by(const struct own_tunnel *own, uint32_t id);
/* How often a number is in what was attached to a call. */
unsigned daemon_has_heard(const struct l2tpha_session *session, uint32_t number);
/* NULL = it has what its node's records have, and more only where an event is still to come, which
 * at rest is not so; else what is wrong. */
const char *daemon_differs(const struct daemon *daemon, bool at_rest);

#endif
