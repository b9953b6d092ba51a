# lib/state/ledger.c
# An output depends on the increment before the one that its transaction is in.
s/    ledger->depends = ledger_last(ledger);/    ledger->depends = ledger->last;/
