# lib/node/takeover.c
# world roles
# Whoever is promoted counts on by one, and so do two that are promoted at once.
s/^    uint32_t rank = node->engine.config.rank;$/    uint32_t rank = L2TPHA_RANK_NONE;/
