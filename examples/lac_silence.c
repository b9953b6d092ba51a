/* SPDX-License-Identifier: MIT */
/* An LNS that does not answer is no event before its tunnel is given up, which takes half a minute:
 * who watches wants to know sooner, and why, if the network says so. */
#include "lac.h"

#include <string.h>

#define FIRST_US 3000000
#define PAUSE_MAX_US 300000000

static uint64_t heard(const struct lac *lac)
{
    const struct l2tpha_counters *counters = l2tpha_counters(lac->app->node);
    return counters->messages_in + counters->zlb_in;
}

void lac_silence_begin(struct lac *lac, uint64_t now)
{
    struct lac_silence *silence = &lac->silence;
    if (silence->since != 0)
        return;
    *silence = (struct lac_silence){now, now + FIRST_US, heard(lac)};
}

void lac_silence_end(struct lac *lac)
{
    if (lac->tunnels_half_open == 0)
        lac->silence.since = 0;
}

static void tell_silence(const struct lac *lac, uint64_t us)
{
    char text[ADDRESS_TEXT_MAX];
    int error = lac->app->udp != NULL ? udp_trouble(lac->app->udp) : 0;
    tell("no answer from %s for %llu s%s%s", address_text(&lac->app->options->connect, text),
         (unsigned long long)us / 1000000, error != 0 ? ": " : "",
         error != 0 ? strerror(error) : "");
}

void lac_silence_look(struct lac *lac, uint64_t now)
{
    struct lac_silence *silence = &lac->silence;
    if (silence->since == 0)
        return;
    if (silence->heard != heard(lac)) {
        silence->since = 0;
        if (lac->tunnels_half_open > 0)
            lac_silence_begin(lac, now);
        return;
    }
    if (now < silence->tell_at)
        return;
    uint64_t pause = now - silence->since;
    tell_silence(lac, pause);
    silence->tell_at = now + (pause < PAUSE_MAX_US ? pause : PAUSE_MAX_US);
}
