/* SPDX-License-Identifier: MIT */
/* An authority on a cluster of the tests', and what it says. Time jumps where somebody is kept
 * waiting, and nowhere else: nothing here takes as long as it says. */
#ifndef TESTS_ETCD_ASKING_H
#define TESTS_ETCD_ASKING_H

#include <l2tpha/etcd.h>

#define A "l2tpha/g/alive"
#define C "l2tpha/g/claim"
#define E "l2tpha/g/epoch"

extern struct l2tpha_authority *authority;

void asking_begin(uint32_t members);
void asking_end(void);
/* Another node's authority on the same cluster. */
struct l2tpha_authority *asking_other(void);
void asking_use(struct l2tpha_authority *other);

uint64_t asking_now(void);
/* Epoch, and names of one letter each, the owner's first. */
struct l2tpha_claim asking_claim(uint64_t epoch, const char *names);
/* The next event. */
struct l2tpha_authority_event await(void);

/* Ask, and say what came of it. */
struct l2tpha_authority_event look(void);
struct l2tpha_authority_event take(uint64_t epoch, const char *names, uint64_t revision);
struct l2tpha_authority_event change(uint64_t epoch, const char *names, uint64_t revision);
struct l2tpha_authority_event renew(void);
struct l2tpha_authority_event leave(void);

#endif
