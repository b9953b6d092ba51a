/* SPDX-License-Identifier: MIT */
/* What a file store does with its directory, call by call: the system's, or a test's. Files are
 * segments, named by their numbers. An error is negative, L2TPHA_ERR_HOST or L2TPHA_ERR_LIMIT where
 * there is no space. Calls that write and wait are made by whoever runs a job. */
#ifndef STORE_DISK_H
#define STORE_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct disk {
    void *user;
    /* Make the directory if it is not there, and be its only user. */
    int (*lock)(void *user, const char **why);
    /* Instead of it: only read, beside whoever writes. */
    int (*look)(void *user, const char **why);
    /* The segments that are there, in any order, at most so many; *count of all. */
    int (*list)(void *user, uint64_t *numbers, uint32_t most, uint32_t *count);
    int (*open)(void *user, uint64_t number, bool make, int *file);
    void (*close)(void *user, int file);
    /* Octets read; fewer than asked for: the file ends there. */
    int64_t (*read)(void *user, int file, uint64_t at, uint8_t *dst, size_t len);
    int (*write)(void *user, int file, uint64_t at, const uint8_t *src, size_t len);
    int (*sync)(void *user, int file);
    int (*remove)(void *user, uint64_t number);
    int (*sync_directory)(void *user);
    int (*random)(void *user, uint8_t *dst, size_t len);
    void (*free)(void *user); /* let go of the directory */
};

#endif
