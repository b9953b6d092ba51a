/* SPDX-License-Identifier: MIT */
/* What an operator changes while the program runs. It outlives the node: one that steps down and
 * begins anew keeps it. */
#ifndef EXAMPLES_SETTINGS_H
#define EXAMPLES_SETTINGS_H

#include "options.h"
#include "writer.h"

struct l2tpha_config;
struct l2tpha_node;

struct settings {
    uint32_t debug; /* categories */
    uint8_t failover;
    bool ha;
    uint32_t resync_packets;
};

/* Those of the command line. */
void settings_start(struct settings *settings, const struct options *options);

/* For a new node. */
void settings_put(const struct settings *settings, struct l2tpha_config *config);

/* One of the commands debug, undebug and set, with all its words. NULL, or what is wrong. */
const char *settings_perform(struct settings *settings, struct l2tpha_node *node, char **words,
                             size_t count);

/* The debug categories and whether they are on, as a list. */
void settings_show_debugging(const struct settings *settings, struct writer *out);

#endif
