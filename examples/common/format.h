/* SPDX-License-Identifier: MIT */
/* The serializer that --serializer names. */
#ifndef EXAMPLES_FORMAT_H
#define EXAMPLES_FORMAT_H

struct app;

/* Into app->serializer. NULL, or what is wrong. */
const char *format_find(struct app *app);

#endif
