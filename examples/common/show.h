/* SPDX-License-Identifier: MIT */
/* What `show` answers, as JSON, in pieces: a list may have a million rows, and whoever writes them
 * has the only thread of the node. */
#ifndef EXAMPLES_SHOW_H
#define EXAMPLES_SHOW_H

#include "writer.h"

struct app;
struct l2tpha_tunnel;
struct show; /* what is still to come of an answer */

#define SHOW_PIECE_MAX (64u << 10) /* bytes in the writer at which a piece ends, about */

/* words: what follows the command. Writes the answer, or its beginning: then *more, a child of
 * parent, has the rest. NULL, or what is wrong: what is written is dropped. */
typedef const char *show_starter(TALLOC_CTX *parent, struct app *app, char **words, size_t count,
                                 struct writer *out, struct show **more);
show_starter show_begin;

/* The rest of an object whose last list is open: put() has written a row of a tunnel, or writes
 * none and says so; most rows at most. */
struct show *show_some_tunnels(TALLOC_CTX *parent, struct app *app,
                               bool (*put)(const struct l2tpha_tunnel *tunnel, struct writer *out),
                               uint32_t most);

/* Go on until there is enough in out, or the time (clock_now()) has come. True at the end; *error:
 * why this is not all, or NULL. */
bool show_go_on(struct show *show, struct writer *out, uint64_t until, const char **error);

#endif
