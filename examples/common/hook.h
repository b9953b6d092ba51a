/* SPDX-License-Identifier: MIT */
/* Commands of the operator's that are run when something happens; nobody waits for them. */
#ifndef EXAMPLES_HOOK_H
#define EXAMPLES_HOOK_H

struct app;

/* Run it by the shell, with L2TPHA_CONTROL and L2TPHA_ROLE in its environment. Empty: nothing. */
void hook_run(struct app *app, const char *option, const char *command);

#endif
