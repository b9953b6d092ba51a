/* SPDX-License-Identifier: MIT */
/* Which machines run the tunnels of a world's near end, or of both: the built-in ones, or those of
 * tests/naive. Here is the one place where a test's host asks them for something. */
#ifndef TESTS_MACHINE_SET_H
#define TESTS_MACHINE_SET_H

#include <l2tpha/l2tpha.h>

/* For this run of the program: "builtin", which is so from the beginning; "naive", those of the
 * near end; "naive-both". False: there are no such ones. */
bool machines_choose(const char *name);
bool machines_are_naive(void);
/* A node of the near end or of the other, just made. */
void machines_install(struct l2tpha_node *node, bool near);
/* What is wrong between the node's machines and its records; NULL = nothing. */
const char *machines_fault(const struct l2tpha_node *node);

/* As the calls of the same names in l2tpha/session.h. A tunnel is asked for by
 * l2tpha_tunnel_open(), and closed, whichever machines run it. */
int host_session_open(struct l2tpha_tunnel *tunnel, const struct l2tpha_session_options *options,
                      uint64_t now, struct l2tpha_session **session);
int host_session_answered(struct l2tpha_session *session,
                          const struct l2tpha_session_options *options, uint64_t now);
int host_session_close(struct l2tpha_session *session, const struct l2tpha_disconnect *why,
                       uint64_t now);
int host_session_set_link_info(struct l2tpha_session *session, uint32_t send_accm,
                               uint32_t receive_accm, uint64_t now);
int host_session_report_errors(struct l2tpha_session *session,
                               const struct l2tpha_call_errors *totals, uint64_t now);

#endif
