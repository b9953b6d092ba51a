/* SPDX-License-Identifier: MIT */
#include "tell.h"
#include "sink.h"

#include <stdarg.h>
#include <unistd.h>

#define KEPT_BYTES (64 << 10) /* while nobody reads */
#define CLOSE_MS 1000

#define SECOND_US 1000000

static struct sink *sink;
static FILE *stream;
static struct {
    uint64_t second; /* when it began */
    unsigned count;  /* of those told in it */
    const char *late;
} roles;

static ssize_t put(void *cookie, const char *data, size_t len)
{
    (void)cookie;
    (void)sink_put(sink, data, len); /* a loss is counted; the stream goes on */
    return (ssize_t)len;
}

void tell_open(void)
{
    sink = sink_share(NULL, STDOUT_FILENO, KEPT_BYTES);
    stream = fopencookie(NULL, "w", (cookie_io_functions_t){.write = put});
}

void tell_watch(struct tevent_context *ev)
{
    sink_watch(sink, ev, NULL, NULL);
}

void tell_close(void)
{
    if (stream != NULL)
        fclose(stream);
    stream = NULL;
    if (sink != NULL)
        sink_finish(sink, CLOSE_MS);
    TALLOC_FREE(sink);
}

void tell(const char *format, ...)
{
    va_list arguments;
    if (stream == NULL)
        return;
    va_start(arguments, format);
    vfprintf(stream, format, arguments);
    va_end(arguments);
    fputc('\n', stream);
    fflush(stream);
}

void tell_role(const char *role, uint64_t now)
{
    if (role != NULL)
        roles.late = role;
    if (now - roles.second >= SECOND_US) {
        roles.second = now;
        roles.count = 0;
    }
    if (roles.late == NULL || roles.count == TELL_ROLES_PER_S)
        return;
    roles.count++;
    tell("role %s", roles.late);
    roles.late = NULL;
}

uint64_t tell_role_deadline(void)
{
    return roles.late != NULL ? roles.second + SECOND_US : UINT64_MAX;
}

FILE *tell_stream(void)
{
    return stream;
}

uint64_t tell_lost(void)
{
    return sink != NULL ? sink_lost(sink) : 0;
}
