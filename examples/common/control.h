/* SPDX-License-Identifier: MIT */
/* The control socket: one command a line, one JSON object a line in return, either
 * {"result": ...} or {"error": "..."}, or both when a list could not be ended. For the owner of the
 * process alone. Answers leave in pieces, as the client reads them; no client, however slow, holds
 * the loop or more than a piece of memory. */
#ifndef EXAMPLES_CONTROL_H
#define EXAMPLES_CONTROL_H

#include <stdint.h>

struct app;
struct control;
struct listener;

#define CONTROL_CLIENTS_MAX 16  /* more are turned away with an error */
#define CONTROL_REQUEST_MAX 256 /* a longer line ends the connection with an error */
#define CONTROL_UNREAD_S 30     /* a client that reads nothing of its answer for so long is left */
#define CONTROL_IDLE_S 10       /* one that asks for nothing for so long makes room for others */
#define CONTROL_OUTCOME_S 60    /* the longest that an outcome may take */

/* Commands whose outcome comes later. All clients that wait for the same one get it together. */
enum control_kind {
    CONTROL_NONE = 0,
    CONTROL_SWITCHOVER,
    CONTROL_TAKEOVER,
    CONTROL_STANDBY,
    CONTROL_SHUTDOWN
};

/* Listen on --control, if given. NULL, or what is wrong. */
const char *control_start(struct app *app);

/* Where it listens; NULL = nowhere. */
struct listener *control_listener(const struct control *control);

/* The process leaves: whoever waits for an outcome hears that. NULL is allowed. */
void control_stop(struct control *control);

/* The outcome, for the clients that wait for one of this kind, if any. error NULL = it came to
 * pass; then json is the result, the text of a JSON value, or NULL for "done". control NULL is
 * allowed. */
void control_complete(struct control *control, enum control_kind kind, const char *error,
                      const char *json);

/* Connections that were refused, for want of places or of descriptors. */
uint64_t control_refused(const struct control *control);

#endif
