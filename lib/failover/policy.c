/* SPDX-License-Identifier: MIT */
/* Failover methods by name. */
#include <l2tpha/failover.h>

const char *l2tpha_failover_method_name(uint8_t method)
{
    switch (method) {
    case L2TPHA_FAILOVER_DISABLE:
        return "disable";
    case L2TPHA_FAILOVER_PROTOCOL:
        return "failover-protocol";
    case L2TPHA_FAILOVER_SILENT:
        return "silent-failover";
    case L2TPHA_FAILOVER_FALLBACK:
        return "failover-protocol-fallback-to-silent-failover";
    case L2TPHA_FAILOVER_NOT_CONFIGURED:
        return "not-configured";
    default:
        return "unknown";
    }
}
