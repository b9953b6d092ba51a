/* SPDX-License-Identifier: MIT */
/** @file
 *  The binding: what failover needs from whoever runs the L2TP state machines. A takeover drives
 *  the built-in engine through it; no call of this release takes a binding of the host's. */
#ifndef L2TPHA_ATTACH_H
#define L2TPHA_ATTACH_H

#include <l2tpha/avp.h>
#include <l2tpha/record.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Operations on tunnels and sessions, by local ids. Records and texts are borrowed for the call.
 *  Each returns 0 or a negative error, L2TPHA_ERR_NOT_FOUND for an id that nothing has. */
struct l2tpha_binding {
    size_t size; /**< sizeof(struct l2tpha_binding) */
    void *user;  /**< first argument of each operation */
    /** Install a replicated tunnel as a live one: numbers, unacknowledged messages and timers. It
     * may transmit at once: first what is unacknowledged, then what is new. Unless it is suspended:
     * see suspend_tunnel. */
    int (*restore_tunnel)(void *user, const struct l2tpha_tunnel_record *record, bool suspended);
    /** Install a replicated session of a restored tunnel. NULL: restore_tunnel has installed the
     * sessions as well. */
    int (*restore_session)(void *user, const struct l2tpha_session_record *record);
    /** Have the peer confirm that the tunnel lives: a HELLO unless something is outstanding.
     * Whoever cannot send it now tries again later; the tunnel goes on. */
    int (*confirm_tunnel)(void *user, uint32_t tunnel_id);
    /** End a session with a CDN. Whoever cannot send it now does so later, and says 0. */
    int (*disconnect_session)(void *user, uint32_t tunnel_id, uint32_t session_id, uint16_t result,
                              const char *reason);
    /** Forget a session silently; the host is told why. */
    int (*clear_session)(void *user, uint32_t tunnel_id, uint32_t session_id, int status,
                         const char *why);
    /** Forget a tunnel with its sessions silently; the host is told why. */
    int (*clear_tunnel)(void *user, uint32_t tunnel_id, int status, const char *why);
    /** While suspended nothing is sent on the control channel, not even an acknowledgement, and
     * what comes is dropped silently; numbers and queue stay, timers rest, data goes on (RFC
     * 4951 3.2.1). Afterwards it goes on where it was. */
    int (*suspend_tunnel)(void *user, uint32_t tunnel_id, bool suspended);
    /** RFC 4951 3.2.2: drop all messages queued and kept, go on with these numbers, slow start
     * included; forget silently every session of which the peer has heard and which is not
     * established (3.3, Step I). The tunnel may stay suspended. The path is the recovery tunnel's.
     * `data_channel`: this end has failed, so numbered data starts at 0 again (3.2.3). */
    int (*reset_tunnel)(void *user, uint32_t tunnel_id, uint16_t ns, uint16_t nr,
                        const struct l2tpha_path *path, bool data_channel);
    /** A takeover from a record that others ran ahead of: until release_tunnel the queue waits, and
     * what the peer acknowledges up to `ceiling` is believed. Numbers up to and
     * including `ceiling` that no message has are given to HELLOs now; what is queued later comes
     * behind them. What comes in order is processed; nothing above the number expected is
     * acknowledged; no call is placed. */
    int (*hold_tunnel)(void *user, uint32_t tunnel_id, uint16_t ceiling);
    /** Send a HELLO with this number at once, beside the queue. */
    int (*probe_tunnel)(void *user, uint32_t tunnel_id, uint16_t ns);
    /** Transmit the queue. `careful`: until release_tunnel each message only once the one before is
     * acknowledged. */
    int (*seal_tunnel)(void *user, uint32_t tunnel_id, bool careful);
    /** What the peer has sent below this number is done with: expect it next, and process what has
     * come of it already. */
    int (*jump_tunnel)(void *user, uint32_t tunnel_id, uint16_t nr);
    /** The numbers are exact: go on as usual. From now on data, and any message but a CDN, for a
     * session that does not exist is answered with a CDN that carries the session's number as
     * Assigned Session ID, with 0 in the header (RFC 2661 4.4.4), at a limited rate. */
    int (*release_tunnel)(void *user, uint32_t tunnel_id);
    /** Send an FSQ (21) or FSR (22) about these sessions. L2TPHA_ERR_QUEUE_FULL: no room now. */
    int (*send_states)(void *user, uint32_t tunnel_id, uint16_t type,
                       const struct l2tpha_failover_session *states, size_t count);
    /** End a replicated tunnel, its sessions with it, by a StopCCN; it need not be restored.
     * `exact`: what is queued goes first and its acknowledgement is awaited; else nobody knows what
     * the peer expects, and the StopCCN is all that leaves, without being sent again. */
    int (*stop_tunnel)(void *user, uint32_t tunnel_id, bool exact, uint16_t result, uint16_t error,
                       const char *reason);
};

#ifdef __cplusplus
}
#endif
#endif
