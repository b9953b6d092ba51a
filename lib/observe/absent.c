/* SPDX-License-Identifier: MIT */
/* In place of this folder in a library without L2TPHA_OBSERVE. The counters count all the same. */
#include <l2tpha/error.h>
#include <l2tpha/observe.h>

const char *l2tpha_event_name(enum l2tpha_event_kind kind)
{
    (void)kind;
    return "unknown";
}

bool l2tpha_counter_at(const struct l2tpha_counters *counters, size_t index, const char **name,
                       const char **text, uint64_t *value)
{
    (void)counters, (void)index, (void)name, (void)text, (void)value;
    return false;
}

int l2tpha_capture_begin(uint8_t *dst, size_t cap, const char *application)
{
    (void)dst, (void)cap, (void)application;
    return L2TPHA_ERR_UNSUPPORTED;
}

size_t l2tpha_capture_room(size_t len)
{
    (void)len;
    return 0;
}

int l2tpha_capture_packet(uint8_t *dst, size_t cap, const struct l2tpha_path *path, bool inbound,
                          const uint8_t *data, size_t len, uint64_t time_us)
{
    (void)dst, (void)cap, (void)path, (void)inbound, (void)data, (void)len, (void)time_us;
    return L2TPHA_ERR_UNSUPPORTED;
}
