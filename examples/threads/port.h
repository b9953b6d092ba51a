/* SPDX-License-Identifier: MIT */
/* One UDP port of many nodes, each used by a thread of its own. Any of the threads reads what has
 * come, under a lock, and puts each datagram into the inbox of its node: so those of one node stay
 * in their order, whoever reads. Whose a datagram is says its tunnel id, since each node gives out
 * ids of a range; a request for a tunnel has none yet and goes by its sender's address, so copies
 * of it meet the same node, in the process that takes over too. */
#ifndef EXAMPLES_THREADS_PORT_H
#define EXAMPLES_THREADS_PORT_H

#include "common/udp.h"

#include <l2tpha/l2tpha.h>

#define PORT_NODES_MAX 64
#define INBOX_DATAGRAMS 1024
#define INBOX_BYTES (1 << 20)

struct port;

/* What has come for a node. */
struct inbox_batch {
    size_t count;
    size_t used; /* bytes */
    struct l2tpha_datagram datagrams[INBOX_DATAGRAMS];
    struct l2tpha_path paths[INBOX_DATAGRAMS];
    struct l2tpha_frame frames[INBOX_DATAGRAMS];
    uint8_t bytes[INBOX_BYTES];
};

struct port *port_new(TALLOC_CTX *parent, unsigned nodes);

/* The tunnel ids of a node. */
uint32_t port_first_id(const struct port *port, unsigned node);
uint32_t port_last_id(const struct port *port, unsigned node);
/* The node of a datagram. */
unsigned port_owner(const struct port *port, const struct l2tpha_path *path, const uint8_t *data,
                    size_t len);

/* Read once, in the thread of this node, from its descriptor of the socket; the others that got
 * something are woken. */
void port_read(struct port *port, unsigned node, struct udp *udp);

/* The socket, for this process to have it as long as any of its nodes lives: a duplicate is kept of
 * the first. And a duplicate of that, -1 = there is none. */
void port_keep(struct port *port, int fd);
int port_socket(struct port *port);

/* What is in the inbox, its owner's until it asks again; none = count 0. */
struct inbox_batch *port_take(struct port *port, unsigned node);
/* An eventfd: something has come into an inbox that was empty. */
int port_bell(const struct port *port, unsigned node);
/* Datagrams that found the inbox full: they are lost, as in a full socket. */
uint64_t port_lost(struct port *port, unsigned node);

#endif
