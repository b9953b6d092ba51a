/* SPDX-License-Identifier: MIT */
#include "store/disk_posix.h"

#include <l2tpha/error.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIGITS 16
#define NAME_SIZE sizeof("0123456789abcdef.seg")
#define WHY_SIZE 256

struct directory {
    struct disk disk; /* whose user it is */
    char *path;
    int fd;
    int lock;
    bool looks;
    char why[WHY_SIZE];
};

static int error_of(int number)
{
    return number == ENOSPC || number == EDQUOT || number == EFBIG ? L2TPHA_ERR_LIMIT
                                                                   : L2TPHA_ERR_HOST;
}

static void name_of(char name[NAME_SIZE], uint64_t number)
{
    snprintf(name, NAME_SIZE, "%016" PRIx64 ".seg", number);
}

static bool number_of(const char *name, uint64_t *number)
{
    char same[NAME_SIZE];

    if (strlen(name) != NAME_SIZE - 1 || sscanf(name, "%16" SCNx64, number) != 1)
        return false;
    name_of(same, *number);
    return strcmp(name, same) == 0;
}

static int blame(struct directory *directory, const char *what, const char **why)
{
    snprintf(directory->why, sizeof(directory->why), "%s: %s", what, strerror(errno));
    *why = directory->why;
    return L2TPHA_ERR_HOST;
}

static int look(void *user, const char **why)
{
    struct directory *directory = user;

    directory->looks = true;
    directory->fd = open(directory->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return directory->fd < 0 ? blame(directory, "cannot be opened", why) : L2TPHA_OK;
}

static void let_go(struct directory *directory)
{
    if (directory->lock >= 0)
        close(directory->lock);
    if (directory->fd >= 0)
        close(directory->fd);
    directory->fd = directory->lock = -1;
}

static int lock_once(struct directory *directory, const char **why)
{
    struct stat found;

    if (mkdir(directory->path, 0700) != 0 && errno != EEXIST)
        return blame(directory, "cannot be made", why);
    directory->fd = open(directory->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory->fd < 0 || fstat(directory->fd, &found) != 0)
        return blame(directory, "cannot be opened", why);
    *why = "others may look into it: mode 0700 is wanted";
    if (found.st_mode & 077)
        return L2TPHA_ERR_HOST;
    directory->lock =
        openat(directory->fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (directory->lock < 0)
        return blame(directory, "lock", why);
    if (flock(directory->lock, LOCK_EX | LOCK_NB) == 0)
        return L2TPHA_OK;
    *why = "another process has it";
    return errno == EWOULDBLOCK ? L2TPHA_ERR_EXISTS : blame(directory, "lock", why);
}

/* It may be tried again. */
static int lock(void *user, const char **why)
{
    struct directory *directory = user;

    let_go(directory); /* of an earlier try, that has failed behind this */
    int error = lock_once(directory, why);
    if (error)
        let_go(directory);
    return error;
}

static int list(void *user, uint64_t *numbers, uint32_t most, uint32_t *count)
{
    struct directory *directory = user;
    const struct dirent *entry;
    uint64_t number;
    int copy = openat(directory->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = copy < 0 ? NULL : fdopendir(copy);

    *count = 0;
    if (!stream) {
        if (copy >= 0)
            close(copy);
        return L2TPHA_ERR_HOST;
    }
    while ((entry = readdir(stream))) {
        if (!number_of(entry->d_name, &number))
            continue;
        if (*count < most)
            numbers[*count] = number;
        ++*count;
    }
    closedir(stream);
    return L2TPHA_OK;
}

static int open_file(void *user, uint64_t number, bool make, int *file)
{
    const struct directory *directory = user;
    int flags = (directory->looks ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOFOLLOW |
                (make ? O_CREAT | O_EXCL : 0);
    char name[NAME_SIZE];

    name_of(name, number);
    *file = openat(directory->fd, name, flags, 0600);
    return *file < 0 ? error_of(errno) : L2TPHA_OK;
}

static void close_file(void *user, int file)
{
    (void)user;
    close(file);
}

static int64_t read_file(void *user, int file, uint64_t at, uint8_t *dst, size_t len)
{
    size_t got = 0;

    (void)user;
    while (got < len) {
        ssize_t part = pread(file, dst + got, len - got, (off_t)(at + got));
        if (part < 0 && errno == EINTR)
            continue;
        if (part < 0)
            return L2TPHA_ERR_HOST;
        if (part == 0)
            break;
        got += (size_t)part;
    }
    return (int64_t)got;
}

static int write_file(void *user, int file, uint64_t at, const uint8_t *src, size_t len)
{
    (void)user;
    while (len > 0) {
        ssize_t part = pwrite(file, src, len, (off_t)at);
        if (part < 0 && errno == EINTR)
            continue;
        if (part <= 0)
            return part < 0 ? error_of(errno) : L2TPHA_ERR_HOST;
        src += part;
        at += (uint64_t)part;
        len -= (size_t)part;
    }
    return L2TPHA_OK;
}

static int sync_file(void *user, int file)
{
    (void)user;
    return fdatasync(file) == 0 ? L2TPHA_OK : error_of(errno);
}

static int remove_file(void *user, uint64_t number)
{
    const struct directory *directory = user;
    char name[NAME_SIZE];

    name_of(name, number);
    return unlinkat(directory->fd, name, 0) == 0 || errno == ENOENT ? L2TPHA_OK : L2TPHA_ERR_HOST;
}

static int sync_directory(void *user)
{
    const struct directory *directory = user;

    return fsync(directory->fd) == 0 ? L2TPHA_OK : error_of(errno);
}

static int draw(void *user, uint8_t *dst, size_t len)
{
    (void)user;
    return getrandom(dst, len, 0) == (ssize_t)len ? L2TPHA_OK : L2TPHA_ERR_HOST;
}

static void free_directory(void *user)
{
    struct directory *directory = user;

    let_go(directory);
    talloc_free(directory);
}

int disk_posix_new(TALLOC_CTX *parent, const char *path, const struct disk **disk)
{
    struct directory *directory = talloc_zero(parent, struct directory);

    if (!directory)
        return L2TPHA_ERR_NOMEM;
    directory->fd = directory->lock = -1;
    directory->path = talloc_strdup(directory, path);
    if (!directory->path) {
        talloc_free(directory);
        return L2TPHA_ERR_NOMEM;
    }
    directory->disk = (struct disk){.user = directory,
                                    .lock = lock,
                                    .look = look,
                                    .list = list,
                                    .open = open_file,
                                    .close = close_file,
                                    .read = read_file,
                                    .write = write_file,
                                    .sync = sync_file,
                                    .remove = remove_file,
                                    .sync_directory = sync_directory,
                                    .random = draw,
                                    .free = free_directory};
    *disk = &directory->disk;
    return L2TPHA_OK;
}
