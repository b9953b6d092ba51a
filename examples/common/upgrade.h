/* SPDX-License-Identifier: MIT */
/* What `upgrade check` and `upgrade commit` answer: whether an upgrade by a switchover would lose
 * anything now, and the level in force (docs/checkpoint-format.md, "Levels"). */
#ifndef EXAMPLES_UPGRADE_H
#define EXAMPLES_UPGRADE_H

#include "show.h"

#define UPGRADE_TUNNELS_MAX 10 /* of those that would be ended, so many are named */

/* words: check or commit. Of a check `ready` says whether nothing would be lost; findings say what
 * would. */
show_starter upgrade_begin;

#endif
