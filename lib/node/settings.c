/* SPDX-License-Identifier: MIT */
#include "node/settings.h"

#include "control/channel.h"
#include "redundancy/role.h"

#include <l2tpha/failover.h>
#include <l2tpha/policy.h>
#include <string.h>

#define NAME_MAX_BYTES 255
#define HOUR_MS 3600000u
#define DAY_MS (24u * HOUR_MS)
#define ANY UINT32_MAX

/* Texts for people go with L2TPHA_OBSERVE of the build. */
#ifdef L2TPHA_WORDLESS
#define WORDS(words) ""
#else
#define WORDS(words) words
#endif

/* The text stands behind the name: one pointer less in each row. */
#define MEMBER(member, words)                                                                      \
    .name = #member "\0" WORDS(words), .offset = offsetof(struct l2tpha_config, member),           \
    .size = sizeof(((struct l2tpha_config *)NULL)->member)
#define TEXT(member, least, words)                                                                 \
    {                                                                                              \
        MEMBER(member, words), .kind = L2TPHA_SETTING_TEXT, .min = least, .unset = least,          \
                               .max = NAME_MAX_BYTES                                               \
    }
#define FLAG(member, value, words)                                                                 \
    {                                                                                              \
        MEMBER(member, words), .kind = L2TPHA_SETTING_BOOL, .max = 1, .initial = value             \
    }
#define NUMBER(member, least, most, value, of, words)                                              \
    {                                                                                              \
        MEMBER(member, words), .kind = L2TPHA_SETTING_NUMBER, .min = least, .max = most,           \
                               .unset = least, .initial = value, .unit = L2TPHA_UNIT_##of          \
    }
#define NUMBER_OR(member, least, most, other, of, words)                                           \
    {                                                                                              \
        MEMBER(member, words), .kind = L2TPHA_SETTING_NUMBER, .min = least, .max = most,           \
                               .unset = other, .initial = other, .unit = L2TPHA_UNIT_##of          \
    }

/* clang-format off */
static const struct l2tpha_setting settings[] = {
    TEXT(name, 1, "Host Name told to peers"),
    TEXT(vendor_name, 0, "Vendor Name told to peers"),
    NUMBER(firmware, 0, UINT16_MAX, 0, NONE, "Firmware Revision told to peers; 0 = none"),
    NUMBER(framing_caps, 0, 3, 3, NONE, "Framing Capabilities: 1 sync, 2 async"),
    NUMBER(bearer_caps, 0, 3, 0, NONE, "Bearer Capabilities: 1 digital, 2 analog"),
    NUMBER(window, 1, UINT16_MAX, 128, MESSAGES, "receive window told to peers"),
    FLAG(hide_avps, false, "hide what may be hidden"),
    FLAG(tie_breaker, true, "send a Tie Breaker"),
    NUMBER(hello_ms, 0, ANY, 60000, MS, "silence before a HELLO; 0 = none"),
    NUMBER(retransmit_ms, 1, ANY, 1000, MS, "first retransmission, doubled each time"),
    /* RFC 2661 5.8: a cap is never below 8 seconds. */
    NUMBER(retransmit_cap_ms, 8000, ANY, 16000, MS, "longest interval between retransmissions"),
    NUMBER(retries, 1, 100, WIRE_L2TPV2_RETRIES, NONE, "retransmissions before a peer is given up"),
    NUMBER(ack_delay_ms, 0, ANY, 50, MS, "how long an acknowledgement waits for company"),
    NUMBER(setup_ms, 1, ANY, 60000, MS, "half-open tunnels and calls are given up"),
    NUMBER(answer_ms, 1, ANY, 60000, MS, "an outgoing call that the bearer does not answer"),
    NUMBER(idle_ms, 0, ANY, 0, MS, "a tunnel without sessions is closed; 0 = never"),
    NUMBER(max_tunnels, 1, L2TPHA_TUNNELS_MAX, L2TPHA_TUNNELS_MAX, TUNNELS, "tunnels at most"),
    NUMBER(max_half_open, 1, ANY, 4096, TUNNELS, "asked for by peers and not completed"),
    NUMBER(max_half_open_per_source, 0, ANY, 512, TUNNELS,
           "... from one address or IPv6 /64; 0 = no limit of its own"),
    NUMBER(max_sessions, 1, ANY, 1u << 20, SESSIONS, "sessions at most"),
    /* Differences of sequence numbers must stay below 32768. */
    NUMBER(max_queue, CHANNEL_QUEUE_MIN, 32000, 32000, MESSAGES,
           "unacknowledged messages of one tunnel"),
    NUMBER(max_events, 1, ANY, 1u << 20, EVENTS, "events not yet polled"),
    NUMBER(max_checkpoints, 1, ANY, 65536, CHECKPOINTS, "checkpoints not yet confirmed"),
    NUMBER(max_buffer_bytes, ENGINE_LONGEST, ANY, 1u << 30, BYTES,
           "messages, checkpoints and strings"),
    NUMBER(commit, L2TPHA_COMMIT_GATED, L2TPHA_COMMIT_ASYNC, L2TPHA_COMMIT_GATED, NONE,
           "when output may leave: gated, bounded or async"),
    NUMBER(commit_lag_ms, 1, ANY, 50, MS, "bounded: how far outputs may be ahead"),
    NUMBER(resync_packets, 1, L2TPHA_RESYNC_PACKETS_MAX, 8, MESSAGES,
           "of a tunnel ahead of the standby; bounded and async"),
    NUMBER(resync_observe_ms, 1, ANY, 16000, MS,
           "how long a peer is listened to after a takeover from a lagging record"),
    NUMBER(inactivity_ms, 0, DAY_MS, 0, MS,
           "a session not heard after such a takeover is cleared; 0 = never"),
    NUMBER(failover, 0, L2TPHA_FAILOVER_FALLBACK, L2TPHA_FAILOVER_FALLBACK, NONE,
           "how tunnels are recovered"),
    FLAG(ha, true, "protect tunnels at all"),
    FLAG(failover_capability, true, "announce RFC 4951 to peers"),
    NUMBER(recovery_ms, 0, HOUR_MS, 60000, MS,
           "how long peers are asked to wait for a recovery"),
    NUMBER(recovery_max_ms, 0, HOUR_MS, 300000, MS, "how long a peer is waited for at most"),
    NUMBER(recovery_answer_ms, 1, ANY, 10000, MS,
           "a peer that answers no attempt for so long is recovered silently"),
    NUMBER(data_reset_frames, 0, 255, 5, FRAMES,
           "in order but late, after which data numbers are reset; 0 = never"),
    NUMBER(query_ms, 1, HOUR_MS, 10000, MS, "an FSQ that is not answered is repeated"),
    NUMBER(query_tries, 1, 31, 3, NONE, "times that a session is asked about"),
    NUMBER(query, L2TPHA_QUERY_ALL, L2TPHA_QUERY_NONE, L2TPHA_QUERY_ALL, NONE,
           "sessions asked about after a recovery"),
    NUMBER(suspect_ms, 0, ANY, 60000, MS, "suspects: changed so shortly before the failure"),
    NUMBER(commit_timeout_ms, 1, ANY, 200, MS, "standby silent for so long: go on alone"),
    NUMBER(unsure_ms, 1, ANY, 1000, MS,
           "after an absence nothing leaves before the standby is heard, or for so long"),
    NUMBER(fresh_ms, 0, ANY, 10000, MS,
           "how long a standby cut off may still be recovered silently"),
    NUMBER_OR(rank, 0, ROLE_RANK_MAX, L2TPHA_RANK_NONE, NONE, "low bits of this node's epochs"),
    NUMBER(debug, 0, ANY, 0, NONE, "categories that are logged"),
    FLAG(needs_app_state, false, "every new session needs the host's half"),
    FLAG(standby, false, "start as a standby"),
    NUMBER(epoch, 1, ANY, 1, NONE, "of an active at its start"),
    NUMBER_OR(tunnel_id_first, 1, UINT16_MAX, 0, NONE, "ids of tunnels are not below it; 0 = any"),
    NUMBER_OR(tunnel_id_last, 1, UINT16_MAX, 0, NONE, "... nor above this; 0 = any"),
    FLAG(attach, false, "the machines of its tunnels are the host's own"),
    NUMBER(takeover_batch, 1, L2TPHA_TUNNELS_MAX, 256, TUNNELS,
           "restored in one call after a takeover"),
};
/* clang-format on */
#define SETTINGS (sizeof(settings) / sizeof(settings[0]))

const struct l2tpha_setting *l2tpha_settings(size_t *count)
{
    *count = SETTINGS;
    return settings;
}

const char *l2tpha_setting_text(const struct l2tpha_setting *setting)
{
    return strchr(setting->name, '\0') + 1;
}

const char *l2tpha_unit_name(enum l2tpha_unit unit)
{
#ifndef L2TPHA_WORDLESS
    static const char names[][sizeof("checkpoints")] = {
        [L2TPHA_UNIT_MS] = "ms",           [L2TPHA_UNIT_MESSAGES] = "messages",
        [L2TPHA_UNIT_TUNNELS] = "tunnels", [L2TPHA_UNIT_SESSIONS] = "sessions",
        [L2TPHA_UNIT_EVENTS] = "events",   [L2TPHA_UNIT_CHECKPOINTS] = "checkpoints",
        [L2TPHA_UNIT_BYTES] = "bytes",     [L2TPHA_UNIT_FRAMES] = "frames",
    };
    if ((unsigned)unit < sizeof(names) / sizeof(names[0]))
        return names[unit];
#endif
    (void)unit;
    return "";
}

const struct l2tpha_setting *l2tpha_setting_find(const char *name)
{
    for (size_t i = 0; i < SETTINGS; i++)
        if (strcmp(settings[i].name, name) == 0)
            return &settings[i];
    return NULL;
}

static const void *member_of(const struct l2tpha_setting *setting,
                             const struct l2tpha_config *config)
{
    return (const uint8_t *)config + setting->offset;
}

uint64_t l2tpha_setting_get(const struct l2tpha_setting *setting,
                            const struct l2tpha_config *config)
{
    const void *member = member_of(setting, config);

    if (setting->kind == L2TPHA_SETTING_TEXT)
        return 0;
    switch (setting->size) {
    case sizeof(uint8_t):
        return setting->kind == L2TPHA_SETTING_BOOL ? *(const bool *)member
                                                    : *(const uint8_t *)member;
    case sizeof(uint16_t):
        return *(const uint16_t *)member;
    case sizeof(uint32_t):
        return *(const uint32_t *)member;
    default:
        return *(const uint64_t *)member;
    }
}

static bool is_allowed(const struct l2tpha_setting *setting, uint64_t value)
{
    return (value >= setting->min && (value <= setting->max || setting->max == ANY)) ||
           value == setting->unset;
}

static void put(const struct l2tpha_setting *setting, struct l2tpha_config *config, uint64_t value)
{
    void *member = (uint8_t *)config + setting->offset;

    switch (setting->size) {
    case sizeof(uint8_t):
        if (setting->kind == L2TPHA_SETTING_BOOL)
            *(bool *)member = value != 0;
        else
            *(uint8_t *)member = (uint8_t)value;
        break;
    case sizeof(uint16_t):
        *(uint16_t *)member = (uint16_t)value;
        break;
    case sizeof(uint32_t):
        *(uint32_t *)member = (uint32_t)value;
        break;
    default:
        *(uint64_t *)member = value;
        break;
    }
}

static bool fits(const struct l2tpha_setting *setting, uint64_t value)
{
    return setting->size == sizeof(value) || value >> (8 * setting->size) == 0;
}

int l2tpha_setting_set(const struct l2tpha_setting *setting, struct l2tpha_config *config,
                       uint64_t value)
{
    if (setting->kind == L2TPHA_SETTING_TEXT || !is_allowed(setting, value) ||
        !fits(setting, value))
        return L2TPHA_ERR_INVALID;
    put(setting, config, value);
    return L2TPHA_OK;
}

void l2tpha_config_init(struct l2tpha_config *config)
{
    *config = (struct l2tpha_config){.size = sizeof(*config)};
    for (size_t i = 0; i < SETTINGS; i++)
        if (settings[i].kind != L2TPHA_SETTING_TEXT)
            put(&settings[i], config, settings[i].initial);
}

static bool is_good(const struct l2tpha_setting *setting, const struct l2tpha_config *config)
{
    if (setting->kind != L2TPHA_SETTING_TEXT)
        return is_allowed(setting, l2tpha_setting_get(setting, config));
    const char *text = *(const char *const *)member_of(setting, config);
    return text ? strlen(text) >= setting->min && strlen(text) <= setting->max : setting->min == 0;
}

/* Places that are left for ordinary tunnels where the ids of a range are all that there are. */
static uint32_t places_of(const struct l2tpha_config *config)
{
    uint32_t ids = config->tunnel_id_last - config->tunnel_id_first + 1;

    if (!config->tunnel_id_last)
        return L2TPHA_TUNNELS_MAX;
    return ids > ENGINE_RECOVERIES ? ids - ENGINE_RECOVERIES : 0;
}

static const char *refused_range(const struct l2tpha_config *config)
{
    if (config->tunnel_id_first > config->tunnel_id_last ||
        (config->tunnel_id_last && !config->tunnel_id_first))
        return "tunnel_id_first";
    if (places_of(config) == 0)
        return "tunnel_id_last";
    return config->max_tunnels > places_of(config) ? "max_tunnels" : NULL;
}

/* What a host has filled in that knows no HMAC is enough for L2TPv2. */
static bool is_complete(const struct l2tpha_crypto *crypto)
{
    return crypto->size >= offsetof(struct l2tpha_crypto, hmac_md5) && crypto->md5 &&
           crypto->equal && crypto->wipe;
}

const char *settings_refused(const struct l2tpha_config *config)
{
    for (size_t i = 0; i < SETTINGS; i++)
        if (!is_good(&settings[i], config))
            return settings[i].name;
    if (refused_range(config))
        return refused_range(config);
    if (config->retransmit_cap_ms < config->retransmit_ms)
        return "retransmit_cap_ms";
    if (config->crypto && !is_complete(config->crypto))
        return "crypto";
    return config->hide_avps && !config->crypto ? "hide_avps" : NULL;
}
