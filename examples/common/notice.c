/* SPDX-License-Identifier: MIT */
#include "notice.h"

#include <string.h>

static bool is(const char *line, size_t len, const char *word)
{
    return len == strlen(word) && memcmp(line, word, len) == 0;
}

/* Names are told with colons between them. */
static bool set_name(struct notice *notice, const char *name, size_t len)
{
    if (len == 0 || len > NOTICE_NAME_MAX)
        return false;
    for (size_t i = 0; i < len; i++)
        if (name[i] <= ' ' || name[i] > '~' || name[i] == ':')
            return false;
    memcpy(notice->name, name, len);
    notice->name[len] = '\0';
    return true;
}

static bool take_line(struct notice *notice, const char *line, size_t len)
{
    static const char name[] = "FDNAME=";
    size_t skip = strlen(name);
    notice->ready = notice->ready || is(line, len, "READY=1");
    notice->store = notice->store || is(line, len, "FDSTORE=1");
    notice->remove = notice->remove || is(line, len, "FDSTOREREMOVE=1");
    return len < skip || memcmp(line, name, skip) != 0 || set_name(notice, line + skip, len - skip);
}

bool notice_parse(const char *data, size_t len, struct notice *notice)
{
    bool well = true;
    *notice = (struct notice){.name = "stored"}; /* as systemd calls what has no name */
    while (well && len > 0) {
        const char *end = memchr(data, '\n', len);
        size_t line = end != NULL ? (size_t)(end - data) : len;
        well = take_line(notice, data, line);
        data += line + (end != NULL);
        len -= line + (end != NULL);
    }
    return well && !(notice->store && notice->remove);
}
