/* SPDX-License-Identifier: MIT */
#include "base/packed.h"

#include <l2tpha/error.h>

#define TEXT(name, value, fatal, text) text "\0"
static const char error_texts[] = L2TPHA_ERRORS(TEXT) "success\0";

const char *l2tpha_strerror(int error)
{
    size_t place = 0;
    int listed;

    while ((listed = l2tpha_error_at(place)) != L2TPHA_OK && listed != error)
        place++; /* that of success follows the list */
    return PACKED(error_texts, listed == error ? place : SIZE_MAX, "unknown error");
}
