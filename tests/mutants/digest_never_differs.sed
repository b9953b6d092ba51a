# lib/state/ledger_bucket.c
# faults
# A standby that is known to differ stays in sync.
/^bool ledger_differs/,/^}/{
s/^    if (!cursor || cursor->state != CURSOR_IN_SYNC)$/    (void)why;\
    if (cursor)/
}
