/* SPDX-License-Identifier: MIT */
/* Who is there, and for how long nobody was. */
#ifndef REDUNDANCY_LINK_PRESENCE_H
#define REDUNDANCY_LINK_PRESENCE_H

#include "redundancy/link_state.h"

/* The node is told that somebody drives it; how often nobody did. */
uint64_t link_present(const struct l2tpha_link *link, bool away, uint64_t now);
/* Whether outputs wait for the standby: if not, there is more time for a word. */
void link_agree_on_gate(struct l2tpha_link *link, bool ungated);
/* At the beginning of each entry: was the host away? Then no silence of the peer's counts. */
void link_wake(struct l2tpha_link *link, uint64_t now);
/* Each entry begins with it: the link's error, or the one that a change of our own role makes of
 * it, since an active that serves no more has nothing to say here. */
int link_check(struct l2tpha_link *link, uint64_t now);
/* When this end has to say that it lives. */
uint64_t link_heartbeat_due(const struct l2tpha_link *link);
/* What the node knows of the peer counts no more until the peer has answered a PROBE. */
void link_recheck(struct l2tpha_link *link, uint64_t now);
/* The hellos are said. */
int link_meets(struct l2tpha_link *link, uint64_t now);
/* Bytes of the peer have come; before and after they are checked. */
void link_hears(struct l2tpha_link *link, uint64_t now);
void link_has_heard(struct l2tpha_link *link, uint64_t now);
int link_take_probe(struct l2tpha_link *link, const struct link_frame *frame, uint64_t now);
int link_take_echo(struct l2tpha_link *link, const struct link_frame *frame, uint64_t now);
/* The active was told something, and its answer is awaited. */
void link_awaits(struct l2tpha_link *link, uint64_t now);
/* Whether it came in time. */
void link_check_answer(struct l2tpha_link *link, uint64_t now);
/* L2TPHA_ERR_TIMEOUT: the peer is gone. */
int link_check_silence(struct l2tpha_link *link, uint64_t now);

#endif
