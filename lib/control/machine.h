/* SPDX-License-Identifier: MIT */
/* What stands on a tunnel's channel: the machines of RFC 2661 section 7, which say what messages
 * mean. A tunnel's record, its channel and its failover are the same whoever runs them; what they
 * need of the machines is here. A recovery tunnel (RFC 4951) is always run by the built-in ones.
 *
 * A machine has objects of its own as it likes. It makes them when it is asked for a tunnel
 * (request_make_tunnel()), when it takes a call (session_new()), and in `restored` for what a
 * record has; they go when it sets IDLE, and a tunnel's calls when that is left for STOPPING or
 * STOPPED. It writes no state but by tunnel_set_state() and session_set_state(), decodes into
 * engine->message, and has a session message's call from session_addressed().
 *
 * What a machine that is not built in may name of the library's objects is `tunnel->entry`,
 * `tunnel->engine`, `session->entry`, `engine->config` and `engine->message`: the record, which it
 * may fill, and what a message is made of. All else is done by functions: dispatch/attributes.h
 * has what goes from messages and options into records, dispatch/admission.h the host's questions,
 * dispatch/disconnect.h what is to be ended. tests/rules/members.py sees to that. */
#ifndef CONTROL_MACHINE_H
#define CONTROL_MACHINE_H

#include "control/session.h"

#define MACHINE_TEXT 160

/* Why something happens to a tunnel or a session, and what goes with it. */
struct machine_input {
    int status;      /* for the host: why, when no message says it; 0 = it is configured so */
    uint16_t result; /* of the StopCCN or CDN, where there is one; RFC 2661 4.4.2 */
    uint16_t error;
    const char *reason;
    struct l2tpha_bytes words; /* the peer's, as they came: shown in place of the reason */
    const struct l2tpha_message *message;         /* NULL = none */
    const struct l2tpha_path *path;               /* where it came from */
    const struct l2tpha_disconnect *disconnect;   /* of a CDN that the host wants sent */
    const struct l2tpha_session_options *options; /* of the host's, where they are not stored */
    uint32_t successor;      /* local id of the tunnel in place of one that lost a tie; 0 = none */
    bool by_peer;            /* the peer caused it */
    bool quiet;              /* the host learns it from a return value */
    bool with_tunnel;        /* a session: what is written of the tunnel says it to the standby */
    char text[MACHINE_TEXT]; /* a place for a reason that is made */
};

struct request;

struct machine_ops {
    /* Its messages wait until they are fetched (control/inbox.h). */
    bool fetches;
    /* A peer asks for a tunnel, and it is no copy (dispatch/unbound.h). Errors as l2tpha_feed(). */
    int (*request)(struct request *request);
    /* A message whose turn has come, once. */
    int (*process)(struct l2tpha_tunnel *tunnel, const struct l2tpha_path *path,
                   const uint8_t *data, size_t len);
    /* Ask the peer for this tunnel, which is idle: an SCCRQ is queued. NULL: this library has not
     * these machines (L2TPHA_ENGINE, L2TPHA_ATTACH of the build), and no node has. */
    int (*open)(struct l2tpha_tunnel *tunnel);
    /* It has been made live from its record, its sessions have not yet. One that is over has none
     * afterwards. */
    void (*restored)(struct l2tpha_tunnel *tunnel);
    /* It has become established: its peer may be asked for calls. */
    void (*established)(struct l2tpha_tunnel *tunnel);
    /* Everything that a tunnel which closes has said is acknowledged. */
    void (*delivered)(struct l2tpha_tunnel *tunnel);
    /* End it with a StopCCN; or without a word, sessions included. */
    int (*stop)(struct l2tpha_tunnel *tunnel, const struct machine_input *input);
    void (*clear)(struct l2tpha_tunnel *tunnel, const struct machine_input *input);
    /* End it with a CDN, later if there is no room for one now (dispatch/disconnect.h); or without
     * a word. */
    int (*stop_session)(struct l2tpha_session *session, const struct machine_input *input);
    void (*clear_session)(struct l2tpha_session *session, const struct machine_input *input);
    /* tunnel_start_later(): calls may be placed that had to wait. */
    void (*start)(struct l2tpha_tunnel *tunnel);
    /* The state of a tunnel, or of a session, has lasted too long. */
    void (*overdue)(struct l2tpha_tunnel *tunnel);
    void (*session_overdue)(struct l2tpha_session *session);
};

/* The node, which has no ordinary tunnel yet, has them run by this one. */
static inline void engine_set_machine(struct engine *engine, const struct machine_ops *machine)
{
    engine->machine = machine;
}

const struct machine_ops *machine_of(const struct l2tpha_tunnel *tunnel);

static inline const struct machine_ops *session_machine(const struct l2tpha_session *session)
{
    return machine_of(session_tunnel(session));
}

/* Without a word; the host is told why. Of one that is gone already nothing is left to clear. */
void machine_clear(struct l2tpha_tunnel *tunnel, int status, const char *why);
void machine_clear_session(struct l2tpha_session *session, int status, const char *why);

#endif
