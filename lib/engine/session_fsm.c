/* SPDX-License-Identifier: MIT */
/* The machine of a call, by its side and kind: lac_fsm.c, lns_fsm.c. */
#include "engine/session_fsm.h"

#include "base/assert.h"

static const struct fsm *fsm_of(uint8_t side, uint8_t call)
{
    bool lac = side == L2TPHA_LAC;

    if (call == L2TPHA_CALL_INCOMING)
        return lac ? &session_fsm_lac_incoming : &session_fsm_lns_incoming;
    return lac ? &session_fsm_lac_outgoing : &session_fsm_lns_outgoing;
}

const struct fsm *session_fsm(const struct l2tpha_session *session)
{
    return fsm_of(session->entry.side, session->entry.call);
}

bool session_has_state(uint8_t side, uint8_t call, uint8_t state)
{
    return fsm_has_state(fsm_of(side, call), state);
}

bool session_is_built(uint8_t side, uint8_t call)
{
    return session_has_state(side, call, L2TPHA_SESSION_ESTABLISHED);
}

int session_step(struct l2tpha_session *session, uint8_t event, struct machine_input *input)
{
    ASSERT(&session_engine(session)->log, !session_is_gone(session));
    ASSERT(&session_engine(session)->log, event < SESSION_EVENT_COUNT);
    return fsm_step(session_fsm(session), session->entry.state, event, session, input);
}
