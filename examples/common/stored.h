/* SPDX-License-Identifier: MIT */
/* The store of --store. */
#ifndef EXAMPLES_STORED_H
#define EXAMPLES_STORED_H

struct app;

/* app->store, where one is asked for. NULL, or what is wrong. */
const char *stored_make(struct app *app);

#endif
