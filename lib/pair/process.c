/* SPDX-License-Identifier: MIT */
#include "process.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* Linux 6.5 */
#endif

/* An older kernel tells the number alone. */
static int open_peer(int stream, pid_t pid)
{
    int process = -1;
    socklen_t len = sizeof(process);
    if (getsockopt(stream, SOL_SOCKET, SO_PEERPIDFD, &process, &len) == 0)
        return process;
    if (errno != ENOPROTOOPT)
        return -1;
    struct pollfd open = {.fd = stream, .events = POLLRDHUP};
    process = (int)syscall(SYS_pidfd_open, pid, 0);
    /* If the stream is there after that, the process that had the number was there before. */
    if (process >= 0 && poll(&open, 1, 0) != 0) {
        close(process);
        return -1;
    }
    return process;
}

int process_open(int stream, pid_t *pid)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);
    *pid = 0;
    if (getsockopt(stream, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0 || peer.pid <= 1 ||
        (geteuid() != 0 && peer.uid != geteuid()))
        return -1;
    bool is_own = peer.pid == getpid();
    int process = is_own ? -1 : open_peer(stream, peer.pid);
    if (process >= 0 || is_own)
        *pid = peer.pid;
    return process;
}

bool process_has_ended(int process)
{
    struct pollfd end = {.fd = process, .events = POLLIN};
    return poll(&end, 1, 0) > 0;
}

int process_kill(int process)
{
    return syscall(SYS_pidfd_send_signal, process, SIGKILL, NULL, 0) == 0 ? 0 : errno;
}
