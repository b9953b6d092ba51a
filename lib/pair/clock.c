/* SPDX-License-Identifier: MIT */
#include <l2tpha/pair.h>

#include <time.h>

/* It goes on while the machine sleeps: whoever wakes has been away, as a process that was stopped.
 */
uint64_t l2tpha_pair_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_BOOTTIME, &time);
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}
