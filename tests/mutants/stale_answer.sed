# lib/redundancy/link_presence.c
# world roles
# Whatever bytes come first after an absence count as heard.
s/^    if (!link->up || link->error || link->probe)$/    if (!link->up || link->error)/
