/* SPDX-License-Identifier: MIT */
#include "utf8.h"

#include <string.h>

/* RFC 3629 4: neither too long a form, nor half of a surrogate pair, nor beyond 10FFFF. */
static int is_valid(uint32_t character, size_t len)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    return character >= least[len] && character <= 0x10ffff &&
           (character < 0xd800 || character > 0xdfff);
}

size_t utf8_decode(const char *data, size_t len, uint32_t *character)
{
    const uint8_t *byte = (const uint8_t *)data;
    size_t want = byte[0] < 0x80 ? 1 : byte[0] < 0xc0 ? 0 : byte[0] < 0xe0 ? 2 : 3;
    if (byte[0] >= 0xf0)
        want = byte[0] < 0xf8 ? 4 : 0;
    *character = UTF8_REPLACEMENT;
    if (want == 1)
        *character = byte[0];
    if (want <= 1 || want > len)
        return 1;
    uint32_t value = byte[0] & (0x7fu >> want);
    for (size_t i = 1; i < want; i++) {
        if ((byte[i] & 0xc0) != 0x80)
            return 1;
        value = value << 6 | (byte[i] & 0x3f);
    }
    if (!is_valid(value, want))
        return 1;
    *character = value;
    return want;
}

struct range {
    uint32_t first, last;
};

/* Marks that stand on the letter before them, and what is not seen. */
static const struct range narrow[] = {
    {0x0300, 0x036f}, {0x0483, 0x0489},   {0x0591, 0x05bd}, {0x05bf, 0x05bf}, {0x05c1, 0x05c7},
    {0x0610, 0x061a}, {0x064b, 0x065f},   {0x0670, 0x0670}, {0x06d6, 0x06dc}, {0x06df, 0x06e4},
    {0x0900, 0x0902}, {0x093c, 0x093c},   {0x0941, 0x0948}, {0x094d, 0x094d}, {0x0e31, 0x0e31},
    {0x0e34, 0x0e3a}, {0x0e47, 0x0e4e},   {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200b, 0x200f},
    {0x202a, 0x202e}, {0x2060, 0x206f},   {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},
    {0xfeff, 0xfeff}, {0xe0100, 0xe01ef},
};

/* Unicode's East Asian Width, W and F. */
static const struct range wide[] = {
    {0x1100, 0x115f},   {0x231a, 0x231b},   {0x2329, 0x232a},   {0x23e9, 0x23ec},
    {0x2e80, 0x303e},   {0x3041, 0x33ff},   {0x3400, 0x4dbf},   {0x4e00, 0x9fff},
    {0xa000, 0xa4cf},   {0xa960, 0xa97f},   {0xac00, 0xd7a3},   {0xf900, 0xfaff},
    {0xfe10, 0xfe19},   {0xfe30, 0xfe6f},   {0xff01, 0xff60},   {0xffe0, 0xffe6},
    {0x16fe0, 0x18aff}, {0x1b000, 0x1b2ff}, {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff},
    {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
};

static int is_in(const struct range *ranges, size_t count, uint32_t character)
{
    for (size_t i = 0; i < count && ranges[i].first <= character; i++)
        if (character <= ranges[i].last)
            return 1;
    return 0;
}

int utf8_width(const char *text)
{
    int width = 0;
    size_t left = strlen(text);
    while (left > 0) {
        uint32_t character;
        size_t len = utf8_decode(text, left, &character);
        if (is_in(wide, sizeof(wide) / sizeof(wide[0]), character))
            width += 2;
        else if (!is_in(narrow, sizeof(narrow) / sizeof(narrow[0]), character))
            width++;
        text += len;
        left -= len;
    }
    return width;
}
