/* SPDX-License-Identifier: MIT */
#include "partner.h"
#include "common/clock.h"
#include "common/listener.h"
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FIRST_BYTE 1
#define RETRY_US 100000
#define READ_BYTES 65536
#define READS_PER_EVENT 16
#define SILENCE_MS 60000 /* of an active: its death is told by the system */

/* Farewells: the last byte counts. */
#define BYE_SYNC 'i'  /* the standby holds all that was sent */
#define BYE_SOLO 's'  /* the active has gone on without it */
#define BYE_ALONE 'A' /* this process lives */

struct partner {
    struct worker *worker;
    struct endpoint endpoint;
    bool serves;
    struct listener *listener; /* where standbys come */
    uint64_t retry_at;         /* to connect, or to listen where the dead still does */
    /* the stream */
    int fd; /* -1 = none */
    struct tevent_fd *fde;
    struct l2tpha_link *link;
    int farewell;    /* a pipe: the active writes, the standby reads; -1 = none */
    bool deaf;       /* the other end does not read any more; what it wrote still counts */
    bool replicated; /* active: the standby has had something to hold */
    bool alone;      /* active: it was told that we go on alone */
};

static void close_if(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static bool say_farewell(struct partner *partner, char bye)
{
    return !partner->serves || partner->farewell < 0 || write(partner->farewell, &bye, 1) == 1 ||
           errno == EPIPE; /* gone already: fine */
}

/* The stream is over; we live. */
static void end_stream(struct partner *partner)
{
    (void)say_farewell(partner, BYE_ALONE);
    if (partner->link != NULL)
        l2tpha_link_free(partner->link, clock_now());
    partner->link = NULL;
    TALLOC_FREE(partner->fde); /* before the descriptor */
    close_if(&partner->farewell);
    close_if(&partner->fd);
    partner->deaf = partner->replicated = partner->alone = false;
    partner->retry_at = partner->serves ? L2TPHA_NEVER : clock_now() + RETRY_US;
}

/* ---- takeover ---- */

static const char *listen_for_standby(struct partner *partner);

/* From the copy as far as it can be believed; at the worst from nothing, for new peers. */
static void take_over(struct partner *partner, enum l2tpha_trust trust)
{
    struct worker *worker = partner->worker;
    int error = l2tpha_takeover_as(worker->node, 0, trust, clock_now());
    for (; error != L2TPHA_OK && trust < L2TPHA_TRUST_EMPTY;
         error = l2tpha_takeover_as(worker->node, 0, ++trust, clock_now()))
        worker_tell(worker, "cannot take over as it should: %s", l2tpha_strerror(error));
    if (error != L2TPHA_OK)
        return;
    partner->serves = true;
    worker_serve(worker);
    partner->retry_at = listen_for_standby(partner) == NULL ? L2TPHA_NEVER : clock_now() + RETRY_US;
}

static char last_farewell(const struct partner *partner)
{
    char byes[64], last = 0;
    ssize_t got;
    while (partner->farewell >= 0 && (got = read(partner->farewell, byes, sizeof(byes))) > 0)
        last = byes[got - 1];
    return last;
}

/* The other end has closed the stream, or the system has. */
static void lose_stream(struct partner *partner)
{
    bool met = partner->link != NULL && partner->farewell >= 0;
    char bye = partner->serves ? 0 : last_farewell(partner);
    bool had_port = partner->worker->udp != NULL;
    end_stream(partner);
    if (partner->serves)
        worker_tell(partner->worker, "the standby is gone");
    else if (met && had_port && bye != BYE_ALONE)
        take_over(partner, bye == BYE_SOLO ? L2TPHA_TRUST_STALE : L2TPHA_TRUST_EXACT);
}

static void fail(struct partner *partner, int error)
{
    worker_tell(partner->worker, "replication link: %s", l2tpha_strerror(error));
    partner_flush(partner); /* it may tell why */
    end_stream(partner);
}

/* ---- the stream ---- */

void partner_flush(struct partner *partner)
{
    const uint8_t *data;
    size_t len;
    if (partner->link == NULL || partner->deaf)
        return;
    while ((len = l2tpha_link_poll(partner->link, &data, clock_now())) > 0) {
        ssize_t sent = send(partner->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && (errno == EAGAIN || errno == EINTR)) {
            TEVENT_FD_WRITEABLE(partner->fde);
            return;
        }
        if (sent <
            0) { /* what the dead has written is still to be read: the reader meets the end */
            partner->deaf = true;
            break;
        }
        l2tpha_link_sent(partner->link, (size_t)sent);
    }
    TEVENT_FD_NOT_WRITEABLE(partner->fde);
}

/* Standby: the port and the farewell pipe come first. False when there is nothing more to read. */
static bool take_descriptors(struct partner *partner)
{
    uint8_t byte;
    int passed[SOCKET_DESCRIPTORS_MAX];
    int got = socket_accept_passed(partner->fd, &byte, passed, 2);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (got != 1 || byte != FIRST_BYTE) {
        end_stream(partner);
        return false;
    }
    worker_inherit(partner->worker, passed[0]);
    partner->farewell = passed[1];
    return true;
}

static void read_stream(struct partner *partner)
{
    uint8_t data[READ_BYTES];
    if (!partner->serves && partner->farewell < 0 && !take_descriptors(partner))
        return;
    for (int i = 0; i < READS_PER_EVENT && partner->link != NULL; i++) {
        ssize_t got = recv(partner->fd, data, sizeof(data), MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (got <= 0) {
            lose_stream(partner);
            return;
        }
        int error = l2tpha_link_feed(partner->link, data, (size_t)got, clock_now());
        if (error != L2TPHA_OK)
            fail(partner, error);
    }
}

static void on_stream(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *user)
{
    struct partner *partner = user;
    (void)ev, (void)fde;
    if (flags & TEVENT_FD_WRITE)
        partner_flush(partner);
    if (flags & TEVENT_FD_READ)
        read_stream(partner);
}

static void begin_stream(struct partner *partner, int fd)
{
    struct worker *worker = partner->worker;
    struct l2tpha_link_options options = {.size = sizeof(options),
                                          .silence_ms = partner->serves ? 0 : SILENCE_MS};
    partner->fd = fd;
    partner->retry_at = L2TPHA_NEVER;
    partner->fde = tevent_add_fd(worker->ev, partner, fd, TEVENT_FD_READ, on_stream, partner);
    int error = l2tpha_link_new(worker->node, &options, clock_now(), &partner->link);
    if (error != L2TPHA_OK)
        fail(partner, error);
}

/* The active's end: another standby than the one that it has is not taken. */
static void on_standby(void *user, int fd)
{
    struct partner *partner = user;
    int ends[2];
    if (partner->fd >= 0 || pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        close(fd);
        return;
    }
    int passed[SOCKET_DESCRIPTORS_MAX] = {udp_fd(partner->worker->udp), ends[0]};
    bool ok = socket_pass(fd, FIRST_BYTE, passed, 2);
    close(ends[0]);
    partner->farewell = ends[1];
    if (ok) {
        begin_stream(partner, fd);
        return;
    }
    close_if(&partner->farewell);
    close(fd);
}

/* ---- what the worker calls ---- */

void partner_ship(struct partner *partner, uint64_t number, const uint8_t *data, size_t len)
{
    if (partner->link == NULL)
        return;
    int error = l2tpha_link_send(partner->link, number, data, len, clock_now());
    if (error == L2TPHA_ERR_STATE)
        return; /* made for an earlier stream */
    if (error != L2TPHA_OK)
        fail(partner, error);
    else
        partner->replicated = true;
}

/* Outputs that the standby does not hold must not leave before it can be known there: a pipe that
 * takes no more says it by being closed, with the stream. */
void partner_tell_sync(struct partner *partner)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};
    if (!partner->serves || !partner->replicated)
        return;
    l2tpha_redundancy_get(partner->worker->node, &info);
    bool alone = info.role == L2TPHA_ROLE_ACTIVE_SOLO;
    if (alone == partner->alone || (!alone && info.role != L2TPHA_ROLE_ACTIVE))
        return;
    partner->alone = alone;
    if (!say_farewell(partner, alone ? BYE_SOLO : BYE_SYNC))
        end_stream(partner);
}

uint64_t partner_deadline(const struct partner *partner)
{
    return partner->link != NULL ? l2tpha_link_deadline(partner->link) : partner->retry_at;
}

void partner_expire(struct partner *partner, uint64_t now)
{
    if (partner->link != NULL) {
        int error = l2tpha_link_expire(partner->link, now);
        if (error != L2TPHA_OK)
            fail(partner, error);
        return;
    }
    partner->retry_at = now + RETRY_US;
    if (partner->serves) {
        if (listen_for_standby(partner) == NULL)
            partner->retry_at = L2TPHA_NEVER;
        return;
    }
    int fd = socket_connect(&partner->endpoint);
    if (fd >= 0)
        begin_stream(partner, fd);
}

/* NULL, or what is wrong. The system closes what a dead process had open one after the other: where
 * it listened somebody may seem to listen for a moment more. */
static const char *listen_for_standby(struct partner *partner)
{
    const char *why = NULL;
    partner->listener =
        listener_new(partner, partner->worker->ev, &partner->endpoint, on_standby, partner, &why);
    return why;
}

struct partner *partner_new(struct worker *worker, const char **why)
{
    struct partner *partner = talloc_zero(worker, struct partner);
    char *path = talloc_asprintf(partner, "%s.%u", worker->setup->ha, worker->index);
    partner->worker = worker;
    partner->fd = partner->farewell = -1;
    partner->serves = !worker->setup->standby;
    partner->retry_at = partner->serves ? L2TPHA_NEVER : 0;
    *why = endpoint_unix(path, &partner->endpoint);
    if (*why == NULL && partner->serves)
        *why = listen_for_standby(partner);
    return partner;
}
