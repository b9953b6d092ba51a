/* SPDX-License-Identifier: MIT */
#include "base/packed.h"
#include "codec/avp_rows.h"

#include <l2tpha/avp.h>

#define NUMBER(number, text, ...) (number),
#define NAME(number, text, ...) text "\0"

static const uint8_t avp_numbers[] = {AVP_ROWS(NUMBER)};
static const char names[] = AVP_ROWS(NAME);

const char *l2tpha_avp_name(uint16_t vendor, uint16_t type)
{
    if (vendor != 0)
        return "vendor AVP";
    for (size_t i = 0; i < sizeof(avp_numbers); i++)
        if (avp_numbers[i] == type)
            return PACKED(names, i, NULL);
    return "unknown AVP";
}
