# lib/redundancy/link_presence.c
# world reign
# The first overdue timer judges, whatever lies unread, and nobody asks.
s/^#define LOOKS 3 /#define LOOKS 1 /
s/^    if (absences == link->absences)$/    if (absences + 1)/
