/* SPDX-License-Identifier: MIT */
#include "kept.h"
#include "clock.h"
#include "listen_fds.h"
#include "notify.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AGAIN_US 200000
#define LEAVE_TRIES 20
#define LEAVE_TRY_MS 10

struct kept {
    struct log *log;
    struct notify manager;
    struct listen_fds found;
    bool is_open[LISTEN_FDS_MAX]; /* of these */
    const char *wrong;            /* with what the environment says of them; NULL = nothing */
    const char *unheard;          /* why the manager is told nothing; NULL = it is, or is none */
    bool keeps;
    int waiting; /* handed over, not taken; -1 = none */
    int fd;      /* what the manager is to have; -1 = nothing */
    enum {
        HAS_NOTHING,
        HAS_IT,
        HAS_OTHER /* which has to go first */
    } has;        /* the manager, under our name */
    bool waits;   /* for this process to serve */
    bool is_main; /* ... and to be the main one then, in place of another */
    bool ready, ready_said;
    bool stopping, stopping_said;
    uint64_t again_at; /* the manager had no room */
};

static int close_kept(struct kept *kept)
{
    if (kept->waiting >= 0)
        close(kept->waiting);
    notify_close(&kept->manager);
    return 0;
}

/* Commands that are run later are not this process. */
static void clear_environment(void)
{
    unsetenv("NOTIFY_SOCKET");
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
}

struct kept *kept_new(TALLOC_CTX *parent)
{
    struct kept *kept = talloc_zero(parent, struct kept);
    kept->waiting = kept->fd = -1;
    kept->wrong = listen_fds_parse(getenv("LISTEN_PID"), getenv("LISTEN_FDS"),
                                   getenv("LISTEN_FDNAMES"), getpid(), &kept->found);
    kept->found.names = talloc_strdup(kept, kept->found.names);
    for (unsigned i = 0; i < kept->found.count; i++)
        kept->is_open[i] = fcntl(LISTEN_FDS_FIRST + (int)i, F_SETFD, FD_CLOEXEC) == 0;
    kept->unheard = notify_open(&kept->manager, getenv("NOTIFY_SOCKET"));
    talloc_set_destructor(kept, close_kept);
    clear_environment();
    return kept;
}

/* ---- what is said ---- */

/* False: not taken, maybe later. A manager that is gone is told nothing more. */
static bool say(struct kept *kept, const char *lines, int fd)
{
    int error = notify_send(&kept->manager, lines, fd);
    if (error == 0)
        return true;
    if (notify_is_full(error)) {
        kept->again_at = clock_now() + AGAIN_US;
        return false;
    }
    log_say(kept->log, L2TPHA_LOG_ERROR, "the service manager is gone: %s", strerror(error));
    notify_close(&kept->manager);
    return false;
}

static bool is_said(const struct kept *kept)
{
    bool has_right = kept->has == (kept->fd >= 0 ? HAS_IT : HAS_NOTHING);
    return kept->manager.fd < 0 || kept->waits ||
           (has_right && kept->ready_said == kept->ready && kept->stopping_said == kept->stopping);
}

static bool say_socket(struct kept *kept)
{
    if (kept->has == HAS_OTHER) {
        if (!say(kept, "FDSTOREREMOVE=1\nFDNAME=" KEPT_NAME, -1))
            return false;
        kept->has = HAS_NOTHING;
    }
    if (kept->has == HAS_NOTHING && kept->fd >= 0) {
        /* Without FDPOLL=0 systemd lets a socket go that has an ICMP error to tell. */
        if (!say(kept, "FDSTORE=1\nFDPOLL=0\nFDNAME=" KEPT_NAME, kept->fd))
            return false;
        kept->has = HAS_IT;
    }
    return true;
}

static bool say_ready(struct kept *kept)
{
    char lines[64];
    if (!kept->is_main)
        return say(kept, "READY=1", -1);
    snprintf(lines, sizeof(lines), "READY=1\nMAINPID=%d", getpid());
    return say(kept, lines, -1);
}

void kept_tell(struct kept *kept, uint64_t now)
{
    if (is_said(kept) || now < kept->again_at || !say_socket(kept))
        return;
    if (kept->ready && !kept->ready_said)
        kept->ready_said = say_ready(kept);
    if (kept->stopping && kept->ready_said == kept->ready && !kept->stopping_said)
        kept->stopping_said = say(kept, "STOPPING=1", -1);
}

uint64_t kept_deadline(const struct kept *kept)
{
    return is_said(kept) ? UINT64_MAX : kept->again_at;
}

void kept_set(struct kept *kept, int fd)
{
    if (kept->waiting >= 0)
        close(kept->waiting);
    kept->waiting = -1;
    fd = kept->keeps ? fd : -1;
    if (fd != kept->fd && kept->has == HAS_IT)
        kept->has = HAS_OTHER;
    kept->fd = fd;
    kept_tell(kept, clock_now());
}

void kept_ready(struct kept *kept)
{
    kept->ready = true;
    kept->waits = false;
    kept_tell(kept, clock_now());
}

void kept_wait(struct kept *kept)
{
    kept->waits = kept->is_main = true;
}

/* This process is about to end: it waits for a manager that is busy, a little. */
void kept_leave(struct kept *kept, pid_t successor)
{
    char lines[32];
    snprintf(lines, sizeof(lines), "MAINPID=%d", successor);
    for (int i = 0; i < LEAVE_TRIES && kept->manager.fd >= 0 && !say(kept, lines, -1); i++) {
        struct pollfd room = {.fd = kept->manager.fd, .events = POLLOUT};
        (void)poll(&room, 1, LEAVE_TRY_MS);
    }
    notify_close(&kept->manager);
}

void kept_stopping(struct kept *kept)
{
    kept->stopping = true;
    kept_tell(kept, clock_now());
}

/* ---- what has been handed over ---- */

static void refuse(struct kept *kept, int fd, const char *name, const char *why)
{
    char lines[LISTEN_FDS_NAME_MAX + 64];
    log_say(kept->log, L2TPHA_LOG_ERROR, "inherited descriptor %d %s is closed: it %s", fd, name,
            why);
    close(fd);
    if (strcmp(name, KEPT_NAME) == 0) {
        kept->has = HAS_OTHER;
    } else if (name[0] != '\0' && kept->manager.fd >= 0) {
        snprintf(lines, sizeof(lines), "FDSTOREREMOVE=1\nFDNAME=%s", name);
        (void)say(kept, lines, -1); /* else it is here again at the next start */
    }
}

static const char *check(const struct kept *kept, int fd, const struct l2tpha_address *address,
                         char text[LISTEN_FDS_WHY_MAX])
{
    if (!kept->keeps)
        return "may be what another node of the pair serves";
    return kept->waiting >= 0 ? "is one too many" : listen_fds_check(fd, address, text);
}

static void receive(struct kept *kept, int fd, const char *name,
                    const struct l2tpha_address *address)
{
    char text[LISTEN_FDS_WHY_MAX];
    const char *why = check(kept, fd, address, text);
    if (why != NULL) {
        refuse(kept, fd, name, why);
        return;
    }
    kept->waiting = kept->fd = fd;
    if (strcmp(name, KEPT_NAME) == 0 && kept->has == HAS_NOTHING)
        kept->has = HAS_IT;
    log_say(kept->log, L2TPHA_LOG_RF, "inherited descriptor %d %s: the socket of --listen", fd,
            name);
}

void kept_receive(struct kept *kept, struct log *log, const struct l2tpha_address *address)
{
    char name[LISTEN_FDS_NAME_MAX + 1];
    kept->log = log;
    kept->keeps = address != NULL;
    if (kept->unheard != NULL)
        log_say(log, L2TPHA_LOG_ERROR, "NOTIFY_SOCKET: %s", kept->unheard);
    if (kept->wrong != NULL)
        log_say(log, L2TPHA_LOG_ERROR, "%s", kept->wrong);
    for (unsigned i = 0; i < kept->found.count; i++) {
        int fd = LISTEN_FDS_FIRST + (int)i;
        if (kept->is_open[i])
            receive(kept, fd, listen_fds_name(&kept->found, i, name), address);
        else
            log_say(log, L2TPHA_LOG_ERROR, "inherited descriptor %d is not there", fd);
    }
    kept_tell(kept, clock_now());
}

int kept_take(struct kept *kept)
{
    int fd = kept->waiting;
    kept->waiting = -1;
    return fd;
}
