# lib/control/transaction.c
# world failover attached
# What a daemon says of a message is a checkpoint for each call.
s/^    if (engine->inbox\.open)$/    if (engine->inbox.open \&\& !engine->inbox.message)/
