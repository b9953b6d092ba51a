/* SPDX-License-Identifier: MIT */
/* What a daemon is about to be given is read first: for the facts in it, and since some of it is
 * the library's alone. */
#include "attach/hear.h"

#include "codec/wire_id.h"
#include "control/message.h"
#include "control/tunnel_send.h"
#include "dispatch/attributes.h"
#include "dispatch/farewell.h"
#include "dispatch/session_input.h"
#include "failover/response.h"

/* --- what is in it --- */

static int take_peer(struct l2tpha_tunnel *tunnel, const struct l2tpha_message *message)
{
    if (tunnel->entry.record.state != L2TPHA_TUNNEL_WAIT_CTL_REPLY)
        return L2TPHA_OK;
    const struct l2tpha_path path = tunnel->entry.record.path;
    tunnel_mark(tunnel, DIRTY_FULL); /* the daemon may say no more of it than that it is up */
    return tunnel_take_peer(tunnel, message, &path);
}

static int take_reply(struct l2tpha_session *session, const struct l2tpha_message *message)
{
    if (session->entry.state != L2TPHA_SESSION_WAIT_REPLY || session->entry.remote_id)
        return L2TPHA_OK;
    ledger_mark_session(session_engine(session)->ledger, &session->entry);
    return table_session_set_remote(&session->entry, wire_session_id(message));
}

/* Of a call that the daemon knows. What is improper for its state the daemon finds. It need not say
 * anything of the call at once, so what is taken here is marked here. */
static int take_answer(struct l2tpha_session *session, const struct l2tpha_message *message)
{
    switch (message->type) {
    case L2TPHA_MESSAGE_ICRP:
    case L2TPHA_MESSAGE_OCRP:
        return take_reply(session, message);
    case L2TPHA_MESSAGE_ICCN:
    case L2TPHA_MESSAGE_OCCN:
        if (session->entry.side != L2TPHA_LNS)
            return L2TPHA_OK;
        session_take_connect(session, message);
        ledger_mark_session(session_engine(session)->ledger, &session->entry);
        return L2TPHA_OK;
    default:
        return L2TPHA_OK;
    }
}

/* Whether the library has dealt with it. */
static bool take_of_call(struct l2tpha_tunnel *tunnel, const struct l2tpha_message *message)
{
    bool request = message->type == L2TPHA_MESSAGE_ICRQ || message->type == L2TPHA_MESSAGE_OCRQ;

    if (request && !session_request_must_wait(tunnel))
        return false;
    if (request) {
        tunnel_say_no_call(tunnel, wire_session_id(message), RESULT_TEMPORARY, 0,
                           "tunnel in resync");
        return true;
    }
    struct l2tpha_session *session = session_addressed(tunnel, message);
    if (!session)
        return session_end_orphan(tunnel, message);
    /* The record lacks an id that another call has, or for which there is no memory: the daemon's
     * next word of the call is refused. */
    int error = take_answer(session, message);
    if (error)
        log_line(&tunnel->engine->log, L2TPHA_LOG_ERROR, tunnel->entry.record.local_id,
                 session->entry.local_id, "the peer's session id %u is not taken: %s",
                 wire_session_id(message), l2tpha_strerror(error));
    return false;
}

static bool take(struct l2tpha_tunnel *tunnel, const struct l2tpha_message *message,
                 const struct l2tpha_decode_fault *fault)
{
    uint16_t type = message->type;

    switch (type) {
    case L2TPHA_MESSAGE_HELLO:
        return true;
    case L2TPHA_MESSAGE_FSQ:
    case L2TPHA_MESSAGE_FSR:
        sync_states(tunnel, message, fault);
        return true;
    case L2TPHA_MESSAGE_SCCRP:
        if (!fault->error && take_peer(tunnel, message)) {
            machine_clear(tunnel, L2TPHA_ERR_NOMEM, "no memory");
            return true;
        }
        return false;
    case L2TPHA_MESSAGE_STOPCCN:
        tunnel->heard_stop = true;
        return false;
    default:
        return l2tpha_message_is_session(type) && take_of_call(tunnel, message);
    }
}

/* --- one after the other --- */

/* Whether the daemon is given it. */
static bool is_for_daemon(struct l2tpha_tunnel *tunnel, const struct buffer *message)
{
    struct engine *engine = tunnel->engine;
    struct l2tpha_decode_fault fault = {0};

    l2tpha_message_decode(message->data, message->len, &engine->message, &fault);
    struct l2tpha_hiding hiding = tunnel_hiding(tunnel);
    message_finish(engine, &hiding, &fault);
    message_note(tunnel, &fault);
    bool taken = take(tunnel, &engine->message, &fault);
    message_done(engine);
    return !taken;
}

const struct buffer *attach_hear(struct engine *engine, struct l2tpha_tunnel *only,
                                 struct l2tpha_tunnel **tunnel)
{
    const struct buffer *message;

    while ((message = inbox_take(engine, only, tunnel))) {
        if (is_for_daemon(*tunnel, message))
            return message;
        inbox_finish(engine);
    }
    return NULL;
}
