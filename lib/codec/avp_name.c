/* SPDX-License-Identifier: MIT */
#include "codec/avp_rows.h"

#include <l2tpha/avp.h>

#define NAME(number, text, ...) [number] = (text),

static const char *const names[L2TPHA_AVP_TYPES] = {AVP_ROWS(NAME)};

const char *l2tpha_avp_name(uint16_t vendor, uint16_t type)
{
    if (vendor != 0)
        return "vendor AVP";
    return type < L2TPHA_AVP_TYPES && names[type] ? names[type] : "unknown AVP";
}
