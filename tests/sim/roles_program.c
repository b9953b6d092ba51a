/* SPDX-License-Identifier: MIT */
/* What a host decides: the role program that the library asks for. */
#include "sim/roles.h"

#define SEEK (700 * MS)   /* an operator's takeover: look for the other for so long */
#define PATIENCE (SECOND) /* a planned switchover that is not accepted is taken back */
#define FATE (4 * SECOND) /* handed over, and cut off: then the operator has looked */

static struct l2tpha_link_info link_info(const struct box *box)
{
    struct l2tpha_link_info info = {.size = sizeof(info)};

    if (box->link)
        l2tpha_link_get(box->link, &info);
    return info;
}

static void end_order(struct box *box)
{
    box->told = ORDER_NONE;
    box->stepped_down = box->given = false;
}

static void flush(struct roles *roles, struct box *box)
{
    const uint8_t *data;
    size_t len;

    while (box->link && (len = l2tpha_link_poll(box->link, &data, roles->world.now))) {
        wires_write(&roles->wires, box->wire, box->place, data, len);
        l2tpha_link_sent(box->link, len);
    }
}

/* --- taking over --- */

static int try_as(struct roles *roles, struct box *box, uint64_t epoch, enum l2tpha_trust trust,
                  bool excused)
{
    bool covered = judge_covers(roles, box);

    judge_look(roles, box);
    box->called = true;
    int error = l2tpha_takeover_as(box->node, epoch, trust, roles->world.now);
    world_say(&roles->world, box->name, "=== takeover as %d, epoch %llu: %s (%s) ===", (int)trust,
              (unsigned long long)epoch, l2tpha_strerror(error), covered ? "whole" : "behind");
    if (error)
        return error;
    box->restoring = true;
    roles->sums.takeovers[trust]++;
    judge_takeover(roles, box, covered, excused);
    flush(roles, box); /* the other hears of it before anything leaves */
    end_order(box);
    return 0;
}

/* By what the library knows; an operator may insist. */
static void take_over(struct roles *roles, struct box *box, uint64_t epoch, bool excused)
{
    if (!try_as(roles, box, epoch, L2TPHA_TRUST_AUTO, excused))
        return;
    if (box->insists && try_as(roles, box, epoch, L2TPHA_TRUST_STALE, true))
        try_as(roles, box, epoch, L2TPHA_TRUST_EMPTY, true);
    end_order(box);
}

/* The active lets nothing out any more, and the stream was read to its end. */
static void take_over_exact(struct roles *roles, struct box *box, uint64_t epoch)
{
    if (try_as(roles, box, epoch, L2TPHA_TRUST_EXACT, false))
        end_order(box);
}

static uint64_t next_epoch(struct roles *roles, const struct box *box)
{
    uint64_t newest = link_info(box).peer_epoch, own = info_of(box->node).epoch;

    (void)roles;
    newest = own > newest ? own : newest;
    return l2tpha_epoch_next(box->known > newest ? box->known : newest, box->place + 1);
}

static void announce(struct roles *roles, struct box *box)
{
    box->epoch = next_epoch(roles, box);
    box->called = true;
    int error = l2tpha_link_announce(box->link, box->epoch, box->insists, roles->world.now);
    world_say(&roles->world, box->name,
              "=== announces epoch %llu: %s ===", (unsigned long long)box->epoch,
              l2tpha_strerror(error));
    if (error)
        return;
    box->phase = PHASE_ANNOUNCED;
    box->phase_until = roles->world.now;
}

/* The answer, or the end of the stream, may be there. */
static bool is_unread(const struct roles *roles, const struct box *box)
{
    return wires_deadline(&roles->wires, box->wire, box->place) <= roles->world.now;
}

static void pursue_takeover(struct roles *roles, struct box *box)
{
    struct l2tpha_link_info info = link_info(box);

    if (box->phase == PHASE_SEEK) {
        if (box->link && info.up)
            announce(roles, box);
        else if (roles->world.now >= box->phase_until)
            take_over(roles, box, 0, true);
        return;
    }
    if (box->stepped_down) {
        if (box->insists)
            take_over(roles, box, box->epoch, false);
        else
            take_over_exact(roles, box, box->epoch);
    } else if (info.declined) {
        world_say(&roles->world, box->name, "the active declines");
        end_order(box);
    } else if (info.unanswered && !is_unread(roles, box)) {
        uint64_t since = box->phase_until;
        bool good = !roles->wires.hung[0] && !roles->wires.hung[1] &&
                    roles->wires.healed[0] < since && roles->wires.healed[1] < since;
        take_over(roles, box, box->epoch, !good || box->insists);
    }
}

/* --- switchover --- */

static void stay(struct roles *roles, struct box *box, const char *why)
{
    world_say(&roles->world, box->name, "=== the switchover does not come off: %s ===", why);
    roles->sums.not_come_off++;
    (void)l2tpha_switchover_cancel(box->node, roles->world.now);
    end_order(box);
}

static void pursue_switchover(struct roles *roles, struct box *box)
{
    struct l2tpha_link_info info = link_info(box);

    box->called = true;
    if (info.handed) {
        box->handed_at = roles->world.now;
        return;
    }
    if (box->handed_at && !box->link) {
        bool dead = !box_other(roles, box)->node;
        if (dead && (roles->local || roles->world.now > box->handed_at + FATE)) {
            box->handed_at = 0;
            stay(roles, box, "the standby is dead");
        }
        return;
    }
    if (box->handed_at && !info.up)
        return;
    if (info.declined) {
        box->handed_at = 0;
        stay(roles, box, l2tpha_strerror(info.declined));
    } else if (box->handed_at || !box->link) {
        box->handed_at = 0;
        stay(roles, box, "another stream");
    } else if (roles->world.now >= box->phase_until) {
        if (info.offered)
            (void)l2tpha_link_withdraw(box->link, roles->world.now);
        stay(roles, box, "no answer");
    } else if (!info.offered && l2tpha_switchover_ready(box->node)) {
        (void)l2tpha_link_hand_over(box->link, roles->world.now);
    }
}

static void begin_switchover(struct roles *roles, struct box *box)
{
    box->called = true;
    if (!box->link || l2tpha_switchover(box->node, roles->world.now)) {
        end_order(box);
        return;
    }
    world_say(&roles->world, box->name, "=== is to hand over ===");
    roles->sums.switchovers++;
    box->handed_at = 0;
    box->phase_until = roles->world.now + PATIENCE;
}

/* --- what happens to it --- */

void program_order(struct box *box, enum roles_order order, bool insists)
{
    if (!box->node || box->told != ORDER_NONE)
        return;
    box->told = order;
    box->insists = insists;
    box->begun = false;
}

static void begin_order(struct roles *roles, struct box *box)
{
    box->begun = true;
    box->phase = PHASE_SEEK;
    box->phase_until = roles->world.now + SEEK;
    if (box_serves(box) != (box->told == ORDER_SWITCHOVER))
        end_order(box);
    else if (box->told == ORDER_SWITCHOVER)
        begin_switchover(roles, box);
    else
        world_say(&roles->world, box->name,
                  "=== is to take over%s ===", box->insists ? ", whatever it has" : "");
}

static void flush_and_drop(struct roles *roles, struct box *box)
{
    flush(roles, box);
    box_drop_link(roles, box);
}

void program_link_failed(struct roles *roles, struct box *box, int error)
{
    struct l2tpha_link_info info = link_info(box);

    world_say(&roles->world, box->name, "link: %s", l2tpha_strerror(error));
    if (error == L2TPHA_ERR_EPOCH || error == L2TPHA_ERR_LINK || error == L2TPHA_ERR_RECORD)
        world_fail(&roles->world, "%s: the link failed: %s", box->name, l2tpha_strerror(error));
    if (box->told == ORDER_TAKEOVER && box->phase == PHASE_ANNOUNCED)
        box->stepped_down = info.stepped_down;
    flush_and_drop(roles, box);
}

/* Over unix the kernel tells the truth: who closed without a word is dead. */
void program_stream_ended(struct roles *roles, struct box *box)
{
    const struct wire *wire = &roles->wires.all[box->wire];

    world_say(&roles->world, box->name, "the stream has ended");
    bool died = roles->local && !box_other(roles, box)->node && !wire->alone && !wire->dead;
    bool held = box_role(box) == L2TPHA_ROLE_STANDBY_HOT || box_role(box) == L2TPHA_ROLE_UNHEARD;
    box_drop_link(roles, box);
    if (died && held && !box_serves(box))
        box->given = true;
}

static void begin_anew(struct roles *roles, struct box *box)
{
    uint64_t epoch = info_of(box->node).epoch;

    world_say(&roles->world, box->name, "=== is fenced ===");
    roles->sums.fenced++;
    box->known = epoch > box->known ? epoch : box->known;
    if (box->link)
        flush_and_drop(roles, box);
    machines_end(box->node);
    talloc_free(box->node);
    box_start(roles, box, true);
    if (box_serves(box_other(roles, box))) /* whoever steps down gives the address up */
        roles->owner = box_other(roles, box)->place;
}

static void answer_go(struct roles *roles, struct box *box)
{
    int error = L2TPHA_ERR_LIMIT;

    if (!world_chance(&roles->world, 15)) {
        error =
            try_as(roles, box, 0,
                   world_chance(&roles->world, 50) ? L2TPHA_TRUST_AUTO : L2TPHA_TRUST_EXACT, false);
        if (!error)
            return;
    }
    world_say(&roles->world, box->name, "declines: %s", l2tpha_strerror(error));
    error = l2tpha_link_decline(box->link, error, roles->world.now);
    if (error)
        program_link_failed(roles, box, error);
}

/* Any call. */
static void hang_up(struct roles *roles, struct box *box)
{
    const struct l2tpha_disconnect why = {.size = sizeof(why), .result = 3};
    struct l2tpha_tunnel *tunnel = l2tpha_tunnel_next(box->node, NULL);
    struct l2tpha_session *session = tunnel ? l2tpha_session_next(tunnel, NULL) : NULL;

    box->hangs_up = false;
    box->called = true;
    if (session)
        (void)host_session_close(session, &why, roles->world.now);
}

void program_step(struct roles *roles, struct box *box)
{
    if (box_role(box) == L2TPHA_ROLE_FENCED) {
        begin_anew(roles, box);
        return;
    }
    if (box->told != ORDER_NONE && !box->begun) {
        begin_order(roles, box);
        return;
    }
    if (box_serves(box)) {
        if (box->hangs_up)
            hang_up(roles, box);
        if (box->told == ORDER_TAKEOVER)
            end_order(box);
        if (box->told == ORDER_SWITCHOVER)
            pursue_switchover(roles, box);
        return;
    }
    if (box->told == ORDER_SWITCHOVER)
        end_order(box);
    if (box->given) {
        box->given = false;
        if (!box_other(roles, box)->node)
            take_over_exact(roles, box, 0);
        return;
    }
    if (box->link && link_info(box).switchover)
        answer_go(roles, box);
    else if (box->told == ORDER_TAKEOVER)
        pursue_takeover(roles, box);
}

uint64_t program_deadline(const struct box *box)
{
    if (box_role(box) == L2TPHA_ROLE_FENCED || box->given || box->stepped_down)
        return 0;
    if (box->told == ORDER_NONE)
        return box->link && link_info(box).switchover && !box_serves(box) ? 0 : L2TPHA_NEVER;
    return box->at + 5 * MS; /* it looks often */
}
