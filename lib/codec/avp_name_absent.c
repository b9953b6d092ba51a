/* SPDX-License-Identifier: MIT */
/* In place of avp_name.c in a library without L2TPHA_OBSERVE: whoever writes of one has its number.
 */
#include <l2tpha/avp.h>

const char *l2tpha_avp_name(uint16_t vendor, uint16_t type)
{
    (void)type;
    return vendor ? "vendor AVP" : "AVP";
}
