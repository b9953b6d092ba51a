/* SPDX-License-Identifier: MIT */
#include "base/packed.h"

#include <l2tpha/error.h>

struct row {
    int16_t error;
    bool fatal;
};

/* OK comes last, so that the places before it are the list's. */
static const struct row rows[] = {
#define ROW(name, value, fatal, text) {value, fatal},
    L2TPHA_ERRORS(ROW)
#undef ROW
        {L2TPHA_OK, false},
};

#define LISTED (sizeof(rows) / sizeof(rows[0]) - 1)

#define NAME(name, value, fatal, text) #name "\0"
static const char names[] = L2TPHA_ERRORS(NAME) "OK\0";

static size_t find(int error)
{
    size_t place = 0;

    while (place <= LISTED && rows[place].error != error)
        place++;
    return place;
}

const char *l2tpha_error_name(int error)
{
    return PACKED(names, find(error), "?");
}

bool l2tpha_error_is_fatal(int error)
{
    size_t place = find(error);

    return place <= LISTED && rows[place].fatal;
}

int l2tpha_error_at(size_t index)
{
    return index < LISTED ? rows[index].error : L2TPHA_OK;
}
