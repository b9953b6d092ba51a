/* SPDX-License-Identifier: MIT */
/* The judge. It knows what has been let out, of every tunnel the newest Ns and Nr, and what each
 * node holds. */
#include "sim/roles.h"

#include <string.h>

#define STANDS_FOR (1300 * MS) /* a standby that died: how long the active may not know, */
#define LATE_STANDS_FOR                                                                            \
    (3 * SECOND)             /* and in its own time, when it is stopped or late ever again */
#define HEARING SECOND       /* an old active that can read of a newer epoch: how long it serves */
#define MEETING (3 * SECOND) /* how long two that look for one another may take */

/* --- marks --- */

static struct roles_mark *find_mark(struct roles_mark *marks, unsigned count, uint32_t local_id,
                                    uint32_t remote_id)
{
    for (unsigned i = 0; i < count; i++)
        if (marks[i].local_id == local_id && marks[i].remote_id == remote_id)
            return &marks[i];
    return NULL;
}

static bool holds(const struct box *box, const struct roles_mark *mark)
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

bool judge_covers(struct roles *roles, const struct box *box)
{
    if (!box->node)
        return false;
    for (unsigned i = 0; i < roles->mark_count; i++) {
        struct roles_mark *mark = &roles->marks[i];
        const struct box *other = box_other(roles, box);
        if (other->node && box_serves(other))
            mark->here = l2tpha_tunnel_find(other->node, mark->local_id) != NULL;
        if (!holds(box, mark))
            return false;
    }
    return true;
}

/* --- roles --- */

static unsigned copy_table(const struct box *box, struct roles_mark *marks)
{
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};
    struct l2tpha_tunnel *tunnel = NULL;
    unsigned count = 0;

    while ((tunnel = l2tpha_tunnel_next(box->node, tunnel)) && count < ROLES_MARKS) {
        l2tpha_tunnel_get(tunnel, &record);
        marks[count++] = (struct roles_mark){.local_id = record.local_id,
                                             .remote_id = record.remote_id,
                                             .sent = true,
                                             .acked = true,
                                             .ns = (uint16_t)(record.ns - 1),
                                             .nr = record.nr,
                                             .here = true};
    }
    return count;
}

void judge_look(struct roles *roles, const struct box *box)
{
    roles->looked_count = copy_table(box, roles->looked);
}

void judge_began(struct roles *roles, struct box *box, bool excused)
{
    uint64_t epoch = info_of(box->node).epoch;

    if (roles->term_count == ROLES_TERMS) {
        world_fail(&roles->world, "too many roles");
        return;
    }
    for (unsigned i = 0; i < roles->term_count; i++)
        if (roles->all[i].epoch == epoch && roles->clean)
            world_fail(&roles->world, "epoch %llu for two roles", (unsigned long long)epoch);
    struct term *term = &roles->all[roles->term_count];
    *term = (struct term){.box = box->place,
                          .epoch = epoch,
                          .began = roles->world.now,
                          .excused = excused,
                          .heard_at = L2TPHA_NEVER};
    term->copy_count = roles->looked_count;
    memcpy(term->copy, roles->looked, sizeof(term->copy));
    box->term = roles->term_count++;
    roles->owner = box->place; /* its host says whose the address is now */
    box->known = epoch > box->known ? epoch : box->known;
}

static bool took_over_as(const struct box *box, const char *reason)
{
    return strcmp(info_of(box->node).reason, reason) == 0;
}

/* One that died is over: who is left serves on, and so does who knows that it let nothing out. */
static bool is_in_force(struct roles *roles, unsigned i)
{
    const struct box *box = &roles->boxes[roles->all[i].box];

    return box->node && box->term == i && box_serves(box);
}

/* The newest term, if it is newer than this box's. */
static struct term *newer(struct roles *roles, const struct box *box)
{
    struct term *found = NULL;
    uint64_t epoch = roles->all[box->term].epoch;

    for (unsigned i = 0; i < roles->term_count; i++)
        if (roles->all[i].epoch > epoch && is_in_force(roles, i)) {
            found = &roles->all[i];
            epoch = found->epoch;
        }
    return found;
}

void judge_takeover(struct roles *roles, struct box *box, bool covered, bool excused)
{
    uint64_t behind = roles->world.now - box->covered_at, epoch = info_of(box->node).epoch;
    /* Another that serves meanwhile has the newer epoch: this one is fenced when they meet. */
    const struct term *newest = newer(roles, box);

    if (took_over_as(box, "took over") && !covered && !(newest && newest->epoch > epoch))
        world_fail(&roles->world, "%s takes a copy for exact that is behind", box->name);
    if (took_over_as(box, "took over, from a copy that may be behind") && !covered &&
        behind > roles->fresh_ms * MS)
        world_fail(&roles->world, "%s goes on silently, %llu ms behind", box->name,
                   (unsigned long long)(behind / MS));
    if (!covered || took_over_as(box, "took over, from a stale copy") ||
        took_over_as(box, "took over, from nothing")) {
        roles->clean = false;
        roles->oracle.excused = true;
        roles->mark_count = 0;
    }
    judge_began(roles, box, excused);
}

static void judge_leak(struct roles *roles, struct box *box, struct term *term,
                       const struct l2tpha_header *header, uint32_t local_id, bool message)
{
    const struct roles_mark *mark =
        find_mark(term->copy, term->copy_count, local_id, header->tunnel_id);
    bool known = mark && (!message || serial_diff(header->ns, mark->ns) <= 0) &&
                 serial_diff(header->nr, mark->nr) <= 0;

    if (known || (!mark && !message))
        return;
    roles->sums.leaks++;
    roles->clean = false;
    roles->oracle.excused = true;
    if (!term->excused)
        world_fail(&roles->world, "%s lets out Ns=%u Nr=%u of tunnel %u: epoch %llu serves",
                   box->name, header->ns, header->nr, (unsigned)local_id,
                   (unsigned long long)term->epoch);
}

/* A newer epoch let something out and died, and this one goes on without it. */
static bool lost_an_epoch(const struct roles *roles, const struct box *box)
{
    const struct term *own = &roles->all[box->term];

    for (unsigned i = 0; i < roles->term_count; i++)
        if (roles->all[i].spoken && roles->all[i].epoch > own->epoch)
            return true;
    return false;
}

void judge_sent(struct roles *roles, struct box *box, uint32_t tunnel_id, const uint8_t *data,
                size_t len)
{
    bool message = len > L2TPHA_CONTROL_HEADER;
    struct term *later = newer(roles, box);
    struct l2tpha_header header;

    if (l2tpha_header_decode(data, len, &header)) {
        world_fail(&roles->world, "something without a header");
        return;
    }
    if (later) {
        judge_leak(roles, box, later, &header, tunnel_id, message);
        return;
    }
    if (lost_an_epoch(roles, box)) {
        roles->clean = false;
        roles->oracle.excused = true;
    }
    roles->all[box->term].spoken = true;
    struct roles_mark *mark =
        find_mark(roles->marks, roles->mark_count, tunnel_id, header.tunnel_id);
    if (!mark) {
        if (roles->mark_count == ROLES_MARKS) {
            memmove(roles->marks, roles->marks + 1, (ROLES_MARKS - 1) * sizeof(roles->marks[0]));
            roles->mark_count--;
        }
        mark = &roles->marks[roles->mark_count++];
        *mark = (struct roles_mark){.local_id = tunnel_id, .remote_id = header.tunnel_id};
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
static void judge_stands(struct roles *roles, const struct box *box, const struct box *other,
                         bool unsure)
{
    uint64_t healed = roles->wires.healed[box->place];
    uint64_t last = healed > other->ended_at ? healed : other->ended_at;
    uint64_t now = roles->world.now;

    if (!unsure && now - last > STANDS_FOR && now - box->late_at > STANDS_FOR)
        world_fail(&roles->world, "%s is 'active', its standby is dead", box->name);
    if (box->lived - box->lived_mark > LATE_STANDS_FOR)
        world_fail(&roles->world, "%s is 'active', its standby is dead since long", box->name);
}

/* Killing it now, reading the stream to its end and taking over exactly loses nothing. */
static void judge_active(struct roles *roles, struct box *box)
{
    const struct l2tpha_redundancy_info info = info_of(box->node);
    struct box *other = box_other(roles, box);

    if (info.role != L2TPHA_ROLE_ACTIVE || info.handing_over)
        return;
    if (newer(roles, box)) /* who serves since then has it all, or judge_leak() has said so */
        return;
    if (!other->node || !other->follows) {
        judge_stands(roles, box, other, info.unsure);
        return;
    }
    if (info.unsure)
        return;
    roles->sums.claims++;
    if (!judge_covers(roles, other))
        world_fail(&roles->world, "%s is 'active', its standby's copy is behind", box->name);
}

/* The word that a standby is in sync no more has left, and is to be read first: it is under way, or
 * the end of the stream is. What a box without power has said last may be lost. */
static bool is_told(const struct roles *roles, const struct box *box)
{
    if (!box->link)
        return false;
    const struct wire *wire = &roles->wires.all[box->wire];
    return !wires_empty(&roles->wires, box->wire, box->place) ||
           (!wire->dead && (wire->alone || wire->ends[box->place]));
}

static void judge_standby(struct roles *roles, struct box *box)
{
    struct box *other = box_other(roles, box);
    bool covered = judge_covers(roles, box);

    if (covered || !other->node || !box_serves(other))
        box->covered_at = covered ? roles->world.now : box->covered_at;
    if (box->asleep || !box->called || box_role(box) != L2TPHA_ROLE_STANDBY_HOT || covered)
        return;
    if (!is_told(roles, box))
        world_fail(&roles->world, "%s is 'hot' and behind", box->name);
}

void judge_claims(struct roles *roles)
{
    for (unsigned i = 0; i < 2; i++) {
        struct box *box = &roles->boxes[i];
        if (!box->node)
            continue;
        if (!box_serves(box))
            judge_standby(roles, box);
        else if (!box->asleep && box->called)
            judge_active(roles, box);
    }
}

/* --- two that serve --- */

static bool can_hear(const struct roles *roles, const struct box *box)
{
    return box->node && !box->asleep && !roles->wires.hung[box->place];
}

/* Allowed only where a host was told of it, and until they can hear one another again. */
void judge_split(struct roles *roles)
{
    const struct box *a = &roles->boxes[0], *b = &roles->boxes[1];
    bool both = a->node && b->node && box_serves(a) && box_serves(b);

    if (!both || !can_hear(roles, a) || !can_hear(roles, b) || a->slow || b->slow) {
        roles->split_since = 0;
        return;
    }
    if (!roles->split_since) {
        roles->split_since = roles->world.now;
        roles->sums.splits++;
    }
    if (a->wire != b->wire || a->wire == NO_WIRE)
        roles->met_since = roles->world.now;
    uint64_t since = roles->world.now - roles->split_since;
    if (since > roles->sums.longest_split)
        roles->sums.longest_split = since;
    if (roles->world.now - roles->met_since > HEARING && since > HEARING)
        world_fail(&roles->world, "two serve, and have a stream between them");
    if (since > HEARING + MEETING)
        world_fail(&roles->world, "two serve, and can hear one another for %llu ms",
                   (unsigned long long)(since / MS));
}

/* --- the end --- */

bool judge_at_rest(struct roles *roles)
{
    const struct box *active = &roles->boxes[!box_serves(&roles->boxes[0])];
    const struct box *standby = box_other(roles, active);
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};
    struct l2tpha_tunnel *tunnel = NULL;

    if (box_role(active) != L2TPHA_ROLE_ACTIVE || box_role(standby) != L2TPHA_ROLE_STANDBY_HOT ||
        active->told != ORDER_NONE || standby->told != ORDER_NONE)
        return false;
    if (!roles->clean)
        return true;
    if (roles->net.count || active->inbox_count)
        return false;
    for (unsigned i = 0; i < roles->peer_count; i++)
        if (!peer_idle(&roles->peers[i]))
            return false;
    while ((tunnel = l2tpha_tunnel_next(active->node, tunnel))) {
        l2tpha_tunnel_get(tunnel, &record);
        if (record.acked != record.ns)
            return false;
    }
    return judge_covers(roles, standby);
}

static bool is_up(const struct box *box, const struct peer_tunnel *tunnel,
                  const struct peer_session *session)
{
    struct l2tpha_session_record record = {.size = sizeof(record)};
    const struct l2tpha_session *ours =
        l2tpha_session_find(box->node, tunnel->node_id, session->node_id);

    if (ours)
        l2tpha_session_get(ours, &record);
    return ours && record.state == L2TPHA_SESSION_ESTABLISHED;
}

static void compare_tunnel(struct roles *roles, const struct box *box,
                           const struct peer_tunnel *tunnel)
{
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};
    struct l2tpha_tunnel *ours = l2tpha_tunnel_find(box->node, tunnel->node_id);
    uint32_t alive = 0;

    if (tunnel->state != PEER_ESTABLISHED || !ours) {
        world_fail(&roles->world, "tunnel %u is lost", tunnel->id);
        return;
    }
    l2tpha_tunnel_get(ours, &record);
    if (record.nr != tunnel->channel.ns || record.ns != tunnel->channel.nr)
        world_fail(&roles->world, "tunnel %u: node has Ns=%u Nr=%u, peer Ns=%u Nr=%u", tunnel->id,
                   record.ns, record.nr, tunnel->channel.ns, tunnel->channel.nr);
    for (uint32_t i = 0; i < tunnel->session_count; i++) {
        const struct peer_session *session = &tunnel->sessions[i];
        if (session->state == PEER_STOPPED)
            continue;
        alive++;
        if (session->state != PEER_ESTABLISHED || !is_up(box, tunnel, session))
            world_fail(&roles->world, "call %u is lost", session->id);
    }
    if (l2tpha_tunnel_sessions(ours) != alive)
        world_fail(&roles->world, "tunnel %u: %u calls at the node, %u at the peer", tunnel->id,
                   (unsigned)l2tpha_tunnel_sessions(ours), (unsigned)alive);
}

void judge_end(struct roles *roles)
{
    const struct box *active = &roles->boxes[!box_serves(&roles->boxes[0])];

    if (!roles->clean)
        return;
    for (unsigned i = 0; i < roles->peer_count; i++)
        for (uint32_t t = 0; t < roles->peers[i].tunnel_count; t++)
            compare_tunnel(roles, active, &roles->peers[i].tunnels[t]);
}
