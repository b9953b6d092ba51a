/* SPDX-License-Identifier: MIT */
#include "dump/filter.h"

#include "base/bits.h"

#include <string.h>

static const char *get_id(const char *text, size_t len, uint32_t *id)
{
    *id = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned digit = (unsigned)(text[i] - '0');
        if (digit > 9 || *id > (UINT32_MAX - digit) / 10)
            return "is no id";
        *id = 10 * *id + digit;
    }
    return *id > 0 ? NULL : "is no id";
}

static const char *take_one(const char *text, size_t len, struct filter *filter)
{
    static const char tunnel[] = "tunnel=", session[] = "session=", peer[] = "peer=";
    if (len > strlen(tunnel) && strncmp(text, tunnel, strlen(tunnel)) == 0)
        return get_id(text + strlen(tunnel), len - strlen(tunnel), &filter->tunnel);
    if (len > strlen(session) && strncmp(text, session, strlen(session)) == 0)
        return get_id(text + strlen(session), len - strlen(session), &filter->session);
    if (len <= strlen(peer) || strncmp(text, peer, strlen(peer)) != 0)
        return "is none of tunnel=ID, session=ID and peer=NAME";
    if (len - strlen(peer) >= sizeof(filter->peer))
        return "has too long a name";
    memcpy(filter->peer, text + strlen(peer), len - strlen(peer));
    filter->peer[len - strlen(peer)] = '\0';
    return NULL;
}

const char *filter_parse(const char *text, struct filter *filter)
{
    const char *why = NULL;
    memset(filter, 0, sizeof(*filter));
    while (*text != '\0' && why == NULL) {
        size_t len = strcspn(text, ",");
        why = take_one(text, len, filter);
        text += len + (text[len] == ',');
    }
    filter->any = true;
    return why;
}

/* Whose the record is; 0 = the node's. */
static uint32_t tunnel_of(const struct l2tpha_record *record)
{
    switch (record->kind) {
    case L2TPHA_RECORD_TUNNEL:
        return record->of.tunnel.local_id;
    case L2TPHA_RECORD_SESSION:
        return record->of.session.tunnel_id;
    case L2TPHA_RECORD_SEQUENCE:
        return record->of.sequence.tunnel_id;
    case L2TPHA_RECORD_MESSAGE:
        return record->of.message.tunnel_id;
    case L2TPHA_RECORD_GONE:
        return record->of.gone.tunnel_id;
    default:
        return 0;
    }
}

static void note_peer(struct filter *filter, const struct l2tpha_tunnel_record *tunnel)
{
    size_t len = strlen(filter->peer);
    if (tunnel->local_id >= FILTER_IDS)
        return;
    bits_drop(filter->peers, tunnel->local_id);
    if (tunnel->peer_name.len == len && memcmp(tunnel->peer_name.data, filter->peer, len) == 0)
        bits_add(filter->peers, tunnel->local_id);
}

/* That a tunnel is gone is about all of its sessions. */
static bool is_of_session(const struct l2tpha_record *record, uint32_t session)
{
    if (record->kind == L2TPHA_RECORD_SESSION)
        return record->of.session.local_id == session;
    return record->kind == L2TPHA_RECORD_GONE &&
           (record->of.gone.session_id == session || record->of.gone.session_id == 0);
}

bool filter_takes(struct filter *filter, const struct l2tpha_record *record)
{
    uint32_t tunnel = tunnel_of(record);
    if (!filter->any)
        return true;
    if (filter->peer[0] != '\0' && record->kind == L2TPHA_RECORD_TUNNEL)
        note_peer(filter, &record->of.tunnel);
    if (tunnel == 0 || (filter->tunnel != 0 && tunnel != filter->tunnel))
        return false;
    if (filter->peer[0] != '\0' && (tunnel >= FILTER_IDS || !bits_has(filter->peers, tunnel)))
        return false;
    return filter->session == 0 || is_of_session(record, filter->session);
}
