# lib/state/bulk.c
# A piece of a copy takes a number of the stream that all have.
s/\.number = ledger->last, \.generation/.number = ledger->last + (kind == L2TPHA_CHECKPOINT_BULK_PART), .generation/
