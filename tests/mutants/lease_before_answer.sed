# lib/authority/lease.c
# world cluster
# A node serves when it has asked for the claim.
/^    note_asked(lease, ASKED_TAKE, error, now);$/a\
    if (lease->state == L2TPHA_LEASE_TAKING)\
        lease_node_begin(lease, now, now);
