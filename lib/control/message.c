/* SPDX-License-Identifier: MIT */
/* A received message: what is hidden in it, and what is wrong with it. */
#include "control/message.h"

#include "codec/avp.h"
#include "control/machine.h"

void fault_say(const struct l2tpha_decode_fault *fault, char *text, size_t cap, uint16_t *result,
               uint16_t *error)
{
    l2tpha_fault_text(fault, text, cap);
    *result = RESULT_GENERAL;
    *error = l2tpha_fault_general_error(fault);
}

/* Decoding goes on behind a fault, so unhiding does too: an answer needs the other AVPs. */
void message_finish(struct engine *engine, const struct l2tpha_hiding *hiding,
                    struct l2tpha_decode_fault *fault)
{
    struct l2tpha_message *message = &engine->message;
    struct l2tpha_decode_fault later = {0};
    struct l2tpha_decode_fault *into = fault->error ? &later : fault;

    if (message->hidden)
        l2tpha_message_unhide(message, hiding, engine->scratch, engine->scratch_size, into);
    if (!fault->error && l2tpha_message_is_known(message->type))
        l2tpha_message_check(message, fault);
}

void message_note(const struct l2tpha_tunnel *tunnel, const struct l2tpha_decode_fault *fault)
{
    struct engine *engine = tunnel->engine;
    const struct l2tpha_message *message = &engine->message;
    uint32_t id = tunnel->entry.record.local_id;
    char text[MACHINE_TEXT];

    log_line(&engine->log, L2TPHA_LOG_DETAIL, id, message->header.session_id, "receives %s",
             l2tpha_message_name(message->type));
    if (message->ignored) {
        engine->counters.ignored_avp += message->ignored;
        l2tpha_fault_text(&message->ignored_first, text, sizeof(text));
        log_line(&engine->log, L2TPHA_LOG_ERROR, id, message->header.session_id, "ignored: %s",
                 text);
    }
    if (fault->error) {
        engine->counters.bad_avp++;
        l2tpha_fault_text(fault, text, sizeof(text));
        log_line(&engine->log, L2TPHA_LOG_ERROR, id, message->header.session_id, "%s refused: %s",
                 l2tpha_message_name(message->type), text);
    }
}

void message_note_unknown(const struct l2tpha_tunnel *tunnel)
{
    tunnel->engine->counters.unknown_message++;
}

void message_done(struct engine *engine)
{
    const struct l2tpha_crypto *crypto = engine->config.crypto;
    const struct l2tpha_message *message = &engine->message;

    if (crypto && message->body == engine->scratch)
        crypto->wipe(crypto->user, engine->scratch, message->body_len);
}

bool avp_is_written(const struct l2tpha_message *message, uint16_t type, struct l2tpha_avp *avp)
{
    struct avp_walk walk = avp_walk_over(message->body, message->body_len);

    while (avp_next(&walk, avp))
        if (avp->vendor == 0 && avp->type == type)
            return true;
    return false;
}
