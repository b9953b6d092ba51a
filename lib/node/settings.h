/* SPDX-License-Identifier: MIT */
/* What a configuration may be. */
#ifndef NODE_SETTINGS_H
#define NODE_SETTINGS_H

#include <l2tpha/settings.h>

/* The first setting that is out of range or does not go with another one, by name; NULL when all
 * are well. */
const char *settings_refused(const struct l2tpha_config *config);

#endif
