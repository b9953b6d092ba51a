/* SPDX-License-Identifier: MIT */
/* How many messages may be outstanding: slow start and congestion avoidance below the peer's
 * window, RFC 2661 5.8 and appendix A. */
#ifndef CONTROL_WINDOW_H
#define CONTROL_WINDOW_H

#include "control/channel.h"

/* Numbers no more than this apart can be told in order, RFC 2661 5.8. */
#define WINDOW_MAX 32767
_Static_assert(WINDOW_MAX < UINT16_MAX, "windows and what is in them fit 16 bits");
/* One message, and slow start up to the peer's window. */
void window_start(struct channel *channel);
/* So many messages that were under way are acknowledged. The RFC counts acknowledgements and wants
 * CWND to double in a round trip, which takes one for each message; where one that is piggybacked
 * covers several it counts for each of them. */
void window_grow(struct channel *channel, uint32_t messages);
/* A retransmission has been triggered. */
void window_collapse(struct channel *channel);
/* Messages that may be outstanding now; never 0, or nothing would ever open it again. */
uint16_t window_size(const struct channel *channel);

#endif
