/* SPDX-License-Identifier: MIT */
/* A capture file of every datagram, for Wireshark and tshark. It never holds what it captures: a
 * pipe that is not read fast enough misses datagrams, a full disk ends the capture; both are
 * counted. */
#ifndef EXAMPLES_PCAPNG_H
#define EXAMPLES_PCAPNG_H

#include <l2tpha/types.h>
#include <talloc.h>

struct pcapng;

/* adds: a section of its own, with its first datagram, behind what the file has; else the file is
 * made anew. NULL with errno set. Freeing it closes the file. */
struct pcapng *pcapng_open(TALLOC_CTX *parent, const char *file, const char *application,
                           bool adds);

void pcapng_write(struct pcapng *pcapng, const struct l2tpha_path *path, bool inbound,
                  const uint8_t *data, size_t len);

/* Hand what is buffered to the system, so that it outlives the process. */
void pcapng_flush(struct pcapng *pcapng);

/* Datagrams that are not in the file. */
uint64_t pcapng_lost(const struct pcapng *pcapng);

/* Why nothing is written any more: an errno; 0 = it is. The file holds whole blocks all the same.
 */
int pcapng_failed(const struct pcapng *pcapng);

#endif
