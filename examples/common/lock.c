/* SPDX-License-Identifier: MIT */
#include "lock.h"
#include "options.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/un.h>
#include <unistd.h>

/* Both nodes of a pair mean the same file, also where each listens on a path of its own. */
static const char *common_path(const struct options *options)
{
    const struct sockaddr_un *ours = (const struct sockaddr_un *)&options->ha_listen.socket;
    const struct sockaddr_un *other = (const struct sockaddr_un *)&options->ha_connect.socket;
    if (options->ha_connect.kind == ENDPOINT_UNIX && strcmp(other->sun_path, ours->sun_path) < 0)
        return other->sun_path;
    return ours->sun_path;
}

bool lock_take(struct lock *lock, const struct options *options)
{
    char path[sizeof(((struct sockaddr_un *)NULL)->sun_path) + 8];
    if (options->ha_listen.kind != ENDPOINT_UNIX || lock->fd >= 0)
        return true;
    snprintf(path, sizeof(path), "%s.lock", common_path(options));
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
