# lib/node/poll.c
# world failover attached
# A poll in the middle of a message ends its transaction.
s/^    if (engine->inbox\.message)$/    if (0)/
