/* SPDX-License-Identifier: MIT */
/* A disk that tears and forgets. What is written is in the system's cache until it is synced; then
 * it is on the disk. When power fails each sector that is not synced is there in its old or its new
 * content, and each entry of the directory in its old or new state, by chance. A sync that fails
 * forgets what it should have written: a later one says that all is well. There is an end of its
 * space. It stays over the deaths of its users. */
#ifndef STORE_FAKE_DISK_H
#define STORE_FAKE_DISK_H

#include "store/job.h"

#include <talloc.h>

#define FAKE_FILES 64

struct fake_file {
    uint64_t number;
    bool there, durably; /* in the directory, now and on the disk */
    uint8_t *cache, *disk;
    size_t len, disk_len, room;
    uint8_t *dirty; /* of each sector, 0 = as on the disk, 1 = not, 2 = and forgotten */
};

struct fake_disk {
    TALLOC_CTX *parent;
    struct fake_file files[FAKE_FILES];
    uint32_t count;
    uint64_t seed;
    uint64_t calls;    /* that write or sync, so far */
    uint64_t fail_at;  /* this one of them fails with an error of the disk; 0 = none */
    uint32_t fail_for; /* ... and so many from it on; 0 = all */
    uint64_t room;     /* octets that all files may have; 0 = no end */
    bool locked;
};

void fake_disk_init(struct fake_disk *fake, TALLOC_CTX *parent, uint64_t seed);
void fake_disk_free(struct fake_disk *fake);
struct disk fake_disk_of(struct fake_disk *fake);
uint32_t fake_disk_random(struct fake_disk *fake, uint32_t below);
/* The process has died: what is in the cache stays. */
void fake_disk_killed(struct fake_disk *fake);
/* Power has failed. */
void fake_disk_cut(struct fake_disk *fake);
/* The newest segment, NULL = there is none. */
struct fake_file *fake_disk_newest(struct fake_disk *fake);

/* Runs a job step by step, when it is told to. */
struct fake_worker {
    const struct disk *disk;
    struct job *job;
    uint32_t step;
    bool done;
    uint32_t jobs;
};
struct worker fake_worker_of(struct fake_worker *fake, const struct disk *disk);
/* False: nothing is under way. */
bool fake_worker_step(struct fake_worker *fake);

#endif
