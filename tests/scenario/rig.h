/* SPDX-License-Identifier: MIT */
/* One real node under test and peers driven by hand. A peer composes its messages octet by octet,
 * chooses its own Ns and Nr, and never answers by itself. Everything that the node lets out is
 * judged (rig_check.c) and kept until a test expects it; time is virtual. */
#ifndef SCENARIO_RIG_H
#define SCENARIO_RIG_H

#include "failover/failover.h"
#include "fixture.h"
#include "machine_set.h"
#include "wire.h"

#include <l2tpha/l2tpha.h>

#define RIG_AVPS 80   /* of one message that a peer says */
#define PEER_CALL 7   /* the session id that a peer assigns unless told otherwise */
#define UNKNOWN_ID 99 /* an id that nobody assigned */

/* Short names of message types, as the RFC writes them. */
enum {
    ZLB = L2TPHA_MESSAGE_ZLB,
    SCCRQ = L2TPHA_MESSAGE_SCCRQ,
    SCCRP = L2TPHA_MESSAGE_SCCRP,
    SCCCN = L2TPHA_MESSAGE_SCCCN,
    STOPCCN = L2TPHA_MESSAGE_STOPCCN,
    HELLO = L2TPHA_MESSAGE_HELLO,
    OCRQ = L2TPHA_MESSAGE_OCRQ,
    OCRP = L2TPHA_MESSAGE_OCRP,
    OCCN = L2TPHA_MESSAGE_OCCN,
    ICRQ = L2TPHA_MESSAGE_ICRQ,
    ICRP = L2TPHA_MESSAGE_ICRP,
    ICCN = L2TPHA_MESSAGE_ICCN,
    CDN = L2TPHA_MESSAGE_CDN,
    WEN = L2TPHA_MESSAGE_WEN,
    SLI = L2TPHA_MESSAGE_SLI,
    FSQ = L2TPHA_MESSAGE_FSQ,
    FSR = L2TPHA_MESSAGE_FSR
};

/* An AVP to be said: octets, or a number of so many octets when value is NULL. */
struct rig_avp {
    unsigned flags;
    unsigned vendor;
    unsigned type;
    const void *value;
    size_t len;
    uint32_t number;
};

/* Initialisers for tables, and the same as values. */
#define OCTETS_ROW(flags, type, value, len)                                                        \
    {                                                                                              \
        flags, 0, type, value, len, 0                                                              \
    }
#define TEXT_ROW(flags, type, text) OCTETS_ROW(flags, type, text, sizeof(text) - 1)
#define U16_ROW(type, number)                                                                      \
    {                                                                                              \
        WIRE_M, 0, type, NULL, 2, number                                                           \
    }
#define U32_ROW(type, number)                                                                      \
    {                                                                                              \
        WIRE_M, 0, type, NULL, 4, number                                                           \
    }
#define U32_OPTIONAL_ROW(type, number)                                                             \
    {                                                                                              \
        0, 0, type, NULL, 4, number                                                                \
    }
#define AVP_OCTETS(flags, type, value, len) ((struct rig_avp)OCTETS_ROW(flags, type, value, len))
#define AVP_TEXT(flags, type, text) ((struct rig_avp)TEXT_ROW(flags, type, text))
#define AVP_U16(type, number) ((struct rig_avp)U16_ROW(type, number))
#define AVP_U32(type, number) ((struct rig_avp)U32_ROW(type, number))
#define AVP_U32_OPTIONAL(type, number) ((struct rig_avp)U32_OPTIONAL_ROW(type, number))

/* A message that a peer is about to say. */
struct says {
    uint16_t type;
    uint16_t session; /* of the header: the node's id */
    unsigned flags;   /* of the Message Type AVP */
    size_t count;
    struct rig_avp avps[RIG_AVPS];
};

/* The other end of one control connection. */
struct peer {
    struct l2tpha_path path; /* as the node sees it */
    uint16_t id;             /* what this peer assigned */
    uint16_t node_id;        /* what the node assigned; 0 = not heard yet */
    uint16_t ns;             /* of its next message */
    uint16_t nr;             /* the next it expects */
    struct wire last;        /* what it said last */
};

/* A datagram that the node let out. */
struct heard {
    struct heard *next;
    struct l2tpha_path path;
    uint64_t at;
    uint32_t by; /* the node's tunnel that has said it; 0 = none */
    size_t len;
    uint8_t *data;
    struct l2tpha_message message; /* deciphered */
};

/* An event that the node told. */
struct told {
    struct told *next;
    struct l2tpha_event event;     /* its pointers are not to be followed, but for the message */
    struct l2tpha_message message; /* when event.message is not NULL */
    char text[128];
};

struct rig {
    struct l2tpha_config config; /* for a test to change before the node is made */
    const char *secret;          /* the host's answer; NULL = none shared */
    struct l2tpha_verdict admit_tunnel, admit_session;
    bool admit_recovery;     /* from another address than the tunnel's */
    bool has_random;         /* false: the host's generator fails */
    enum l2tpha_trust trust; /* in what the standby has, at a takeover */
    uint32_t asked_tunnel, asked_session;
    struct l2tpha_node *node;
    uint64_t now; /* virtual, microseconds */
    uint64_t random_state;
    struct heard *heard, **heard_end;
    struct told *told, **told_end;
};

/* The rig of the running test; its node is made when first needed. */
extern struct rig rig;

/* A suite with one test case whose fixture makes and ends the rig. */
Suite *rig_suite(const char *name, TCase **tcase);
struct l2tpha_node *rig_node(void);
/* Another one, with the same configuration and host. */
struct l2tpha_node *rig_make(bool standby);
const struct l2tpha_counters *rig_counters(void);
/* Let so much time pass and a little more, since timers have a grain: each timer runs when it is
 * due, everything that comes out is kept. */
void rig_pass_ms(uint64_t ms);
/* Fetch what the node has to say. After calls of the library's interface that a test makes. */
void rig_drain(void);
/* Digest over all tunnels and sessions. */
uint64_t rig_digest(void);

/* --- peers --- */
void peer_begins(struct peer *peer, unsigned number);
/* A well-formed message with all that it must have; session is 0. */
struct says valid(const struct peer *peer, uint16_t type);
/* The same, addressed to a session of the node. */
struct says valid_for(const struct peer *peer, uint16_t type, uint16_t session);
void add(struct says *message, struct rig_avp avp);
void add_first(struct says *message, struct rig_avp avp);
void leave_out(struct says *message, uint16_t type);
/* Leave out, then add. */
void change(struct says *message, struct rig_avp avp);
/* Compose without sending, with the peer's current numbers. */
void compose(const struct peer *peer, const struct says *message, struct wire *wire);
/* Say it with the next Ns. Each returns what l2tpha_feed() said. */
int say(struct peer *peer, const struct says *message);
int say_valid(struct peer *peer, uint16_t type);
int say_valid_for(struct peer *peer, uint16_t type, uint16_t session);
int say_again(struct peer *peer);
int say_octets(const struct peer *peer, const uint8_t *data, size_t len);
/* Say a datagram composed elsewhere as it is, without any number of the peer's moving. */
int say_wire(const struct peer *peer, const struct wire *wire);
/* A ZLB that acknowledges all that was expected so far. */
int peer_acks(struct peer *peer);

/* MD5(id, secret, challenge), RFC 1994 with the message type as the id */
void chap(uint8_t id, const char *shared, const void *challenge, size_t len, uint8_t digest[16]);
/* The response to the Challenge in a message of the node. */
void respond(const struct heard *heard, uint8_t id, const char *shared, uint8_t digest[16]);

/* --- what came out --- */
/* The oldest datagram to this peer; it must be of this type. In order it moves the peer's Nr. */
const struct heard *expect(struct peer *peer, uint16_t type);
/* An acknowledgement without a message. */
void expect_zlb(struct peer *peer);
/* StopCCN or CDN with this result and general error; error 0: none, or none said. */
const struct heard *expect_stopccn(struct peer *peer, unsigned result, unsigned error);
const struct heard *expect_cdn(struct peer *peer, unsigned result, unsigned error);
/* Nothing at all is on its way, to anybody. */
void expect_nothing(void);
const struct told *expect_event(enum l2tpha_event_kind kind);
void expect_no_event(void);
void forget_datagrams(void);
void forget_events(void);
uint16_t heard_u16(const struct heard *heard, uint16_t type);
uint32_t heard_u32(const struct heard *heard, uint16_t type);
bool heard_has(const struct heard *heard, uint16_t type);

/* --- states --- */
/* L2TPHA_TUNNEL_IDLE when the node has no such tunnel (any more). */
uint8_t tunnel_state(const struct peer *peer);
uint8_t session_state(const struct peer *peer, uint16_t session);
struct l2tpha_tunnel *tunnel_of_peer(const struct peer *peer);
struct l2tpha_session *session_of_peer(const struct peer *peer, uint16_t session);

/* --- steps that many tests begin with; nothing is left on its way, no event is left --- */
/* The peer asks for a tunnel and gets it. */
void peer_opens(struct peer *peer, unsigned number);
/* ... with an SCCRQ of its own. */
void peer_opens_with(struct peer *peer, const struct says *sccrq);
/* The node asks for a tunnel: SCCRQ is out and was heard. */
struct l2tpha_tunnel *node_calls(struct peer *peer, unsigned number);
/* ... and gets it. */
void node_opens(struct peer *peer, unsigned number);
/* Established calls; each returns the node's session id. */
uint16_t peer_dials(struct peer *peer, uint16_t call);  /* node: LNS, incoming */
uint16_t node_dials(struct peer *peer, uint16_t call);  /* node: LAC, incoming */
uint16_t peer_orders(struct peer *peer, uint16_t call); /* node: LAC, outgoing */
uint16_t node_orders(struct peer *peer, uint16_t call); /* node: LNS, outgoing */
/* Calls half set up. */
uint16_t peer_rings(struct peer *peer, uint16_t call);     /* LNS: wait-connect */
uint16_t node_rings(struct peer *peer);                    /* LAC: wait-reply */
uint16_t peer_asks_out(struct peer *peer, uint16_t call);  /* LAC: wait-cs-answer */
uint16_t node_asks_out(struct peer *peer);                 /* LNS: wait-reply */
uint16_t node_waits_out(struct peer *peer, uint16_t call); /* LNS: wait-connect */
/* Any of these, by number. */
#define HALF_CALLS 5
uint16_t half_call(struct peer *peer, int which, uint16_t call);
struct l2tpha_session_options a_call(enum l2tpha_call call);
int close_session(const struct peer *peer, uint16_t session, uint16_t result);
int close_tunnel(const struct peer *peer, uint16_t result);

/* --- rig_check.c --- */
/* Strictly, and independently of the codec: what RFC 2661 and RFC 4951 demand of any datagram sent.
 * Aborts the test when it does not hold. */
void judge(const uint8_t *data, size_t len);

#endif
