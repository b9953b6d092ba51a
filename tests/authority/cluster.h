/* SPDX-License-Identifier: MIT */
/* A world of two to four nodes of one endpoint with an authority. Each has its own clock, and is
 * run by a host that makes its calls in any order and may be stopped or die between any two of
 * them. Ways between nodes, and to the authority, are cut and healed; operators want this and that.
 */
#ifndef AUTHORITY_CLUSTER_H
#define AUTHORITY_CLUSTER_H

#include "authority/fake_authority.h"
#include "info.h"
#include "sim/oracle.h"
#include "sim/peer.h"
#include "sim/roles_wire.h"

#include <l2tpha/l2tpha.h>
#include <l2tpha/link.h>

#define CLUSTER_BOXES FAKE_NODES
#define CLUSTER_PEERS 2
#define CLUSTER_INBOX 32
#define CLUSTER_MARKS 24
#define CLUSTER_FAULTS 128
#define CLUSTER_EPOCHS 128

/* A box's end of the way to another one. */
struct cluster_port {
    struct l2tpha_link *link; /* NULL = none */
    int wire, backlog;
};

struct cluster_box {
    unsigned place;
    char name[16];
    struct world *world;
    TALLOC_CTX *root; /* NULL: the program is dead */
    struct l2tpha_node *node;
    struct l2tpha_lease *lease;
    struct cluster_port ports[CLUSTER_BOXES];
    uint64_t rate, offset; /* of its clock, rate in millionths */
    uint64_t at;           /* when it makes its next step, if it has to */
    bool changed;          /* what it has to do, */
    uint64_t due;          /* ... if it has not: when */
    uint8_t order[8];
    unsigned next;
    uint64_t stop_in, stop_for, die_in; /* steps until then, 0 = not */
    uint64_t restart_at;
    uint64_t retry_at; /* to look for the active */
    uint64_t look_until;
    struct packet *inbox[CLUSTER_INBOX];
    unsigned inbox_count;
    bool leaving;
    unsigned heir; /* place; CLUSTER_BOXES = nobody is handed over to */
    bool handed;
    uint64_t patience; /* of what is under way, 0 = nothing is */
    uint64_t asked_at; /* to serve, 0 = not */
};

/* What has been let out for one tunnel. */
struct cluster_mark {
    uint32_t local_id, remote_id;
    bool sent, acked, here;
    uint16_t ns, nr;
};

enum cluster_fault_kind {
    CLUSTER_STOP,
    CLUSTER_KILL,
    CLUSTER_CUT,
    CLUSTER_CUT_OFF, /* from the authority */
    CLUSTER_ISOLATE,
    CLUSTER_OUTAGE, /* of the authority */
    CLUSTER_HEAL,
    CLUSTER_STALE, /* an operator's order */
    CLUSTER_SWITCHOVER,
    CLUSTER_LEAVE,
    CLUSTER_CALL,
    CLUSTER_HANG_UP,
    CLUSTER_HELLO
};

struct cluster_fault {
    uint64_t at;
    enum cluster_fault_kind kind;
    unsigned box; /* CLUSTER_BOXES: whoever serves */
    uint64_t number, steps;
};

struct cluster_sums {
    uint64_t takeovers[5]; /* by enum l2tpha_trust */
    uint64_t deaths, stops, ended, back, over, given, switchovers, changes, unknown, datagrams;
    uint64_t voids, from_void;
    uint64_t longest_none; /* served though somebody might, while all was well */
};

struct cluster {
    struct world world;
    struct net net;
    struct oracle oracle;
    struct fake_authority authority;
    struct wires wires[CLUSTER_BOXES][CLUSTER_BOXES]; /* of the lower and the higher place */
    struct peer peers[CLUSTER_PEERS];
    unsigned peer_count, box_count;
    struct cluster_box boxes[CLUSTER_BOXES];
    unsigned owner; /* of the address */
    uint32_t ttl_ms;
    bool clean; /* nothing was lost that an operator was told of */
    unsigned mark_count;
    struct cluster_mark marks[CLUSTER_MARKS];
    unsigned epoch_count;
    uint64_t epochs[CLUSTER_EPOCHS]; /* that have begun */
    uint64_t newest;
    unsigned fault_count, next_fault;
    struct cluster_fault faults[CLUSTER_FAULTS];
    uint64_t end;
    uint64_t none_since; /* nobody serves, in peace; */
    uint64_t none_may;   /* ... nor may */
    unsigned spins;
    struct cluster_sums sums;
};

/* Run a seed's scenario to its end. False: it has failed, world.why says how. */
bool cluster_run_seed(struct cluster *cluster, uint64_t seed, bool verbose);

/* --- cluster_plan.c --- */
void cluster_plan(struct cluster *cluster);
void cluster_fault(struct cluster *cluster, const struct cluster_fault *fault);
void cluster_heal(struct cluster *cluster);

/* --- cluster_box.c: a host's loop --- */
void cluster_start(struct cluster *cluster, struct cluster_box *box);
void cluster_kill(struct cluster *cluster, struct cluster_box *box);
/* The node is another one's standby from now on. */
void cluster_begin_anew(struct cluster *cluster, struct cluster_box *box);
void cluster_step(struct cluster *cluster, struct cluster_box *box);
uint64_t cluster_deadline(const struct cluster *cluster, struct cluster_box *box);
void cluster_receive(struct cluster *cluster, struct packet *packet);

/* --- cluster_link.c: its ways to the others --- */
void cluster_read_links(struct cluster *cluster, struct cluster_box *box);
void cluster_expire_links(struct cluster *cluster, struct cluster_box *box);
void cluster_flush_links(struct cluster *cluster, struct cluster_box *box);
void cluster_drop_link(struct cluster *cluster, struct cluster_box *box, unsigned other, bool told);
void cluster_send_checkpoint(struct cluster *cluster, struct cluster_box *box,
                             const struct l2tpha_output *output);
struct l2tpha_link_info cluster_link_info(const struct cluster_box *box, unsigned other);
uint64_t cluster_links_deadline(const struct cluster *cluster, const struct cluster_box *box);

/* --- cluster_program.c: what a host decides --- */
void cluster_program(struct cluster *cluster, struct cluster_box *box);
void cluster_switch_over(struct cluster *cluster, struct cluster_box *box);
uint64_t cluster_program_deadline(const struct cluster_box *box);

/* --- cluster_check.c --- */
bool cluster_covers(const struct cluster *cluster, const struct cluster_box *box);
void cluster_check_takeover(struct cluster *cluster, struct cluster_box *box,
                            enum l2tpha_trust trust, bool covered);
void cluster_check_sent(struct cluster *cluster, struct cluster_box *box, uint32_t tunnel_id,
                        const uint8_t *data, size_t len);
/* After each step of a box: whoever may take over holds all that has left. */
void cluster_check_members(struct cluster *cluster, const struct cluster_box *box);
/* While nothing goes wrong any more. */
void cluster_check_served(struct cluster *cluster);
bool cluster_is_at_rest(struct cluster *cluster);
void cluster_check_end(struct cluster *cluster);

/* --- of all --- */
static inline uint64_t cluster_now(const struct cluster *cluster, const struct cluster_box *box)
{
    return box->offset + cluster->world.now * box->rate / 1000000;
}

/* The world's time when that box's clock says so. */
static inline uint64_t cluster_when(const struct cluster_box *box, uint64_t local)
{
    if (local == L2TPHA_NEVER)
        return L2TPHA_NEVER;
    return local <= box->offset ? 0 : ((local - box->offset) * 1000000 + box->rate - 1) / box->rate;
}

static inline bool cluster_serves(const struct cluster_box *box)
{
    enum l2tpha_role role = box->node ? info_of(box->node).role : L2TPHA_ROLE_FENCED;

    return role == L2TPHA_ROLE_ACTIVE || role == L2TPHA_ROLE_ACTIVE_SOLO ||
           role == L2TPHA_ROLE_ACTIVE_BULK;
}

static inline struct l2tpha_lease_info cluster_lease(const struct cluster_box *box)
{
    struct l2tpha_lease_info info = {.size = sizeof(info)};

    l2tpha_lease_get(box->lease, &info);
    return info;
}

static inline struct wires *cluster_wires(struct cluster *cluster, unsigned a, unsigned b)
{
    return a < b ? &cluster->wires[a][b] : &cluster->wires[b][a];
}

/* Which side of the wires between them a box is at. */
static inline unsigned cluster_side(const struct cluster_box *box, unsigned other)
{
    return box->place > other;
}

#endif
