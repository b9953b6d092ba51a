/* SPDX-License-Identifier: MIT */
#include <l2tpha/observe.h>

static const struct {
    const char *name;
    const char *text;
    size_t offset;
} rows[] = {
#define COUNTER_ROW(name, text) {#name, text, offsetof(struct l2tpha_counters, name)},
    L2TPHA_COUNTERS(COUNTER_ROW)
#undef COUNTER_ROW
};

static const char *const event_names[] = {[L2TPHA_EVENT_NONE] = "none",
#define EVENT_NAME(name, text) [L2TPHA_EVENT_##name] = text,
                                          L2TPHA_EVENTS(EVENT_NAME)
#undef EVENT_NAME
};

bool l2tpha_counter_at(const struct l2tpha_counters *counters, size_t index, const char **name,
                       const char **text, uint64_t *value)
{
    if (index >= sizeof(rows) / sizeof(rows[0]))
        return false;
    *name = rows[index].name;
    *text = rows[index].text;
    *value = *(const uint64_t *)(const void *)((const char *)counters + rows[index].offset);
    return true;
}

const char *l2tpha_event_name(enum l2tpha_event_kind kind)
{
    unsigned value = (unsigned)kind;
    return value < sizeof(event_names) / sizeof(event_names[0]) ? event_names[value] : "unknown";
}
