/* SPDX-License-Identifier: MIT */
/** @file
 *  The binding: what failover needs from whoever runs the L2TP state machines. A takeover drives
 *  the built-in engine through it; no call of this release takes a binding of the host's. */
#ifndef L2TPHA_ATTACH_H
#define L2TPHA_ATTACH_H

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
     * may transmit at once: first what is unacknowledged, then what is new. */
    int (*restore_tunnel)(void *user, const struct l2tpha_tunnel_record *record);
    /** Install a replicated session of a restored tunnel. NULL: restore_tunnel has installed the
     * sessions as well. */
    int (*restore_session)(void *user, const struct l2tpha_session_record *record);
    /** Have the peer confirm that the tunnel lives: a HELLO unless something is outstanding.
     * Whoever cannot send it now tries again later; the tunnel goes on. */
    int (*confirm_tunnel)(void *user, uint32_t tunnel_id);
    /** End a session with a CDN, since the host's half of it is missing. */
    int (*disconnect_session)(void *user, uint32_t tunnel_id, uint32_t session_id, uint16_t result,
                              const char *reason);
    /** Forget a session silently. */
    int (*clear_session)(void *user, uint32_t tunnel_id, uint32_t session_id);
    /** Forget a tunnel with its sessions silently. */
    int (*clear_tunnel)(void *user, uint32_t tunnel_id);
};

#ifdef __cplusplus
}
#endif
#endif
