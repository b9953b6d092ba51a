/* SPDX-License-Identifier: MIT */
/* A world of two ends, both nodes of ours with standbys of their own, that recover by RFC 4951:
 * deaths of either or both at moments that the seed chooses, those of a recovery included. */
#ifndef SIM_DUO_H
#define SIM_DUO_H

#include "sim/end.h"

#define DUO_ACTIONS 48
#define DUO_DEATHS 5
#define DUO_KEPT 96

enum duo_kind {
    DUO_ONE,     /* one end dies */
    DUO_BOTH,    /* both, at once or within the recovery */
    DUO_AGAIN,   /* one after the other, in the middle of recoveries, up to the third generation */
    DUO_REFUSED, /* the peer has switched the capability off, or does not know the name */
    DUO_UNTRUE,  /* the secret has changed */
    DUO_DEAF,    /* the peer hears nothing with header id 0 */
    DUO_KIND_COUNT
};

enum duo_deed { DUO_OPEN, DUO_CALL, DUO_CALL_OUT, DUO_HANG_UP, DUO_CLOSE, DUO_DATA };

struct duo_action {
    uint64_t at;
    uint8_t deed;
    uint8_t end;
    uint32_t pick; /* which tunnel and session */
};

struct duo_death {
    uint8_t end;
    bool after_takeover; /* of the one before, else after its death */
    uint64_t delay;      /* us after that; of the first one, from the beginning */
    uint64_t steps;
};

struct duo_plan {
    enum duo_kind kind;
    struct end_options ends[2];
    struct net_faults faults;
    uint64_t cut_at;     /* the net is cut in two then, */
    uint64_t cut_for;    /* for so long; 0 = never */
    bool capability_off; /* DUO_REFUSED: else the name differs */
    bool near_wrap;      /* numbers begin shortly before 65535 */
    unsigned action_count;
    struct duo_action actions[DUO_ACTIONS];
    unsigned death_count;
    struct duo_death deaths[DUO_DEATHS];
};

/* Established at both ends when one of them took over. */
struct duo_kept {
    uint32_t tunnel[2];
    uint32_t session[2]; /* 0 = the tunnel itself */
    bool excused;        /* a host has ended it since */
    bool doomed;         /* it cannot be recovered, and must be gone */
};

/* Ended by a host. */
struct duo_left {
    unsigned place;
    uint32_t tunnel;
    uint32_t session; /* 0 = the tunnel itself */
    unsigned life;    /* deaths of that end before */
};

struct duo {
    struct world world;
    struct duo_plan plan;
    struct net net;
    struct end ends[2];
    bool aged;
    bool copied[2]; /* this end's standby has held what it holds, since there was peace */
    unsigned next_action;
    unsigned next_death;
    uint64_t death_at; /* when the next one is armed; L2TPHA_NEVER = not known yet */
    unsigned seen_deaths, seen_takeovers;
    unsigned kept_count;
    struct duo_kept kept[DUO_KEPT];
    unsigned left_count;
    struct duo_left left[DUO_ACTIONS];
    struct duo_left restless; /* duo_unrest() has been about it */
    uint64_t calls;           /* asked for */
};

/* Run a seed's scenario to its end. False: it has failed, duo->world.why says how. */
bool duo_run_seed(struct duo *duo, uint64_t seed, bool verbose);
/* The same with two deaths: of one end, and so many steps of its own after the takeover of that of
 * `second`, which may be the same. *died: whether it came to that. */
bool duo_run_steps(struct duo *duo, uint64_t seed, unsigned first, unsigned second, uint64_t steps,
                   bool *died);

/* Both ends die within milliseconds, on a net without a fault. */
struct duo_instant {
    struct end_options ends[2];
    unsigned tunnels, calls; /* so many calls on each */
    uint64_t apart;          /* us between the death of end 0 and that of end 1, and then: */
    uint64_t steps;          /* of end 1's own */
    uint64_t delay;          /* us of the net */
};
/* *died: whether end 1 was still alive to die; *took: us from the later takeover until both have
 * all tunnels, nothing waits for an acknowledgement and calls can be placed. */
bool duo_run_instant(struct duo *duo, const struct duo_instant *instant, bool verbose, bool *died,
                     uint64_t *took);

/* --- duo_plan.c --- */
void duo_plan(struct duo_plan *plan, struct world *world);
/* What every end of a duo has in common. */
void duo_end_init(struct end_options *options, unsigned place);
/* --- duo_act.c --- */
void duo_act(struct duo *duo, const struct duo_action *action);
/* Data on all calls of tunnels that were taken over silently from a lagging record. */
void duo_touch(struct duo *duo);
/* Have the numbers of quiet tunnels begin shortly before the wrap. True when there was one. */
bool duo_age(struct duo *duo);
/* --- duo_check.c --- */
/* An end has just taken over: what both have established from now on has to stay. */
void duo_note_kept(struct duo *duo, const struct end *taker);
/* A host ends something. session 0 = the tunnel. */
void duo_excuse(struct duo *duo, unsigned place, uint32_t tunnel, uint32_t session);
/* At any time: no recovery goes on for ever. */
void duo_watch(struct duo *duo);
/* NULL when all has come to rest and both ends agree; else what is missing. */
const char *duo_unrest(struct duo *duo);
/* Both serve, and agree about every tunnel that is not one for a recovery. */
bool duo_is_whole(struct duo *duo);
/* What had to stay has stayed, what had to go has gone. */
void duo_check_kept(struct duo *duo);
/* Call on every tunnel; then, once at rest, see that all these calls are up. */
void duo_call_all(struct duo *duo);
void duo_check_calls(struct duo *duo);

#endif
