/* SPDX-License-Identifier: MIT */
/* What a program does for its pair: the node, the socket, what is let out, the role. */
#ifndef EXAMPLES_PAIRED_H
#define EXAMPLES_PAIRED_H

struct app;

/* Make app->pair. NULL, or what is wrong. */
const char *paired_make(struct app *app);

/* Read the socket, or not, as the pair has it now. */
void paired_read(struct app *app);

#endif
