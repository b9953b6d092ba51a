/* SPDX-License-Identifier: MIT */
#include "hex.h"

#include <stdio.h>
#include <string.h>

void hex_put(uint64_t value, char dst[HEX_DIGITS + 1])
{
    snprintf(dst, HEX_DIGITS + 1, "%016llx", (unsigned long long)value);
}

uint64_t hex_read(const char *text, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    uint64_t value = 0;

    if (len != HEX_DIGITS)
        return 0;
    for (size_t i = 0; i < len; i++) {
        const char *digit = memchr(digits, text[i], sizeof(digits) - 1);
        if (!digit)
            return 0;
        value = value << 4 | (uint64_t)(digit - digits);
    }
    return value;
}
