/* SPDX-License-Identifier: MIT */
/* What a program does for its pair: the node, the socket, what is let out, the role. */
#ifndef EXAMPLES_PAIRED_H
#define EXAMPLES_PAIRED_H

#include <stdint.h>

struct app;

/* Make app->pair. NULL, or what is wrong. */
const char *paired_make(struct app *app);

/* Read the socket, or not, as the pair has it now. */
void paired_read(struct app *app);

/* Have the service manager keep the socket that this node has now. */
void paired_keep(struct app *app, uint64_t now);

#endif
