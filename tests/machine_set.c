/* SPDX-License-Identifier: MIT */
#include "machine_set.h"

#include "naive/naive.h"
#include "node/node.h"

#include <string.h>

static enum { BUILTIN, NAIVE, NAIVE_BOTH, SETS } set;

static const char *const names[SETS] = {"builtin", "naive", "naive-both"};

bool machines_choose(const char *name)
{
    for (int i = 0; i < SETS; i++)
        if (strcmp(name, names[i]) == 0) {
            set = i;
            return true;
        }
    return false;
}

bool machines_are_naive(void)
{
    return set != BUILTIN;
}

void machines_install(struct l2tpha_node *node, bool near)
{
    if (set == NAIVE_BOTH || (set == NAIVE && near))
        naive_install(node);
}

const char *machines_fault(const struct l2tpha_node *node)
{
    return naive_differs(node);
}

/* --- by whose tunnel it is --- */

static bool is_naive(const struct l2tpha_tunnel *tunnel)
{
    return tunnel && !tunnel_is_recovery(tunnel) && naive_runs(tunnel_engine(tunnel));
}

static bool is_naive_call(const struct l2tpha_session *session)
{
    return session && is_naive(session_tunnel(session));
}

int host_session_open(struct l2tpha_tunnel *tunnel, const struct l2tpha_session_options *options,
                      uint64_t now, struct l2tpha_session **session)
{
    return is_naive(tunnel) ? naive_session_open(tunnel, options, now, session)
                            : l2tpha_session_open(tunnel, options, now, session);
}

int host_session_answered(struct l2tpha_session *session,
                          const struct l2tpha_session_options *options, uint64_t now)
{
    return is_naive_call(session) ? naive_session_answered(session, options, now)
                                  : l2tpha_session_answered(session, options, now);
}

int host_session_close(struct l2tpha_session *session, const struct l2tpha_disconnect *why,
                       uint64_t now)
{
    return is_naive_call(session) ? naive_session_close(session, why, now)
                                  : l2tpha_session_close(session, why, now);
}

int host_session_set_link_info(struct l2tpha_session *session, uint32_t send_accm,
                               uint32_t receive_accm, uint64_t now)
{
    return is_naive_call(session)
               ? naive_session_set_link_info(session, send_accm, receive_accm, now)
               : l2tpha_session_set_link_info(session, send_accm, receive_accm, now);
}

int host_session_report_errors(struct l2tpha_session *session,
                               const struct l2tpha_call_errors *totals, uint64_t now)
{
    return is_naive_call(session) ? naive_session_report_errors(session, totals, now)
                                  : l2tpha_session_report_errors(session, totals, now);
}
