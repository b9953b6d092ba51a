# lib/control/transaction.c
# world failover attached
# What a daemon says of a message is a checkpoint for each call.
s/^    if (engine->inbox\.open)$/    if (engine->inbox.open \&\& !engine->inbox.message)/
s/^    engine_close_events(engine, ledger_commit(engine->ledger, engine->now));$/&\
    if (engine->inbox.open)\
        ledger_close(engine->ledger, engine->now);/
