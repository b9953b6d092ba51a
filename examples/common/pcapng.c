/* SPDX-License-Identifier: MIT */
#include "pcapng.h"
#include "clock.h"
#include "sink.h"

#include <errno.h>
#include <l2tpha/observe.h>

#define BEGIN_MAX 1024
#define KEPT_BYTES (4 << 20) /* of a turn of the loop, or while a pipe is not read */

struct pcapng {
    struct sink *sink;
    int failed;    /* errno */
    uint64_t kept; /* datagrams since the last flush */
    uint64_t lost;
    uint8_t *buffer; /* room for one packet block, grown as needed */
    size_t cap;
    bool begun;
    const char *application;
};

/* blocked: the bytes of a block, or the error of making it. */
static bool put(struct pcapng *pcapng, int blocked)
{
    if (blocked > 0 && sink_kept(pcapng->sink) + (size_t)blocked > KEPT_BYTES)
        pcapng_flush(pcapng);
    return blocked > 0 && sink_keep(pcapng->sink, pcapng->buffer, (size_t)blocked);
}

static void begin(struct pcapng *pcapng)
{
    pcapng->begun = true;
    sink_begin(pcapng->sink);
    (void)put(pcapng, l2tpha_capture_begin(pcapng->buffer, pcapng->cap, pcapng->application));
}

struct pcapng *pcapng_open(TALLOC_CTX *parent, const char *file, const char *application, bool adds)
{
    struct pcapng *pcapng = talloc_zero(parent, struct pcapng);
    pcapng->sink =
        adds ? sink_add(pcapng, file, KEPT_BYTES) : sink_create(pcapng, file, KEPT_BYTES);
    if (pcapng->sink == NULL) {
        int error = errno;
        talloc_free(pcapng);
        errno = error;
        return NULL;
    }
    pcapng->cap = BEGIN_MAX;
    pcapng->buffer = talloc_array(pcapng, uint8_t, pcapng->cap);
    pcapng->application = talloc_strdup(pcapng, application);
    if (!adds)
        begin(pcapng);
    pcapng_flush(pcapng);
    return pcapng;
}

void pcapng_write(struct pcapng *pcapng, const struct l2tpha_path *path, bool inbound,
                  const uint8_t *data, size_t len)
{
    size_t room = l2tpha_capture_room(len);
    if (!pcapng->begun)
        begin(pcapng);
    if (pcapng->failed != 0) {
        pcapng->lost++;
        return;
    }
    if (room > pcapng->cap) {
        pcapng->buffer = talloc_realloc(pcapng, pcapng->buffer, uint8_t, room);
        pcapng->cap = room;
    }
    if (put(pcapng, l2tpha_capture_packet(pcapng->buffer, pcapng->cap, path, inbound, data, len,
                                          clock_wall())))
        pcapng->kept++;
    else
        pcapng->lost++;
}

void pcapng_flush(struct pcapng *pcapng)
{
    bool empty = sink_flush(pcapng->sink);
    if (sink_error(pcapng->sink) != 0 && pcapng->failed == 0) {
        pcapng->failed = sink_error(pcapng->sink);
        pcapng->lost += pcapng->kept;
    }
    if (empty)
        pcapng->kept = 0;
}

uint64_t pcapng_lost(const struct pcapng *pcapng)
{
    return pcapng->lost;
}

int pcapng_failed(const struct pcapng *pcapng)
{
    return pcapng->failed;
}
