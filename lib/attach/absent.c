/* SPDX-License-Identifier: MIT */
/* In place of a daemon's machines in a library without L2TPHA_ATTACH: no node is made that would
 * have them. */
#include "attach/machine.h"

#include <l2tpha/attach.h>

const struct machine_ops attached_machine = {.open = NULL}; /* left out */

int l2tpha_attach_tunnel(struct l2tpha_node *node, const struct l2tpha_attach_options *options,
                         uint64_t now, struct l2tpha_tunnel **tunnel)
{
    (void)node, (void)options, (void)now, (void)tunnel;
    return L2TPHA_ERR_UNSUPPORTED;
}

int l2tpha_attach_send(struct l2tpha_tunnel *tunnel, const uint8_t *data, size_t len, uint64_t now)
{
    (void)tunnel, (void)data, (void)len, (void)now;
    return L2TPHA_ERR_UNSUPPORTED;
}

int l2tpha_attach_receive(struct l2tpha_node *node, struct l2tpha_tunnel *tunnel,
                          struct l2tpha_inbound *in, uint64_t now)
{
    (void)node, (void)tunnel, (void)in, (void)now;
    return L2TPHA_ERR_UNSUPPORTED;
}

int l2tpha_attach_state(struct l2tpha_tunnel *tunnel, uint32_t session_id, uint8_t state,
                        uint64_t now)
{
    (void)tunnel, (void)session_id, (void)state, (void)now;
    return L2TPHA_ERR_UNSUPPORTED;
}

int l2tpha_attach_gone(struct l2tpha_tunnel *tunnel, uint32_t session_id, uint64_t now)
{
    (void)tunnel, (void)session_id, (void)now;
    return L2TPHA_ERR_UNSUPPORTED;
}

int l2tpha_attach_orphan(struct l2tpha_tunnel *tunnel, uint32_t session_id, uint64_t now)
{
    (void)tunnel, (void)session_id, (void)now;
    return L2TPHA_ERR_UNSUPPORTED;
}
