/* SPDX-License-Identifier: MIT */
/* A world about who serves. Two nodes of different rank with the replication link between them, run
 * by hosts that behave as hosts do: each turn of a host's loop makes its calls in another order, it
 * acts on its outputs one by one, and it may be stopped between any two steps, for any time. Links
 * hang and are cut, operators promote whom they like, boxes die and come back. */
#ifndef SIM_ROLES_H
#define SIM_ROLES_H

#include "info.h"
#include "sim/oracle.h"
#include "sim/peer.h"
#include "sim/roles_wire.h"

#include <l2tpha/l2tpha.h>
#include <l2tpha/link.h>

#define ROLES_PEERS 2
#define ROLES_BATCH 8
#define ROLES_INBOX 64
#define ROLES_MARKS 24
#define ROLES_FAULTS 48
#define ROLES_TERMS 64

enum roles_step {
    STEP_LINK_IN,
    STEP_SOCKET,
    STEP_EXPIRE,
    STEP_LINK_EXPIRE,
    STEP_POLL,
    STEP_LINK_OUT,
    STEP_PROGRAM,
    STEPS
};

/* What an operator has told a host, or it has found out. */
enum roles_order { ORDER_NONE, ORDER_SWITCHOVER, ORDER_TAKEOVER };
enum roles_phase { PHASE_SEEK, PHASE_ANNOUNCED };

/* An output that the host has fetched. */
struct roles_output {
    enum l2tpha_output_kind kind;
    uint64_t position;
    uint32_t tunnel_id;
    unsigned to;
    size_t len;
    uint8_t *data;
};

struct box {
    unsigned place;
    char name[8];
    TALLOC_CTX *root;
    struct l2tpha_node *node; /* NULL: it is dead */
    struct l2tpha_link *link;
    int wire, backlog;
    uint64_t known; /* newest epoch that its host remembers over a restart */
    uint64_t at;    /* when it makes its next step, */
    uint8_t order[STEPS];
    unsigned next; /* of that; STEPS = the turn is over */
    bool asleep;
    bool called;         /* the library, since it woke */
    uint64_t stop_in;    /* steps until it is stopped, 0 = not, */
    uint64_t stop_for;   /* for so long */
    uint64_t turned;     /* when its last turn began */
    uint64_t late_at;    /* when one was late last */
    uint64_t lived;      /* its own time: no turn counts for longer than one that is in time; */
    uint64_t lived_mark; /* ... when the last words of its standby can have come at the latest */
    unsigned slow;       /* percent of its steps that take up to so long: */
    uint64_t slow_us;
    uint64_t restart_at;
    struct packet *inbox[ROLES_INBOX];
    unsigned inbox_count;
    struct roles_output batch[ROLES_BATCH];
    unsigned batch_count, batch_next;
    uint64_t retry_at;
    enum roles_order told;
    bool begun;
    enum roles_phase phase;
    bool insists;         /* the operator wants it even from a stale copy */
    uint64_t phase_until; /* the present phase ends then */
    uint64_t epoch;       /* announced */
    bool stepped_down;    /* the active has said so */
    bool given;           /* unix: the active is dead, and the stream was read to its end */
    unsigned term;        /* index of the present or last one */
    uint64_t covered_at;  /* its copy held all that had been let out */
    uint64_t handed_at;
    bool follows;      /* it holds a copy, whatever it is worth, */
    uint64_t ended_at; /* until then */
    bool restoring;    /* it has taken over, and its daemon has no objects yet */
    bool hangs_up;     /* serving: it is to end a call */
};

/* What has been let out for one tunnel. */
struct roles_mark {
    uint32_t local_id, remote_id;
    bool sent, acked;
    uint16_t ns, nr;
    bool here; /* the node that let it out has the tunnel still */
};

/* Time in which somebody served. */
struct term {
    unsigned box;
    uint64_t epoch;
    uint64_t began;
    bool spoken;
    bool excused;      /* the host was told that the other may be serving */
    uint64_t heard_at; /* excused: when the other could first read of it, NEVER = not yet */
    unsigned copy_count;
    struct roles_mark copy[ROLES_MARKS]; /* what it began with */
};

enum roles_fault_kind {
    FAULT_STOP,
    FAULT_STOP_BOTH,
    FAULT_HANG,
    FAULT_CUT,
    FAULT_HEAL,
    FAULT_KILL,
    FAULT_SWITCHOVER,
    FAULT_TAKEOVER,
    FAULT_TAKEOVER_BOTH,
    FAULT_SLOW,
    FAULT_CALL,
    FAULT_HANG_UP,
    FAULT_HELLO,
    FAULT_NODE_HANGS_UP,
    FAULT_KINDS
};

struct roles_fault {
    uint64_t at;
    enum roles_fault_kind kind;
    uint8_t box; /* 2: whoever serves; 3: whoever does not */
    uint64_t number;
    uint64_t steps;
    bool flag;
};

struct roles_sums {
    uint64_t takeovers[5]; /* by enum l2tpha_trust */
    uint64_t switchovers, not_come_off, fenced, stops, deaths, splits, leaks, claims;
    uint64_t longest_split;
};

struct roles {
    struct world world;
    struct net net;
    struct oracle oracle;
    struct wires wires;
    struct peer peers[ROLES_PEERS];
    unsigned peer_count;
    bool local; /* over unix: the end of a stream tells the truth, and both have one socket */
    uint32_t fresh_ms;
    struct box boxes[2];
    unsigned owner; /* of the address */
    bool clean;     /* nothing was lost that the hosts were told of */
    unsigned mark_count;
    struct roles_mark marks[ROLES_MARKS];
    unsigned looked_count;
    struct roles_mark looked[ROLES_MARKS]; /* what a node held just before its takeover */
    unsigned term_count;
    struct term all[ROLES_TERMS];
    unsigned fault_count, next_fault;
    struct roles_fault faults[ROLES_FAULTS];
    uint64_t end;
    uint64_t split_since, met_since;
    unsigned spins;
    struct roles_sums sums;
};

/* Run a seed's scenario to its end. False: it has failed, world.why says how. */
bool roles_run_seed(struct roles *roles, uint64_t seed, bool verbose);

/* --- roles_plan.c --- */
void roles_plan(struct roles *roles);
void roles_fault(struct roles *roles, const struct roles_fault *fault);

/* --- roles_box.c: a host's loop --- */
/* A node, as active or standby. */
void box_start(struct roles *roles, struct box *box, bool standby);
/* The process ends; with the box's power, or alone. */
void box_kill(struct roles *roles, struct box *box, bool power);
uint64_t box_deadline(const struct roles *roles, const struct box *box);
void box_step(struct roles *roles, struct box *box);
bool box_serves(const struct box *box);
enum l2tpha_role box_role(const struct box *box);
/* From here on it can hear nothing more from the other. */
void box_mark(struct box *box);
struct box *box_other(struct roles *roles, const struct box *box);
void box_drop_link(struct roles *roles, struct box *box);
/* A datagram for the address of both. */
void box_receive(struct roles *roles, struct packet *packet);

/* --- roles_program.c: what a host decides --- */
void program_step(struct roles *roles, struct box *box);
void program_link_failed(struct roles *roles, struct box *box, int error);
void program_stream_ended(struct roles *roles, struct box *box);
/* At its next step. */
void program_order(struct box *box, enum roles_order order, bool insists);
uint64_t program_deadline(const struct box *box);

/* --- roles_check.c --- */
/* Just before a takeover, which may say something at once. */
void judge_look(struct roles *roles, const struct box *box);
void judge_began(struct roles *roles, struct box *box, bool excused);
void judge_sent(struct roles *roles, struct box *box, uint32_t tunnel_id, const uint8_t *data,
                size_t len);
/* Before a takeover: whether its copy holds all that was let out. After it: was that allowed? */
bool judge_covers(struct roles *roles, const struct box *box);
void judge_takeover(struct roles *roles, struct box *box, bool covered, bool excused);
/* After each step. */
void judge_claims(struct roles *roles);
void judge_split(struct roles *roles);
void judge_end(struct roles *roles);
/* Everything that peers and nodes have to do is done. */
bool judge_at_rest(struct roles *roles);

#endif
