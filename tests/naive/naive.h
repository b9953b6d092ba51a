/* SPDX-License-Identifier: MIT */
/* L2TP's machines once more, as a simple daemon has them: tunnels and calls of its own in lists, a
 * state that a switch looks at, RFC 2661 as far as two ends that behave need it. They stand on a
 * node's control channels in place of the built-in ones, so what a takeover, RFC 4951 and lagging
 * records need must not be the built-in ones' alone: the suites that say "naive" run with them.
 *
 * Nothing of lib/engine is used. What they do not know: what the peer has advertised, and what is
 * improper row for row. A WEN is sent at once. */
#ifndef NAIVE_NAIVE_H
#define NAIVE_NAIVE_H

#include "control/machine.h"

/* The node's ordinary tunnels, of which it has none yet, are run by them. */
void naive_install(struct l2tpha_node *node);
bool naive_runs(const struct engine *engine);
/* What they hold is what the node's records say, no more and no less; else why not. */
const char *naive_differs(const struct l2tpha_node *node);

/* The daemon's user, as the calls of the same names in l2tpha/session.h; those that open and close
 * a tunnel ask whichever machine runs it. */
int naive_session_open(struct l2tpha_tunnel *tunnel, const struct l2tpha_session_options *options,
                       uint64_t now, struct l2tpha_session **session);
int naive_session_answered(struct l2tpha_session *session,
                           const struct l2tpha_session_options *options, uint64_t now);
int naive_session_close(struct l2tpha_session *session, const struct l2tpha_disconnect *why,
                        uint64_t now);
int naive_session_set_link_info(struct l2tpha_session *session, uint32_t send_accm,
                                uint32_t receive_accm, uint64_t now);
int naive_session_report_errors(struct l2tpha_session *session,
                                const struct l2tpha_call_errors *totals, uint64_t now);

#endif
