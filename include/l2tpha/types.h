/* SPDX-License-Identifier: MIT */
/** @file
 *  Types that every part of the interface shares: ids, time, paths, the export macro. */
#ifndef L2TPHA_TYPES_H
#define L2TPHA_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define L2TPHA_API __attribute__((visibility("default")))
#define L2TPHA_PRINTF(text, args) __attribute__((format(printf, text, args)))
#else
#define L2TPHA_API
#define L2TPHA_PRINTF(text, args)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** Opaque objects. A node owns its tunnels, a tunnel its sessions. */
struct l2tpha_node;
struct l2tpha_tunnel;
struct l2tpha_session;
struct l2tpha_link;

/** "Never", as returned by every deadline function. */
#define L2TPHA_NEVER UINT64_MAX

/** Longest transport address kept: a `struct sockaddr_in6` of 28 bytes fits, and up to 12 bytes of
 * a mark behind it. */
#define L2TPHA_ADDRESS_MAX 40

/** One end of a path. The library compares and copies the bytes and never looks inside them, so
 *  any transport fits; a UDP host puts the bytes of its `struct sockaddr_in` or `sockaddr_in6`
 *  here, with every padding byte zero.
 *
 *  What else tells peers apart goes behind them: of clients behind one NAT that come by IPsec in
 *  transport mode, all from port 1701, the socket address may be the same, and only the mark of the
 *  security association (of `SO_MARK`, or an xfrm interface's index) differs. The host appends it
 *  to each remote address that it feeds and takes it off again, for the socket, in each path that
 * it is given; tests/consumer/mark.c shows both. A path is its peer's as a whole: the mark is part
 * of the tunnel's record and survives a takeover, so both nodes of a pair have to give the same
 * peer the same mark. */
struct l2tpha_address {
    uint8_t len;                       /**< bytes of the address in use; 0 = unspecified */
    uint8_t bytes[L2TPHA_ADDRESS_MAX]; /**< the address, opaque */
};

/** Where a datagram came from and arrived, or where it goes and leaves. */
struct l2tpha_path {
    struct l2tpha_address remote; /**< the peer's address and port */
    struct l2tpha_address local;  /**< own address; len 0 = the host's only one */
};

/** Which end of the tunnel this is for a session (RFC 2661 2). */
enum l2tpha_side {
    L2TPHA_LAC = 1, /**< L2TP access concentrator */
    L2TPHA_LNS = 2  /**< L2TP network server */
};

/** Direction of a call (RFC 2661 5.2). */
enum l2tpha_call {
    L2TPHA_CALL_INCOMING = 1, /**< ICRQ, ICRP, ICCN: from LAC to LNS */
    L2TPHA_CALL_OUTGOING = 2  /**< OCRQ, OCRP, OCCN: from LNS to LAC */
};

#ifdef __cplusplus
}
#endif
#endif
