/* SPDX-License-Identifier: MIT */
/* CRC-32C (Castagnoli, RFC 3720 12.1), reflected, as storage has it. */
#ifndef STORE_CRC32C_H
#define STORE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Go on from a checksum; 0 = from the beginning. */
uint32_t crc32c(uint32_t sum, const uint8_t *data, size_t len);

#endif
