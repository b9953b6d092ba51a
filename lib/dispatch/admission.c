/* SPDX-License-Identifier: MIT */
/* Whether the host takes what a peer asks for. It calls nothing of the node while it is asked. */
#include "dispatch/admission.h"

#include "control/tunnel_policy.h"

#include <string.h>

static void ask(const struct request *request, struct l2tpha_verdict *verdict)
{
    struct engine *engine = request->engine;
    char name[L2TPHA_AVP_VALUE_MAX + 1] = "";
    struct l2tpha_bytes host_name = {0};

    if (l2tpha_message_bytes(&engine->message, L2TPHA_AVP_HOST_NAME, &host_name))
        memcpy(name, host_name.data, host_name.len);
    struct l2tpha_peer peer = {.path = request->path, .name = name, .name_len = host_name.len};
    engine_ask(engine);
    engine->host.admit_tunnel(engine->host.user, &peer, &engine->message, verdict);
    engine_answered(engine);
}

bool request_is_admitted(struct request *request)
{
    struct machine_input *input = &request->input;
    struct l2tpha_verdict verdict = {0};

    if (!request->engine->host.admit_tunnel)
        return true;
    ask(request, &verdict);
    input->result = verdict.result;
    input->error = verdict.error;
    input->reason = verdict.reason;
    request->dropped = verdict.drop;
    if (verdict.result || verdict.drop)
        return false;
    if (policy_check(verdict.policy)) {
        input->result = RESULT_GENERAL;
        input->error = ERROR_RESOURCES;
        input->reason = "failure at this end";
        return false;
    }
    tunnel_take_policy(request->tunnel, verdict.policy);
    return true;
}

void session_ask_host(struct l2tpha_tunnel *tunnel, const struct l2tpha_message *message,
                      struct l2tpha_verdict *verdict)
{
    struct engine *engine = tunnel->engine;

    if (!engine->host.admit_session) {
        if (message->type == L2TPHA_MESSAGE_OCRQ)
            *verdict = (struct l2tpha_verdict){.result = RESULT_PERMANENT,
                                               .reason = "no outgoing calls here"};
        return;
    }
    engine_ask(engine);
    engine->host.admit_session(engine->host.user, tunnel, message, verdict);
    engine_answered(engine);
}
