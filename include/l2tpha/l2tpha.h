/* SPDX-License-Identifier: MIT */
/** @file
 *  libl2tpha: L2TP endpoints that outlive their process. This header includes all others.
 *
 *  Conventions: functions return 0 or a negative error unless they say otherwise; `const` pointers
 *  are borrowed for the call; times are microseconds of any monotonic origin, passed in with each
 *  call; structs that the caller fills in start with their size; a node is used by one thread at a
 *  time.
 *
 *  Loop: l2tpha_feed() on a datagram, l2tpha_expire() when l2tpha_deadline() has passed, any other
 *  call at will; after each, drain l2tpha_poll() and re-arm one timer.
 *
 *  Ownership: talloc_free(node) frees all; handles of tunnels and sessions are borrowed. */
#ifndef L2TPHA_L2TPHA_H
#define L2TPHA_L2TPHA_H

#include <l2tpha/attach.h>
#include <l2tpha/avp.h>
#include <l2tpha/builder.h>
#include <l2tpha/checkpoint.h>
#include <l2tpha/consumer.h>
#include <l2tpha/crypto.h>
#include <l2tpha/error.h>
#include <l2tpha/failover.h>
#include <l2tpha/fields.h>
#include <l2tpha/header.h>
#include <l2tpha/host.h>
#include <l2tpha/link.h>
#include <l2tpha/message.h>
#include <l2tpha/node.h>
#include <l2tpha/observe.h>
#include <l2tpha/policy.h>
#include <l2tpha/record.h>
#include <l2tpha/redundancy.h>
#include <l2tpha/serializer.h>
#include <l2tpha/session.h>
#include <l2tpha/settings.h>
#include <l2tpha/tunnel.h>
#include <l2tpha/types.h>
#include <l2tpha/version.h>

#endif
