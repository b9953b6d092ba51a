/* SPDX-License-Identifier: MIT */
/* A capture file of every datagram, for Wireshark and tshark. */
#ifndef EXAMPLES_PCAPNG_H
#define EXAMPLES_PCAPNG_H

#include <l2tpha/types.h>
#include <talloc.h>

struct pcapng;

/* NULL with errno set. Freeing it closes the file. */
struct pcapng *pcapng_open(TALLOC_CTX *parent, const char *file, const char *application);

/* False when the disk does not take it; said once, nothing is written after that. */
bool pcapng_write(struct pcapng *pcapng, const struct l2tpha_path *path, bool inbound,
                  const uint8_t *data, size_t len);

/* Hand what is buffered to the system, so that it outlives the process. */
void pcapng_flush(struct pcapng *pcapng);

#endif
