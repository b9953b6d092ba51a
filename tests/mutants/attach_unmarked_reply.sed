# lib/attach/hear.c
# world failover attached
# The standby learns of the peer's session id with whatever else is said of the call.
/^static int take_reply/,/^}/{
/ledger_mark_session/d
}
