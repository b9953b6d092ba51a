/* SPDX-License-Identifier: MIT */
/* What the program does for the pair: the node, the socket, and whom something is told. */
#ifndef PAIR_HOST_H
#define PAIR_HOST_H

#include <l2tpha/pair.h>

const struct l2tpha_config *config_of(const struct l2tpha_pair *pair);
void say(struct l2tpha_pair *pair, enum l2tpha_log_category category, const char *format, ...)
    L2TPHA_PRINTF(3, 4);
void tell_event(struct l2tpha_pair *pair, enum l2tpha_pair_event event);
/* Whoever waits for the outcome of an order. */
void complete(struct l2tpha_pair *pair, enum l2tpha_pair_order order, const char *why);
/* The pair is of no more use. */
void end_pair(struct l2tpha_pair *pair, bool well);

/* NULL, or why there is none. */
const char *make_node(struct l2tpha_pair *pair, bool standby);
void free_node(struct l2tpha_pair *pair);

/* The socket that peers speak to. */
int socket_of(const struct l2tpha_pair *pair); /* -1 = none */
void inherit_socket(struct l2tpha_pair *pair, int fd);
bool has_socket(const struct l2tpha_pair *pair);
const char *open_socket(struct l2tpha_pair *pair, bool beside); /* unless there is one */
void close_socket(struct l2tpha_pair *pair);
/* Another one may be bound beside it. What comes from then on goes to the one that was bound last,
 * and to this one again when that is closed: at no time is the port free. */
void share_socket(struct l2tpha_pair *pair, bool share);

#endif
