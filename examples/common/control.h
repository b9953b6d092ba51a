/* SPDX-License-Identifier: MIT */
/* The control socket: one command a line, one JSON object a line in return, either
 * {"result": ...} or {"error": "..."}. For the owner of the process alone. */
#ifndef EXAMPLES_CONTROL_H
#define EXAMPLES_CONTROL_H

#include <talloc.h>

struct app;
struct control;

#define CONTROL_CLIENTS_MAX 16  /* more are turned away with an error */
#define CONTROL_REQUEST_MAX 256 /* a longer line ends the connection with an error */

/* Listen on --control, if given. NULL, or what is wrong. */
const char *control_start(struct app *app);

/* The end of a switchover, for the client that asked for it, if any. error NULL = done. control
 * NULL is allowed. */
void control_answer(struct control *control, const char *error);

#endif
