/* SPDX-License-Identifier: MIT */
/* The other end of one tunnel, by hand: it says what a test tells it to say, right or wrong, and
 * writes down every message and event of the node. */
#ifndef TESTS_RAWPEER_H
#define TESTS_RAWPEER_H

#include "failover/failover.h"
#include "fixture.h"

#include <l2tpha/l2tpha.h>

#define RAW_KEPT 512
#define RAW_ID 0x0a0b /* its Assigned Tunnel ID */
#define RAW_SESSION 7 /* its Assigned Session ID */

struct raw_message {
    uint16_t type; /* L2TPHA_MESSAGE_ZLB for a ZLB */
    size_t len;
    uint8_t bytes[1500];
};

struct raw_event {
    enum l2tpha_event_kind kind;
    uint32_t tunnel_id;
    uint32_t session_id;
    uint16_t result;
    uint16_t error;
    int status;
    bool by_peer;
    uint16_t message; /* type of the message that came with it, 0 = none */
    char text[128];
};

struct rawpeer {
    struct l2tpha_node *node;
    uint64_t shipped;            /* position of the node's newest checkpoint */
    struct l2tpha_node *standby; /* applies what the node checkpoints; NULL = none */
    uint64_t now;
    struct l2tpha_path path; /* this end's address */
    const char *secret;      /* what the node's host answers; NULL = none */
    bool random_fails;
    struct l2tpha_verdict tunnel_verdict, session_verdict;
    enum l2tpha_trust trust; /* in what the standby has, at a takeover */
    bool may_call;           /* admit_session is set: outgoing calls are possible */
    uint64_t seed;
    uint16_t id, node_id; /* tunnel ids */
    uint16_t ns, nr;
    uint8_t build[4096];
    struct l2tpha_builder builder;
    struct raw_message *sent; /* by the node, RAW_KEPT of them */
    uint32_t sent_count;
    struct raw_event *events;
    uint32_t event_count;
    struct l2tpha_message message; /* the last one looked at */
};

/* A node with these changes to the defaults (NULL = none), and its peer. */
void raw_new(struct rawpeer *peer, void (*change)(struct l2tpha_config *config));
void raw_free(struct rawpeer *peer);

/* Give the node a standby that is in sync. */
void raw_protect(struct rawpeer *peer, void (*change)(struct l2tpha_config *config));
/* The node is gone, its standby takes over. */
void raw_take_over(struct rawpeer *peer);
/* A tunnel of the node's that nobody hears of: it is gone within its transaction. Returns its id.
 */
uint32_t raw_brief_tunnel(struct rawpeer *peer);

/* Begin a message to the node; put AVPs into peer->builder; then send it in order. Returns what
 * l2tpha_feed() says. Everything that comes back is noted, and acknowledged with the next one. */
struct l2tpha_builder *raw_begin(struct rawpeer *peer, uint16_t type, uint32_t session_id);
int raw_send(struct rawpeer *peer);
/* Bytes as they are, numbers included. */
int raw_feed(struct rawpeer *peer, const uint8_t *data, size_t len);
int raw_ack(struct rawpeer *peer);
/* Begin an SCCRQ (header id 0) or SCCRP with all that is required. */
struct l2tpha_builder *raw_begin_setup(struct rawpeer *peer, uint16_t type);
/* Begin ICRQ or OCRQ, ICRP or OCRP, ICCN or OCCN, and CDN with all that is required. */
struct l2tpha_builder *raw_begin_request(struct rawpeer *peer, uint16_t type, uint32_t session);
struct l2tpha_builder *raw_begin_reply(struct rawpeer *peer, uint16_t type, uint32_t session);
struct l2tpha_builder *raw_begin_connect(struct rawpeer *peer, uint16_t type, uint32_t session);
struct l2tpha_builder *raw_begin_cdn(struct rawpeer *peer, uint32_t session);
/* Note all outputs. */
void raw_drain(struct rawpeer *peer);
/* Let time pass, timers and all. */
void raw_pass(struct rawpeer *peer, uint64_t ms);

/* SCCRQ, SCCRP, SCCCN: the node answers. */
struct l2tpha_tunnel *raw_accept(struct rawpeer *peer);
/* The node asks, the peer answers. */
struct l2tpha_tunnel *raw_open(struct rawpeer *peer);

/* Forget what was noted so far. */
void raw_forget(struct rawpeer *peer);
/* The one message of this type that the node has sent since; asserts that there is one. */
const struct l2tpha_message *raw_expect(struct rawpeer *peer, uint16_t type);
uint32_t raw_count(const struct rawpeer *peer, uint16_t type);
/* Nothing but acknowledgements since. */
void raw_expect_silence(struct rawpeer *peer);
const struct raw_event *raw_event(const struct rawpeer *peer, enum l2tpha_event_kind kind);
uint32_t raw_events(const struct rawpeer *peer, enum l2tpha_event_kind kind);
/* A StopCCN or CDN with this result and error has been sent. */
void raw_expect_result(struct rawpeer *peer, uint16_t type, uint16_t result, uint16_t error);
const struct l2tpha_counters *raw_counters(const struct rawpeer *peer);

#endif
