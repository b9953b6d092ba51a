/* SPDX-License-Identifier: MIT */
#include "state/table_strings.h"

#include "state/table_private.h"

#include <string.h>

void table_drop_bytes(struct table *table, struct l2tpha_bytes *field)
{
    uint8_t *owned = (uint8_t *)field->data;
    if (owned) {
        memset(owned, 0, field->len);
        buffer_put(table->pool, buffer_of(owned));
    }
    *field = (struct l2tpha_bytes){NULL, 0};
}

int table_replace_bytes(struct table *table, struct l2tpha_bytes *field, const uint8_t *data,
                        size_t len)
{
    struct l2tpha_bytes fresh = {NULL, len};
    int error;

    if (len > 0 && len == field->len) {
        memmove((void *)field->data, data, len);
        return 0;
    }
    if (len > 0) {
        struct buffer *copy = buffer_get(table->pool, len, &error);
        if (!copy)
            return error;
        memcpy(copy->data, data, len);
        fresh.data = copy->data;
    }
    table_drop_bytes(table, field);
    *field = fresh;
    return 0;
}
