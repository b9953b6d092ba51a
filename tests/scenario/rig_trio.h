/* SPDX-License-Identifier: MIT */
/* A node with a standby, and its peer, all real and in memory. Checkpoints are applied as they come
 * and confirmed only while a test lets them be; the link may be cut, the node may die. */
#ifndef SCENARIO_RIG_TRIO_H
#define SCENARIO_RIG_TRIO_H

#include "failover/failover.h"
#include "fixture.h"
#include "info.h"
#include "machine_set.h"

#include <l2tpha/l2tpha.h>

#define TRIO_EVENTS 8192

/* Events that one node has told. */
struct trio_events {
    uint32_t count;
    struct l2tpha_event list[TRIO_EVENTS]; /* pointers are not to be followed */
};

struct trio {
    struct l2tpha_config config; /* of all three; for a test to change before trio_begin() */
    struct l2tpha_host host;     /* likewise */
    struct l2tpha_node *near;    /* serves */
    struct l2tpha_node *standby;
    struct l2tpha_node *far; /* the peer */
    struct trio_events near_events, far_events;
    uint64_t now;
    uint64_t random_state;
    uint64_t shipped; /* position of the newest checkpoint that the standby has */
    /* Told each checkpoint that the near node lets out. */
    void (*tape)(const uint8_t *data, size_t len);
    /* Told the same whole, with whose it is; and asked, when all else is quiet, whether it has
     * anything to carry. For suites that have links. */
    void (*ship)(const struct l2tpha_output *output);
    bool (*carry)(void);
    uint64_t datagrams;      /* that the near node has let out */
    uint64_t spent;          /* of both, counted while there is a budget: */
    uint64_t budget;         /* so many, and all rest; 0 = none */
    bool confirm;            /* what the standby has is confirmed */
    bool connected;          /* checkpoints reach it */
    bool deaf;               /* datagrams to the near node are lost */
    bool mute;               /* datagrams of the near node are lost */
    bool forgetful;          /* events are not kept */
    enum l2tpha_trust trust; /* in what the standby has, at a takeover */
};

extern struct trio trio;

Suite *trio_suite(const char *name, TCase **tcase);
/* The same fixture in a suite of other tests. */
void trio_case(Suite *suite, const char *name, TCase **tcase);
/* Make the nodes; with the standby in sync when asked for. */
void trio_begin(bool with_standby);
/* A fresh standby and a copy for it. */
void trio_connect(void);
/* Hand everything over until all are quiet. */
void trio_settle(void);
/* Let time pass, timers included. */
void trio_pass_ms(uint64_t ms);
/* The near node dies and the standby takes its place. */
void trio_take_over(void);
uint32_t trio_told(const struct trio_events *events, enum l2tpha_event_kind kind);
/* The first one of this kind; NULL = none. */
const struct l2tpha_event *trio_first(const struct trio_events *events,
                                      enum l2tpha_event_kind kind);
/* A tunnel that one of them asks the other for; nothing has left yet. */
struct l2tpha_tunnel *trio_open(struct l2tpha_node *from);
/* A tunnel that one of them opens to the other, established and settled. */
struct l2tpha_tunnel *trio_tunnel(struct l2tpha_node *from);
struct l2tpha_session_options trio_call(enum l2tpha_call call);
/* An incoming call on it, not settled. */
struct l2tpha_session *trio_dial(struct l2tpha_tunnel *tunnel);
/* Its channel rests as one of a recovery that has not begun yet, for as long as the test wants; and
 * goes on. */
void trio_suspend(struct l2tpha_tunnel *tunnel, bool suspended);
/* The first tunnel and its first session; NULL when there is none. */
struct l2tpha_tunnel *first_tunnel(const struct l2tpha_node *node);
struct l2tpha_session *first_session(const struct l2tpha_node *node);

#endif
