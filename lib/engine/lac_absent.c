/* SPDX-License-Identifier: MIT */
/* In place of lac_fsm.c in a library without L2TPHA_LAC. */
#include "engine/session_rows.h"

static const struct fsm_row refusing[] = {REFUSES};

const struct fsm session_fsm_lac_incoming = SESSION_MACHINE("LAC incoming call", "7.4.1", refusing);

const struct fsm session_fsm_lac_outgoing = SESSION_MACHINE("LAC outgoing call", "7.5.1", refusing);
