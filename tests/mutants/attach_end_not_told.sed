# lib/dispatch/session_state.c
# world recovery attached
# A call that the peer has asked a daemon for ends without an event.
/^           session->entry\.tunnel->record\.flags & L2TPHA_TUNNEL_ATTACHED ||$/d
