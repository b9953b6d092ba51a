/* SPDX-License-Identifier: MIT */
/* Text from the wire on its way out. A terminal obeys control characters, a reader is misled by
 * what cannot be seen or turns the direction of what follows, a JSON parser refuses what is no
 * UTF-8. So only what can be none of these leaves as it came. */

#include <l2tpha/observe.h>
#include <string.h>

#define ESCAPE_LEN 4 /* \xHH */

struct range {
    uint32_t first, last;
};

/* Beyond ASCII: controls, spaces that are none, formats, what Unicode has not assigned and what it
 * leaves to private use. */
static const struct range hidden[] = {
    {0x0080, 0x00a0},    {0x00ad, 0x00ad},   {0x034f, 0x034f},   {0x061c, 0x061c},
    {0x115f, 0x1160},    {0x1680, 0x1680},   {0x17b4, 0x17b5},   {0x180b, 0x180f},
    {0x2000, 0x200f},    {0x2028, 0x202f},   {0x205f, 0x206f},   {0x3000, 0x3000},
    {0x3164, 0x3164},    {0xd800, 0xf8ff},   {0xfdd0, 0xfdef},   {0xfe00, 0xfe0f},
    {0xfeff, 0xfeff},    {0xffa0, 0xffa0},   {0xfff0, 0xfffb},   {0xfffe, 0xffff},
    {0x1bca0, 0x1bca3},  {0x1d173, 0x1d17a}, {0x1fffe, 0x1ffff}, {0x2fffe, 0x2ffff},
    {0x3fffe, 0x10ffff},
};

static bool is_shown(uint32_t code)
{
    for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
        if (code <= hidden[i].last)
            return code < hidden[i].first;
    return false;
}

/* Octets of the character at data, 0 = none that may be shown. RFC 3629 3, 4: the shortest form of
 * each alone. */
static size_t character(const uint8_t *data, size_t len)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t lead = data[0];

    if (lead < 0x80)
        return lead >= ' ' && lead <= '~' && lead != '\\';
    size_t octets = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || len < octets)
        return 0;
    uint32_t code = lead & (0x7fu >> octets);
    for (size_t i = 1; i < octets; i++) {
        if ((data[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (data[i] & 0x3fu);
    }
    return code >= smallest[octets] && is_shown(code) ? octets : 0;
}

static void escape(char *dst, uint8_t octet)
{
    static const char digits[] = "0123456789abcdef";

    memcpy(dst, "\\x", 2);
    dst[2] = digits[octet >> 4];
    dst[3] = digits[octet & 0x0f];
}

size_t l2tpha_text_escape(const uint8_t *data, size_t len, char *dst, size_t size)
{
    size_t whole = 0, end = 0; /* the length without the limit; what of it is in dst */

    for (size_t i = 0; i < len;) {
        size_t octets = character(data + i, len - i);
        size_t out = octets ? octets : ESCAPE_LEN;
        if (end == whole && whole + out < size) { /* nothing was left out before */
            if (octets)
                memcpy(dst + end, data + i, octets);
            else
                escape(dst + end, data[i]);
            end += out;
        }
        whole += out;
        i += octets ? octets : 1;
    }
    if (size > 0)
        dst[end] = '\0';
    return whole;
}
