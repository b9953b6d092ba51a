/* SPDX-License-Identifier: MIT */
/* What goes with an event of a tunnel's machine. */
#ifndef CONTROL_MACHINE_H
#define CONTROL_MACHINE_H

#include <l2tpha/message.h>
#include <l2tpha/types.h>

#define INPUT_TEXT 160

/* What goes with an event. */
struct tunnel_input {
    int status;                           /* for the host: why, when no message says it */
    const struct l2tpha_message *message; /* NULL = none */
    const struct l2tpha_path *path;       /* where the message came from */
    uint16_t result;                      /* for a StopCCN that is to be sent */
    uint16_t error;
    const char *reason;
    struct l2tpha_bytes words; /* the peer's, as they came: shown in place of the reason */
    uint32_t successor; /* TUNNEL_SCCRQ_LOST: local id of the tunnel that has won; 0 = none */
    bool by_peer;
    char text[INPUT_TEXT]; /* a place for the reason */
};

#endif
