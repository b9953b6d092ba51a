/* SPDX-License-Identifier: MIT */
#include "lock.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/un.h>
#include <unistd.h>

#define EPOCH_MAX (UINT64_C(1) << 56)

/* Both nodes of a pair mean the same file, also where each listens on a path of its own. */
static const char *common_path(const struct lock *lock)
{
    const struct sockaddr_un *ours = (const struct sockaddr_un *)&lock->listen->socket;
    const struct sockaddr_un *other = (const struct sockaddr_un *)&lock->connect->socket;
    if (lock->connect->kind == ENDPOINT_UNIX && strcmp(other->sun_path, ours->sun_path) < 0)
        return other->sun_path;
    return ours->sun_path;
}

/* -1 = there is none, or it cannot be had. */
static int open_file(const struct lock *lock)
{
    char path[sizeof(((struct sockaddr_un *)NULL)->sun_path) + 8];
    if (lock->listen->kind != ENDPOINT_UNIX)
        return -1;
    snprintf(path, sizeof(path), "%s%s", common_path(lock),
             lock->suffix != NULL ? lock->suffix : ".lock");
    return open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

bool lock_take(struct lock *lock)
{
    if (lock->listen->kind != ENDPOINT_UNIX || lock->fd >= 0)
        return true;
    int fd = open_file(lock);
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

/* What no sequence of epochs can have come to is damage. */
static uint64_t read_epoch(int fd)
{
    char text[32];
    ssize_t got = pread(fd, text, sizeof(text) - 1, 0);
    text[got > 0 ? got : 0] = '\0';
    uint64_t epoch = strtoull(text, NULL, 10);
    return epoch <= EPOCH_MAX ? epoch : 0;
}

uint64_t lock_epoch(const struct lock *lock)
{
    int fd = open_file(lock);
    uint64_t epoch = fd >= 0 ? read_epoch(fd) : 0;
    if (fd >= 0)
        close(fd);
    return epoch;
}

/* One write, and never a shorter text: a reader sees the old one or the new one. */
void lock_note(const struct lock *lock, uint64_t epoch)
{
    char text[32];
    int fd = open_file(lock);
    if (fd < 0)
        return;
    int len = snprintf(text, sizeof(text), "%020llu\n", (unsigned long long)epoch);
    if (read_epoch(fd) < epoch && pwrite(fd, text, (size_t)len, 0) != len) {
        int kept = ftruncate(fd, 0); /* a full disk: then it is not known */
        (void)kept;                  /* there is nobody to tell */
    }
    close(fd);
}
