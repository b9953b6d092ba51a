/* SPDX-License-Identifier: MIT */
/* The byte streams between two boxes. A stream that is opened is accepted by the other box's
 * system at once and by its host when it next looks; what is written waits unread meanwhile. A
 * direction that hangs takes bytes and gives none out until it is healed, the stream's end
 * included. */
#ifndef SIM_ROLES_WIRE_H
#define SIM_ROLES_WIRE_H

#include "sim/stream.h"

#define WIRES 8
#define NO_WIRE (-1)

struct wire {
    bool used;
    struct stream way[2]; /* to that box */
    bool open[2];         /* that box has it, or its system has */
    bool ends[2];         /* after what is under way to that box comes the end */
    uint64_t ended[2];    /* when */
    bool dead;            /* a box lost its power: neither bytes nor an end come any more */
    bool alone;           /* over unix: the active has said that it goes on by itself */
};

struct wires {
    struct world *world;
    uint64_t delay, jitter;
    bool hung[2];        /* what goes to that box */
    uint64_t hung_at[2]; /* since when, */
    uint64_t healed[2];  /* and when that was over last */
    struct wire all[WIRES];
};

void wires_init(struct wires *wires, struct world *world, uint64_t delay, uint64_t jitter);
void wires_free(struct wires *wires);
/* A stream that box `by` has opened; NO_WIRE: it cannot be. */
int wires_connect(struct wires *wires, unsigned by);
void wires_write(struct wires *wires, int at, unsigned by, const uint8_t *data, size_t len);
/* Bytes for that box that have come, to be freed; NULL = none. */
struct unit *wires_read(struct wires *wires, int at, unsigned by);
/* The end has come. */
bool wires_ended(const struct wires *wires, int at, unsigned by);
/* That box closes it; not told: its power has failed. */
void wires_close(struct wires *wires, int at, unsigned by, bool told);
/* When there is something to read, the end included. */
uint64_t wires_deadline(const struct wires *wires, int at, unsigned by);
/* Nothing is under way to that box, nor held back. */
bool wires_empty(const struct wires *wires, int at, unsigned to);
void wires_hang(struct wires *wires, unsigned to, bool hung);

#endif
