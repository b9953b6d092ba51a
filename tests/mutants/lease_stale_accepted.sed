# lib/authority/copy.c
# world cluster
# A copy is exact though the claim does not have the node.
/^    if (!claim_has(&lease->claim, lease->options.name))$/,+1d
