/* SPDX-License-Identifier: MIT */
#include "cluster_keys.h"
#include "cluster.h"

#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct kept keys[KEYS];

/* One that is not there may be another's place. */
uint32_t keys_place(const char *key)
{
    uint32_t empty = KEYS;

    for (uint32_t i = KEYS; i-- > 0;) {
        if (strcmp(keys[i].key, key) == 0)
            return i;
        if (!keys[i].revision)
            empty = i;
    }
    ck_assert_uint_lt(empty, KEYS);
    snprintf(keys[empty].key, sizeof(keys[empty].key), "%s", key);
    return empty;
}

void keys_set(uint32_t i, const char *value, size_t len)
{
    free(keys[i].value);
    keys[i].value = malloc(len + 1);
    memcpy(keys[i].value, value, len);
    keys[i].value[len] = '\0';
    keys[i].len = len;
}

const char *cluster_value(const char *key)
{
    uint32_t i = keys_place(key);

    return keys[i].revision ? keys[i].value : NULL;
}

void cluster_put(const char *key, const char *value)
{
    uint32_t i = keys_place(key);

    keys[i].revision = value ? ++cluster.revision : 0;
    keys[i].lease = 0;
    if (value)
        keys_set(i, value, strlen(value));
}

uint32_t keys_next(const char *from, const char *end, const char *behind)
{
    uint32_t next = KEYS;

    for (uint32_t i = 0; i < KEYS; i++) {
        const char *key = keys[i].key;
        bool inside = end[0] ? strcmp(key, from) >= 0 && strcmp(key, end) < 0 : !strcmp(key, from);
        if (keys[i].revision && inside && strcmp(key, behind) > 0 &&
            (next == KEYS || strcmp(key, keys[next].key) < 0))
            next = i;
    }
    return next;
}

uint32_t cluster_keys(const char *folder)
{
    char end[KEY_TEXT];
    uint32_t count = 0;

    snprintf(end, sizeof(end), "%s~", folder);
    for (uint32_t i = keys_next(folder, end, ""); i < KEYS; i = keys_next(folder, end, keys[i].key))
        count++;
    return count;
}

const char *cluster_key(const char *folder, uint32_t number)
{
    char end[KEY_TEXT];
    uint32_t i;

    snprintf(end, sizeof(end), "%s~", folder);
    for (i = keys_next(folder, end, ""); i < KEYS && number > 0; number--)
        i = keys_next(folder, end, keys[i].key);
    return i < KEYS ? keys[i].key : NULL;
}

char *cluster_octets(const char *key, size_t *len)
{
    uint32_t i = keys_place(key);

    *len = keys[i].len;
    return keys[i].revision ? keys[i].value : NULL;
}

void keys_clear(void)
{
    for (uint32_t i = 0; i < KEYS; i++)
        free(keys[i].value);
    memset(keys, 0, sizeof(keys));
}
