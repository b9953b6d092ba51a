/* SPDX-License-Identifier: MIT */
/* What a LAC counts and tells at its end: calls, numbered data frames, the longest silences. */
#ifndef EXAMPLES_REPORT_H
#define EXAMPLES_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* How long an answer was waited for at most. */
struct gap {
    uint64_t since; /* 0 = nothing is awaited */
    uint64_t longest_us;
};

void gap_open(struct gap *gap, uint64_t now);  /* something is awaited from now on, or already */
void gap_close(struct gap *gap, uint64_t now); /* it has come */
uint64_t gap_longest(const struct gap *gap, uint64_t now); /* counting what is awaited still */

/* The numbered frames of one call: 0, 1, 2... sent, some of them returned. A frame is received
 * once; whatever comes again is doubled. What the memory of 64 numbers has forgotten counts as
 * late. */
struct flow {
    uint64_t sent;     /* also the next number */
    uint64_t received; /* different frames */
    uint64_t doubled;
    uint64_t reordered; /* received after one with a higher number */
    uint64_t next;      /* highest number received + 1 */
    uint64_t seen;      /* bit i: number next - 1 - i was received */
    struct gap gap;
};

/* The number of a frame that is sent now. */
uint64_t flow_send(struct flow *flow, uint64_t now);

/* A frame came back. False if its number was never sent: not counted. */
bool flow_receive(struct flow *flow, uint64_t number, uint64_t now);

struct report {
    uint64_t tunnels;        /* asked for or restored; dialled again is no other one */
    uint64_t tunnels_lost;   /* that did not come up, or ended without our asking */
    uint64_t redials;        /* tunnels dialled again */
    uint64_t calls_asked;    /* those placed again are there again */
    uint64_t calls_up;       /* that came up, or were restored */
    uint64_t calls_failed;   /* that never came up */
    uint64_t calls_lost;     /* that came up and ended without our asking */
    uint64_t calls_redialed; /* placed again, since one had failed or was lost */
    uint64_t frames_sent;
    uint64_t frames_received;
    uint64_t frames_lost;
    uint64_t frames_doubled;
    uint64_t frames_reordered;
    uint64_t data_gap_us;
    uint64_t control_gap_us;
};

/* Add what one call has counted. */
void report_add(struct report *report, const struct flow *flow, uint64_t now);

json_t *report_json(const struct report *report);
void report_print(const struct report *report, bool json, FILE *out);

#endif
