/* SPDX-License-Identifier: MIT */
/* A checkpoint is read twice: the first pass (verify.c) finds every fault in it while nothing has
 * changed; the second applies it and can fail for want of room alone. Then half of it is in the
 * table, which is therefore emptied: nobody shall take that for the truth. */
#include "state/replica.h"

#include "base/cold.h"
#include "base/timing.h"
#include "state/digest.h"
#include "state/level.h"
#include "state/queue.h"
#include "state/record.h"
#include "state/replica_private.h"

#include <string.h>

#define NR_AT 10 /* of a control header (RFC 2661 3.1) */

int replica_new(TALLOC_CTX *parent, const struct replica_options *options, struct replica **replica)
{
    struct replica *fresh = talloc_zero(parent, struct replica);
    if (!fresh)
        return L2TPHA_ERR_NOMEM;
    fresh->options = *options;
    fresh->reason = "";
    fresh->epoch = options->epoch;
    int error = verifier_new(fresh, options->table, options->serializer, options->has_state,
                             options->tunnel_ids, options->attached, &fresh->verifier);
    if (!error && options->serializer->room > 0) {
        fresh->room = talloc_size(fresh, options->serializer->room);
        error = fresh->room ? L2TPHA_OK : L2TPHA_ERR_NOMEM;
    }
    if (error) {
        talloc_free(fresh);
        return error;
    }
    *replica = fresh;
    return 0;
}

static void log_cf(const struct replica *replica, const char *text, const char *why)
{
    const struct log *log = replica->options.log;
    if (log && log_wanted(log, L2TPHA_LOG_CF))
        log_line(log, L2TPHA_LOG_CF, 0, 0, "%s: %s, last %llu", text, why,
                 (unsigned long long)replica->last);
}

COLD_PATH static int lose_thread(struct replica *replica, int error, const char *why)
{
    log_cf(replica, "out of sync", why);
    replica->state = REPLICA_OUT_OF_SYNC;
    replica->reason = why;
    return error;
}

/* --- second pass --- */

/* What has come in this copy, or since. A tunnel counts those of its sessions that have, so that at
 * the end of a copy nobody has to look at all of them. */
static void refresh_tunnel(const struct replica *replica, struct tunnel_entry *tunnel)
{
    if (tunnel->generation == replica->generation)
        return;
    tunnel->generation = replica->generation;
    tunnel->refreshed = 0;
}

static void refresh_session(const struct replica *replica, struct session_entry *session)
{
    if (session->generation == replica->generation)
        return;
    session->generation = replica->generation;
    session->tunnel->refreshed += session->tunnel->generation == replica->generation;
}

/* The copy under way has yet to bring it: verify.c has allowed that. */
static bool is_to_come(const struct replica *replica, const struct tunnel_entry *entry)
{
    return replica->state == REPLICA_BULK && (!entry || entry->generation != replica->generation);
}

static void remove_session(struct table *table, struct session_entry *session)
{
    struct tunnel_entry *tunnel = session->tunnel;

    if (session->generation == tunnel->generation && tunnel->refreshed > 0)
        tunnel->refreshed--;
    table_session_remove(table, session);
}

static void apply_gone(struct table *table, const struct l2tpha_gone_record *record)
{
    struct tunnel_entry *tunnel = table_tunnel_find(table, record->tunnel_id);
    struct session_entry *session =
        tunnel ? table_session_find(table, tunnel, record->session_id) : NULL;

    if (session)
        remove_session(table, session);
    else if (tunnel && record->session_id == 0)
        table_tunnel_remove(table, tunnel);
}

/* What the record says of the sessions that are there (docs/checkpoint-format.md): they have ended
 * with the tunnel, or lived through a reset or not. Of one that is copied anew it says no more than
 * the first: they are copied as well, or are what they have to be. */
static void end_missing_sessions(struct table *table, struct tunnel_entry *tunnel,
                                 const struct l2tpha_tunnel_record *record, bool anew)
{
    bool over = record_is_over(record);

    if (!over && (anew || record->resets == tunnel->record.resets))
        return;
    for (struct session_entry *session = tunnel->sessions, *next; session; session = next) {
        next = session->next;
        if (over || !session_outlives_reset(session))
            remove_session(table, session);
        else if (record_resets_data(record) && session_is_numbered(session))
            session->data_ns = 0;
    }
}

static int apply_tunnel(const struct replica *replica, const struct l2tpha_tunnel_record *record)
{
    struct table *table = replica->options.table;
    struct tunnel_entry *entry = table_tunnel_find(table, record->local_id);
    int error;

    if (!entry && !(entry = table_tunnel_add(table, record->local_id, &error)))
        return error;
    end_missing_sessions(table, entry, record, entry->generation != replica->generation);
    table_queue_trim(table, entry, entry->record.ns);
    error = table_tunnel_load(table, entry, record);
    if (error)
        return error;
    entry->record.ns = record->acked; /* moved on by its messages, which follow */
    refresh_tunnel(replica, entry);
    return 0;
}

/* acked is set when the messages are there; they follow. */
static int apply_message(const struct replica *replica, const struct l2tpha_message_record *record)
{
    struct table *table = replica->options.table;
    int error;
    struct buffer *message = buffer_get(table_pool(table), record->bytes.len, &error);
    if (!message)
        return error;
    memcpy(message->data, record->bytes.data, record->bytes.len);
    message->len = (uint32_t)record->bytes.len;
    message->data[NR_AT] = message->data[NR_AT + 1] = 0;
    queue_append(table_tunnel_find(table, record->tunnel_id), message);
    return 0;
}

/* A session left over from before the copy may hold the remote id; it would be swept anyway. */
static void evict_leftover(struct table *table, const struct tunnel_entry *tunnel,
                           const struct l2tpha_session_record *record)
{
    struct session_entry *holder = table_session_find_remote(table, tunnel, record->remote_id);
    if (holder && holder->local_id != record->local_id)
        remove_session(table, holder);
}

static int apply_session(const struct replica *replica, const struct l2tpha_session_record *record)
{
    struct table *table = replica->options.table;
    struct tunnel_entry *tunnel = table_tunnel_find(table, record->tunnel_id);
    int error;

    if (is_to_come(replica, tunnel))
        return 0;
    struct session_entry *entry = table_session_find(table, tunnel, record->local_id);
    if (!entry && !(entry = table_session_add(table, tunnel, record->local_id, &error)))
        return error;
    evict_leftover(table, tunnel, record);
    refresh_session(replica, entry);
    bool changed = entry->state != record->state;
    error = table_session_load(table, entry, record);
    if (!error && changed && replica->options.now)
        entry->since = (uint32_t)(*replica->options.now / US_PER_S);
    return error;
}

static int apply_node(const struct replica *replica, const struct l2tpha_node_record *record)
{
    table_node(replica->options.table)->generation = replica->generation;
    return table_node_load(replica->options.table, record);
}

/* One tunnel's numbers, kept until its messages have been appended. */
struct pending {
    struct tunnel_entry *entry;
    uint16_t acked;
    bool passed; /* the messages that follow are of a tunnel that is passed over */
};

static void finish_pending(const struct replica *replica, struct pending *pending)
{
    if (pending->entry)
        table_queue_trim(replica->options.table, pending->entry, pending->acked);
    pending->entry = NULL;
    pending->passed = false;
}

static void apply_sequence(const struct replica *replica,
                           const struct l2tpha_sequence_record *record, struct pending *pending)
{
    struct tunnel_entry *entry = table_tunnel_find(replica->options.table, record->tunnel_id);

    pending->passed = is_to_come(replica, entry);
    if (pending->passed)
        return;
    pending->entry = entry;
    pending->acked = record->acked;
    entry->record.nr = record->nr;
    refresh_tunnel(replica, entry);
}

static int apply_record(const struct replica *replica, const struct l2tpha_record *record,
                        struct pending *pending)
{
    struct table *table = replica->options.table;

    if (record->kind == L2TPHA_RECORD_UNKNOWN)
        return 0;
    if (record->kind == L2TPHA_RECORD_MESSAGE)
        return pending->passed ? 0 : apply_message(replica, &record->of.message);
    finish_pending(replica, pending);
    switch (record->kind) {
    case L2TPHA_RECORD_GONE:
        apply_gone(table, &record->of.gone);
        return 0;
    case L2TPHA_RECORD_TUNNEL:
        return apply_tunnel(replica, &record->of.tunnel);
    case L2TPHA_RECORD_SESSION:
        return apply_session(replica, &record->of.session);
    case L2TPHA_RECORD_NODE:
        return apply_node(replica, &record->of.node);
    case L2TPHA_RECORD_SEQUENCE:
        apply_sequence(replica, &record->of.sequence, pending);
        return 0;
    default:
        return L2TPHA_ERR_RECORD;
    }
}

static int apply_records(const struct replica *replica, uint32_t level,
                         struct l2tpha_reading *reading)
{
    struct l2tpha_record record;
    struct pending pending = {0};
    int error;

    while (!(error = replica->options.serializer->get_record(reading, &record))) {
        (void)level_take(level, &record);
        if ((error = apply_record(replica, &record, &pending)))
            return error;
    }
    finish_pending(replica, &pending);
    return error == L2TPHA_ERR_NOT_FOUND ? 0 : error;
}

/* --- the stream --- */

static int begin_copy(struct replica *replica, const struct l2tpha_checkpoint_header *header)
{
    replica->epoch = header->epoch;
    replica->copy = header->generation;
    replica->generation++;
    replica->count = replica->digest = replica->part = 0;
    replica->state = REPLICA_BULK;
    replica->reason = "";
    log_cf(replica, "copy", "begins");
    return 0;
}

static int end_copy(struct replica *replica, const struct l2tpha_checkpoint_header *header)
{
    const char *why;

    if (header->count != replica->count || header->digest != replica->digest)
        return lose_thread(replica, L2TPHA_ERR_DIGEST, "copy differs from what was sent");
    int error = verify_copy(replica->verifier, replica->generation, &why);
    if (error) {
        log_cf(replica, "copy refused", why);
        return lose_thread(replica, error, "copy refused");
    }
    table_sweep(replica->options.table, replica->generation);
    replica->state = REPLICA_HOT;
    replica->whole = true;
    log_cf(replica, "copy", "complete");
    return 0;
}

/* What a checkpoint of this kind may be at this moment, aside from its records. */
static int check_turn(struct replica *replica, const struct l2tpha_checkpoint_header *header,
                      bool has_records)
{
    bool of_copy =
        header->kind == L2TPHA_CHECKPOINT_BULK_PART || header->kind == L2TPHA_CHECKPOINT_BULK_END;
    bool increment = header->kind == L2TPHA_CHECKPOINT_INCREMENT;
    bool bare = !increment && header->kind != L2TPHA_CHECKPOINT_BULK_PART;

    if (header->epoch < replica->epoch)
        return L2TPHA_ERR_STALE_EPOCH;
    if (header->number > L2TPHA_CHECKPOINT_NUMBER_MAX)
        return L2TPHA_ERR_RECORD; /* too few would be left for what follows */
    if (bare && has_records)
        return L2TPHA_ERR_RECORD;
    if (header->kind == L2TPHA_CHECKPOINT_BULK_BEGIN)
        return 0;
    if (header->epoch > replica->epoch) {
        replica->epoch = header->epoch;
        return lose_thread(replica, L2TPHA_ERR_GAP, "new epoch without a copy");
    }
    if (header->kind == L2TPHA_CHECKPOINT_ABANDON)
        return 0; /* what was not shipped any more is missing before it */
    if (replica->state == REPLICA_COLD)
        return lose_thread(replica, L2TPHA_ERR_GAP, "no copy yet");
    if (replica->state == REPLICA_OUT_OF_SYNC)
        return L2TPHA_ERR_GAP;
    if (header->number != replica->last + increment) /* nothing else takes a number */
        return lose_thread(replica, L2TPHA_ERR_GAP, "checkpoint missing");
    if (of_copy && (replica->state != REPLICA_BULK || header->generation != replica->copy))
        return L2TPHA_ERR_RECORD;
    if (of_copy && header->part != replica->part + 1)
        return lose_thread(replica, L2TPHA_ERR_GAP, "part of a copy missing");
    if (header->kind == L2TPHA_CHECKPOINT_RESUME &&
        (replica->state == REPLICA_BULK || header->generation != replica->copy))
        return lose_thread(replica, L2TPHA_ERR_GAP, "another copy goes on");
    return 0;
}

static int apply_content(struct replica *replica, const struct l2tpha_checkpoint_header *header,
                         struct l2tpha_reading *reading)
{
    uint64_t count;
    const char *why;
    bool copying = replica->state == REPLICA_BULK;
    bool of_copy = header->kind == L2TPHA_CHECKPOINT_BULK_PART;
    int error = verify_records(replica->verifier, reading, header->level, copying,
                               copying && !of_copy, replica->generation, &count, &why);
    if (error == L2TPHA_ERR_RECORD || error == L2TPHA_ERR_ID_RANGE ||
        error == L2TPHA_ERR_MACHINES || error == L2TPHA_ERR_LEVEL)
        log_cf(replica, "checkpoint refused", why);
    if (error) /* nothing has changed; but its turn has come, and what it says is missing now */
        return lose_thread(replica, error,
                           error == L2TPHA_ERR_NOMEM ? "no room" : "checkpoint refused");
    const struct l2tpha_bytes records = {reading->data, reading->len};
    error = apply_records(replica, header->level, reading);
    if (error) {
        replica_empty(replica);
        return lose_thread(replica, error, "no room");
    }
    verify_applied(replica->verifier);
    if (of_copy) {
        replica->count += count;
        replica->digest = digest_bytes(replica->digest, records.data, records.len);
    }
    return 0;
}

static int apply(struct replica *replica, const uint8_t *data, size_t len,
                 struct l2tpha_checkpoint_header *header)
{
    struct l2tpha_reading reading = {.room = replica->room};

    if (len > L2TPHA_CHECKPOINT_MAX)
        return L2TPHA_ERR_RECORD;
    int error = replica->options.serializer->get_header(data, len, header, &reading);
    if (!error)
        error = check_turn(replica, header, reading.len > 0);
    if (error)
        return error;
    switch (header->kind) {
    case L2TPHA_CHECKPOINT_BULK_BEGIN:
        return begin_copy(replica, header);
    case L2TPHA_CHECKPOINT_BULK_END:
        return end_copy(replica, header);
    case L2TPHA_CHECKPOINT_ABANDON:
        return lose_thread(replica, L2TPHA_OK, "active went on alone");
    case L2TPHA_CHECKPOINT_RESUME:
        replica->state = REPLICA_HOT;
        return L2TPHA_OK;
    default:
        return apply_content(replica, header, &reading);
    }
}

int replica_apply(struct replica *replica, const uint8_t *data, size_t len, uint64_t *number)
{
    struct l2tpha_checkpoint_header header;
    int error = apply(replica, data, len, &header);

    if (error) {
        replica->options.counters->checkpoints_refused++;
        return error;
    }
    replica->options.counters->checkpoints_applied++;
    replica->part += header.kind == L2TPHA_CHECKPOINT_BULK_PART;
    if (header.kind != L2TPHA_CHECKPOINT_ABANDON) /* that tells of more than this replica has */
        replica->last = header.number;
    if (number)
        *number = header.number;
    return 0;
}

bool replica_is_whole(const struct replica *replica)
{
    return replica->whole;
}

void replica_cut(struct replica *replica)
{
    if (replica->state == REPLICA_HOT)
        replica->state = REPLICA_CUT;
}

uint64_t replica_copy(const struct replica *replica)
{
    return replica->state == REPLICA_HOT || replica->state == REPLICA_CUT ? replica->copy : 0;
}

void replica_empty(struct replica *replica)
{
    table_clear(replica->options.table);
    replica->whole = false;
}

enum replica_state replica_state(const struct replica *replica)
{
    return replica->state;
}

const char *replica_reason(const struct replica *replica)
{
    return replica->state == REPLICA_OUT_OF_SYNC ? replica->reason : "";
}

uint64_t replica_epoch(const struct replica *replica)
{
    return replica->epoch;
}

uint64_t replica_last(const struct replica *replica)
{
    return replica->last;
}
