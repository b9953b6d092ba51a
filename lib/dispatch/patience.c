/* SPDX-License-Identifier: MIT */
/* How long a peer that does not answer is waited for. RFC 2661 5.8 clears the tunnel when the
 * retransmissions are used up; a peer that can recover from a failure may have asked for more time
 * than that takes (RFC 4951 5.1). Both times run from the start of the same control channel
 * timeout, so the tunnel is kept until the later one. Meanwhile the oldest message is repeated at
 * the capped interval, calls wait and data goes on.
 *
 * RFC 2661 has it cleared without a word, as for a peer that is gone. One of which something still
 * comes is there, behind a path that lives, and would keep its end for as long as nothing is asked
 * of that: it is told, once for all.
 *
 * None of this is replicated: a node that takes over has heard nothing yet, and waits in full. */
#include "dispatch/patience.h"

#include "base/assert.h"
#include "control/machine.h"
#include "control/recovery_time.h"
#include "control/restore.h"
#include "control/resync.h"
#include "dispatch/duplicates.h"
#include "dispatch/tunnel_end.h"
#include "failover/lagging.h"

/* With a duplicate its id means another tunnel. */
static bool still_speaks(const struct l2tpha_tunnel *tunnel)
{
    return tunnel->channel.heard && tunnel->entry.record.state == L2TPHA_TUNNEL_ESTABLISHED &&
           !tunnel_is_recovery(tunnel) && !tunnel_has_duplicate(tunnel);
}

static void give_up(struct l2tpha_tunnel *tunnel)
{
    const struct machine_input end = {.result = RESULT_GENERAL,
                                      .error = ERROR_VENDOR,
                                      .status = L2TPHA_ERR_TIMEOUT,
                                      .reason = "peer does not answer"};

    if (!still_speaks(tunnel)) {
        machine_of(tunnel)->clear(tunnel, &end);
        return;
    }
    tunnel_leave_failover(tunnel);
    channel_give_up(tunnel->engine, &tunnel->channel);
    machine_of(tunnel)->stop(tunnel, &end);
}

void tunnel_numbers_lost(struct l2tpha_tunnel *tunnel)
{
    struct engine *engine = tunnel->engine;
    const struct machine_input end = {.result = RESULT_GENERAL,
                                      .error = ERROR_VENDOR,
                                      .reason = "numbers not found after a failover"};

    ASSERT(&engine->log, tunnel->lagging && tunnel->channel.lagging);
    if (!still_speaks(tunnel)) {
        tunnel_forget(engine, tunnel, L2TPHA_ERR_TIMEOUT, "the peer's numbers cannot be found");
        return;
    }
    lagging_stop(engine->failover, tunnel);
    failover_note(engine->failover, tunnel->entry.record.local_id, 0, "clearing",
                  tunnel_stop(engine, tunnel, false, &end));
}

void tunnel_unanswered(struct l2tpha_tunnel *tunnel)
{
    struct engine *engine = tunnel->engine;

    ASSERT(&engine->log, tunnel->channel.since != L2TPHA_NEVER);
    if (engine->now >= channel_granted_until(engine, &tunnel->channel)) {
        give_up(tunnel);
        return;
    }
    if (!tunnel->channel.unresponsive) {
        tunnel->channel.unresponsive = true;
        engine->counters.tunnels_unresponsive++;
        tunnel_say(tunnel, L2TPHA_EVENT_TUNNEL_UNRESPONSIVE,
                   "peer unresponsive, kept for its time");
    }
    channel_repeat(engine, &tunnel->channel);
}

bool l2tpha_tunnel_is_responsive(const struct l2tpha_tunnel *tunnel)
{
    return !tunnel->channel.unresponsive;
}
