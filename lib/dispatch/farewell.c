/* SPDX-License-Identifier: MIT */
#include "dispatch/farewell.h"

#include "base/assert.h"
#include "codec/builder.h"
#include "codec/wire_id.h"
#include "control/session_id.h"
#include "control/tunnel_send.h"

int tunnel_say_stop(struct l2tpha_tunnel *tunnel, const struct machine_input *input)
{
    struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    struct l2tpha_builder builder;

    ASSERT(&tunnel->engine->log, input->result != 0 && !tunnel_is_over(tunnel));
    record->result = input->result;
    record->error = input->error;
    tunnel_build(tunnel, &builder, L2TPHA_MESSAGE_STOPCCN, 0);
    /* RFC 2661 4.4.3: the id first given to this peer, whatever the header says. */
    wire_put_tunnel_id(&builder, record->local_id);
    l2tpha_builder_put_result(&builder, input->result, input->error, input->reason);
    return tunnel_send(tunnel, &builder);
}

int tunnel_say_no_call(struct l2tpha_tunnel *tunnel, uint32_t remote_id, uint16_t result,
                       uint16_t error, const char *reason)
{
    struct l2tpha_builder builder;

    ASSERT(&tunnel->engine->log, result != 0);
    if (!remote_id && !tunnel_takes_no_id(tunnel))
        return L2TPHA_OK;
    tunnel_build(tunnel, &builder, L2TPHA_MESSAGE_CDN, remote_id);
    wire_put_session_id(&builder, session_id_free(tunnel));
    l2tpha_builder_put_result(&builder, result, error, reason);
    int failed = tunnel_send(tunnel, &builder);
    if (!failed)
        session_id_taken(tunnel);
    return failed;
}

int session_say_end(struct l2tpha_session *session, const struct machine_input *input)
{
    struct l2tpha_tunnel *tunnel = session_tunnel(session);
    struct l2tpha_builder builder;

    ASSERT(&tunnel->engine->log, input->result != 0);
    if (!session->entry.remote_id && !tunnel_takes_no_id(tunnel))
        return L2TPHA_OK;
    tunnel_build(tunnel, &builder, L2TPHA_MESSAGE_CDN, session->entry.remote_id);
    wire_put_session_id(&builder, session->entry.local_id);
    l2tpha_builder_put_result(&builder, input->result, input->error, input->reason);
    return tunnel_send(tunnel, &builder);
}
