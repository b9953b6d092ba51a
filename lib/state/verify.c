/* SPDX-License-Identifier: MIT */
/* Records are checked against the table as it will be when the records before them have been
 * applied. What the checkpoint itself adds and removes is kept in a set of ids, emptied by raising
 * its stamp. Rules (docs/checkpoint-format.md):
 * - gone records come first, so that their ids are free for what follows;
 * - messages directly follow the tunnel or sequence record that they belong to and are exactly
 * those that the queue lacks;
 * - a session comes after its tunnel; nothing is named twice;
 * - states fit together: a session's its machine and its tunnel, a recovery tunnel's the tunnel
 * that it is for. Of those two either may come first, so that is looked at when all is known: at
 * the end of an increment, or of a copy. */
#include "state/verify.h"

#include "base/cursor.h"
#include "state/level.h"
#include "state/record.h"
#include "state/verify_names.h"

#define ATTEMPTS_FIRST 16

struct verifier {
    const struct table *table;
    const struct l2tpha_serializer *serializer;
    session_check has_state;
    struct id_range tunnel_ids; /* no 0 in it */
    bool attached;              /* ordinary tunnels are a daemon's */
    struct names names;
    /* of the current checkpoint */
    bool copying;
    bool passes; /* it may be about what the copy has not brought yet */
    uint32_t generation;
    bool past_gone;
    bool past_node;
    uint32_t tunnel_id;             /* whose messages come next, 0 = nobody's */
    const struct wire_format *wire; /* likewise */
    uint16_t next;                  /* their Ns */
    uint16_t end;
    bool passing;       /* ... of a tunnel that is passed over */
    uint32_t *attempts; /* recovery tunnels to be looked at when all is known */
    uint32_t attempt_count;
    uint32_t attempt_cap;
    const char *why;
};

int verifier_new(TALLOC_CTX *parent, const struct table *table,
                 const struct l2tpha_serializer *serializer, session_check has_state,
                 struct id_range tunnel_ids, bool attached, struct verifier **verifier)
{
    struct verifier *fresh = talloc_zero(parent, struct verifier);
    if (!fresh)
        return L2TPHA_ERR_NOMEM;
    fresh->table = table;
    fresh->serializer = serializer;
    fresh->has_state = has_state;
    fresh->tunnel_ids = tunnel_ids.last ? tunnel_ids : (struct id_range){1, UINT16_MAX};
    fresh->attached = attached;
    fresh->names.owner = fresh;
    *verifier = fresh;
    return 0;
}

/* --- what is there --- */

static void begin(struct verifier *verifier, bool copying, bool passes, uint32_t generation)
{
    names_empty(&verifier->names);
    verifier->copying = copying;
    verifier->passes = passes;
    verifier->passing = false;
    verifier->generation = generation;
    verifier->past_gone = verifier->past_node = false;
    verifier->tunnel_id = 0;
    verifier->attempt_count = 0;
    verifier->why = "malformed record";
}

static int refuse(struct verifier *verifier, const char *why)
{
    verifier->why = why;
    return L2TPHA_ERR_RECORD;
}

static int refuse_range(struct verifier *verifier, const char *why)
{
    verifier->why = why;
    return L2TPHA_ERR_ID_RANGE;
}

/* Something may be named once only. */
static int name(struct verifier *verifier, enum member member, uint32_t tunnel_id, uint32_t id,
                const char *why)
{
    int error = names_add(&verifier->names, member, tunnel_id, id);
    return error == L2TPHA_ERR_EXISTS ? refuse(verifier, why) : error;
}

static bool is_current(const struct verifier *verifier, uint32_t generation)
{
    return !verifier->copying || generation == verifier->generation;
}

/* The tunnel in the table, if it will still be there and is not taken over by a new one. */
static struct tunnel_entry *present(const struct verifier *verifier, uint32_t tunnel_id)
{
    struct tunnel_entry *entry = table_tunnel_find(verifier->table, tunnel_id);
    if (!entry || !is_current(verifier, entry->generation) ||
        names_have(&verifier->names, GONE_TUNNEL, tunnel_id, 0))
        return NULL;
    return entry;
}

static struct standing standing_by(const struct l2tpha_tunnel_record *record)
{
    return (struct standing){record->state, record_wire(record)->version, record->recovers};
}

static struct standing standing_of(const struct verifier *verifier, uint32_t tunnel_id)
{
    if (names_have(&verifier->names, NEW_TUNNEL, tunnel_id, 0))
        return names_find(&verifier->names, NEW_TUNNEL, tunnel_id)->tunnel;
    const struct tunnel_entry *entry = present(verifier, tunnel_id);
    return entry ? standing_by(&entry->record) : (struct standing){.state = L2TPHA_TUNNEL_IDLE};
}

static int name_tunnel(struct verifier *verifier, uint32_t tunnel_id, struct standing standing)
{
    int error = name(verifier, NEW_TUNNEL, tunnel_id, 0, "tunnel named twice");
    if (!error)
        names_find(&verifier->names, NEW_TUNNEL, tunnel_id)->tunnel = standing;
    return error;
}

static int expect_messages(struct verifier *verifier, const struct wire_format *wire,
                           uint32_t tunnel_id, uint16_t from, uint16_t to)
{
    verifier->wire = wire;
    verifier->tunnel_id = tunnel_id;
    verifier->next = from;
    verifier->end = to;
    return 0;
}

/* A copy brings tunnels in its own order, and increments between its parts are the same for all:
 * what one says of a tunnel that has not come yet is in what comes. */
static int pass_over(struct verifier *verifier, uint32_t tunnel_id)
{
    verifier->tunnel_id = tunnel_id;
    verifier->passing = true;
    return name_tunnel(verifier, tunnel_id, (struct standing){.state = L2TPHA_TUNNEL_IDLE});
}

/* All that comes after them: were they all there? */
static int finish_messages(struct verifier *verifier)
{
    if (verifier->tunnel_id != 0 && !verifier->passing && verifier->next != verifier->end)
        return refuse(verifier, "message missing");
    verifier->tunnel_id = 0;
    verifier->passing = false;
    return 0;
}

/* --- recovery tunnels (RFC 4951 3.2.1) --- */

/* What recovers needs something to recover. One that is over may outlive it, and one that was
 * refused may name anything. */
static bool is_attempt(struct standing tunnel)
{
    return tunnel.recovers != 0 && tunnel.state != L2TPHA_TUNNEL_IDLE &&
           tunnel.state <= L2TPHA_TUNNEL_ESTABLISHED;
}

/* In a copy nothing is known before its end, which looks at all of them. */
static int look_at_later(struct verifier *verifier, uint32_t tunnel_id)
{
    if (verifier->copying)
        return 0;
    if (verifier->attempt_count == verifier->attempt_cap) {
        uint32_t cap = verifier->attempt_cap ? verifier->attempt_cap * 2 : ATTEMPTS_FIRST;
        uint32_t *longer = talloc_realloc(verifier, verifier->attempts, uint32_t, cap);
        if (!longer)
            return L2TPHA_ERR_NOMEM;
        verifier->attempts = longer;
        verifier->attempt_cap = cap;
    }
    verifier->attempts[verifier->attempt_count++] = tunnel_id;
    return 0;
}

/* Any other one that recovers the same tunnel. */
static bool has_rival(const struct verifier *verifier, uint32_t tunnel_id, uint32_t old_id)
{
    const struct tunnel_entry *old = present(verifier, old_id);

    if (!old || old->recovered_by == 0 || old->recovered_by == tunnel_id)
        return false;
    struct standing rival = standing_of(verifier, old->recovered_by);
    return is_attempt(rival) && rival.recovers == old_id;
}

/* The old tunnel is an ordinary one that has been established and is not forgotten yet, and there
 * is one attempt at a time. */
static int verify_attempt(struct verifier *verifier, uint32_t tunnel_id)
{
    struct standing attempt = standing_of(verifier, tunnel_id);
    struct standing old = standing_of(verifier, attempt.recovers);

    if (!is_attempt(attempt))
        return 0;
    if (old.state < L2TPHA_TUNNEL_ESTABLISHED || old.recovers != 0)
        return refuse(verifier, "recovery tunnel without its tunnel");
    if (has_rival(verifier, tunnel_id, attempt.recovers))
        return refuse(verifier, "tunnel recovered twice");
    return 0;
}

static int verify_attempts(struct verifier *verifier)
{
    for (uint32_t i = 0; i < verifier->attempt_count; i++) {
        uint32_t id = verifier->attempts[i];
        struct standing attempt = standing_of(verifier, id);
        int error = verify_attempt(verifier, id);
        if (error)
            return error;
        if (!is_attempt(attempt))
            continue;
        error = names_add(&verifier->names, RECOVERED, attempt.recovers, 0);
        if (error && error != L2TPHA_ERR_EXISTS)
            return error;
        struct slot *recovered = names_find(&verifier->names, RECOVERED, attempt.recovers);
        if (error && recovered->by != id)
            return refuse(verifier, "tunnel recovered twice");
        recovered->by = id;
    }
    return 0;
}

static void note_attempt(const struct verifier *verifier, const struct tunnel_entry *attempt)
{
    struct tunnel_entry *old = table_tunnel_find(verifier->table, attempt->record.recovers);
    if (old)
        old->recovered_by = attempt->record.local_id;
}

static bool recovers_now(const struct tunnel_entry *entry)
{
    return is_attempt(standing_by(&entry->record));
}

void verify_applied(const struct verifier *verifier)
{
    for (uint32_t i = 0; i < verifier->attempt_count; i++) {
        const struct tunnel_entry *entry =
            table_tunnel_find(verifier->table, verifier->attempts[i]);
        if (entry && recovers_now(entry))
            note_attempt(verifier, entry);
    }
}

int verify_copy(struct verifier *verifier, uint32_t generation, const char **why)
{
    struct tunnel_entry *entry;
    uint32_t place = 0;
    int error = 0;

    begin(verifier, true, false, generation);
    while ((entry = table_tunnel_next(verifier->table, &place)))
        entry->recovered_by = 0;
    place = 0;
    while (!error && (entry = table_tunnel_next(verifier->table, &place))) {
        if (entry->generation != generation || !recovers_now(entry))
            continue;
        error = verify_attempt(verifier, entry->record.local_id);
        note_attempt(verifier, entry);
    }
    *why = verifier->why;
    return error;
}

/* --- one record --- */

static int verify_gone(struct verifier *verifier, const struct l2tpha_gone_record *record)
{
    const struct tunnel_entry *entry = table_tunnel_find(verifier->table, record->tunnel_id);

    if (verifier->past_gone)
        return refuse(verifier, "gone record not in front");
    int error = names_add(&verifier->names, record->session_id ? GONE_SESSION : GONE_TUNNEL,
                          record->tunnel_id, record->session_id);
    if (error)
        return error == L2TPHA_ERR_EXISTS ? 0 : error; /* an id may come and go twice */
    return record->session_id == 0 && entry && entry->recovered_by
               ? look_at_later(verifier, entry->recovered_by)
               : 0;
}

/* The states of a tunnel are in the order in which it goes through them. */
static const char *fault_of_tunnel(const struct l2tpha_tunnel_record *record,
                                   const struct tunnel_entry *held)
{
    uint32_t id_max = record_wire(record)->tunnel_id_max;

    if (record->local_id > id_max || record->remote_id > id_max)
        return "tunnel id that no message can carry";
    if (record->state == L2TPHA_TUNNEL_IDLE)
        return "tunnel that is idle";
    if (held && record->state < held->record.state)
        return "tunnel state runs backwards";
    if (held && record->recovers != held->record.recovers)
        return "tunnel changes what it recovers";
    if ((uint16_t)(record->ns - record->acked) >= 0x8000)
        return "sequence numbers too far apart";
    return NULL;
}

/* Whoever takes it over would not know what its messages mean. */
static bool is_own_machines(const struct verifier *verifier,
                            const struct l2tpha_tunnel_record *record)
{
    bool attached = record->flags & L2TPHA_TUNNEL_ATTACHED;

    return record->recovers || attached == verifier->attached;
}

static int verify_tunnel(struct verifier *verifier, const struct l2tpha_tunnel_record *record)
{
    const struct standing standing = standing_by(record);
    const struct tunnel_entry *held = present(verifier, record->local_id);
    const char *fault = fault_of_tunnel(record, held);

    if (fault)
        return refuse(verifier, fault);
    if (record->local_id < verifier->tunnel_ids.first ||
        record->local_id > verifier->tunnel_ids.last)
        return refuse_range(verifier, "tunnel id outside this node's range");
    if (!is_own_machines(verifier, record)) {
        verifier->why = "a tunnel of other machines";
        return L2TPHA_ERR_MACHINES;
    }
    int error = name_tunnel(verifier, record->local_id, standing);
    if (!error && held && record->resets != held->record.resets)
        error = names_add(&verifier->names, RESET_TUNNEL, record->local_id, 0);
    if (!error && is_attempt(standing))
        error = look_at_later(verifier, record->local_id);
    return error ? error
                 : expect_messages(verifier, record_wire(record), record->local_id, record->acked,
                                   record->ns);
}

static int verify_sequence(struct verifier *verifier, const struct l2tpha_sequence_record *record)
{
    const struct tunnel_entry *entry = present(verifier, record->tunnel_id);
    if (!entry)
        return verifier->passes ? pass_over(verifier, record->tunnel_id)
                                : refuse(verifier, "sequence without tunnel");
    uint16_t all = (uint16_t)(record->ns - entry->record.acked);
    uint16_t gone = (uint16_t)(record->acked - entry->record.acked);
    uint16_t held = (uint16_t)(entry->record.ns - entry->record.acked);
    if (all >= 0x8000 || gone > all || held > all)
        return refuse(verifier, "sequence numbers run backwards");
    int error = name_tunnel(verifier, record->tunnel_id, standing_of(verifier, record->tunnel_id));
    return error ? error
                 : expect_messages(verifier, record_wire(&entry->record), record->tunnel_id,
                                   entry->record.ns, record->ns);
}

static int verify_message(struct verifier *verifier, const struct l2tpha_message_record *record)
{
    if (verifier->passing && record->tunnel_id == verifier->tunnel_id)
        return 0;
    if (record->tunnel_id != verifier->tunnel_id || verifier->next == verifier->end ||
        record->ns != verifier->next)
        return refuse(verifier, "message out of turn");
    if (wire_ns(verifier->wire, record->bytes.data) != record->ns)
        return refuse(verifier, "message with another Ns");
    verifier->next++;
    return 0;
}

/* The session that has this remote id now, unless it is on its way out. */
static bool remote_is_taken(const struct verifier *verifier, const struct tunnel_entry *tunnel,
                            const struct l2tpha_session_record *record)
{
    const struct session_entry *holder =
        table_session_find_remote(verifier->table, tunnel, record->remote_id);
    return holder && holder->local_id != record->local_id &&
           is_current(verifier, holder->generation) &&
           !names_have(&verifier->names, GONE_SESSION, record->tunnel_id, holder->local_id) &&
           (session_outlives_reset(holder) ||
            !names_have(&verifier->names, RESET_TUNNEL, record->tunnel_id, 0));
}

/* A call waits for its tunnel or is one of an established tunnel; recovery tunnels have none, and
 * those of a tunnel that closes are gone (RFC 2661 5.7, RFC 4951 3.2.1). */
static bool may_hold(struct standing tunnel, uint8_t session_state)
{
    return tunnel.recovers == 0 && tunnel.state <= L2TPHA_TUNNEL_ESTABLISHED &&
           (tunnel.state == L2TPHA_TUNNEL_ESTABLISHED ||
            session_state == L2TPHA_SESSION_WAIT_TUNNEL);
}

static const char *fault_of_session(const struct verifier *verifier,
                                    const struct l2tpha_session_record *record)
{
    struct standing tunnel = standing_of(verifier, record->tunnel_id);
    uint32_t id_max = wire_of_version(tunnel.version)->session_id_max;

    if (tunnel.state == L2TPHA_TUNNEL_IDLE)
        return "session without tunnel";
    if (record->local_id > id_max || record->remote_id > id_max)
        return "session id that no message can carry";
    if (!session_fits(record))
        return "session numbers beyond L2TPv2";
    if (record->state == L2TPHA_SESSION_IDLE ||
        !verifier->has_state(record->side, record->call, record->state))
        return "session state unknown to its machine";
    if (!may_hold(tunnel, record->state))
        return "session state improper for its tunnel";
    return NULL;
}

static int verify_session(struct verifier *verifier, const struct l2tpha_session_record *record)
{
    const struct tunnel_entry *tunnel = present(verifier, record->tunnel_id);
    bool passing =
        verifier->passes && standing_of(verifier, record->tunnel_id).state == L2TPHA_TUNNEL_IDLE;
    const char *fault = passing ? NULL : fault_of_session(verifier, record);

    if (fault)
        return refuse(verifier, fault);
    int error =
        name(verifier, NEW_SESSION, record->tunnel_id, record->local_id, "session named twice");
    if (error || passing || record->remote_id == 0)
        return error;
    if (tunnel && remote_is_taken(verifier, tunnel, record))
        return refuse(verifier, "remote session id is taken");
    return name(verifier, NEW_REMOTE, record->tunnel_id, record->remote_id,
                "remote session id is taken");
}

/* Which ids come next is told as a place in the order of a range. And whoever leads datagrams to
 * one of several nodes by their tunnel ids would lead those of another range elsewhere. */
static bool is_own_range(const struct verifier *verifier, const struct l2tpha_node_record *record)
{
    struct id_range own = verifier->tunnel_ids;

    if (!get_u64(record->tunnel_key)) /* it says nothing */
        return true;
    if (!record->tunnel_id_last)
        return own.first == 1 && own.last == UINT16_MAX;
    return record->tunnel_id_first == own.first && record->tunnel_id_last == own.last;
}

static int verify_node(struct verifier *verifier, const struct l2tpha_node_record *record)
{
    if (!is_own_range(verifier, record))
        return refuse_range(verifier, "another range of tunnel ids");
    if (record->level > L2TPHA_LEVEL) {
        verifier->why = "a level in force that this release has not";
        return L2TPHA_ERR_LEVEL;
    }
    if (verifier->past_node)
        return refuse(verifier, "node named twice");
    verifier->past_node = true;
    return 0;
}

static int verify_record(struct verifier *verifier, const struct l2tpha_record *record)
{
    if (record->kind == L2TPHA_RECORD_UNKNOWN)
        return 0;
    if (record->kind == L2TPHA_RECORD_MESSAGE)
        return verify_message(verifier, &record->of.message);
    int error = finish_messages(verifier);
    if (error)
        return error;
    if (record->kind == L2TPHA_RECORD_GONE)
        return verify_gone(verifier, &record->of.gone);
    verifier->past_gone = true;
    switch (record->kind) {
    case L2TPHA_RECORD_TUNNEL:
        return verify_tunnel(verifier, &record->of.tunnel);
    case L2TPHA_RECORD_SEQUENCE:
        return verify_sequence(verifier, &record->of.sequence);
    case L2TPHA_RECORD_SESSION:
        return verify_session(verifier, &record->of.session);
    case L2TPHA_RECORD_NODE:
        return verify_node(verifier, &record->of.node);
    default:
        return refuse(verifier, "unknown record");
    }
}

int verify_records(struct verifier *verifier, const struct l2tpha_reading *from, uint32_t level,
                   bool copying, bool passes, uint32_t generation, uint64_t *count,
                   const char **why)
{
    struct l2tpha_reading reading = *from;
    struct l2tpha_record record;
    int error = 0;

    begin(verifier, copying, passes, generation);
    *count = 0;
    while (!error && !(error = verifier->serializer->get_record(&reading, &record))) {
        ++*count;
        if (level_take(level, &record))
            error = verify_record(verifier, &record);
        else
            error = refuse(verifier, "a field that is not so");
    }
    if (error == L2TPHA_ERR_NOT_FOUND)
        error = finish_messages(verifier);
    if (!error)
        error = verify_attempts(verifier);
    *why = verifier->why;
    return error;
}
