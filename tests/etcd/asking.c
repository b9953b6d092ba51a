/* SPDX-License-Identifier: MIT */
#include "asking.h"

#include "cluster.h"
#include "fixture.h"

#include <stdio.h>
#include <time.h>

struct l2tpha_authority *authority;

static struct l2tpha_authority *made[2];
static uint64_t skipped;

uint64_t asking_now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000 + skipped;
}

void asking_begin(uint32_t members)
{
    fixture_setup();
    cluster_open(members);
    skipped = 0;
    made[1] = NULL;
    assert_ok(l2tpha_etcd_authority_new(root, cluster_place("g"), NULL, &made[0]));
    authority = made[0];
}

struct l2tpha_authority *asking_other(void)
{
    assert_ok(l2tpha_etcd_authority_new(root, cluster_place("g"), NULL, &made[1]));
    return made[1];
}

void asking_use(struct l2tpha_authority *other)
{
    authority = other;
}

void asking_end(void)
{
    for (int i = 0; i < 2; i++)
        if (made[i])
            made[i]->free(made[i]->user);
    cluster_close();
    fixture_teardown();
}

struct l2tpha_claim asking_claim(uint64_t epoch, const char *names)
{
    struct l2tpha_claim claim = {.epoch = epoch};

    claim.owner[0] = names[0];
    for (char name = 'a'; name <= 'z'; name++)
        for (const char *at = names; *at; at++)
            if (*at == name)
                claim.in_sync[claim.count++][0] = name;
    return claim;
}

struct l2tpha_authority_event await(void)
{
    struct l2tpha_authority_event event;
    int fd = authority->fd(authority->user);

    for (int turns = 0; turns < 20000; turns++) {
        if (authority->event(authority->user, &event, asking_now()))
            return event;
        uint64_t deadline = authority->deadline(authority->user), now = asking_now();
        bool waits = cluster.silent && deadline != L2TPHA_NEVER && deadline > now + 500000;
        if (waits) {
            skipped += deadline - now;
            cluster.silent = false;
        }
        cluster_turn(fd, waits || deadline <= now ? 0 : 1);
    }
    ck_abort_msg("no event");
}

struct l2tpha_authority_event look(void)
{
    assert_ok(authority->look(authority->user, asking_now()));
    return await();
}

struct l2tpha_authority_event take(uint64_t epoch, const char *names, uint64_t revision)
{
    struct l2tpha_claim claim = asking_claim(epoch, names);

    assert_ok(authority->take(authority->user, &claim, revision, 5000, asking_now()));
    return await();
}

struct l2tpha_authority_event change(uint64_t epoch, const char *names, uint64_t revision)
{
    struct l2tpha_claim claim = asking_claim(epoch, names);

    assert_ok(authority->change(authority->user, &claim, revision, asking_now()));
    return await();
}

struct l2tpha_authority_event renew(void)
{
    assert_ok(authority->renew(authority->user, asking_now()));
    return await();
}

struct l2tpha_authority_event leave(void)
{
    assert_ok(authority->leave(authority->user, asking_now()));
    return await();
}
