/* SPDX-License-Identifier: MIT */
#include "control/machine.h"

const struct machine_ops *machine_of(const struct l2tpha_tunnel *tunnel)
{
    const struct engine *engine = tunnel_engine(tunnel);

    return tunnel_is_recovery(tunnel) ? engine->recovery_machine : engine->machine;
}

void machine_clear(struct l2tpha_tunnel *tunnel, int status, const char *why)
{
    const struct machine_input input = {.status = status, .reason = why};

    if (!tunnel->dying)
        machine_of(tunnel)->clear(tunnel, &input);
}

void machine_clear_session(struct l2tpha_session *session, int status, const char *why)
{
    const struct machine_input input = {.status = status, .reason = why};

    session_machine(session)->clear_session(session, &input);
}
