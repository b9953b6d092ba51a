/* SPDX-License-Identifier: MIT */
#include "fingerprint.h"
#include "options.h"

#include <stdio.h>
#include <string.h>

static const char *const names[] = {"--secret", "--name", "--window", "--failover-resync"};
#define NAMES (sizeof(names) / sizeof(names[0]))

/* FNV-1a, folded. It hides nothing: whoever is on the link is sent the secrets themselves. */
static uint64_t hash16(const void *data, size_t len)
{
    const uint8_t *bytes = data;
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ bytes[i]) * 16777619u;
    return (hash >> 16 ^ hash) & 0xffff;
}

uint64_t fingerprint_of(const struct options *options)
{
    uint8_t window[2] = {(uint8_t)(options->window >> 8), (uint8_t)options->window};
    uint8_t method = (uint8_t)options->failover;
    return hash16(options->secret, strlen(options->secret)) |
           hash16(options->name, strlen(options->name)) << 16 |
           hash16(window, sizeof(window)) << 32 | hash16(&method, sizeof(method)) << 48;
}

const char *fingerprint_differences(uint64_t ours, uint64_t theirs, char dst[FINGERPRINT_TEXT_MAX])
{
    size_t len = 0;
    dst[0] = '\0';
    for (size_t i = 0; i < NAMES; i++)
        if ((uint16_t)(ours >> 16 * i) != (uint16_t)(theirs >> 16 * i))
            len += (size_t)snprintf(dst + len, FINGERPRINT_TEXT_MAX - len, "%s%s",
                                    len > 0 ? ", " : "", names[i]);
    return dst;
}
