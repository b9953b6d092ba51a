/* SPDX-License-Identifier: MIT */
#include <l2tpha/error.h>

struct row {
    int error;
    bool fatal;
    const char *name;
    const char *text;
};

/* OK comes last, so that the places before it are the list's. */
static const struct row rows[] = {
#define ROW(name, value, fatal, text) {value, fatal, #name, text},
    L2TPHA_ERRORS(ROW)
#undef ROW
        {L2TPHA_OK, false, "OK", "success"},
};

#define LISTED (sizeof(rows) / sizeof(rows[0]) - 1)

static const struct row *find(int error)
{
    static const struct row unknown = {0, false, "?", "unknown error"};

    for (size_t i = 0; i <= LISTED; i++)
        if (rows[i].error == error)
            return &rows[i];
    return &unknown;
}

const char *l2tpha_strerror(int error)
{
    return find(error)->text;
}

const char *l2tpha_error_name(int error)
{
    return find(error)->name;
}

bool l2tpha_error_is_fatal(int error)
{
    return find(error)->fatal;
}

int l2tpha_error_at(size_t index)
{
    return index < LISTED ? rows[index].error : L2TPHA_OK;
}
