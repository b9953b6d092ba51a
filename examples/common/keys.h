/* SPDX-License-Identifier: MIT */
/* --ha-key: what the stream to the other node is sealed with. */
#ifndef EXAMPLES_KEYS_H
#define EXAMPLES_KEYS_H

#include "key_file.h"

#include <talloc.h>

struct app;

/* Read the file, if one is given: *keys is its text, for l2tpha_pair_options::keys, or NULL. The
 * file is to be wiped then. NULL, or what is wrong. */
const char *keys_read(struct app *app, struct key_file *file, const char **keys);

/* Read it again: the next stream has the new keys, and none is cut. NULL, or what is wrong, a child
 * of parent: then the keys are what they were. */
const char *keys_reload(TALLOC_CTX *parent, struct app *app);

#endif
