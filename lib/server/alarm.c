/* SPDX-License-Identifier: MIT */
#include "alarm.h"

#include <l2tpha/error.h>

#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

struct alarm {
    int timer, epoll;
    uint64_t wakes_at;
};

uint64_t alarm_now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

bool alarm_watch(const struct alarm *alarm, int fd, int how, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};

    return epoll_ctl(alarm->epoll, how, fd, &event) == 0;
}

/* Setting it makes it unreadable again. */
void alarm_wake_at(struct alarm *alarm, uint64_t at)
{
    struct itimerspec when = {0};

    if (at == alarm->wakes_at && (at == ALARM_NEVER || at > alarm_now()))
        return;
    alarm->wakes_at = at;
    if (at != ALARM_NEVER) {
        when.it_value.tv_sec = (time_t)(at / 1000000);
        when.it_value.tv_nsec = (long)(at % 1000000) * 1000 + 1; /* 0 is no time */
    }
    (void)timerfd_settime(alarm->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

void alarm_wait(const struct alarm *alarm)
{
    struct epoll_event event;

    (void)epoll_wait(alarm->epoll, &event, 1, -1);
}

int alarm_random(uint8_t *dst, size_t len)
{
    return getrandom(dst, len, 0) == (ssize_t)len ? L2TPHA_OK : L2TPHA_ERR_HOST;
}

int alarm_fd(const struct alarm *alarm)
{
    return alarm->epoll;
}

void alarm_free(struct alarm *alarm)
{
    if (alarm->timer >= 0)
        close(alarm->timer);
    if (alarm->epoll >= 0)
        close(alarm->epoll);
    talloc_free(alarm);
}

int alarm_new(TALLOC_CTX *parent, struct alarm **made)
{
    struct alarm *alarm = talloc_zero(parent, struct alarm);

    if (!alarm)
        return L2TPHA_ERR_NOMEM;
    alarm->wakes_at = ALARM_NEVER;
    alarm->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    alarm->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (alarm->timer < 0 || alarm->epoll < 0 ||
        !alarm_watch(alarm, alarm->timer, EPOLL_CTL_ADD, EPOLLIN)) {
        alarm_free(alarm);
        return L2TPHA_ERR_HOST;
    }
    *made = alarm;
    return L2TPHA_OK;
}
