/* SPDX-License-Identifier: MIT */
/* --authority: who may serve is decided outside of the nodes. */
#ifndef EXAMPLES_LEASED_H
#define EXAMPLES_LEASED_H

struct app;
struct writer;

/* The authority of the options, as app->authority; NULL there = none. NULL, or what is wrong. */
const char *leased_make(struct app *app);

/* What show has to say of it. */
void leased_put(const struct app *app, struct writer *out);

#endif
