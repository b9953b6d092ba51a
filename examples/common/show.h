/* SPDX-License-Identifier: MIT */
/* What `show` answers, as JSON. */
#ifndef EXAMPLES_SHOW_H
#define EXAMPLES_SHOW_H

#include <jansson.h>
#include <stddef.h>

struct app;

/* words: what follows `show`. NULL and *result, or what is wrong. */
const char *show(struct app *app, char **words, size_t count, json_t **result);

#endif
