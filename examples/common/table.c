/* SPDX-License-Identifier: MIT */
#include "table.h"
#include "utf8.h"

#include <string.h>

#define CELL_MAX 512

/* A single value as text. */
static const char *cell(const json_t *value, char dst[CELL_MAX])
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        return json_string_value(value);
    case JSON_INTEGER:
        snprintf(dst, CELL_MAX, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return dst;
    case JSON_REAL:
        snprintf(dst, CELL_MAX, "%.1f", json_real_value(value));
        return dst;
    case JSON_TRUE:
        return "yes";
    case JSON_FALSE:
        return "no";
    default:
        return "-";
    }
}

/* The last column is not padded. */
static void put(const char *text, int width, bool last, FILE *out)
{
    fputs(text, out);
    for (int pad = last ? 0 : width - utf8_width(text) + 2; pad > 0; pad--)
        fputc(' ', out);
    if (last)
        fputc('\n', out);
}

static int column_width(const json_t *list, const char *key)
{
    char text[CELL_MAX];
    size_t i;
    json_t *row;
    int widest = utf8_width(key);
    json_array_foreach(list, i, row)
    {
        const json_t *value = json_object_get(row, key);
        int width = value != NULL ? utf8_width(cell(value, text)) : 1;
        widest = width > widest ? width : widest;
    }
    return widest;
}

#define COLUMNS_MAX 32

/* The columns are those of the first row. */
static size_t find_columns(const json_t *list, const char *keys[COLUMNS_MAX],
                           int widths[COLUMNS_MAX])
{
    size_t count = 0;
    const char *key;
    json_t *value;
    json_object_foreach(json_array_get(list, 0), key, value)
    {
        if (count == COLUMNS_MAX)
            break;
        keys[count] = key;
        widths[count++] = column_width(list, key);
    }
    return count;
}

static void print_list(const json_t *list, FILE *out)
{
    const char *keys[COLUMNS_MAX];
    int widths[COLUMNS_MAX];
    char text[CELL_MAX];
    size_t i;
    json_t *row;
    size_t count = find_columns(list, keys, widths);
    if (count == 0) {
        fputs("none\n", out);
        return;
    }
    for (size_t c = 0; c < count; c++)
        put(keys[c], widths[c], c + 1 == count, out);
    json_array_foreach(list, i, row)
    {
        for (size_t c = 0; c < count; c++) {
            const json_t *value = json_object_get(row, keys[c]);
            put(value != NULL ? cell(value, text) : "-", widths[c], c + 1 == count, out);
        }
    }
}

static void print_object(const json_t *object, FILE *out)
{
    char text[CELL_MAX];
    const char *key;
    json_t *value;
    int widest = 0;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        int width = utf8_width(key);
        if (!json_is_array(value))
            widest = width > widest ? width : widest;
    }
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        if (json_is_array(value)) {
            fprintf(out, "\n%s\n", key);
            print_list(value, out);
            continue;
        }
        put(key, widest, false, out);
        put(cell(value, text), 0, true, out);
    }
}

void table_print(const json_t *value, FILE *out)
{
    char text[CELL_MAX];
    if (json_is_array(value))
        print_list(value, out);
    else if (json_is_object(value))
        print_object(value, out);
    else
        fprintf(out, "%s\n", cell(value, text));
}
