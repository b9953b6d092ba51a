/* SPDX-License-Identifier: MIT */
/* What a program says to whoever has started it (notify.h), as that one reads it. */
#ifndef EXAMPLES_NOTICE_H
#define EXAMPLES_NOTICE_H

#include <stdbool.h>
#include <stddef.h>

#define NOTICE_NAME_MAX 255

struct notice {
    bool ready;
    bool store;  /* the descriptors that are beside it are to be kept */
    bool remove; /* those of this name no longer */
    char name[NOTICE_NAME_MAX + 1];
};

/* Lines that are not known are passed over. False: it is none, and nothing of it holds, as with a
 * name that could not be told again. */
bool notice_parse(const char *data, size_t len, struct notice *notice);

#endif
