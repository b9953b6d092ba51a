/* SPDX-License-Identifier: MIT */
#include "pcapng.h"
#include "clock.h"

#include <l2tpha/observe.h>
#include <stdio.h>

#define BEGIN_MAX 1024

struct pcapng {
    FILE *file;
    bool broken;
    bool dirty;
    uint8_t *buffer; /* room for one packet block, grown as needed */
    size_t cap;
};

static int close_file(struct pcapng *pcapng)
{
    fclose(pcapng->file);
    return 0;
}

/* blocked: the bytes of a block, or the error of making it. */
static bool put(struct pcapng *pcapng, int blocked)
{
    size_t len = blocked > 0 ? (size_t)blocked : 0;
    if (len == 0 || fwrite(pcapng->buffer, 1, len, pcapng->file) != len)
        pcapng->broken = true;
    pcapng->dirty = true;
    return !pcapng->broken;
}

struct pcapng *pcapng_open(TALLOC_CTX *parent, const char *file, const char *application)
{
    FILE *opened = fopen(file, "wb");
    if (opened == NULL)
        return NULL;
    struct pcapng *pcapng = talloc_zero(parent, struct pcapng);
    pcapng->file = opened;
    talloc_set_destructor(pcapng, close_file);
    pcapng->cap = BEGIN_MAX;
    pcapng->buffer = talloc_array(pcapng, uint8_t, pcapng->cap);
    put(pcapng, l2tpha_capture_begin(pcapng->buffer, pcapng->cap, application));
    pcapng_flush(pcapng);
    return pcapng;
}

bool pcapng_write(struct pcapng *pcapng, const struct l2tpha_path *path, bool inbound,
                  const uint8_t *data, size_t len)
{
    size_t room = l2tpha_capture_room(len);
    if (pcapng->broken)
        return true;
    if (room > pcapng->cap) {
        pcapng->buffer = talloc_realloc(pcapng, pcapng->buffer, uint8_t, room);
        pcapng->cap = room;
    }
    return put(pcapng, l2tpha_capture_packet(pcapng->buffer, pcapng->cap, path, inbound, data, len,
                                             clock_wall()));
}

void pcapng_flush(struct pcapng *pcapng)
{
    if (pcapng->dirty && fflush(pcapng->file) != 0)
        pcapng->broken = true;
    pcapng->dirty = false;
}
