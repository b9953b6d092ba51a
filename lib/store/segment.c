/* SPDX-License-Identifier: MIT */
#include "store/segment.h"

#include "store/crc32c.h"

#include <string.h>

#define FORMAT 1
#define CHECKED 48 /* octets of the header, before its checksum */
#define WHOLE 1

static const uint8_t magic[8] = {'L', '2', 'T', 'P', 'H', 'A', 'S', 'G'};

static void put(uint8_t *dst, uint64_t number, unsigned octets)
{
    while (octets-- > 0)
        *dst++ = (uint8_t)(number >> 8 * octets);
}

static uint64_t get(const uint8_t *src, unsigned octets)
{
    uint64_t number = 0;

    while (octets-- > 0)
        number = number << 8 | *src++;
    return number;
}

static bool is_zero(const uint8_t *src, size_t len)
{
    while (len > 0 && src[len - 1] == 0)
        len--;
    return len == 0;
}

/* --- the header --- */

void segment_put_header(uint8_t *dst, const struct segment_header *header)
{
    memset(dst, 0, SEGMENT_HEADER);
    memcpy(dst, magic, sizeof(magic));
    put(dst + 8, FORMAT, 4);
    put(dst + 12, header->level, 2);
    put(dst + 14, header->level_min, 2);
    put(dst + 16, header->number, 8);
    put(dst + 24, header->epoch, 8);
    memcpy(dst + 32, header->salt, SEGMENT_SALT);
    put(dst + CHECKED, crc32c(0, dst, CHECKED), 4);
}

/* The first releases did not say it. */
static uint32_t level_of(const uint8_t *src)
{
    uint32_t level = (uint32_t)get(src, 2);

    return level ? level : 1;
}

bool segment_get_header(const uint8_t *src, struct segment_header *header)
{
    if (memcmp(src, magic, sizeof(magic)) != 0 || get(src + 8, 4) != FORMAT ||
        get(src + CHECKED, 4) != crc32c(0, src, CHECKED))
        return false;
    header->level = level_of(src + 12);
    header->level_min = level_of(src + 14);
    header->number = get(src + 16, 8);
    header->epoch = get(src + 24, 8);
    memcpy(header->salt, src + 32, SEGMENT_SALT);
    return true;
}

void segment_put_mark(uint8_t *dst)
{
    memset(dst, 0, SEGMENT_SECTOR);
    memcpy(dst, "stale", 5);
}

bool segment_is_marked(const uint8_t *src)
{
    return !is_zero(src + SEGMENT_MARK_AT, SEGMENT_SECTOR);
}

/* --- items --- */

size_t segment_item_size(size_t len)
{
    return (SEGMENT_ITEM_HEAD + len + SEGMENT_ALIGN - 1) / SEGMENT_ALIGN * SEGMENT_ALIGN;
}

static uint32_t checksum(const uint8_t *item, const uint8_t *salt, size_t len)
{
    uint32_t sum = crc32c(0, salt, SEGMENT_SALT);

    return crc32c(sum, item + 8, SEGMENT_ITEM_HEAD - 8 + len);
}

void segment_put_item(uint8_t *dst, const uint8_t *salt, const struct segment_item *item)
{
    memset(dst, 0, SEGMENT_ITEM_HEAD);
    put(dst, item->len, 4);
    put(dst + 8, item->position, 8);
    put(dst + 16, item->durable, 8);
    dst[24] = item->whole ? WHOLE : 0;
    memcpy(dst + SEGMENT_ITEM_HEAD, item->data, item->len);
    memset(dst + SEGMENT_ITEM_HEAD + item->len, 0,
           segment_item_size(item->len) - SEGMENT_ITEM_HEAD - item->len);
    put(dst + 4, checksum(dst, salt, item->len), 4);
}

enum segment_found segment_get_item(const uint8_t *src, size_t len, const uint8_t *salt,
                                    struct segment_item *item, size_t *size)
{
    *size = SEGMENT_ITEM_HEAD;
    if (len < SEGMENT_ITEM_HEAD)
        return is_zero(src, len) ? SEGMENT_END : SEGMENT_MORE;
    uint64_t body = get(src, 4);
    if (body == 0)
        return is_zero(src, SEGMENT_ITEM_HEAD) ? SEGMENT_END : SEGMENT_BAD;
    if (body > SEGMENT_ITEM_MAX || src[24] > WHOLE || !is_zero(src + 25, SEGMENT_ITEM_HEAD - 25))
        return SEGMENT_BAD;
    *size = segment_item_size(body);
    if (len < *size)
        return SEGMENT_MORE;
    if (get(src + 4, 4) != checksum(src, salt, body))
        return SEGMENT_BAD;
    *item = (struct segment_item){.position = get(src + 8, 8),
                                  .durable = get(src + 16, 8),
                                  .whole = src[24] == WHOLE,
                                  .data = src + SEGMENT_ITEM_HEAD,
                                  .len = body};
    return SEGMENT_ITEM;
}
