# lib/authority/lease.c
# world cluster
# seed 338
# The lease counts from the answer.
s/lease_node_begin(lease, lease->\(beside\|asked\)_at, now)/lease_node_begin(lease, now, now)/
