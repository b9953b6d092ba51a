/* SPDX-License-Identifier: MIT */
#include "bench/nodes.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint64_t read_clock(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t wall_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

struct process process_fork(void (*run)(void *argument), void *argument)
{
    int ends[2];
    char byte;

    check(pipe(ends) ? L2TPHA_ERR_HOST : L2TPHA_OK, "pipe");
    struct process process = {.pid = fork(), .begin = ends[1]};
    check(process.pid < 0 ? L2TPHA_ERR_HOST : L2TPHA_OK, "fork");
    if (process.pid > 0) {
        close(ends[0]);
        return process;
    }
    close(ends[1]);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (read(ends[0], &byte, 1) == 1)
        run(argument);
    _exit(EXIT_SUCCESS);
}

void process_begin(struct process *process)
{
    check(write(process->begin, "", 1) == 1 ? L2TPHA_OK : L2TPHA_ERR_HOST, "begin");
}

bool process_is_over(struct process *process)
{
    int status = 0;

    if (waitpid(process->pid, &status, WNOHANG) != process->pid)
        return false;
    check(status ? L2TPHA_ERR_STATE : L2TPHA_OK, "process");
    close(process->begin);
    process->pid = 0;
    return true;
}

void process_end(struct process *process)
{
    if (!process->pid)
        return;
    close(process->begin);
    kill(process->pid, SIGKILL);
    waitpid(process->pid, NULL, 0);
    process->pid = 0;
}

uint64_t process_ns(const struct process *process)
{
    clockid_t clock;

    return clock_getcpuclockid(process->pid, &clock) ? 0 : read_clock(clock);
}
