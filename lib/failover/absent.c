/* SPDX-License-Identifier: MIT */
/* In place of RFC 4951 in a library without L2TPHA_FAILOVER_PROTOCOL. It is announced to nobody and
 * taken from nobody, a peer's recovery tunnel is refused, its FSQ is acknowledged and ignored. */
#include "codec/avp.h"
#include "failover/recovery.h"
#include "failover/recovery_input.h"
#include "failover/recovery_sign.h"
#include "failover/request.h"
#include "failover/response.h"
#include "failover/set_up.h"
#include "failover/sync.h"

bool failover_has_protocol(void)
{
    return false;
}

/* --- the set-up --- */

void put_failover_avps(struct l2tpha_tunnel *tunnel, struct l2tpha_builder *builder)
{
    (void)tunnel, (void)builder;
}

void take_failover_avps(struct l2tpha_tunnel *tunnel, const struct l2tpha_message *message)
{
    (void)tunnel, (void)message;
}

bool check_failover_reply(struct l2tpha_tunnel *tunnel, const struct l2tpha_message *message,
                          struct machine_input *input)
{
    (void)tunnel, (void)message, (void)input;
    return true;
}

/* --- recovery tunnels --- */

bool request_wanted(const struct failover *failover, const struct l2tpha_message *sccrq)
{
    (void)failover, (void)sccrq;
    return true; /* it is refused, with a word */
}

bool request_check(struct failover *failover, const struct l2tpha_path *path,
                   const struct l2tpha_message *sccrq, struct machine_input *why)
{
    (void)path, (void)sccrq;
    failover->engine->counters.recoveries_refused++;
    why->result = RESULT_GENERAL;
    why->error = ERROR_UNKNOWN_AVP;
    why->reason = "Tunnel Recovery (77) is not supported";
    return false;
}

bool request_prepare(struct failover *failover, struct l2tpha_tunnel *recovery,
                     struct machine_input *why)
{
    (void)failover, (void)recovery, (void)why;
    return false;
}

int request_reserve(struct failover *failover, const struct l2tpha_tunnel *recovery)
{
    (void)failover, (void)recovery;
    return L2TPHA_ERR_UNSUPPORTED;
}

void recovery_prepare(struct failover *failover)
{
    (void)failover;
}

int recovery_start(struct failover *failover, struct l2tpha_tunnel *old)
{
    (void)failover, (void)old;
    return L2TPHA_ERR_UNSUPPORTED;
}

int remote_adopt(struct failover *failover, struct l2tpha_tunnel *recovery)
{
    (void)failover, (void)recovery;
    return L2TPHA_ERR_UNSUPPORTED;
}

void recovery_tunnel_changed(struct failover *failover, struct l2tpha_tunnel *tunnel, int status)
{
    (void)failover, (void)tunnel, (void)status;
}

void recovery_all_acknowledged(struct l2tpha_tunnel *tunnel)
{
    (void)tunnel;
}

void recovery_old_closed(struct l2tpha_tunnel *old)
{
    (void)old;
}

void recovery_tunnel_removed(struct l2tpha_tunnel *tunnel)
{
    (void)tunnel;
}

void recovery_timer(struct failover *failover, struct timer *timer)
{
    (void)failover, (void)timer;
}

bool recovery_suspended_input(struct l2tpha_tunnel *tunnel, const struct l2tpha_header *header)
{
    (void)tunnel, (void)header;
    return false;
}

void recovery_old_input(struct l2tpha_tunnel *tunnel)
{
    (void)tunnel;
}

void recovery_answered_again(struct l2tpha_tunnel *tunnel, const struct l2tpha_message *sccrp)
{
    (void)tunnel, (void)sccrp;
}

/* --- states of sessions --- */

int sync_states(struct l2tpha_tunnel *tunnel, const struct l2tpha_message *message,
                const struct l2tpha_decode_fault *fault)
{
    (void)message, (void)fault;
    tunnel->engine->counters.unexpected_message++;
    return L2TPHA_ERR_UNSUPPORTED;
}

int sync_query(struct failover *failover, struct l2tpha_tunnel *tunnel)
{
    (void)failover, (void)tunnel;
    return L2TPHA_ERR_UNSUPPORTED;
}

void sync_note_failure(struct l2tpha_tunnel *tunnel, uint64_t at)
{
    (void)tunnel, (void)at;
}

void sync_start(struct failover *failover, struct l2tpha_tunnel *tunnel, bool shared)
{
    (void)failover, (void)tunnel, (void)shared;
}

void sync_resume(struct failover *failover, struct l2tpha_tunnel *tunnel)
{
    (void)failover, (void)tunnel;
}

void sync_stop(struct failover *failover, struct l2tpha_tunnel *tunnel)
{
    (void)failover, (void)tunnel;
}

void sync_acknowledged(struct failover *failover, struct l2tpha_tunnel *tunnel)
{
    (void)failover, (void)tunnel;
}

void sync_session_removed(struct failover *failover, struct l2tpha_session *session)
{
    (void)failover, (void)session;
}

void sync_timer(struct failover *failover, struct timer *timer)
{
    (void)failover, (void)timer;
}
