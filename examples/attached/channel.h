/* SPDX-License-Identifier: MIT */
/* Reliable delivery, RFC 2661 5.8. */
#ifndef ATTACHED_CHANNEL_H
#define ATTACHED_CHANNEL_H

#include "daemon.h"

void channel_start(struct channel *channel, uint16_t window, uint64_t now);
void channel_clear(struct channel *channel);

/* Say something. False: it cannot be said. */
bool channel_send(struct tunnel *tunnel, const struct outgoing *out);
/* A message has come. Whether it is one that is to be acted on: new, and in its turn. */
bool channel_receive(struct tunnel *tunnel, const struct message *message);
/* Let out what may leave: messages, or an acknowledgement. */
void channel_flush(struct tunnel *tunnel);
/* Say again what is due. False: the peer does not answer. */
bool channel_expire(struct tunnel *tunnel);

#endif
