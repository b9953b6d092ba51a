/* SPDX-License-Identifier: MIT */
#include "lock.h"
#include "options.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/un.h>
#include <unistd.h>

bool lock_take(struct lock *lock, const struct options *options)
{
    const struct sockaddr_un *socket = (const struct sockaddr_un *)&options->ha_listen.socket;
    char path[sizeof(socket->sun_path) + 8];
    if (options->ha_listen.kind != ENDPOINT_UNIX || lock->fd >= 0)
        return true;
    snprintf(path, sizeof(path), "%s.lock", socket->sun_path);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return false;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        return false;
    }
    lock->fd = fd;
    return true;
}

void lock_let_go(struct lock *lock)
{
    if (lock->fd >= 0)
        close(lock->fd);
    lock->fd = -1;
}
