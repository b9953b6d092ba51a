/* SPDX-License-Identifier: MIT */
/* What must hold. Of every tunnel the newest Ns and Nr that were let out are known, and what each
 * node holds. */
#include "authority/cluster.h"

#include <string.h>

#define SOON (2 * SECOND) /* beside the length of a lease */

/* --- marks --- */

static bool holds(const struct cluster_box *box, const struct cluster_mark *mark)
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

bool cluster_covers(const struct cluster *cluster, const struct cluster_box *box)
{
    for (unsigned i = 0; i < cluster->mark_count; i++)
        if (!holds(box, &cluster->marks[i]))
            return false;
    return true;
}

static struct cluster_mark *mark_of(struct cluster *cluster, uint32_t local_id, uint32_t remote_id)
{
    for (unsigned i = 0; i < cluster->mark_count; i++)
        if (cluster->marks[i].local_id == local_id && cluster->marks[i].remote_id == remote_id)
            return &cluster->marks[i];
    if (cluster->mark_count == CLUSTER_MARKS) {
        memmove(cluster->marks, cluster->marks + 1,
                (CLUSTER_MARKS - 1) * sizeof(cluster->marks[0]));
        cluster->mark_count--;
    }
    struct cluster_mark *mark = &cluster->marks[cluster->mark_count++];
    *mark = (struct cluster_mark){.local_id = local_id, .remote_id = remote_id};
    return mark;
}

static void note_sent(struct cluster *cluster, const struct cluster_box *box, uint32_t tunnel_id,
                      const struct l2tpha_header *header, bool message)
{
    struct cluster_mark *mark = mark_of(cluster, tunnel_id, header->tunnel_id);

    mark->here = l2tpha_tunnel_find(box->node, tunnel_id) != NULL;
    if (message && (!mark->sent || serial_diff(header->ns, mark->ns) > 0)) {
        mark->ns = header->ns;
        mark->sent = true;
    }
    if (!mark->acked || serial_diff(header->nr, mark->nr) > 0) {
        mark->nr = header->nr;
        mark->acked = true;
    }
}

/* A tunnel that is over is over without a word. */
static void note_removed(struct cluster *cluster, const struct cluster_box *box)
{
    for (unsigned i = 0; i < cluster->mark_count; i++)
        cluster->marks[i].here = l2tpha_tunnel_find(box->node, cluster->marks[i].local_id) != NULL;
}

/* Nothing may be lost by who serves after a claim of nobody. */
static void check_void(struct cluster *cluster, const struct cluster_box *box)
{
    cluster->sums.from_void++;
    for (unsigned i = 0; i < cluster->mark_count; i++)
        if (cluster->marks[i].here)
            world_fail(&cluster->world, "%s serves from nothing, tunnel %u was there", box->name,
                       cluster->marks[i].local_id);
}

/* --- what happens --- */

void cluster_check_takeover(struct cluster *cluster, struct cluster_box *box,
                            enum l2tpha_trust trust, bool covered)
{
    uint64_t epoch = info_of(box->node).epoch;

    cluster->sums.takeovers[trust]++;
    for (unsigned i = 0; i < cluster->epoch_count; i++)
        if (cluster->epochs[i] == epoch)
            world_fail(&cluster->world, "epoch %llu begins twice", (unsigned long long)epoch);
    if (epoch <= cluster->newest)
        world_fail(&cluster->world, "epoch %llu begins after epoch %llu", (unsigned long long)epoch,
                   (unsigned long long)cluster->newest);
    if (cluster->epoch_count < CLUSTER_EPOCHS)
        cluster->epochs[cluster->epoch_count++] = epoch;
    cluster->newest = epoch > cluster->newest ? epoch : cluster->newest;
    cluster->owner = box->place;
    if (trust == L2TPHA_TRUST_EXACT) {
        if (!covered)
            world_fail(&cluster->world, "%s takes a copy for exact that is behind", box->name);
        if (!cluster->authority.from_member)
            world_fail(&cluster->world, "%s was not in the claim", box->name);
        return;
    }
    if (cluster->authority.from_void)
        check_void(cluster, box);
    cluster->clean = cluster->clean && cluster->newest == epoch && cluster->epoch_count == 1;
    cluster->oracle.excused = !cluster->clean;
    cluster->mark_count = 0;
}

/* The authority's lease of this node's epoch runs, by its own clock. */
static void check_lease(struct cluster *cluster, const struct cluster_box *box)
{
    const struct fake_authority *authority = &cluster->authority;
    uint64_t epoch = info_of(box->node).epoch;

    if (epoch != cluster->newest)
        world_fail(&cluster->world, "%s speaks in epoch %llu, %llu has begun", box->name,
                   (unsigned long long)epoch, (unsigned long long)cluster->newest);
    if (authority->claim.epoch != epoch || strcmp(authority->claim.owner, box->name) != 0)
        world_fail(&cluster->world, "%s speaks in epoch %llu, the claim is of '%s' in %llu",
                   box->name, (unsigned long long)epoch, authority->claim.owner,
                   (unsigned long long)authority->claim.epoch);
    if (!fake_authority_is_leased(authority))
        world_fail(&cluster->world, "%s speaks, and its lease has ended", box->name);
}

void cluster_check_sent(struct cluster *cluster, struct cluster_box *box, uint32_t tunnel_id,
                        const uint8_t *data, size_t len)
{
    struct l2tpha_header header;

    check_lease(cluster, box);
    if (l2tpha_header_decode(data, len, &header)) {
        world_fail(&cluster->world, "something without a header");
        return;
    }
    if (cluster->clean)
        oracle_node_sent(&cluster->oracle, tunnel_id, data, len);
    note_sent(cluster, box, tunnel_id, &header, len > L2TPHA_CONTROL_HEADER);
    cluster_check_members(cluster, box);
}

static bool is_in_claim(const struct cluster *cluster, const struct cluster_box *box)
{
    const struct l2tpha_claim *claim = &cluster->authority.claim;

    for (uint32_t i = 0; i < claim->count; i++)
        if (strcmp(claim->in_sync[i], box->name) == 0)
            return true;
    return false;
}

/* It may take over exactly, if it is asked now. A copy of an older epoch, that a node has which has
 * the name of one in the claim, is not taken for more than it is: that is checked at takeovers. */
static bool is_member(const struct cluster *cluster, const struct cluster_box *box)
{
    struct l2tpha_redundancy_info info;

    if (!box->node || !is_in_claim(cluster, box))
        return false;
    info = info_of(box->node);
    return (info.role == L2TPHA_ROLE_STANDBY_HOT || info.role == L2TPHA_ROLE_CUT_OFF ||
            info.role == L2TPHA_ROLE_UNHEARD) &&
           info.epoch == cluster->authority.claim.epoch;
}

static void check_member(struct cluster *cluster, const struct cluster_box *box)
{
    if (is_member(cluster, box) && !cluster_covers(cluster, box))
        world_fail(&cluster->world, "%s is in the claim, and lacks what has left", box->name);
}

void cluster_check_members(struct cluster *cluster, const struct cluster_box *box)
{
    if (!box->node)
        return;
    if (!cluster_serves(box)) {
        check_member(cluster, box);
        return;
    }
    if (info_of(box->node).epoch == cluster->newest)
        note_removed(cluster, box);
    for (unsigned i = 0; i < cluster->box_count; i++)
        check_member(cluster, &cluster->boxes[i]);
}

/* --- in peace --- */

static const struct cluster_box *who_serves(const struct cluster *cluster)
{
    for (unsigned i = 0; i < cluster->box_count; i++)
        if (cluster_serves(&cluster->boxes[i]) && !info_of(cluster->boxes[i].node).held)
            return &cluster->boxes[i];
    return NULL;
}

static bool may_serve(const struct cluster *cluster, const struct cluster_box *box)
{
    const struct l2tpha_claim *claim = &cluster->authority.claim;

    if (claim->epoch && !claim->count && box->node && !cluster_serves(box))
        return true;
    return (cluster_serves(box) && is_in_claim(cluster, box)) ||
           (is_member(cluster, box) && strncmp(cluster_lease(box).reason, "the copy", 8) != 0);
}

/* Somebody who may serve does so, at the latest when the lease of whoever did has ended; a renewal
 * that was late counts. Where nobody may an operator says so. */
void cluster_check_served(struct cluster *cluster)
{
    uint64_t now = cluster->world.now, limit = cluster->ttl_ms * MS * 11 / 10 + SOON;
    uint64_t leased_at = cluster->authority.leased_at;
    bool any = false;

    if (who_serves(cluster)) {
        cluster->none_since = cluster->none_may = now;
        return;
    }
    for (unsigned i = 0; i < cluster->box_count; i++)
        any |= cluster->boxes[i].root && may_serve(cluster, &cluster->boxes[i]);
    if (!any)
        cluster->none_may = now;
    uint64_t since = cluster->none_may > leased_at ? cluster->none_may : leased_at;
    if (now > since && now - since > cluster->sums.longest_none)
        cluster->sums.longest_none = now - since;
    if (now > since && now - since > limit)
        world_fail(&cluster->world, "nobody serves, and somebody may");
    if (any || now - cluster->none_since < limit)
        return;
    if (now - cluster->none_since > 2 * limit + cluster->ttl_ms * MS + SOON &&
        now - leased_at > 2 * limit)
        world_fail(&cluster->world, "nobody serves, whatever the operator says");
    struct cluster_box *box = &cluster->boxes[world_below(&cluster->world, cluster->box_count)];
    box->changed = true;
    if (box->node)
        l2tpha_lease_want(box->lease, L2TPHA_LEASE_SERVE_STALE, cluster_now(cluster, box));
}

/* Nothing is under way between it and its peers. */
static bool is_idle(const struct cluster *cluster, const struct cluster_box *active)
{
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};
    struct l2tpha_tunnel *tunnel = NULL;

    if (cluster->net.count || active->inbox_count)
        return false;
    for (unsigned i = 0; i < cluster->peer_count; i++)
        if (!peer_idle(&cluster->peers[i]))
            return false;
    while ((tunnel = l2tpha_tunnel_next(active->node, tunnel))) {
        l2tpha_tunnel_get(tunnel, &record);
        if (record.acked != record.ns)
            return false;
    }
    return true;
}

bool cluster_is_at_rest(struct cluster *cluster)
{
    const struct cluster_box *active = who_serves(cluster);

    if (!active || active->heir != CLUSTER_BOXES || active->leaving ||
        info_of(active->node).role != L2TPHA_ROLE_ACTIVE)
        return false;
    if (cluster->clean && !is_idle(cluster, active))
        return false;
    for (unsigned i = 0; i < cluster->box_count; i++) {
        const struct cluster_box *box = &cluster->boxes[i];
        if (box == active)
            continue;
        if (!l2tpha_lease_protects(active->lease, box->name) || !is_member(cluster, box) ||
            !cluster_covers(cluster, box))
            return false;
    }
    return true;
}

static void compare_tunnel(struct cluster *cluster, const struct cluster_box *box,
                           const struct peer_tunnel *tunnel)
{
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};
    struct l2tpha_session_record call = {.size = sizeof(call)};
    struct l2tpha_tunnel *ours = l2tpha_tunnel_find(box->node, tunnel->node_id);
    uint32_t alive = 0;

    if (tunnel->state != PEER_ESTABLISHED || !ours) {
        world_fail(&cluster->world, "tunnel %u is lost", tunnel->id);
        return;
    }
    l2tpha_tunnel_get(ours, &record);
    if (record.nr != tunnel->channel.ns || record.ns != tunnel->channel.nr)
        world_fail(&cluster->world, "tunnel %u: node has Ns=%u Nr=%u, peer Ns=%u Nr=%u", tunnel->id,
                   record.ns, record.nr, tunnel->channel.ns, tunnel->channel.nr);
    for (uint32_t i = 0; i < tunnel->session_count; i++) {
        const struct peer_session *session = &tunnel->sessions[i];
        const struct l2tpha_session *found;
        if (session->state == PEER_STOPPED)
            continue;
        alive++;
        found = l2tpha_session_find(box->node, tunnel->node_id, session->node_id);
        if (found)
            l2tpha_session_get(found, &call);
        if (session->state != PEER_ESTABLISHED || !found ||
            call.state != L2TPHA_SESSION_ESTABLISHED)
            world_fail(&cluster->world, "call %u is lost", session->id);
    }
    if (l2tpha_tunnel_sessions(ours) != alive)
        world_fail(&cluster->world, "tunnel %u: %u calls at the node, %u at the peer", tunnel->id,
                   (unsigned)l2tpha_tunnel_sessions(ours), (unsigned)alive);
}

void cluster_check_end(struct cluster *cluster)
{
    const struct cluster_box *active = who_serves(cluster);

    if (!cluster->clean)
        return;
    for (unsigned i = 0; i < cluster->peer_count; i++)
        for (uint32_t t = 0; t < cluster->peers[i].tunnel_count; t++)
            compare_tunnel(cluster, active, &cluster->peers[i].tunnels[t]);
}
