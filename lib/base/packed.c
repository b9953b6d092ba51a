/* SPDX-License-Identifier: MIT */
#include "base/packed.h"

#include <string.h>

const char *packed_at(const char *texts, size_t size, size_t place, const char *other)
{
    const char *end = texts + size;

    for (; place > 0 && texts < end; place--)
        texts += strlen(texts) + 1;
    return texts < end ? texts : other;
}
