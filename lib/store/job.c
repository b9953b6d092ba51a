/* SPDX-License-Identifier: MIT */
#include "store/job.h"

#include <l2tpha/error.h>
#include <string.h>

#define ZEROS 4096

static const uint8_t zeros[ZEROS];

void job_clear(struct job *job)
{
    job->count = 0;
    memset(job->status, 0, sizeof(job->status));
}

bool job_add(struct job *job, struct job_step step)
{
    if (job->count == JOB_STEPS)
        return false;
    job->steps[job->count++] = step;
    return true;
}

static int write_zeros(const struct disk *disk, int file, uint64_t at, uint64_t len)
{
    int error = L2TPHA_OK;

    for (size_t part; len > 0 && !error; at += part, len -= part) {
        part = len < ZEROS ? (size_t)len : ZEROS;
        error = disk->write(disk->user, file, at, zeros, part);
    }
    return error;
}

static int run(const struct disk *disk, const struct job_step *step)
{
    int *file = step->file;

    switch (step->kind) {
    case JOB_MAKE:
    case JOB_OPEN:
        return disk->open(disk->user, step->number, step->kind == JOB_MAKE, file);
    case JOB_WRITE:
        return disk->write(disk->user, *file, step->at, step->data, step->len);
    case JOB_ZERO:
        return write_zeros(disk, *file, step->at, step->len);
    case JOB_SYNC:
        return disk->sync(disk->user, *file);
    case JOB_REMOVE:
        return disk->remove(disk->user, step->number);
    case JOB_SYNC_DIRECTORY:
        return disk->sync_directory(disk->user);
    case JOB_CLOSE:
        break;
    }
    disk->close(disk->user, *file);
    *file = -1;
    return L2TPHA_OK;
}

bool job_step(struct job *job, const struct disk *disk, uint32_t step)
{
    if (step >= job->count)
        return false;
    const struct job_step *next = &job->steps[step];
    int *status = &job->status[next->owner];
    if (next->kind == JOB_CLOSE ? *next->file >= 0 : *status == L2TPHA_OK) {
        int error = run(disk, next);
        *status = *status ? *status : error;
    }
    return true;
}
