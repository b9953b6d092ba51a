/* SPDX-License-Identifier: MIT */
/* What is to be done at the disk in one go, in this order, apart from the thread that has asked for
 * it. Steps have owners: when one fails, all that follow of the same owner fail likewise, and are
 * not tried. */
#ifndef STORE_JOB_H
#define STORE_JOB_H

#include "store/disk.h"

#define JOB_STEPS 160
#define JOB_OWNERS 4

enum job_kind {
    JOB_MAKE,   /* the file of a segment: into *file */
    JOB_OPEN,   /* ... that is there */
    JOB_WRITE,  /* len octets, at a place in *file */
    JOB_ZERO,   /* likewise, zeros */
    JOB_SYNC,   /* *file */
    JOB_CLOSE,  /* *file */
    JOB_REMOVE, /* a segment */
    JOB_SYNC_DIRECTORY
};

struct job_step {
    enum job_kind kind;
    uint8_t owner;
    uint64_t number; /* of a segment */
    int *file;       /* its owner's; -1 = none */
    uint64_t at;
    const uint8_t *data;
    size_t len;
};

struct job {
    struct job_step steps[JOB_STEPS];
    uint32_t count;
    int status[JOB_OWNERS]; /* 0, or the error of the first step that has failed */
};

void job_clear(struct job *job);
/* False: it is full. */
bool job_add(struct job *job, struct job_step step);
/* One step, the first = 0; false: there is none. */
bool job_step(struct job *job, const struct disk *disk, uint32_t step);

/* Who runs jobs, one at a time. */
struct worker {
    void *user;
    void (*start)(void *user, struct job *job);
    bool (*finished)(void *user); /* the one that was started; true once */
    int (*fd)(void *user);        /* readable when one has; -1 = ask */
    void (*free)(void *user);     /* when what is under way has ended */
};

#endif
