/* SPDX-License-Identifier: MIT */
/* The parts of l2tpha-lac. Handles are kept no longer than an event, so what was restored is like
 * what was opened. */
#ifndef EXAMPLES_LAC_H
#define EXAMPLES_LAC_H

#include "common/app.h"
#include "common/pace.h"

struct lac_tunnel {
    uint32_t id;
    uint32_t calls; /* asked for so far */
    bool up, down;
    bool dialing;
    size_t place; /* in lac.dial, while dialing */
};

struct lac_call {
    uint32_t tunnel_id;
    uint32_t session_id;
    bool up;
    size_t place; /* in lac.up */
    struct flow flow;
};

struct lac {
    struct app *app;
    void *reign; /* parent of all tunnels and calls */
    uint64_t epoch;
    uint64_t started, stop_at, last_echo_at;
    bool told_up, stopping, finished;
    uint32_t tunnels_half_open, tunnels_up, calls_half_open;
    struct lac_tunnel **dial; /* up, with calls still to be asked for */
    size_t dial_count, dial_next;
    struct lac_call **up;
    size_t up_count, up_next;
    uint64_t awaited; /* frames sent and not yet back */
    struct pace call_pace, frame_pace;
    struct report report;
};

/* --- lac_tunnel.c --- */
void lac_on_tunnel(struct lac *lac, const struct l2tpha_event *event);
void lac_tunnel_restored(struct lac *lac, const struct l2tpha_event *event);
/* Ask the LNS for one more. An error of the library. */
int lac_open_tunnel(struct lac *lac, uint64_t now);
/* It needs no more calls. */
void lac_dial_remove(struct lac *lac, struct lac_tunnel *tunnel);

/* --- lac_call.c --- */
void lac_on_call(struct lac *lac, const struct l2tpha_event *event);
void lac_call_restored(struct lac *lac, struct l2tpha_session *session);
/* Place a call. An error of the library. */
int lac_open_call(struct lac *lac, struct lac_tunnel *tunnel, uint64_t now);
/* What it has counted so far goes into the report. */
void lac_settle_flow(struct lac *lac, struct lac_call *call);
/* For all calls that are up; none while it stops. */
void lac_set_frame_rate(struct lac *lac);
void lac_on_frame(struct lac *lac, const struct l2tpha_frame *frame);
void lac_send_frames(struct lac *lac, uint64_t now);

#endif
