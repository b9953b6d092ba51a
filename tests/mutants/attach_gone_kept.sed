# lib/attach/api.c
# world failover attached
# A call that has ended for its daemon stays in the records.
s/^    if (!session->dismissed)$/    if (0)/
