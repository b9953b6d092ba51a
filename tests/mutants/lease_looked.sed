# lib/authority/lease.c
# world cluster
# seed 183
# A claim that is seen to be ours is as good as one that was renewed.
s/^    lease->confirm = true;$/    lease_node_begin(lease, lease->asked_at, now);/
