/* SPDX-License-Identifier: MIT */
#include <l2tpha/version.h>

const char *l2tpha_version(void)
{
    return L2TPHA_VERSION;
}

uint32_t l2tpha_version_number(void)
{
    return L2TPHA_VERSION_NUMBER;
}
