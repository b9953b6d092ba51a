# lib/state/ledger_bucket.c
# A digest is over what the standby has not been told yet.
s/ && !ledger->must_commit && !ledger->increment_open &&$/ \&\&/
s/^           !ledger->dirty_tunnels && /           /
