/* SPDX-License-Identifier: MIT */
/* The judge. It knows what has been let out, of every tunnel the newest Ns and Nr, and what each
 * node holds. */
#include "sim/reign.h"

#include <string.h>

#define STANDS_FOR (1300 * MS) /* a standby that died: how long the active may not know, */
#define LATE_STANDS_FOR                                                                            \
    (3 * SECOND)             /* and in its own time, when it is stopped or late ever again */
#define HEARING SECOND       /* an old active that can read of a newer epoch: how long it serves */
#define MEETING (3 * SECOND) /* how long two that look for one another may take */

/* --- marks --- */

static struct reign_mark *find_mark(struct reign_mark *marks, unsigned count, uint32_t local_id,
                                    uint32_t remote_id)
{
    for (unsigned i = 0; i < count; i++)
        if (marks[i].local_id == local_id && marks[i].remote_id == remote_id)
            return &marks[i];
    return NULL;
}

static bool holds(const struct box *box, const struct reign_mark *mark)
{
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};
    struct l2tpha_tunnel *tunnel = l2tpha_tunnel_find(box->node, mark->local_id);

    if (!tunnel) /* a ZLB that acknowledges nothing says nothing */
        return !mark->here || (!mark->sent && mark->nr == 0);
    l2tpha_tunnel_get(tunnel, &record);
    if (mark->remote_id && record.remote_id != mark->remote_id)
        return true; /* another one by now */
    return (!mark->sent || serial_diff(record.ns, mark->ns) > 0) &&
           (!mark->acked || serial_diff(record.nr, mark->nr) >= 0);
}

bool judge_covers(struct reigns *reigns, const struct box *box)
{
    if (!box->node)
        return false;
    for (unsigned i = 0; i < reigns->mark_count; i++) {
        struct reign_mark *mark = &reigns->marks[i];
        const struct box *other = box_other(reigns, box);
        if (other->node && box_serves(other))
            mark->here = l2tpha_tunnel_find(other->node, mark->local_id) != NULL;
        if (!holds(box, mark))
            return false;
    }
    return true;
}

/* --- reigns --- */

static unsigned copy_table(const struct box *box, struct reign_mark *marks)
{
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};
    struct l2tpha_tunnel *tunnel = NULL;
    unsigned count = 0;

    while ((tunnel = l2tpha_tunnel_next(box->node, tunnel)) && count < REIGN_MARKS) {
        l2tpha_tunnel_get(tunnel, &record);
        marks[count++] = (struct reign_mark){.local_id = record.local_id,
                                             .remote_id = record.remote_id,
                                             .sent = true,
                                             .acked = true,
                                             .ns = (uint16_t)(record.ns - 1),
                                             .nr = record.nr,
                                             .here = true};
    }
    return count;
}

void judge_look(struct reigns *reigns, const struct box *box)
{
    reigns->looked_count = copy_table(box, reigns->looked);
}

void judge_began(struct reigns *reigns, struct box *box, bool excused)
{
    uint64_t epoch = info_of(box->node).epoch;

    if (reigns->reign_count == REIGNS) {
        world_fail(&reigns->world, "too many reigns");
        return;
    }
    for (unsigned i = 0; i < reigns->reign_count; i++)
        if (reigns->all[i].epoch == epoch && reigns->clean)
            world_fail(&reigns->world, "epoch %llu for two reigns", (unsigned long long)epoch);
    struct reign *reign = &reigns->all[reigns->reign_count];
    *reign = (struct reign){.box = box->place,
                            .epoch = epoch,
                            .began = reigns->world.now,
                            .excused = excused,
                            .heard_at = L2TPHA_NEVER};
    reign->copy_count = reigns->looked_count;
    memcpy(reign->copy, reigns->looked, sizeof(reign->copy));
    box->reign = reigns->reign_count++;
    reigns->owner = box->place; /* its host says whose the address is now */
    box->known = epoch > box->known ? epoch : box->known;
}

static bool took_over_as(const struct box *box, const char *reason)
{
    return strcmp(info_of(box->node).reason, reason) == 0;
}

/* One that died is over: who is left serves on, and so does who knows that it let nothing out. */
static bool is_in_force(struct reigns *reigns, unsigned i)
{
    const struct box *box = &reigns->boxes[reigns->all[i].box];

    return box->node && box->reign == i && box_serves(box);
}

/* The newest reign, if it is newer than this box's. */
static struct reign *newer(struct reigns *reigns, const struct box *box)
{
    struct reign *found = NULL;
    uint64_t epoch = reigns->all[box->reign].epoch;

    for (unsigned i = 0; i < reigns->reign_count; i++)
        if (reigns->all[i].epoch > epoch && is_in_force(reigns, i)) {
            found = &reigns->all[i];
            epoch = found->epoch;
        }
    return found;
}

void judge_takeover(struct reigns *reigns, struct box *box, bool covered, bool excused)
{
    uint64_t behind = reigns->world.now - box->covered_at, epoch = info_of(box->node).epoch;
    /* Another that serves meanwhile has the newer epoch: this one is fenced when they meet. */
    const struct reign *newest = newer(reigns, box);

    if (took_over_as(box, "took over") && !covered && !(newest && newest->epoch > epoch))
        world_fail(&reigns->world, "%s takes a copy for exact that is behind", box->name);
    if (took_over_as(box, "took over, from a copy that may be behind") && !covered &&
        behind > reigns->fresh_ms * MS)
        world_fail(&reigns->world, "%s goes on silently, %llu ms behind", box->name,
                   (unsigned long long)(behind / MS));
    if (!covered || took_over_as(box, "took over, from a stale copy") ||
        took_over_as(box, "took over, from nothing")) {
        reigns->clean = false;
        reigns->oracle.excused = true;
        reigns->mark_count = 0;
    }
    judge_began(reigns, box, excused);
}

static void judge_leak(struct reigns *reigns, struct box *box, struct reign *reign,
                       const struct l2tpha_header *header, uint32_t local_id, bool message)
{
    const struct reign_mark *mark =
        find_mark(reign->copy, reign->copy_count, local_id, header->tunnel_id);
    bool known = mark && (!message || serial_diff(header->ns, mark->ns) <= 0) &&
                 serial_diff(header->nr, mark->nr) <= 0;

    if (known || (!mark && !message))
        return;
    reigns->sums.leaks++;
    reigns->clean = false;
    reigns->oracle.excused = true;
    if (!reign->excused)
        world_fail(&reigns->world, "%s lets out Ns=%u Nr=%u of tunnel %u: epoch %llu serves",
                   box->name, header->ns, header->nr, (unsigned)local_id,
                   (unsigned long long)reign->epoch);
}

/* A newer reign let something out and died, and this one goes on without it. */
static bool lost_a_reign(const struct reigns *reigns, const struct box *box)
{
    const struct reign *own = &reigns->all[box->reign];

    for (unsigned i = 0; i < reigns->reign_count; i++)
        if (reigns->all[i].spoken && reigns->all[i].epoch > own->epoch)
            return true;
    return false;
}

void judge_sent(struct reigns *reigns, struct box *box, uint32_t tunnel_id, const uint8_t *data,
                size_t len)
{
    bool message = len > L2TPHA_CONTROL_HEADER;
    struct reign *later = newer(reigns, box);
    struct l2tpha_header header;

    if (l2tpha_header_decode(data, len, &header)) {
        world_fail(&reigns->world, "something without a header");
        return;
    }
    if (later) {
        judge_leak(reigns, box, later, &header, tunnel_id, message);
        return;
    }
    if (lost_a_reign(reigns, box)) {
        reigns->clean = false;
        reigns->oracle.excused = true;
    }
    reigns->all[box->reign].spoken = true;
    struct reign_mark *mark =
        find_mark(reigns->marks, reigns->mark_count, tunnel_id, header.tunnel_id);
    if (!mark) {
        if (reigns->mark_count == REIGN_MARKS) {
            memmove(reigns->marks, reigns->marks + 1, (REIGN_MARKS - 1) * sizeof(reigns->marks[0]));
            reigns->mark_count--;
        }
        mark = &reigns->marks[reigns->mark_count++];
        *mark = (struct reign_mark){.local_id = tunnel_id, .remote_id = header.tunnel_id};
    }
    mark->here = box->node && l2tpha_tunnel_find(box->node, tunnel_id) != NULL;
    if (message && (!mark->sent || serial_diff(header.ns, mark->ns) > 0)) {
        mark->ns = header.ns;
        mark->sent = true;
    }
    if (!mark->acked || serial_diff(header.nr, mark->nr) > 0) {
        mark->nr = header.nr;
        mark->acked = true;
    }
}

/* --- claims --- */

/* What a dead standby has said last comes late where the wire hung. Unsure or not, an active that
 * waits for it does not do so for ever. */
static void judge_stands(struct reigns *reigns, const struct box *box, const struct box *other,
                         bool unsure)
{
    uint64_t healed = reigns->wires.healed[box->place];
    uint64_t last = healed > other->ended_at ? healed : other->ended_at;
    uint64_t now = reigns->world.now;

    if (!unsure && now - last > STANDS_FOR && now - box->late_at > STANDS_FOR)
        world_fail(&reigns->world, "%s is 'active', its standby is dead", box->name);
    if (box->lived - box->lived_mark > LATE_STANDS_FOR)
        world_fail(&reigns->world, "%s is 'active', its standby is dead since long", box->name);
}

/* Killing it now, reading the stream to its end and taking over exactly loses nothing. */
static void judge_active(struct reigns *reigns, struct box *box)
{
    const struct l2tpha_redundancy_info info = info_of(box->node);
    struct box *other = box_other(reigns, box);

    if (info.role != L2TPHA_ROLE_ACTIVE || info.handing_over)
        return;
    if (newer(reigns, box)) /* who serves since then has it all, or judge_leak() has said so */
        return;
    if (!other->node || !other->follows) {
        judge_stands(reigns, box, other, info.unsure);
        return;
    }
    if (info.unsure)
        return;
    reigns->sums.claims++;
    if (!judge_covers(reigns, other))
        world_fail(&reigns->world, "%s is 'active', its standby's copy is behind", box->name);
}

/* The word that a standby is in sync no more has left, and is to be read first: it is under way, or
 * the end of the stream is. What a box without power has said last may be lost. */
static bool is_told(const struct reigns *reigns, const struct box *box)
{
    if (!box->link)
        return false;
    const struct wire *wire = &reigns->wires.all[box->wire];
    return !wires_empty(&reigns->wires, box->wire, box->place) ||
           (!wire->dead && (wire->alone || wire->ends[box->place]));
}

static void judge_standby(struct reigns *reigns, struct box *box)
{
    struct box *other = box_other(reigns, box);
    bool covered = judge_covers(reigns, box);

    if (covered || !other->node || !box_serves(other))
        box->covered_at = covered ? reigns->world.now : box->covered_at;
    if (box->asleep || !box->called || box_role(box) != L2TPHA_ROLE_STANDBY_HOT || covered)
        return;
    if (!is_told(reigns, box))
        world_fail(&reigns->world, "%s is 'hot' and behind", box->name);
}

void judge_claims(struct reigns *reigns)
{
    for (unsigned i = 0; i < 2; i++) {
        struct box *box = &reigns->boxes[i];
        if (!box->node)
            continue;
        if (!box_serves(box))
            judge_standby(reigns, box);
        else if (!box->asleep && box->called)
            judge_active(reigns, box);
    }
}

/* --- two that serve --- */

static bool can_hear(const struct reigns *reigns, const struct box *box)
{
    return box->node && !box->asleep && !reigns->wires.hung[box->place];
}

/* Allowed only where a host was told of it, and until they can hear one another again. */
void judge_split(struct reigns *reigns)
{
    const struct box *a = &reigns->boxes[0], *b = &reigns->boxes[1];
    bool both = a->node && b->node && box_serves(a) && box_serves(b);

    if (!both || !can_hear(reigns, a) || !can_hear(reigns, b) || a->slow || b->slow) {
        reigns->split_since = 0;
        return;
    }
    if (!reigns->split_since) {
        reigns->split_since = reigns->world.now;
        reigns->sums.splits++;
    }
    if (a->wire != b->wire || a->wire == NO_WIRE)
        reigns->met_since = reigns->world.now;
    uint64_t since = reigns->world.now - reigns->split_since;
    if (since > reigns->sums.longest_split)
        reigns->sums.longest_split = since;
    if (reigns->world.now - reigns->met_since > HEARING && since > HEARING)
        world_fail(&reigns->world, "two serve, and have a stream between them");
    if (since > HEARING + MEETING)
        world_fail(&reigns->world, "two serve, and can hear one another for %llu ms",
                   (unsigned long long)(since / MS));
}

/* --- the end --- */

bool judge_at_rest(struct reigns *reigns)
{
    const struct box *active = &reigns->boxes[!box_serves(&reigns->boxes[0])];
    const struct box *standby = box_other(reigns, active);
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};
    struct l2tpha_tunnel *tunnel = NULL;

    if (box_role(active) != L2TPHA_ROLE_ACTIVE || box_role(standby) != L2TPHA_ROLE_STANDBY_HOT ||
        active->told != ORDER_NONE || standby->told != ORDER_NONE)
        return false;
    if (!reigns->clean)
        return true;
    if (reigns->net.count || active->inbox_count)
        return false;
    for (unsigned i = 0; i < reigns->peer_count; i++)
        if (!peer_idle(&reigns->peers[i]))
            return false;
    while ((tunnel = l2tpha_tunnel_next(active->node, tunnel))) {
        l2tpha_tunnel_get(tunnel, &record);
        if (record.acked != record.ns)
            return false;
    }
    return judge_covers(reigns, standby);
}

static void compare_tunnel(struct reigns *reigns, const struct box *box,
                           const struct peer_tunnel *tunnel)
{
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};
    struct l2tpha_tunnel *ours = l2tpha_tunnel_find(box->node, tunnel->node_id);
    uint32_t alive = 0;

    if (tunnel->state != PEER_ESTABLISHED || !ours) {
        world_fail(&reigns->world, "tunnel %u is lost", tunnel->id);
        return;
    }
    l2tpha_tunnel_get(ours, &record);
    if (record.nr != tunnel->channel.ns || record.ns != tunnel->channel.nr)
        world_fail(&reigns->world, "tunnel %u: node has Ns=%u Nr=%u, peer Ns=%u Nr=%u", tunnel->id,
                   record.ns, record.nr, tunnel->channel.ns, tunnel->channel.nr);
    for (uint32_t i = 0; i < tunnel->session_count; i++) {
        const struct peer_session *session = &tunnel->sessions[i];
        if (session->state == PEER_STOPPED)
            continue;
        alive++;
        if (session->state != PEER_ESTABLISHED ||
            !l2tpha_session_find(box->node, tunnel->node_id, session->node_id))
            world_fail(&reigns->world, "call %u is lost", session->id);
    }
    if (l2tpha_tunnel_sessions(ours) != alive)
        world_fail(&reigns->world, "tunnel %u: %u calls at the node, %u at the peer", tunnel->id,
                   (unsigned)l2tpha_tunnel_sessions(ours), (unsigned)alive);
}

void judge_end(struct reigns *reigns)
{
    const struct box *active = &reigns->boxes[!box_serves(&reigns->boxes[0])];

    if (!reigns->clean)
        return;
    for (unsigned i = 0; i < reigns->peer_count; i++)
        for (uint32_t t = 0; t < reigns->peers[i].tunnel_count; t++)
            compare_tunnel(reigns, active, &reigns->peers[i].tunnels[t]);
}
