/* SPDX-License-Identifier: MIT */
#include "dump/diff.h"

#include "base/serial.h"
#include "dump/text.h"

#include <string.h>

#define LABEL_MAX 64

/* May lag by design, l2tpha/record.h. */
static const char *const lagging[] = {"acked", "data_nr"};

static bool may_lag(const struct json_field *field)
{
    for (size_t i = 0; i < sizeof(lagging) / sizeof(lagging[0]); i++)
        if (strcmp(field->name, lagging[i]) == 0)
            return true;
    return false;
}

static bool same_bytes(struct l2tpha_bytes a, struct l2tpha_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static bool same_field(const struct json_field *field, const void *a, const void *b)
{
    const void *at = (const uint8_t *)a + field->offset;
    const void *other = (const uint8_t *)b + field->offset;
    if (json_has_number(field))
        return json_number_at(field, at) == json_number_at(field, other);
    return same_bytes(json_string_at(field, at), json_string_at(field, other));
}

static void tell(struct diff *diff, const char *label, const char *what)
{
    fprintf(diff->out, "%s: %s\n", label, what);
    diff->lines++;
}

static void tell_only(struct diff *diff, const char *label, unsigned which)
{
    fprintf(diff->out, "%s: only in %s\n", label, diff->names[which]);
    diff->lines++;
}

static void compare(struct diff *diff, const char *label, const struct l2tpha_record *a,
                    const struct l2tpha_record *b)
{
    const struct json_kind *kind = json_kind((uint32_t)a->kind);
    struct l2tpha_bytes unknown[2];
    for (size_t i = kind->count; i-- > 0;) {
        const struct json_field *field = &kind->fields[i];
        if (may_lag(field) || same_field(field, &a->of, &b->of))
            continue;
        fprintf(diff->out, "%s: %s: ", label, field->name);
        text_value(kind, field, &a->of, diff->secrets, diff->out);
        fputs(" / ", diff->out);
        text_value(kind, field, &b->of, diff->secrets, diff->out);
        fputc('\n', diff->out);
        diff->lines++;
    }
    memcpy(&unknown[0], (const uint8_t *)&a->of + kind->unknown, sizeof(unknown[0]));
    memcpy(&unknown[1], (const uint8_t *)&b->of + kind->unknown, sizeof(unknown[1]));
    if (!same_bytes(unknown[0], unknown[1]))
        tell(diff, label, "fields that this release does not know differ");
}

/* --- tunnels --- */

/* Those that both have, from where both are. */
static void compare_messages(struct diff *diff, const char *label,
                             const struct l2tpha_tunnel_record *a,
                             const struct l2tpha_tunnel_record *b)
{
    const struct queued *one = queues_first(diff->states[0]->queues, a);
    const struct queued *other = queues_first(diff->states[1]->queues, b);
    while (one != NULL && other != NULL) {
        if (serial_before(one->ns, other->ns)) {
            one = one->next;
        } else if (serial_before(other->ns, one->ns)) {
            other = other->next;
        } else {
            if (one->len != other->len || memcmp(one->data, other->data, one->len) != 0) {
                fprintf(diff->out, "%s: message %u differs\n", label, one->ns);
                diff->lines++;
            }
            one = one->next;
            other = other->next;
        }
    }
}

static void compare_tunnels(struct diff *diff, const struct l2tpha_record *a,
                            const struct l2tpha_record *b)
{
    char label[LABEL_MAX];
    bool wanted = a != NULL && filter_takes(diff->filter, a);
    wanted = (b != NULL && filter_takes(diff->filter, b)) || wanted;
    if (!wanted)
        return;
    snprintf(label, sizeof(label), "tunnel %u", (a != NULL ? a : b)->of.tunnel.local_id);
    if (a == NULL || b == NULL) {
        tell_only(diff, label, a == NULL);
        return;
    }
    compare(diff, label, a, b);
    compare_messages(diff, label, &a->of.tunnel, &b->of.tunnel);
}

/* UINT64_MAX behind the last one. */
static uint64_t tunnel_key(const struct state *state, uint32_t i)
{
    return i < state->tunnel_count ? l2tpha_tunnel_id(state->tunnels[i]) : UINT64_MAX;
}

static void tunnel_at(const struct state *state, uint32_t i, struct l2tpha_record *record)
{
    state_tunnel(state->tunnels[i], record);
}

/* --- sessions --- */

static void compare_sessions(struct diff *diff, const struct l2tpha_record *a,
                             const struct l2tpha_record *b)
{
    const struct l2tpha_session_record *any = a != NULL ? &a->of.session : &b->of.session;
    char label[LABEL_MAX];
    if (!filter_takes(diff->filter, a != NULL ? a : b))
        return;
    snprintf(label, sizeof(label), "tunnel %u session %u", any->tunnel_id, any->local_id);
    if (a == NULL || b == NULL)
        tell_only(diff, label, a == NULL);
    else
        compare(diff, label, a, b);
}

static uint64_t session_key(const struct state *state, uint32_t i)
{
    return i < state->session_count ? state_session_key(state->sessions[i]) : UINT64_MAX;
}

static void session_at(const struct state *state, uint32_t i, struct l2tpha_record *record)
{
    state_session(state->sessions[i], record);
}

/* --- all --- */

/* What both states have in one order. */
struct walk {
    uint64_t (*key)(const struct state *state, uint32_t i);
    void (*at)(const struct state *state, uint32_t i, struct l2tpha_record *record);
    /* NULL = that one has none. */
    void (*compare)(struct diff *diff, const struct l2tpha_record *a,
                    const struct l2tpha_record *b);
};

static void walk(struct diff *diff, const struct walk *kind)
{
    struct l2tpha_record records[2];
    uint64_t keys[2], first;
    uint32_t next[2] = {0, 0};
    for (;;) {
        for (unsigned i = 0; i < 2; i++)
            keys[i] = kind->key(diff->states[i], next[i]);
        first = keys[0] < keys[1] ? keys[0] : keys[1];
        if (first == UINT64_MAX)
            return;
        for (unsigned i = 0; i < 2; i++)
            if (keys[i] == first)
                kind->at(diff->states[i], next[i]++, &records[i]);
        kind->compare(diff, keys[0] == first ? &records[0] : NULL,
                      keys[1] == first ? &records[1] : NULL);
    }
}

static void compare_nodes(struct diff *diff)
{
    struct l2tpha_record records[2];
    bool has[2];
    for (unsigned i = 0; i < 2; i++) {
        records[i].kind = L2TPHA_RECORD_NODE;
        records[i].of.node = diff->states[i]->queues->node;
        has[i] = diff->states[i]->queues->has_node;
    }
    if (diff->filter->any || (!has[0] && !has[1]))
        return;
    if (has[0] && has[1])
        compare(diff, "node", &records[0], &records[1]);
    else
        tell_only(diff, "node", !has[0]);
}

void diff_states(struct diff *diff)
{
    static const struct walk tunnels = {tunnel_key, tunnel_at, compare_tunnels},
                             sessions = {session_key, session_at, compare_sessions};

    compare_nodes(diff);
    walk(diff, &tunnels);
    walk(diff, &sessions);
}
