/* SPDX-License-Identifier: MIT */
/* What `upgrade check` and `upgrade commit` answer, and --level auto does: whether an upgrade by a
 * switchover would lose anything now, and the level in force (docs/checkpoint-format.md, "Levels").
 */
#ifndef EXAMPLES_UPGRADE_H
#define EXAMPLES_UPGRADE_H

#include "show.h"

#define UPGRADE_TUNNELS_MAX 10 /* of those that would be ended, so many are named */

/* words: check or commit. Of a check `ready` says whether nothing would be lost; findings say what
 * would. */
show_starter upgrade_begin;

/* --level auto: the active commits this release's level as soon as each member is there, in sync,
 * and has it. */
uint64_t upgrade_deadline(const struct app *app);
void upgrade_advance(struct app *app, uint64_t now);

#endif
