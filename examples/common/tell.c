/* SPDX-License-Identifier: MIT */
#include "tell.h"
#include "sink.h"

#include <stdarg.h>
#include <unistd.h>

#define KEPT_BYTES (64 << 10) /* while nobody reads */
#define CLOSE_MS 1000

static struct sink *sink;
static FILE *stream;

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

FILE *tell_stream(void)
{
    return stream;
}

uint64_t tell_lost(void)
{
    return sink != NULL ? sink_lost(sink) : 0;
}
