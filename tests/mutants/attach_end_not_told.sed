# lib/dispatch/session_state.c
# world recovery attached
# A call that the library ends, whichever, ends without an event where a daemon has it.
s/^    if (is_announced(session, before) && !input->quiet)$/    if (is_announced(session, before) \&\& !input->quiet \&\&\
        !(session->entry.tunnel->record.flags \& L2TPHA_TUNNEL_ATTACHED))/
