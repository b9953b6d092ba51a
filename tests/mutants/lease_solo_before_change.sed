# lib/authority/members.c
# world cluster
# Outputs do not wait for a standby that is late: the claim may have it for as long as it likes.
s/if (claim_has(&lease->claim, member->name) || is_in_sync(lease, member))/if (is_in_sync(lease, member))/
s/ || lease->unknown || lease->asked == ASKED_CHANGE)/)/
