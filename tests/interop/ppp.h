/* SPDX-License-Identifier: MIT */
/* As much of PPP as a test needs, as the caller: LCP, PAP, an address by IPCP, then pings. What is
 * to be said is said at every tick until it is answered, so that no state but this is needed. */
#ifndef INTEROP_PPP_H
#define INTEROP_PPP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PPP_FRAME_MAX 512

struct ppp {
    bool lcp_done;   /* our request is acknowledged */
    bool must_login; /* the peer asks for PAP */
    bool logged_in;
    bool ip_done;    /* our address is acknowledged, and we know the peer's */
    uint8_t own[4];  /* our address */
    uint8_t peer[4]; /* whom we ping */
    uint16_t pings;
    uint16_t replies;
};

/* What is to be said now. Its length. */
size_t ppp_next(struct ppp *ppp, uint8_t frame[PPP_FRAME_MAX]);

/* Take a frame. Length of the answer, 0 = none. */
size_t ppp_take(struct ppp *ppp, const uint8_t *data, size_t len, uint8_t answer[PPP_FRAME_MAX]);

#endif
