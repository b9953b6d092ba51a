/* SPDX-License-Identifier: MIT */
/* Checked builds: what holds of recoveries and synchronisations between entry calls. */
#ifndef FAILOVER_AUDIT_H
#define FAILOVER_AUDIT_H

#include "failover/failover.h"
#include "state/audit.h"

/* What failover holds for one tunnel, and for one session. */
void failover_audit_tunnel(const struct l2tpha_tunnel *tunnel, struct tally *tally);
void failover_audit_session(const struct l2tpha_session *session);
/* After a walk over all of them. */
void failover_audit_counts(const struct failover *failover, const struct tally *tally);

#endif
