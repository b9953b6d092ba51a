/* SPDX-License-Identifier: MIT */
/* Which machines run the tunnels of a world's near end, or of both: the built-in ones, those of
 * tests/naive, or a daemon's (tests/attached) on a node of attached tunnels. Here is the one place
 * where a test's host asks them for something. */
#ifndef TESTS_MACHINE_SET_H
#define TESTS_MACHINE_SET_H

#include <l2tpha/l2tpha.h>

struct daemon_hooks;

/* For this run of the program: how all nodes of its worlds write checkpoints; proto from the
 * beginning. */
void machines_use(const struct l2tpha_serializer *serializer);
const struct l2tpha_serializer *machines_serializer(void);

/* For this run of the program: "builtin", which is so from the beginning; "naive" and "attached",
 * those of the near end; "naive-both", "attached-both". False: there are no such ones. */
bool machines_choose(const char *name);
bool machines_are_naive(void);
bool machines_are_attached(bool near);
/* Before a node of the near end or of the other is made. */
void machines_configure(struct l2tpha_config *config, bool near);
/* A node of the near end or of the other, just made. */
void machines_install(struct l2tpha_node *node, bool near);
/* A daemon for it, where tunnels are attached; names and secret are to last. */
void machines_attach(struct l2tpha_node *node, bool near, const char *name, const char *secret,
                     const struct daemon_hooks *hooks);
/* The node's process is about to end. */
void machines_end(const struct l2tpha_node *node);
/* Its process was stopped, wherever it was, and goes on as one that is not looked at any more. */
void machines_stall(const struct l2tpha_node *node);
/* It has taken over, and what was to leave first has left. */
void machines_restore(struct l2tpha_node *node, uint64_t now);
/* The daemon has come to its end: nothing more is to be done with the node. */
bool machines_are_dead(const struct l2tpha_node *node);
/* What is wrong between the node's machines and its records; NULL = nothing. At rest no event is
 * still to come. */
const char *machines_fault(const struct l2tpha_node *node, bool at_rest);
/* How often a daemon has had a number of the peer's, by what it has attached to the call. */
unsigned machines_heard(const struct l2tpha_session *session, uint32_t number);

/* --- the loop of a host --- */
int host_feed(struct l2tpha_node *node, const struct l2tpha_path *path, const uint8_t *data,
              size_t len, uint64_t now);
/* Where data goes past the library. False: it does not. */
bool host_takes_data(struct l2tpha_node *node, const uint8_t *data, size_t len, uint64_t now);
bool host_sends_data(const struct l2tpha_session *session);
void host_told(struct l2tpha_node *node, const struct l2tpha_event *event);
uint64_t host_deadline(const struct l2tpha_node *node);
int host_expire(struct l2tpha_node *node, uint64_t now);
/* Whether a call rings since it was asked last. */
bool host_owes_answers(struct l2tpha_node *node);
/* The checkpoint that all that was said until now is in. */
uint64_t host_checkpoint(struct l2tpha_node *node, uint64_t now);

/* As the calls of the same names in l2tpha/tunnel.h and l2tpha/session.h. With the naive machines a
 * tunnel is asked for by l2tpha_tunnel_open(), and closed, as with the built-in ones. */
int host_tunnel_open(struct l2tpha_node *node, const struct l2tpha_tunnel_options *options,
                     uint64_t now, struct l2tpha_tunnel **tunnel);
int host_tunnel_close(struct l2tpha_tunnel *tunnel, uint16_t result, uint16_t error,
                      const char *text, uint64_t now);
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
int host_session_set_app_state(struct l2tpha_session *session, const uint8_t *data, size_t len,
                               uint64_t now);

#endif
