# lib/authority/members.c
# world cluster
# seed 350
# Outputs wait for a standby once it is known to be in the claim.
/^        if (!member->holds)$/,/^            member->holds = .*$/d
s/^        if (member->holds)$/        if (now > 0)/
s/^        if (claim_has(&lease->claim, member->name) || is_in_sync(lease, member))$/        if (claim_has(\&lease->claim, member->name) \&\& !member->holds)\
            member->holds =\
                l2tpha_consumer_hold(lease->node, member->consumer, true, now) == 0;\
&/
