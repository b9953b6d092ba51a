# lib/redundancy/link_presence.c
# world roles
# The first overdue timer judges, whatever lies unread, and nobody asks.
s/patience_over(&link->silence, link->heard, link->silence_us, now)/now >= link->heard + link->silence_us/
s/^    if (absences == link->absences)$/    if (absences + 1)/
