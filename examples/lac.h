/* SPDX-License-Identifier: MIT */
/* The parts of l2tpha-lac. Handles are kept no longer than an event, so what was restored is like
 * what was opened. */
#ifndef EXAMPLES_LAC_H
#define EXAMPLES_LAC_H

#include "common/app.h"
#include "common/pace.h"
#include "common/retry.h"

#define REDIAL_S 5 /* without --redial */

/* One of those that were asked for. It outlives the tunnels of the node that it has one after the
 * other. */
struct lac_tunnel {
    uint32_t id;     /* the node's, while it has one */
    uint32_t stands; /* so many that were asked for; more than one after a tie */
    uint32_t calls;  /* asked for in this tunnel, less those that are to be placed again */
    uint32_t held;   /* calls that have ended and wait to be placed again */
    uint32_t again;  /* calls to be placed that have been placed before */
    bool up;
    bool proved; /* has been up: the LNS takes us */
    bool lost;   /* and counted as that; not up again yet */
    bool marked; /* the standby can tell it from one that the LNS has dialled for itself */
    bool dialing;
    size_t place;              /* in lac.dial, while dialing */
    struct retry redial, call; /* of the tunnel; of the calls held */
};

struct lac_call {
    uint32_t tunnel_id;
    uint32_t session_id;
    bool up;
    size_t place; /* in lac.up */
    struct flow flow;
};

/* Whether the LNS says anything. */
struct lac_silence {
    uint64_t since;   /* asked then, and nothing was heard after it; 0 = nobody is being asked */
    uint64_t tell_at; /* when to say so */
    uint64_t heard;   /* what the node had received by the last look */
};

struct lac {
    struct app *app;
    void *objects; /* parent of all tunnels and calls */
    uint64_t epoch;
    bool untold; /* what a takeover has restored: it waits for the store, as all that is new */
    uint64_t began_wall; /* when the calls were first dialled, by which node ever; 0 = not yet */
    uint64_t stop_at, last_echo_at;
    bool told_up, stopping, finished;
    uint32_t tunnels_half_open, tunnels_up, calls_half_open;
    uint32_t standing;        /* of those that were asked for, so many are up */
    struct lac_tunnel **dial; /* up, with calls still to be asked for */
    size_t dial_count, dial_next;
    struct retry_line redials; /* tunnels that are down */
    struct retry_line recalls; /* tunnels that are up, with calls held */
    struct lac_call **up;
    size_t up_count, up_next;
    uint64_t awaited; /* frames sent and not yet back */
    struct pace call_pace, frame_pace;
    struct lac_silence silence;
    struct report report;
};

/* --- lac_tunnel.c --- */
void lac_on_tunnel(struct lac *lac, const struct l2tpha_event *event);
void lac_tunnel_restored(struct lac *lac, const struct l2tpha_event *event);
/* Dial those that are due again, then the ones never dialled so far. */
void lac_open_tunnels(struct lac *lac, uint64_t now);
/* The first pause before what has ended so is tried again; 0 = it is not. proved: it was up before,
 * so that a refusal is not for good. */
uint32_t lac_redial_s(const struct lac *lac, bool proved, bool final);
/* When there is something to dial again; L2TPHA_NEVER = not before something else has happened. */
uint64_t lac_redial_deadline(const struct lac *lac);
/* Have it marked, before it has a call. An error of the library. */
int lac_mark(struct lac *lac, struct lac_tunnel *tunnel, struct l2tpha_tunnel *handle,
             uint64_t now);
/* So many were neither up nor lost. */
uint32_t lac_unsettled_tunnels(const struct lac *lac);
/* Whether there are calls to be placed in it; when there are, or are not any more: */
bool lac_wants_calls(const struct lac *lac, const struct lac_tunnel *tunnel);
void lac_dial_add(struct lac *lac, struct lac_tunnel *tunnel);
void lac_dial_remove(struct lac *lac, struct lac_tunnel *tunnel);

/* --- lac_call.c --- */
void lac_on_call(struct lac *lac, const struct l2tpha_event *event);
void lac_call_restored(struct lac *lac, struct l2tpha_session *session);
/* Place what is to be placed, as fast as allowed. */
void lac_open_calls(struct lac *lac, uint64_t now);
uint64_t lac_call_deadline(const struct lac *lac);
/* What it has counted so far goes into the report. */
void lac_settle_flow(struct lac *lac, struct lac_call *call);
/* For all calls that are up; none while it stops. */
void lac_set_frame_rate(struct lac *lac);
void lac_on_frame(struct lac *lac, const struct l2tpha_frame *frame);
void lac_send_frames(struct lac *lac, uint64_t now);

/* --- lac_silence.c --- */
/* An SCCRQ leaves, or a tunnel's peer is waited for; an SCCRQ is answered, whatever is said. */
void lac_silence_begin(struct lac *lac, uint64_t now);
void lac_silence_end(struct lac *lac);
/* Say it when nobody answers: soon, and then ever more rarely. */
void lac_silence_look(struct lac *lac, uint64_t now);

#endif
