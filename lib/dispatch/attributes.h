/* SPDX-License-Identifier: MIT */
/* What messages and the host say of a tunnel or a call, into its record; for whichever machine. */
#ifndef DISPATCH_ATTRIBUTES_H
#define DISPATCH_ATTRIBUTES_H

#include "control/machine.h"

/* What the peer says about itself in SCCRQ or SCCRP, capabilities of RFC 4951 included. */
int tunnel_take_peer(struct l2tpha_tunnel *tunnel, const struct l2tpha_message *message,
                     const struct l2tpha_path *path);
/* Where a StopCCN or an acknowledgement has to go, if that is not known: back to where the message
 * came from, with the id that it says, or 0. */
void tunnel_take_return(struct l2tpha_tunnel *tunnel, const struct machine_input *input);
/* A StopCCN of the peer's: into the record, and for the host into the input. */
void tunnel_take_stop(struct l2tpha_tunnel *tunnel, struct machine_input *input);

/* ICRQ or OCRQ, into a session that is new. */
int session_take_request(struct l2tpha_session *session, const struct l2tpha_message *message);
/* What one says of the call besides ids and kind. */
void session_take_attributes(struct l2tpha_session *session, const struct l2tpha_message *message);
/* ICRP or OCRP; the host is told of a Physical Channel ID. */
int session_take_reply(struct l2tpha_session *session, const struct l2tpha_message *message);
/* ICCN or OCCN. */
void session_take_connect(struct l2tpha_session *session, const struct l2tpha_message *message);
/* ... whichever end has said it. */
void session_take_speeds(struct l2tpha_session *session, const struct l2tpha_message *message);
/* SLI, of which the host is told; and WEN, of which it is told alone. */
int session_take_link_info(struct l2tpha_session *session, const struct l2tpha_message *message);
void session_take_errors(struct l2tpha_session *session);
/* CDN: for the host into the input. */
void session_take_end(struct machine_input *input);

/* The call that the host wants placed: everything but what only its messages say. */
void session_take_options(struct l2tpha_session *session,
                          const struct l2tpha_session_options *options);
/* The bearer of an outgoing call has answered. */
void session_take_answer(struct l2tpha_session *session,
                         const struct l2tpha_session_options *options);
/* It stays, since the host has it or the peer was told of it: its id is taken, and its Call Serial
 * Number. A call that came to nothing takes none: what has failed has changed nothing. */
void session_opened(struct l2tpha_session *session);

#endif
