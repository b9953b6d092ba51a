/* SPDX-License-Identifier: MIT */
#include "base64.h"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(const char *data, size_t len, char *dst)
{
    const uint8_t *from = (const uint8_t *)data;

    for (size_t at = 0; at < len; at += 3) {
        size_t left = len - at;
        uint32_t word = (uint32_t)from[at] << 16 | (left > 1 ? (uint32_t)from[at + 1] << 8 : 0) |
                        (left > 2 ? from[at + 2] : 0);
        *dst++ = letters[word >> 18];
        *dst++ = letters[word >> 12 & 63];
        *dst++ = '=';
        *dst++ = '=';
        if (left > 1)
            dst[-2] = letters[word >> 6 & 63];
        if (left > 2)
            dst[-1] = letters[word & 63];
    }
    *dst = '\0';
}

/* 64 = it is no letter. */
static uint32_t value_of(char letter)
{
    if (letter >= 'A' && letter <= 'Z')
        return (uint32_t)(letter - 'A');
    if (letter >= 'a' && letter <= 'z')
        return (uint32_t)(letter - 'a') + 26;
    if (letter >= '0' && letter <= '9')
        return (uint32_t)(letter - '0') + 52;
    return letter == '+' ? 62 : letter == '/' ? 63 : 64;
}

bool base64_decode(const char *text, size_t text_len, char *dst, size_t size, size_t *len)
{
    size_t padding = 0;

    while (padding < 2 && padding < text_len && text[text_len - padding - 1] == '=')
        padding++;
    *len = text_len / 4 * 3 - (text_len > 0 ? padding : 0);
    if (text_len % 4 != 0 || *len > size)
        return false;
    for (size_t at = 0, to = 0; at < text_len; at += 4) {
        uint32_t word = 0;
        for (size_t i = at; i < at + 4; i++) {
            bool padded = i >= text_len - padding;
            uint32_t value = padded ? 0 : value_of(text[i]);
            if (value > 63)
                return false;
            word = word << 6 | value;
        }
        for (int shift = 16; shift >= 0 && to < *len; shift -= 8)
            dst[to++] = (char)(word >> shift);
    }
    return true;
}
