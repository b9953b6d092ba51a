/* SPDX-License-Identifier: MIT */
#include "store/thread.h"

#include <l2tpha/error.h>

#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct thread {
    const struct disk *disk;
    pthread_t id;
    pthread_mutex_t mutex;
    pthread_cond_t wakes;
    struct job *job; /* under way; NULL = none */
    bool done;       /* ... and finished */
    bool ends;
    int event; /* readable when it is */
};

static void *run(void *user)
{
    struct thread *thread = user;

    pthread_mutex_lock(&thread->mutex);
    for (;;) {
        while (!thread->ends && (!thread->job || thread->done))
            pthread_cond_wait(&thread->wakes, &thread->mutex);
        if (!thread->job || thread->done)
            break;
        struct job *job = thread->job;
        pthread_mutex_unlock(&thread->mutex);
        for (uint32_t i = 0; job_step(job, thread->disk, i); i++)
            ;
        pthread_mutex_lock(&thread->mutex);
        thread->done = true;
        eventfd_write(thread->event, 1);
    }
    pthread_mutex_unlock(&thread->mutex);
    return NULL;
}

static void start(void *user, struct job *job)
{
    struct thread *thread = user;

    pthread_mutex_lock(&thread->mutex);
    thread->job = job;
    thread->done = false;
    pthread_cond_signal(&thread->wakes);
    pthread_mutex_unlock(&thread->mutex);
}

static bool finished(void *user)
{
    struct thread *thread = user;
    eventfd_t count;

    pthread_mutex_lock(&thread->mutex);
    bool done = thread->job && thread->done;
    if (done) {
        thread->job = NULL;
        thread->done = false;
        (void)eventfd_read(thread->event, &count);
    }
    pthread_mutex_unlock(&thread->mutex);
    return done;
}

static int descriptor(void *user)
{
    const struct thread *thread = user;

    return thread->event;
}

static void free_thread(void *user)
{
    struct thread *thread = user;

    pthread_mutex_lock(&thread->mutex);
    thread->ends = true;
    pthread_cond_signal(&thread->wakes);
    pthread_mutex_unlock(&thread->mutex);
    pthread_join(thread->id, NULL);
    pthread_cond_destroy(&thread->wakes);
    pthread_mutex_destroy(&thread->mutex);
    close(thread->event);
    talloc_free(thread);
}

/* Signals are for the program's threads. */
static bool begin(struct thread *thread)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&thread->id, NULL, run, thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error == 0;
}

int thread_new(TALLOC_CTX *parent, const struct disk *disk, struct worker *worker)
{
    struct thread *thread = talloc_zero(parent, struct thread);

    if (!thread)
        return L2TPHA_ERR_NOMEM;
    thread->disk = disk;
    thread->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (thread->event < 0) {
        talloc_free(thread);
        return L2TPHA_ERR_HOST;
    }
    pthread_mutex_init(&thread->mutex, NULL);
    pthread_cond_init(&thread->wakes, NULL);
    if (!begin(thread)) {
        pthread_cond_destroy(&thread->wakes);
        pthread_mutex_destroy(&thread->mutex);
        close(thread->event);
        talloc_free(thread);
        return L2TPHA_ERR_HOST;
    }
    *worker = (struct worker){.user = thread,
                              .start = start,
                              .finished = finished,
                              .fd = descriptor,
                              .free = free_thread};
    return L2TPHA_OK;
}
