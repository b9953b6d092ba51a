/* SPDX-License-Identifier: MIT */
/* Data messages: RFC 2661 3.1 and 5.4. Numbers are leased ahead in the replicated record, so that
 * no takeover uses one twice and no frame costs a checkpoint. One that the standby does not know of
 * is not used; a lease is renewed early enough for that not to be noticed. */
#include "dispatch/data.h"

#include "base/assert.h"
#include "base/serial.h"
#include "control/find.h"
#include "control/resync.h"
#include "control/transaction.h"
#include "dispatch/begin.h"
#include "failover/takeover.h"

#define LEASE_LEFT 512 /* taken anew when fewer are left */

static int find(struct engine *engine, const struct l2tpha_path *path,
                const struct l2tpha_header *header, struct l2tpha_session **session)
{
    struct l2tpha_tunnel *tunnel = engine_tunnel_find(engine, header->tunnel_id);
    struct session_entry *entry = NULL;

    if (tunnel && address_is(&tunnel->entry.record.path.remote, &path->remote))
        tunnel = engine_wake(engine, tunnel);
    if (tunnel)
        entry = table_session_find(engine->table, &tunnel->entry, header->session_id);
    *session = entry ? session_of(entry) : NULL;
    if (!*session) {
        engine->counters.data_unknown++;
        if (tunnel && address_is(&tunnel->entry.record.path.remote, &path->remote))
            tunnel_end_orphan(tunnel, header->session_id, 0);
        return L2TPHA_ERR_NOT_OURS;
    }
    if (!address_is(&tunnel->entry.record.path.remote, &path->remote)) {
        engine->counters.wrong_peer++;
        return L2TPHA_ERR_WRONG_PEER;
    }
    if ((*session)->entry.state == L2TPHA_SESSION_ESTABLISHED)
        return L2TPHA_OK;
    engine->counters.data_unknown++;
    return L2TPHA_ERR_STATE;
}

static bool is_short_of_numbers(const struct session_entry *entry)
{
    return (uint16_t)(entry->data_ns - entry->sent_ns) < LEASE_LEFT;
}

/* RFC 2661 5.4: the LAC follows the LNS, unless Sequencing Required has fixed it. The LNS keeps
 * to its own; that the LAC numbers counts when one of them fails (RFC 4951 3.2.3). */
static void follow(struct engine *engine, struct l2tpha_session *session, bool sequenced)
{
    struct session_entry *entry = &session->entry;
    bool is_lac = entry->side == L2TPHA_LAC;
    uint8_t flag = is_lac ? L2TPHA_SESSION_SEQUENCING : L2TPHA_SESSION_PEER_SEQUENCING;
    bool now = entry->flags & flag;

    if (entry->flags & L2TPHA_SESSION_SEQUENCING_REQUIRED || now == sequenced)
        return;
    entry->flags ^= flag;
    if (is_lac && sequenced && is_short_of_numbers(entry))
        session_lease_numbers(session);
    ledger_mark_session(engine->ledger, entry);
    engine_commit(engine);
}

/* RFC 4951 3.2.3, RFC 3931 appendix C: a peer that has failed begins at 0 again. So many late
 * frames in a row, each the successor of the one before and none in its turn among them, say so;
 * they are dropped, and the next one is in its turn. Frames that are merely late skip about, come
 * twice, or come between others that are not late. Should a burst of them look the same, those
 * behind it are not late once more, and nothing is lost. */
static void count_late(struct engine *engine, struct l2tpha_session *session, uint16_t ns)
{
    uint16_t enough = engine->config.data_reset_frames;

    if (session->connecting) /* the peer cannot send yet */
        return;
    session->entry.late_count = session->entry.late_count && ns == session->late_next
                                    ? (uint8_t)(session->entry.late_count + 1)
                                    : 1;
    session->late_next = (uint16_t)(ns + 1);
    if (enough == 0 || session->entry.late_count < enough)
        return;
    session->entry.late_count = 0;
    session->entry.data_nr = session->late_next;
    engine->counters.data_resets++;
    log_line(&engine->log, L2TPHA_LOG_RESYNC, session->entry.tunnel->record.local_id,
             session->entry.local_id, "data numbers go on at %u", session->late_next);
}

static int take_number(struct engine *engine, struct l2tpha_session *session,
                       const struct l2tpha_header *header)
{
    if (!header->has_sequence)
        return L2TPHA_OK;
    if (serial_before(header->ns, session->entry.data_nr)) {
        engine->counters.data_late++;
        count_late(engine, session, header->ns);
        return L2TPHA_ERR_SEQUENCE;
    }
    session->entry.late_count = 0;
    session->entry.data_nr = (uint16_t)(header->ns + 1);
    return L2TPHA_OK;
}

static int decode(struct engine *engine, const uint8_t *data, size_t len,
                  struct l2tpha_header *header)
{
    int error = wire_header_decode(data, len, header);

    if (!error && header->control)
        error = L2TPHA_ERR_INVALID;
    else if (error == L2TPHA_ERR_VERSION)
        engine->counters.bad_version++;
    else if (error)
        engine->counters.bad_header++;
    return error;
}

int engine_data_receive(struct engine *engine, const struct l2tpha_path *path, const uint8_t *data,
                        size_t len, struct l2tpha_frame *frame)
{
    struct l2tpha_header header;
    struct l2tpha_session *session;

    if (!engine->serving) {
        engine->counters.fenced_drops++;
        return L2TPHA_ERR_ROLE;
    }
    int error = decode(engine, data, len, &header);
    if (!error)
        error = find(engine, path, &header, &session);
    if (error)
        return error;
    tunnel_heard(session_tunnel(session));
    session->unheard = false;
    error = take_number(engine, session, &header);
    if (error)
        return error;
    follow(engine, session, header.has_sequence);
    engine->counters.data_in++;
    *frame = (struct l2tpha_frame){.session = session,
                                   .payload = data + header.header_len,
                                   .len = header.length - header.header_len,
                                   .priority = header.priority,
                                   .sequenced = header.has_sequence,
                                   .ns = header.ns};
    return L2TPHA_OK;
}

/* Without a standby that outputs wait for, everything is confirmed. */
static void take_lease(const struct engine *engine, struct l2tpha_session *session)
{
    if (session->lease_end == session->entry.data_ns)
        return;
    if (ledger_mode(engine->ledger) != LEDGER_GATED ||
        (int32_t)((uint32_t)ledger_known(engine->ledger) - session->lease_number) >= 0)
        session->lease_end = session->entry.data_ns;
}

static int next_number(struct engine *engine, struct l2tpha_session *session, uint16_t *number)
{
    struct session_entry *entry = &session->entry;

    ASSERT(&engine->log, serial_in_order(entry->sent_ns, session->lease_end, entry->data_ns));
    take_lease(engine, session);
    if (is_short_of_numbers(entry)) {
        session_lease_numbers(session);
        engine_commit(engine);
        take_lease(engine, session);
        ASSERT(&engine->log, !is_short_of_numbers(entry));
    }
    if (entry->sent_ns == session->lease_end) {
        engine->counters.data_unconfirmed++;
        return L2TPHA_ERR_UNCONFIRMED;
    }
    *number = entry->sent_ns++;
    return L2TPHA_OK;
}

/* RFC 2661 5: the session is established before frames are tunneled, and for the peer it is so by
 * our ICCN or OCCN, which may wait for the standby or for the window. */
static bool may_carry(struct l2tpha_session *session)
{
    const struct channel *channel = &session_tunnel(session)->channel;

    if (session->entry.state != L2TPHA_SESSION_ESTABLISHED)
        return false;
    if (session->connecting && serial_after(channel->sent_ns, session->connect_ns))
        session->connecting = false;
    return !session->connecting;
}

int l2tpha_data_send(struct l2tpha_session *session, size_t len, bool priority,
                     uint8_t header[L2TPHA_DATA_HEADER_MAX], size_t *header_len,
                     const struct l2tpha_path **path, uint64_t now)
{
    int error = session_begin_own(session, now);
    if (error)
        return error;
    struct l2tpha_tunnel *tunnel = session_tunnel(session);
    bool sequenced = session->entry.flags & L2TPHA_SESSION_SEQUENCING;
    const struct wire_format *wire = record_wire(&tunnel->entry.record);
    size_t total = wire->data_header_len + (sequenced ? wire->data_sequence_len : 0u) + len;
    struct l2tpha_header out = {.has_length = true,
                                .has_sequence = sequenced,
                                .priority = priority,
                                .version = wire->version,
                                .length = (uint16_t)total,
                                .tunnel_id = tunnel->entry.record.remote_id,
                                .session_id = session->entry.remote_id};
    if (len > L2TPHA_DATAGRAM_MAX || total > L2TPHA_DATAGRAM_MAX)
        return L2TPHA_ERR_INVALID;
    if (!may_carry(session))
        return L2TPHA_ERR_STATE;
    if (engine_is_unsure(tunnel->engine)) {
        tunnel->engine->counters.unsure_drops++;
        return L2TPHA_ERR_UNCONFIRMED;
    }
    if (sequenced)
        error = next_number(tunnel->engine, session, &out.ns);
    if (error)
        return error;
    error = wire->encode(&out, header, L2TPHA_DATA_HEADER_MAX, header_len);
    if (error)
        return error;
    tunnel->engine->counters.data_out++;
    *path = &tunnel->entry.record.path;
    return L2TPHA_OK;
}
