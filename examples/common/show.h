/* SPDX-License-Identifier: MIT */
/* What `show` answers, as JSON, in pieces: a list may have a million rows, and whoever writes them
 * has the only thread of the node. */
#ifndef EXAMPLES_SHOW_H
#define EXAMPLES_SHOW_H

#include "writer.h"

struct app;
struct show; /* what is still to come of an answer */

#define SHOW_PIECE_MAX (64u << 10) /* bytes in the writer at which a piece ends, about */

/* words: what follows `show`. Writes the answer, or its beginning: then *more, a child of parent,
 * has the rest. NULL, or what is wrong: nothing is written. */
const char *show_begin(TALLOC_CTX *parent, struct app *app, char **words, size_t count,
                       struct writer *out, struct show **more);

/* Go on until there is enough in out, or the time (clock_now()) has come. True at the end; *error:
 * why this is not all, or NULL. */
bool show_go_on(struct show *show, struct writer *out, uint64_t until, const char **error);

#endif
