/* SPDX-License-Identifier: MIT */
#include "base/packed.h"

#include <l2tpha/observe.h>

#define NAME(name, text) #name "\0"
#define TEXT(name, text) text "\0"
#define ONE(name, text) +1

static const char counter_names[] = L2TPHA_COUNTERS(NAME);
static const char counter_texts[] = L2TPHA_COUNTERS(TEXT);
static const char event_names[] = "none\0" L2TPHA_EVENTS(TEXT);

#define COUNTERS (0 L2TPHA_COUNTERS(ONE))
_Static_assert(sizeof(struct l2tpha_counters) == COUNTERS * sizeof(uint64_t),
               "counters in the order of the list");

bool l2tpha_counter_at(const struct l2tpha_counters *counters, size_t index, const char **name,
                       const char **text, uint64_t *value)
{
    if (index >= COUNTERS)
        return false;
    *name = PACKED(counter_names, index, NULL);
    *text = PACKED(counter_texts, index, NULL);
    *value = ((const uint64_t *)(const void *)counters)[index];
    return true;
}

const char *l2tpha_event_name(enum l2tpha_event_kind kind)
{
    return PACKED(event_names, (unsigned)kind, "unknown");
}
