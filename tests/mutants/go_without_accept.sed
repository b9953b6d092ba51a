# lib/redundancy/link_switchover.c
# world roles
# The standby takes the offer for the order.
s/^    return link_put_number(link, FRAME_ACCEPT, next, now);$/    link->switchover = true;\n    return L2TPHA_OK;/
