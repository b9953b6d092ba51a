# lib/control/inbox.c
# world failover attached
# A message is acknowledged when it is handed out, not when the daemon is done with it.
s/^            channel_accept(engine, &tunnel->channel);$/            (void)0;/
s/^    inbox->open = true;$/    channel_accept(engine, \&(*tunnel)->channel);\
    engine_commit(engine);\
    ledger_close(engine->ledger, engine->now);\
    inbox->open = true;/
