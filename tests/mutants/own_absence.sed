# lib/control/absence.c
# world roles
# seed 776
# The standby's silence is measured over this node's own absence, and nothing waits for it.
s/^    if (!linked && ledger_mode(engine->ledger) == LEDGER_OFF)$/    if (engine->now)/
