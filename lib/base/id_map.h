/* SPDX-License-Identifier: MIT */
/* 16-bit id -> 16-bit value by the id itself: nothing is hashed, and what is looked at are two
 * bytes of a page that all neighbours share. Pages come with their first id and go with the last
 * one, so a node with few tunnels does not pay for all ids. */
#ifndef BASE_ID_MAP_H
#define BASE_ID_MAP_H

#include <l2tpha/types.h>
#include <talloc.h>

#define ID_MAP_IDS 65536u
#define ID_MAP_NONE UINT32_MAX /* no value */
#define ID_PAGE_BITS 7         /* ids that come anywhere fill small pages sooner */
#define ID_PAGE_IDS (1u << ID_PAGE_BITS)

#define ID_MAP_LAST UINT16_MAX /* the value that is one too many for a page; one id may have it */

struct id_page {
    uint16_t above[ID_PAGE_IDS]; /* value + 1; 0 = none, or ID_MAP_LAST */
    uint32_t count;              /* ids */
};

/* All zero but for the parent = empty. */
struct id_map {
    TALLOC_CTX *parent; /* of the pages */
    uint32_t count;     /* ids */
    uint32_t page_count;
    uint32_t last; /* the id that has ID_MAP_LAST, + 1; 0 = none has */
    struct id_page *pages[ID_MAP_IDS / ID_PAGE_IDS];
};

/* ID_MAP_NONE when the id is not there or has more than 16 bits. */
static inline uint32_t id_map_find(const struct id_map *map, uint32_t id)
{
    const struct id_page *page = id < ID_MAP_IDS ? map->pages[id >> ID_PAGE_BITS] : NULL;

    if (!page)
        return ID_MAP_NONE;
    if (page->above[id % ID_PAGE_IDS])
        return page->above[id % ID_PAGE_IDS] - 1u;
    return map->last == id + 1 ? ID_MAP_LAST : ID_MAP_NONE;
}

/* L2TPHA_ERR_EXISTS leaves the present value alone; L2TPHA_ERR_INVALID for an id or a value
 * of more than 16 bits, or for ID_MAP_LAST when another id has it; L2TPHA_ERR_NOMEM. Each changes
 * nothing. */
int id_map_insert(struct id_map *map, uint32_t id, uint32_t value);
/* Whether the id was there. */
bool id_map_remove(struct id_map *map, uint32_t id);
size_t id_map_bytes(const struct id_map *map); /* of the pages */

#endif
