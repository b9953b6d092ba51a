/* SPDX-License-Identifier: MIT */
#include "key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT(x) #x
#define NUMBER(x) TEXT(x)

/* Of what has been opened: whoever changes the path meanwhile changes nothing. */
static const char *check(int fd)
{
    struct stat found;
    if (fstat(fd, &found) != 0)
        return strerror(errno);
    if (!S_ISREG(found.st_mode))
        return "not a regular file";
    if (found.st_uid != geteuid() && found.st_uid != 0)
        return "another user's file";
    if (found.st_mode & (S_IRWXG | S_IRWXO))
        return "others than its owner may use it: its mode must be 0600";
    return NULL;
}

static const char *read_all(int fd, struct key_file *file, size_t *len)
{
    ssize_t got;
    *len = 0;
    while (*len <= KEY_FILE_MAX) {
        got = read(fd, file->text + *len, KEY_FILE_MAX + 1 - *len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return strerror(errno);
        if (got == 0)
            return NULL;
        *len += (size_t)got;
    }
    return "longer than " NUMBER(KEY_FILE_MAX) " bytes";
}

/* Behind a zero nothing would be seen: a file that was not written to its end has some. */
static const char *check_text(struct key_file *file, size_t len)
{
    unsigned line = 1;
    if (strlen(file->text) == len)
        return NULL;
    for (const char *at = file->text; *at != '\0'; at++)
        line += *at == '\n';
    snprintf(file->why, sizeof(file->why), "line %u: a byte of zero", line);
    return file->why;
}

const char *key_file_read(struct key_file *file, const char *path)
{
    size_t len;
    int fd =
        open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); /* a FIFO is not waited for */
    if (fd < 0)
        return strerror(errno);
    memset(file->text, 0, sizeof(file->text));
    const char *why = check(fd);
    if (why == NULL)
        why = read_all(fd, file, &len);
    if (why == NULL)
        why = check_text(file, len);
    if (why != NULL)
        key_file_wipe(file);
    close(fd);
    return why;
}

void key_file_wipe(struct key_file *file)
{
    explicit_bzero(file->text, sizeof(file->text));
}
