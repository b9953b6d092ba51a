/* SPDX-License-Identifier: MIT */
/* Datagrams between the socket and the node, both ways, and their capture. */
#ifndef EXAMPLES_TRAFFIC_H
#define EXAMPLES_TRAFFIC_H

#include <l2tpha/l2tpha.h>

struct app;

/* Hand to the node what has come in: not more than is good for the others who wait. What it makes
 * the program send is sent. */
void traffic_read(struct app *app);

/* An output of the node, a datagram, of a poll at that time: it waits for traffic_flush(). */
void traffic_send(struct app *app, const struct l2tpha_output *output, uint64_t polled);

/* Send what waits. */
void traffic_flush(struct app *app);

/* Send one data frame on a session: it waits likewise. An error of the library. */
int app_send_data(struct app *app, struct l2tpha_session *session, const uint8_t *data, size_t len);

/* What was captured, to the file; whoever cannot write it is told of once. */
void traffic_flush_capture(struct app *app);
/* The exit status: an incomplete capture is a failure, even if all else went well. */
int traffic_end_capture(struct app *app, int status);

#endif
