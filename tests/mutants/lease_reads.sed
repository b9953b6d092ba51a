# lib/authority/lease_node.c
# world cluster
# seed 1412
# Streams are read while the claim is asked for.
s/^    return lease_node_serves(lease);$/    return true;/
