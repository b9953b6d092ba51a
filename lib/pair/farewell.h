/* SPDX-License-Identifier: MIT */
/* Over unix: what the active says of itself to whoever finds it dead. The last word counts, so
 * there is never too much of it: words that the standby has not read give way to the newest one.
 * With a word may come a channel for descriptors, which gives way to nothing. */
#ifndef PAIR_FAREWELL_H
#define PAIR_FAREWELL_H

#include <stdbool.h>

#define BYE_NONE 0
#define BYE_SOLO 's' /* it goes on alone */
#define BYE_SYNC 'i' /* the standby is in sync again */
#define BYE_ALONE 'A'
#define BYE_LEFT 'L'
#define BYE_NOT_CHANNEL 'F' /* no farewell, and no word that counts: a channel comes with it */

struct farewell_line {
    int out;     /* active: into which it writes; -1 = none */
    int in;      /* from which the standby reads, open at the active as well; -1 = none */
    char last;   /* standby: the word that counts, 0 = none */
    int channel; /* standby: that has come and is not taken so far; -1 = none */
    bool lost;   /* standby: one that this process had no room for */
};

#define FAREWELL_NONE ((struct farewell_line){.out = -1, .in = -1, .channel = -1})

/* Active: the end to be passed is line->in. False with errno set. */
bool farewell_open(struct farewell_line *line);
/* Standby: it has been passed; of an earlier release's active it is a pipe. */
void farewell_adopt(struct farewell_line *line, int fd);
void farewell_close(struct farewell_line *line);

/* Active: say it, now. False with errno set: it is not said. */
bool farewell_say(struct farewell_line *line, char bye);
bool farewell_send_channel(struct farewell_line *line, int fd);

/* Standby: read what there is. True = there will be no more. */
bool farewell_read(struct farewell_line *line);

#endif
