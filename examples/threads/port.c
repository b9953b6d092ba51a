/* SPDX-License-Identifier: MIT */
#include "port.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define IDS 65535u

struct inbox {
    pthread_mutex_t lock;
    struct inbox_batch *filling; /* by whoever reads */
    struct inbox_batch *taken;   /* its owner's */
    uint64_t lost;
    int bell;
};

struct port {
    pthread_mutex_t reading; /* held from the socket to the inboxes */
    int socket;              /* -1 = none */
    unsigned nodes;
    struct inbox inboxes[PORT_NODES_MAX];
};

static int close_bells(struct port *port)
{
    for (unsigned i = 0; i < port->nodes; i++)
        close(port->inboxes[i].bell);
    if (port->socket >= 0)
        close(port->socket);
    return 0;
}

static struct inbox_batch *batch_new(TALLOC_CTX *parent)
{
    struct inbox_batch *batch = talloc_size(parent, sizeof(*batch)); /* touched as it is used */
    batch->count = batch->used = 0;
    return batch;
}

struct port *port_new(TALLOC_CTX *parent, unsigned nodes)
{
    struct port *port = talloc_zero(parent, struct port);
    port->nodes = nodes;
    port->socket = -1;
    pthread_mutex_init(&port->reading, NULL);
    for (unsigned i = 0; i < nodes; i++) {
        struct inbox *inbox = &port->inboxes[i];
        pthread_mutex_init(&inbox->lock, NULL);
        inbox->filling = batch_new(port);
        inbox->taken = batch_new(port);
        inbox->bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    }
    talloc_set_destructor(port, close_bells);
    return port;
}

void port_keep(struct port *port, int fd)
{
    pthread_mutex_lock(&port->reading);
    if (port->socket < 0)
        port->socket = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    pthread_mutex_unlock(&port->reading);
}

int port_socket(struct port *port)
{
    pthread_mutex_lock(&port->reading);
    int fd = port->socket >= 0 ? fcntl(port->socket, F_DUPFD_CLOEXEC, 0) : -1;
    pthread_mutex_unlock(&port->reading);
    return fd;
}

/* ---- whose it is ---- */

uint32_t port_first_id(const struct port *port, unsigned node)
{
    return 1 + node * (IDS / port->nodes);
}

uint32_t port_last_id(const struct port *port, unsigned node)
{
    return node + 1 < port->nodes ? port_first_id(port, node + 1) - 1 : IDS;
}

static unsigned owner_of_id(const struct port *port, uint32_t id)
{
    unsigned node = (id - 1) / (IDS / port->nodes);
    return node < port->nodes ? node : port->nodes - 1;
}

/* FNV-1a. Whoever picks his port may pick his node: each has limits of its own for strangers. */
static unsigned owner_of_address(const struct port *port, const struct l2tpha_address *address)
{
    uint32_t hash = 2166136261u;
    for (uint8_t i = 0; i < address->len; i++)
        hash = (hash ^ address->bytes[i]) * 16777619u;
    return (hash ^ hash >> 16) % port->nodes;
}

/* RFC 4951: a request for a recovery tunnel is for the node that has the old one. 0 = there is no
 * such tunnel named. */
static uint32_t recovered_id(const uint8_t *data, size_t len)
{
    static _Thread_local struct l2tpha_message message;
    struct l2tpha_tunnel_recovery recovery;
    if (l2tpha_message_decode(data, len, &message, NULL) != L2TPHA_OK)
        return 0;
    const struct l2tpha_avp *avp = l2tpha_message_find(&message, L2TPHA_AVP_TUNNEL_RECOVERY);
    if (avp == NULL || !l2tpha_avp_tunnel_recovery(avp, &recovery))
        return 0;
    return recovery.remote_tunnel_id;
}

unsigned port_owner(const struct port *port, const struct l2tpha_path *path, const uint8_t *data,
                    size_t len)
{
    struct l2tpha_header header;
    uint32_t id;
    if (l2tpha_header_decode(data, len, &header) != L2TPHA_OK)
        return owner_of_address(port, &path->remote); /* somebody has to count it */
    id = header.tunnel_id;
    if (id == 0 && header.control)
        id = recovered_id(data, len);
    return id != 0 ? owner_of_id(port, id) : owner_of_address(port, &path->remote);
}

/* ---- inboxes ---- */

/* Whether the owner has to be woken: it has seen nothing yet of what is there. */
static bool put(struct inbox *inbox, const struct udp_datagram *datagram)
{
    pthread_mutex_lock(&inbox->lock);
    struct inbox_batch *batch = inbox->filling;
    bool first = batch->count == 0;
    if (batch->count == INBOX_DATAGRAMS || batch->used + datagram->len > INBOX_BYTES) {
        inbox->lost++;
    } else {
        size_t at = batch->count++;
        memcpy(batch->bytes + batch->used, datagram->data, datagram->len);
        batch->paths[at] = datagram->path;
        batch->datagrams[at] = (struct l2tpha_datagram){.path = &batch->paths[at],
                                                        .data = batch->bytes + batch->used,
                                                        .len = datagram->len,
                                                        .frame = &batch->frames[at]};
        batch->used += datagram->len;
    }
    pthread_mutex_unlock(&inbox->lock);
    return first;
}

void port_read(struct port *port, unsigned node, struct udp *udp)
{
    const struct udp_datagram *datagrams;
    bool wake[PORT_NODES_MAX] = {false};
    pthread_mutex_lock(&port->reading);
    size_t count = udp_receive(udp, &datagrams);
    for (size_t i = 0; i < count; i++) {
        const struct udp_datagram *datagram = &datagrams[i];
        unsigned owner = port_owner(port, &datagram->path, datagram->data, datagram->len);
        wake[owner] |= put(&port->inboxes[owner], datagram);
    }
    pthread_mutex_unlock(&port->reading);
    for (unsigned i = 0; i < port->nodes; i++)
        if (wake[i] && i != node)
            (void)eventfd_write(port->inboxes[i].bell, 1);
}

struct inbox_batch *port_take(struct port *port, unsigned node)
{
    struct inbox *inbox = &port->inboxes[node];
    struct inbox_batch *done = inbox->taken;
    done->count = done->used = 0;
    pthread_mutex_lock(&inbox->lock);
    inbox->taken = inbox->filling;
    inbox->filling = done;
    pthread_mutex_unlock(&inbox->lock);
    return inbox->taken;
}

int port_bell(const struct port *port, unsigned node)
{
    return port->inboxes[node].bell;
}

uint64_t port_lost(struct port *port, unsigned node)
{
    struct inbox *inbox = &port->inboxes[node];
    pthread_mutex_lock(&inbox->lock);
    uint64_t lost = inbox->lost;
    pthread_mutex_unlock(&inbox->lock);
    return lost;
}
