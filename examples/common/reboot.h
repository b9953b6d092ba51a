/* SPDX-License-Identifier: MIT */
/* Whether the machine has been started again since the store was served, and what becomes of its
 * tunnels then. Beside the segments is a file `boot` with the kernel's boot id. */
#ifndef EXAMPLES_REBOOT_H
#define EXAMPLES_REBOOT_H

#include <l2tpha/observe.h>

struct app;
struct reboot;

/* Before the store is opened. NULL in app->reboot: there is no store. NULL, or what is wrong. */
const char *reboot_start(struct app *app);

/* This node serves: the boot is noted, unless tunnels of an earlier one are to be closed first. */
void reboot_serve(struct app *app);

/* Of a node that goes on from the store of an earlier boot: which tunnels there are. */
void reboot_event(struct app *app, const struct l2tpha_event *event);

/* Close some of them, each with a StopCCN. When all are closed, and the store has that, the boot is
 * noted: who dies before begins with closing again. */
void reboot_advance(struct app *app, uint64_t now);
uint64_t reboot_deadline(const struct app *app); /* UINT64_MAX = nothing to do */

#endif
