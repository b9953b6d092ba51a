/* SPDX-License-Identifier: MIT */
/* Eight octets at a time, by eight tables: each says what an octet does to the checksum of the
 * octets behind it. The tables come from the polynomial 0x82f63b78, and a test computes them anew.
 */
#include "store/crc32c.h"

#include "store/crc32c_table.h"

uint32_t crc32c(uint32_t sum, const uint8_t *data, size_t len)
{
    uint32_t crc = ~sum;

    for (; len >= 8; data += 8, len -= 8) {
        crc ^= (uint32_t)data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 |
               (uint32_t)data[3] << 24;
        crc = crc32c_table[7][crc & 0xff] ^ crc32c_table[6][crc >> 8 & 0xff] ^
              crc32c_table[5][crc >> 16 & 0xff] ^ crc32c_table[4][crc >> 24] ^
              crc32c_table[3][data[4]] ^ crc32c_table[2][data[5]] ^ crc32c_table[1][data[6]] ^
              crc32c_table[0][data[7]];
    }
    while (len-- > 0)
        crc = crc32c_table[0][(crc ^ *data++) & 0xff] ^ crc >> 8;
    return ~crc;
}
