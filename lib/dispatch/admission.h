/* SPDX-License-Identifier: MIT */
/* Whether the host takes what a peer asks for. */
#ifndef DISPATCH_ADMISSION_H
#define DISPATCH_ADMISSION_H

#include "dispatch/unbound.h"

/* The tunnel that was made for it has the host's policy then. False: request->input says what to
 * answer, or it is dropped. */
bool request_is_admitted(struct request *request);
/* ICRQ or OCRQ; verdict->result 0: it is admitted. */
void session_ask_host(struct l2tpha_tunnel *tunnel, const struct l2tpha_message *message,
                      struct l2tpha_verdict *verdict);

#endif
