# lib/control/transaction.c
# world failover attached
# What a daemon says is a checkpoint for each call.
s/^    if (engine->inbox\.open)$/    if (0)/
