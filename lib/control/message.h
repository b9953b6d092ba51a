/* SPDX-License-Identifier: MIT */
/* A received message: what is hidden in it, and what is wrong with it. */
#ifndef CONTROL_MESSAGE_H
#define CONTROL_MESSAGE_H

#include "control/tunnel.h"

/* Say a fault in a StopCCN or CDN: result 2, its general error, text of cap bytes. */
void fault_say(const struct l2tpha_decode_fault *fault, char *text, size_t cap, uint16_t *result,
               uint16_t *error);
/* Unhide and check what has been decoded; the first fault stays. */
void message_finish(struct engine *engine, const struct l2tpha_hiding *hiding,
                    struct l2tpha_decode_fault *fault);
/* Into counters and the log: it has come for this tunnel, and what is wrong with it. */
void message_note(const struct l2tpha_tunnel *tunnel, const struct l2tpha_decode_fault *fault);
/* It is of a type that nobody knows, counted. */
void message_note_unknown(const struct l2tpha_tunnel *tunnel);
/* Wipe what was hidden. */
void message_done(struct engine *engine);

/* The first AVP of this type, whatever is wrong with it: one with M=0 that cannot be read is
 * ignored by the decoder. Hidden ones as they came. */
bool avp_is_written(const struct l2tpha_message *message, uint16_t type, struct l2tpha_avp *avp);

#endif
