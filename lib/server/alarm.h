/* SPDX-License-Identifier: MIT */
/* The system's clock for a store in a server, and one descriptor that is readable when a time has
 * come, or one of the descriptors that are watched has something to say. */
#ifndef SERVER_ALARM_H
#define SERVER_ALARM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <talloc.h>

#define ALARM_NEVER UINT64_MAX

struct alarm;

/* HOST, NOMEM. */
int alarm_new(TALLOC_CTX *parent, struct alarm **alarm);
void alarm_free(struct alarm *alarm);
int alarm_fd(const struct alarm *alarm);
/* how, events: epoll_ctl(2). */
bool alarm_watch(const struct alarm *alarm, int fd, int how, uint32_t events);
/* Microseconds. */
uint64_t alarm_now(void);
void alarm_wake_at(struct alarm *alarm, uint64_t at);
/* Until the descriptor is readable. */
void alarm_wait(const struct alarm *alarm);
int alarm_random(uint8_t *dst, size_t len);

#endif
