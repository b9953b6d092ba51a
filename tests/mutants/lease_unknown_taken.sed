# lib/authority/lease.c
# world cluster
# Who has no answer has the claim.
s/^    take_outcome(lease, event, now);$/&\
    if (event->status == L2TPHA_ERR_TIMEOUT)\
        lease_node_begin(lease, lease->asked_at, now);/
