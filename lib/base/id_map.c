/* SPDX-License-Identifier: MIT */
#include "base/id_map.h"

#include <l2tpha/error.h>
#include <string.h>

static struct id_page **page_of(struct id_map *map, uint32_t id)
{
    return &map->pages[id >> ID_PAGE_BITS];
}

static struct id_page *page_new(struct id_map *map)
{
    struct id_page *page = talloc(map->parent, struct id_page);
    if (!page)
        return NULL;
    memset(page, 0, sizeof(*page));
    map->page_count++;
    return page;
}

int id_map_insert(struct id_map *map, uint32_t id, uint32_t value)
{
    if (id >= ID_MAP_IDS || value > ID_MAP_LAST)
        return L2TPHA_ERR_INVALID;
    if (id_map_find(map, id) != ID_MAP_NONE)
        return L2TPHA_ERR_EXISTS;
    if (value == ID_MAP_LAST && map->last)
        return L2TPHA_ERR_INVALID;
    struct id_page **page = page_of(map, id);
    if (!*page && !(*page = page_new(map)))
        return L2TPHA_ERR_NOMEM;
    if (value == ID_MAP_LAST)
        map->last = id + 1;
    (*page)->above[id % ID_PAGE_IDS] = (uint16_t)(value + 1);
    (*page)->count++;
    map->count++;
    return L2TPHA_OK;
}

bool id_map_remove(struct id_map *map, uint32_t id)
{
    if (id_map_find(map, id) == ID_MAP_NONE)
        return false;
    struct id_page **page = page_of(map, id);
    if (map->last == id + 1)
        map->last = 0;
    (*page)->above[id % ID_PAGE_IDS] = 0;
    map->count--;
    if (--(*page)->count == 0) {
        TALLOC_FREE(*page);
        map->page_count--;
    }
    return true;
}

size_t id_map_bytes(const struct id_map *map)
{
    return map->page_count * sizeof(struct id_page);
}
