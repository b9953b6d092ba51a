/* SPDX-License-Identifier: MIT */
#include "refusal.h"
#include "host.h"
#include "info.h"
#include "pair.h"
#include "stream.h"

#include <errno.h>
#include <string.h>

#define LOG_AGAIN_US 30000000

/* Who accepts knows more of a wrong key than who connects, to whom it says nothing. */
static const char *closed(const struct stream *stream, bool proven)
{
    if (proven)
        return "closed by the other end before its hello";
    return stream->outgoing ? "closed by the other end in the handshake: it does not know this "
                              "key, or has ended"
                            : "closed by the other end in the handshake";
}

static const char *reason_of(const struct stream *stream, int error)
{
    bool proven = stream->seal == NULL || sealed_is_open(stream->seal);
    if (error == ECONNRESET)
        return closed(stream, proven);
    if (error == ETIMEDOUT)
        return proven ? "no hello in time" : "no proof of a key in time";
    if (error == L2TPHA_ERR_SEAL && stream->seal == NULL)
        return "the peer seals its stream, and this node has no key";
    const char *why = sealed_reason(stream->seal);
    return why != NULL ? why : l2tpha_strerror(error);
}

bool refusal_is_sealed(const uint8_t *data, size_t len)
{
    static const uint8_t magic[] = {'L', '2', 'H', 'A'}; /* no frame is so long */
    return len >= sizeof(magic) && memcmp(data, magic, sizeof(magic)) == 0;
}

static bool is_same(const struct refusal *refusal, const char *why, unsigned which)
{
    return refusal->why == why && refusal->which == which;
}

/* Not one that was logged a while ago. */
static bool is_news(struct refusals *refusals, const char *why, unsigned which)
{
    uint64_t now = l2tpha_pair_now();
    struct refusal *place = &refusals->reasons[0];
    for (size_t i = 0; i < REFUSAL_REASONS && !is_same(place, why, which); i++)
        if (is_same(&refusals->reasons[i], why, which) ||
            refusals->reasons[i].logged_at < place->logged_at) /* the oldest, or an empty one */
            place = &refusals->reasons[i];
    if (is_same(place, why, which) && now - place->logged_at < LOG_AGAIN_US)
        return false;
    *place = (struct refusal){.why = why, .which = which, .logged_at = now};
    return true;
}

void refusals_take_connect(struct refusals *refusals, struct l2tpha_pair *pair, unsigned which,
                           int error)
{
    char text[ENDPOINT_TEXT_MAX];
    const char *why = strerror(error);
    refusals->last = why;
    if (is_news(refusals, why, which))
        say(pair, L2TPHA_LOG_RF, "%s %s: %s; trying again", option_name(pair, "--ha-connect"),
            endpoint_text(&pair->others.list[which].endpoint, text), why);
}

/* A standby that holds more than the one that serves has made will not forget it for that. */
static const char *advice(const struct l2tpha_pair *pair, int error)
{
    if (error != L2TPHA_ERR_STALE_EPOCH || !is_standby(pair))
        return "";
    return ": this copy is not of the one that serves; 'takeover' goes on with it, a restart of "
           "this node follows";
}

/* Tried again five times a second, or by anybody: who comes and goes is counted. */
void refusals_take_stream(struct refusals *refusals, const struct stream *stream, int error)
{
    const char *why = reason_of(stream, error);
    bool idle = error > 0 && !stream->outgoing;
    refusals->count++;
    if (stream->taken)
        return;
    refusals->last = why;
    if (!idle && is_news(refusals, why, OTHERS_NONE))
        say(stream->pair, L2TPHA_LOG_RF, "replication link: %s%s", why,
            advice(stream->pair, error));
}

void refusals_clear(struct refusals *refusals)
{
    *refusals = (struct refusals){.count = refusals->count};
}
