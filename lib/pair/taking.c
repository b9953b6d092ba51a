/* SPDX-License-Identifier: MIT */
#include "taking.h"
#include "handing.h"
#include "host.h"
#include "info.h"
#include "leasing.h"
#include "links.h"
#include "pair.h"
#include "serving.h"
#include "storing.h"

#define HERE_US 250000   /* between two looks for the address */
#define AGAIN_US 50000   /* ... and at the claim, while somebody waits for it */
#define ASKED_US 2000000 /* who was told to serve, and does not get the claim, declines */
#define ORDER_US 3000000 /* an order is given up, and how a lease has gone that was running */
#define SERVE_US 1000000 /* the claim is ours, and the address cannot be had */
#define GIVE_US 1000000  /* the lease is given back by then, or ends by itself */

static const char stale_words[] =
    "the copy may be behind what was served: 'takeover --stale' recovers what RFC 4951 can, and "
    "clears the rest";

static const char *follow_from_store(struct l2tpha_pair *pair, enum l2tpha_trust trust)
{
    pair->from_store = true;
    pair->taking.stale_store = trust != L2TPHA_TRUST_EXACT;
    return serving_follow(pair);
}

const char *taking_start(struct l2tpha_pair *pair)
{
    bool restored;
    enum l2tpha_trust trust;
    const char *why = storing_restore(pair, &restored, &trust);
    if (why != NULL)
        return why;
    return restored ? follow_from_store(pair, trust) : serving_follow(pair);
}

/* ---- orders ---- */

void taking_end_order(struct l2tpha_pair *pair, const char *why)
{
    if (pair->taking.order_until == 0)
        return;
    pair->taking.order_until = 0;
    if (pair->switchover == SWITCHOVER_ANNOUNCED)
        pair->switchover = SWITCHOVER_NONE;
    if (why != NULL)
        say(pair, L2TPHA_LOG_RF, "no takeover: %s", why);
    complete(pair, L2TPHA_PAIR_TAKEOVER, why);
}

/* The claim as it was seen last may be old: it is looked at first. */
const char *taking_order(struct l2tpha_pair *pair, bool stale)
{
    struct taking *taking = &pair->taking;
    struct l2tpha_lease_info info = leasing_info(pair);
    if (taking->order_until != 0 || taking->asked_until != 0)
        return "a takeover is under way";
    if (!has_socket(pair) && !address_is_here(&pair->options.address))
        return "the address of --listen is not here";
    if (!info.looked)
        return "what the claim is, is not known: the authority does not answer";
    taking->order_until = l2tpha_pair_now() + pair->options.lease_ms * UINT64_C(1000) + ORDER_US;
    taking->order_stale = stale;
    taking->order_checked = !is_standby(pair);
    taking->order_looks = info.looks;
    taking->again_at = 0;
    return NULL;
}

/* Who is in the claim, with a whole copy, has what was served; so has anybody if it is nothing. */
static bool may_serve(const struct l2tpha_pair *pair)
{
    struct l2tpha_claim claim = leasing_info(pair).claim;
    bool is_void = claim.owner[0] != '\0' && claim.count == 0;
    return pair->taking.order_stale || claim.epoch == 0 || is_void ||
           (info_of(pair).whole && !pair->taking.stale_store && leasing_includes(pair));
}

/* An active that lives is told first, and gives its lease back. */
static void check_order(struct l2tpha_pair *pair)
{
    struct taking *taking = &pair->taking;
    if (taking->order_until == 0 || taking->order_checked ||
        leasing_info(pair).looks == taking->order_looks)
        return;
    taking->order_checked = true;
    if (!may_serve(pair)) {
        taking_end_order(pair, stale_words);
        return;
    }
    pair->stale = taking->order_stale;
    (void)serving_announce(pair); /* or nobody is there to be told */
}

/* The active keeps its socket until this node serves: whoever it has counted on must not be told
 * that nobody is there. */
void taking_be_asked(struct l2tpha_pair *pair)
{
    struct taking *taking = &pair->taking;
    if (taking->asked_until != 0)
        return;
    const char *why = open_socket(pair, true);
    if (why != NULL) {
        say(pair, L2TPHA_LOG_ERROR, "cannot take over (planned switchover): %s", why);
        (void)links_decline(pair->links, L2TPHA_ERR_HOST);
        return;
    }
    taking->asked_until = l2tpha_pair_now() + ASKED_US;
    taking->again_at = 0;
}

static void decline(struct l2tpha_pair *pair, int error)
{
    if (pair->taking.asked_until == 0)
        return;
    pair->taking.asked_until = 0;
    (void)links_decline(pair->links, error); /* nobody may be there any more */
    close_socket(pair);
}

void taking_look(struct l2tpha_pair *pair)
{
    pair->taking.wanted = L2TPHA_LEASE_FOLLOW; /* so what is wanted is said anew */
}

/* ---- serving ---- */

static const char *cause(const struct l2tpha_pair *pair, enum l2tpha_trust trust)
{
    if (pair->taking.asked_until != 0)
        return "planned switchover";
    if (pair->taking.order_until != 0)
        return "operator";
    return trust == L2TPHA_TRUST_EMPTY ? "nothing is held" : "nobody has the lease";
}

/* What cannot be served now is tried again: nobody else may serve what this node has taken. */
static void serve(struct l2tpha_pair *pair, uint64_t epoch, enum l2tpha_trust trust)
{
    struct taking *taking = &pair->taking;
    taking->trust = trust;
    if (taking->stale_store && trust == L2TPHA_TRUST_EXACT)
        trust = L2TPHA_TRUST_STALE;
    pair->next_epoch = epoch;
    const char *why =
        pair->ending ? "this node leaves" : serving_try(pair, trust, cause(pair, trust));
    if (why != NULL) {
        (void)leasing_leave(pair);
        taking->serve_at = l2tpha_pair_now() + SERVE_US;
        decline(pair, L2TPHA_ERR_HOST);
    }
    taking->asked_until = 0;
    taking_end_order(pair, why);
}

/* It was silent upon an order, and is to serve upon another. */
static void serve_again(struct l2tpha_pair *pair)
{
    const char *why = open_socket(pair, false);
    if (why == NULL) {
        (void)l2tpha_release(pair->node, l2tpha_pair_now()); /* or the lease has done so */
        serving_begin(pair, L2TPHA_PAIR_SERVES);
    } else {
        (void)leasing_leave(pair);
    }
    taking_end_order(pair, why);
}

static void come_back(struct l2tpha_pair *pair, const struct l2tpha_lease_event *event)
{
    bool lost = pair->taking.lost && !pair->held;
    pair->taking.lost = false;
    if (is_standby(pair))
        serve(pair, event->epoch, pair->taking.trust);
    else if (has_handed(pair))
        handing_take_back(pair);
    else if (pair->held && pair->taking.order_until == 0)
        (void)l2tpha_hold(pair->node, l2tpha_pair_now()); /* until it hands over */
    else if (pair->held)
        serve_again(pair);
    else if (pair->switchover == SWITCHOVER_NONE)
        serving_begin(pair, L2TPHA_PAIR_SERVES);
    else if (lost) /* in a switchover, which goes on */
        tell_event(pair, L2TPHA_PAIR_SERVES);
}

static void begin_anew(struct l2tpha_pair *pair)
{
    taking_end_order(pair, "another node serves");
    pair->taking.asked_until = pair->taking.serve_at = 0;
    links_disconnect(pair->links, false);
    close_socket(pair);
    leasing_end(pair);
    free_node(pair);
    const char *why = serving_follow(pair);
    if (why == NULL)
        return;
    say(pair, L2TPHA_LOG_ERROR, "cannot become a standby: %s", why);
    end_pair(pair, false);
}

static void take_event(struct l2tpha_pair *pair, const struct l2tpha_lease_event *event)
{
    switch (event->kind) {
    case L2TPHA_LEASE_TOOK:
        serve(pair, event->epoch, event->trust);
        break;
    case L2TPHA_LEASE_ENDED:
        pair->reads = false;
        pair->taking.lost = !is_standby(pair);
        if (pair->taking.lost)
            tell_event(pair, L2TPHA_PAIR_LEASE_LOST);
        break;
    case L2TPHA_LEASE_BACK:
        come_back(pair, event);
        break;
    case L2TPHA_LEASE_GIVEN:
        pair->taking.given = true;
        break;
    case L2TPHA_LEASE_OVER:
        if (is_standby(pair)) {
            begin_anew(pair);
        } else if (!pair->taking.fenced) { /* by command: until there is another one */
            taking_end_order(pair, "another node serves");
            pair->step_down = true;
        }
        break;
    }
}

/* ---- following ---- */

/* The address decides where the endpoint may be, the claim who serves it. */
static bool has_address(struct l2tpha_pair *pair, uint64_t now)
{
    struct taking *taking = &pair->taking;
    if (has_socket(pair))
        return true;
    if (now >= taking->here_at) {
        taking->here = address_is_here(&pair->options.address);
        taking->here_at = now + HERE_US;
    }
    return taking->here;
}

static enum l2tpha_lease_want wanted(struct l2tpha_pair *pair, uint64_t now)
{
    const struct taking *taking = &pair->taking;
    const struct l2tpha_pair_options *options = &pair->options;
    if (!has_address(pair, now) || pair->ending)
        return L2TPHA_LEASE_FOLLOW;
    if (taking->order_until != 0 && taking->order_checked)
        return taking->order_stale ? L2TPHA_LEASE_SERVE_STALE : L2TPHA_LEASE_SERVE;
    if (taking->asked_until != 0)
        return L2TPHA_LEASE_SERVE;
    bool first = leasing_info(pair).claim.epoch == 0;
    bool by_itself = first ? options->role != L2TPHA_PAIR_STANDBY : !options->takeover_manual;
    return by_itself && !taking->stale_store ? L2TPHA_LEASE_SERVE : L2TPHA_LEASE_FOLLOW;
}

static void tell_wish(struct l2tpha_pair *pair, uint64_t now)
{
    struct taking *taking = &pair->taking;
    enum l2tpha_lease_want want = wanted(pair, now);
    bool hurries = taking->order_until != 0 || taking->asked_until != 0;
    if (want == taking->wanted && !(hurries && now >= taking->again_at))
        return;
    taking->wanted = want;
    taking->again_at = now + AGAIN_US;
    leasing_want(pair, want);
}

static const char *reason_of(const struct l2tpha_pair *pair)
{
    struct l2tpha_lease_info info = leasing_info(pair);
    if (info.status != L2TPHA_OK)
        return "the authority does not answer";
    return info.reason[0] != '\0' ? info.reason : "the claim was not had in time";
}

static void watch_claim(struct l2tpha_pair *pair, uint64_t now)
{
    struct taking *taking = &pair->taking;
    if (taking->asked_until != 0 && now >= taking->asked_until)
        decline(pair, L2TPHA_ERR_TIMEOUT);
    check_order(pair);
    if (taking->order_until != 0 && now >= taking->order_until)
        taking_end_order(pair, reason_of(pair));
    tell_wish(pair, now);
}

static void follow(struct l2tpha_pair *pair, uint64_t now)
{
    struct taking *taking = &pair->taking;
    struct l2tpha_lease_info info = leasing_info(pair);
    if (taking->look_until != 0 && (info.looked || now >= taking->look_until)) {
        taking->look_until = 0;
        links_connect(pair->links);
    }
    if (info.state == L2TPHA_LEASE_WATCHING) {
        watch_claim(pair, now);
    } else if (info.state == L2TPHA_LEASE_LEFT && now >= taking->serve_at) {
        taking->serve_at = now + SERVE_US;
        if (has_address(pair, now) && !pair->ending)
            (void)leasing_return(pair);
    }
}

/* ---- each turn ---- */

bool taking_let_go(struct l2tpha_pair *pair)
{
    struct taking *taking = &pair->taking;
    if (leasing_leave(pair) == L2TPHA_OK) {
        pair->reads = taking->given = false;
        taking->give_until = l2tpha_pair_now() + GIVE_US;
    }
    return taking_let_go_until(pair) == 0;
}

uint64_t taking_let_go_until(const struct l2tpha_pair *pair)
{
    bool waits = leasing_has(pair, L2TPHA_LEASE_LEFT) && !pair->taking.given &&
                 l2tpha_pair_now() < pair->taking.give_until;
    return waits ? pair->taking.give_until : 0;
}

void taking_advance(struct l2tpha_pair *pair)
{
    struct l2tpha_lease_event event;
    if (!leasing_is_used(pair))
        return;
    while (!pair->ended && leasing_event(pair, &event))
        take_event(pair, &event);
    if (pair->ended)
        return;
    uint64_t now = l2tpha_pair_now();
    if (is_standby(pair))
        follow(pair, now);
    else if (pair->taking.order_until != 0 && now >= pair->taking.order_until)
        taking_end_order(pair, reason_of(pair));
    links_pause(pair->links, !leasing_reads(pair));
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t watching_deadline(const struct l2tpha_pair *pair)
{
    const struct taking *taking = &pair->taking;
    uint64_t due = L2TPHA_NEVER;
    if (taking->asked_until != 0)
        due = earlier(taking->asked_until, taking->again_at);
    if (taking->order_until != 0)
        due = earlier(due, earlier(taking->order_until, taking->again_at));
    return taking->here || has_socket(pair) ? due : earlier(due, taking->here_at);
}

uint64_t taking_deadline(const struct l2tpha_pair *pair)
{
    const struct taking *taking = &pair->taking;
    uint64_t due = leasing_deadline(pair);
    if (!leasing_is_used(pair))
        return L2TPHA_NEVER;
    if (!is_standby(pair))
        return taking->order_until != 0 ? earlier(due, taking->order_until) : due;
    if (taking->look_until != 0)
        due = earlier(due, taking->look_until);
    if (leasing_has(pair, L2TPHA_LEASE_WATCHING))
        due = earlier(due, watching_deadline(pair));
    else if (leasing_has(pair, L2TPHA_LEASE_LEFT))
        due = earlier(due, taking->serve_at);
    return due;
}
