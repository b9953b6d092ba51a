/* SPDX-License-Identifier: MIT */
/* In place of lns_fsm.c in a library without L2TPHA_LNS. */
#include "engine/session_rows.h"

static const struct fsm_row refusing[] = {REFUSES};

const struct fsm session_fsm_lns_incoming = SESSION_MACHINE("LNS incoming call", "7.4.2", refusing);

const struct fsm session_fsm_lns_outgoing = SESSION_MACHINE("LNS outgoing call", "7.5.2", refusing);
