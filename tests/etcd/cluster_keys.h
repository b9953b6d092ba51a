/* SPDX-License-Identifier: MIT */
/* What a cluster of the tests' keeps. */
#ifndef TESTS_ETCD_CLUSTER_KEYS_H
#define TESTS_ETCD_CLUSTER_KEYS_H

#include <stddef.h>
#include <stdint.h>

#define KEYS 64
#define KEY_TEXT 160

struct kept {
    char key[KEY_TEXT];
    char *value; /* with a terminator behind it */
    size_t len;
    uint64_t revision; /* 0 = not there */
    uint64_t lease;
};

extern struct kept keys[KEYS];

/* One that is not there is given a place. */
uint32_t keys_place(const char *key);
void keys_set(uint32_t i, const char *value, size_t len);
/* The first one behind a key that is from there on and, if there is an end, before that; or is the
 * same. KEYS = none. */
uint32_t keys_next(const char *from, const char *end, const char *behind);
void keys_clear(void);

#endif
