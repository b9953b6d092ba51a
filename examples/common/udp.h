/* SPDX-License-Identifier: MIT */
/* The UDP socket: bound here, inherited from the active, or kept by a service manager. */
#ifndef EXAMPLES_UDP_H
#define EXAMPLES_UDP_H

#include <l2tpha/types.h>
#include <sys/types.h>
#include <talloc.h>
#include <tevent.h>

#define UDP_DATAGRAM_MAX 65535
#define UDP_BATCH 64 /* datagrams received, or sent, by one call */

struct udp;

/* Bind. NULL with errno set. Freeing it closes the socket. */
struct udp *udp_open(TALLOC_CTX *parent, const struct l2tpha_address *address);
/* The same where a socket may be bound already that is shared. */
struct udp *udp_open_beside(TALLOC_CTX *parent, const struct l2tpha_address *address);

/* A bound socket that another node has opened so; owned from now on. */
struct udp *udp_adopt(TALLOC_CTX *parent, int fd);
/* The same of a socket that may have been opened by anybody: it is made like one of our own. */
struct udp *udp_take(TALLOC_CTX *parent, int fd);

/* Octets that wait in the socket while nobody reads, at most, and of them those that were asked
 * for: the system may grant less. */
size_t udp_room(const struct udp *udp);
#define UDP_ROOM (8u << 20)

int udp_fd(const struct udp *udp);

/* Have the network's word (ICMP) about what was sent and did not arrive: an errno of udp_trouble(),
 * 0 = nothing since the last datagram came in. For who speaks to one peer: it costs with many. */
void udp_watch(struct udp *udp);
int udp_trouble(const struct udp *udp);

/* Where it is bound. */
void udp_address(const struct udp *udp, struct l2tpha_address *address);

/* Tell when there is something to read; until then datagrams wait in the socket. */
void udp_read_start(struct udp *udp, struct tevent_context *ev, tevent_fd_handler_t handler,
                    void *user);
void udp_read_stop(struct udp *udp);

/* One that was received. */
struct udp_datagram {
    struct l2tpha_path
        path; /* local is the address that it came to when the socket is bound to none */
    const uint8_t *data;
    size_t len;
};

/* Those that are there, UDP_BATCH of them at most: how many, 0 = none. They are over with the next
 * call. */
size_t udp_receive(struct udp *udp, const struct udp_datagram **datagrams);

/* Datagrams that have found the socket full since it was opened, as the last one received has it.
 */
uint32_t udp_overflowed(const struct udp *udp);

/* Put head and body, copied, as one datagram behind those that wait to be sent, from path->local
 * where udp_receive() tells it. What is full, or too long to wait, is sent at once, in its turn.
 * Returns how many the system has not taken, as below. */
size_t udp_queue(struct udp *udp, const struct l2tpha_path *path, const void *head, size_t head_len,
                 const void *body, size_t body_len);
unsigned udp_waiting(const struct udp *udp);

/* Send what waits, each once and in its order. Where the system is full at the moment a few
 * milliseconds are waited. Returns how many it has not taken: they are lost, as datagrams may be.
 */
size_t udp_flush(struct udp *udp);
/* Lose what waits: how many. */
size_t udp_drop(struct udp *udp);

#endif
