# lib/node/poll.c
# The host is told of what the standby does not have.
s/head->depends > ledger_confirmed(engine->ledger)/head->depends > ledger_last(engine->ledger)/
