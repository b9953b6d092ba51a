/* SPDX-License-Identifier: MIT */
#include "pair.h"
#include "handing.h"
#include "host.h"
#include "info.h"
#include "leasing.h"
#include "links.h"
#include "output.h"
#include "replacing.h"
#include "role.h"
#include "sealed.h"
#include "storing.h"
#include "succession.h"
#include "taking.h"

#include <string.h>
#include <sys/un.h>
#include <talloc.h>

/* ---- life ---- */

static bool is_complete(const struct l2tpha_pair_options *options)
{
    const struct l2tpha_pair_host *host = &options->host;
    bool makes = host->make != NULL || options->config != NULL;
    bool keeps = options->fd != NULL ||
                 (host->socket != NULL && host->inherit != NULL && host->close != NULL);
    return options->size >= sizeof(*options) && host->size >= sizeof(*host) && makes && keeps &&
           host->open != NULL && host->outputs != NULL;
}

/* What is INVALID for no other reason is told by its name. */
static bool may_be_used(struct l2tpha_pair *pair, bool beyond_loopback, const char *name)
{
    if (pair->options.insecure || pair->keys != NULL || !beyond_loopback)
        return true;
    say(pair, L2TPHA_LOG_ERROR, "%s beyond loopback: nothing protects the stream without keys",
        name);
    return false;
}

/* Whom it listens for and follows. False = it cannot be. */
static bool take_endpoints(struct l2tpha_pair *pair)
{
    const struct l2tpha_pair_options *options = &pair->options;
    if ((options->listen != NULL && endpoint_parse(options->listen, &pair->listen) != NULL) ||
        (options->connect != NULL && others_add(&pair->others, options->connect, false) != NULL) ||
        (options->far != NULL && others_add(&pair->others, options->far, true) != NULL))
        return false;
    pair->options.listen = pair->options.connect = pair->options.far = NULL;
    if (options->name != NULL && strlen(options->name) > L2TPHA_NODE_NAME_MAX)
        return false;
    strcpy(pair->node_name, options->name != NULL ? options->name : "");
    pair->options.name = NULL;
    pair->connect = pair->others.list[0].endpoint;
    if (options->observer && pair->connect.kind != ENDPOINT_TCP)
        return false;
    if (options->role != L2TPHA_PAIR_ACTIVE && pair->connect.kind == ENDPOINT_NONE)
        return false;
    if (options->role == L2TPHA_PAIR_AUTO && pair->listen.kind == ENDPOINT_NONE)
        return false;
    return may_be_used(pair, endpoint_is_beyond_loopback(&pair->listen), "listen") &&
           may_be_used(pair, others_are_beyond_loopback(&pair->others), "connect");
}

/* No other node: two of one place, one after the other. */
static bool may_replace(const struct l2tpha_pair *pair)
{
    const struct l2tpha_pair_options *options = &pair->options;
    const struct sockaddr_un *listen = (const struct sockaddr_un *)&pair->listen.socket;
    const struct sockaddr_un *connect = (const struct sockaddr_un *)&pair->connect.socket;
    if (!options->replaces)
        return true;
    return options->role == L2TPHA_PAIR_AUTO && options->authority == NULL &&
           !options->takeover_manual && pair->listen.kind == ENDPOINT_UNIX &&
           pair->connect.kind == ENDPOINT_UNIX && strcmp(listen->sun_path, connect->sun_path) == 0;
}

#define LEASE_LEAST_MS 2000
#define LEASE_MS 5000

/* An authority decides between boxes: over unix the kernel tells of a death. */
static int take_authority(struct l2tpha_pair *pair)
{
    struct l2tpha_pair_options *options = &pair->options;
    if (options->authority == NULL)
        return L2TPHA_OK;
    if (!leasing_is_used(pair))
        return L2TPHA_ERR_UNSUPPORTED;
    bool tcp = pair->connect.kind == ENDPOINT_TCP && pair->listen.kind == ENDPOINT_TCP;
    if (options->lease_ms == 0)
        options->lease_ms = LEASE_MS;
    return tcp && options->lease_ms >= LEASE_LEAST_MS ? L2TPHA_OK : L2TPHA_ERR_INVALID;
}

/* The text is not kept. */
static int take_keys(struct l2tpha_pair *pair)
{
    const char *text = pair->options.keys, *why;
    pair->options.keys = NULL;
    int error = text != NULL ? sealed_set_keys(pair, text, &why) : L2TPHA_OK;
    if (error != L2TPHA_OK)
        say(pair, L2TPHA_LOG_ERROR, "keys: %s", why);
    return error;
}

int l2tpha_pair_new(const struct l2tpha_pair_options *options, struct l2tpha_pair **pair)
{
    *pair = NULL;
    if (options == NULL || !is_complete(options))
        return L2TPHA_ERR_INVALID;
    struct l2tpha_pair *made = talloc_zero(NULL, struct l2tpha_pair);
    if (made == NULL)
        return L2TPHA_ERR_NOMEM;
    made->options = *options;
    made->watcher.epoll = made->watcher.timer = made->store_watch.fd = -1;
    made->made_with = 1; /* it learns the other one */
    made->events = &role_events;
    made->lock = (struct lock){.listen = &made->listen, .connect = &made->connect, .fd = -1};
    made->starting = made->lock;
    made->starting.suffix = ".next";
    made->predecessor = -1;
    int error = take_keys(made);
    if (error == L2TPHA_OK)
        error = take_endpoints(made) && may_replace(made) ? L2TPHA_OK : L2TPHA_ERR_INVALID;
    if (error == L2TPHA_OK)
        error = take_authority(made);
    if (error == L2TPHA_OK && !watcher_open(&made->watcher))
        error = L2TPHA_ERR_HOST;
    if (error == L2TPHA_OK && (made->links = links_new(made)) == NULL)
        error = L2TPHA_ERR_NOMEM;
    if (error != L2TPHA_OK) {
        l2tpha_pair_free(made);
        return error;
    }
    *pair = made;
    return L2TPHA_OK;
}

const char *l2tpha_pair_set_keys(struct l2tpha_pair *pair, const char *text)
{
    const char *why = NULL;
    if (pair->keys == NULL)
        return "this pair was made without keys";
    return sealed_set_keys(pair, text, &why) == L2TPHA_OK ? NULL : why;
}

const char *l2tpha_pair_start(struct l2tpha_pair *pair)
{
    if (pair->started)
        return "it has begun already";
    pair->started = true;
    const char *why = replacing_start(pair);
    if (why == NULL)
        why = storing_open(pair);
    if (why == NULL)
        why = role_start(pair);
    if (why == NULL)
        l2tpha_pair_drain(pair);
    return why;
}

void l2tpha_pair_free(struct l2tpha_pair *pair)
{
    if (pair == NULL)
        return;
    pair->reads = false;
    links_free(pair->links);
    storing_free(pair); /* before the node */
    leasing_free(pair);
    free_node(pair);
    succession_end(pair);
    lock_let_go(&pair->lock);
    passed_clear(&pair->kept, true);
    passed_clear(&pair->given, false);
    watcher_close(&pair->watcher);
    talloc_free(pair);
}

void l2tpha_pair_leave(struct l2tpha_pair *pair)
{
    pair->ending = true;
    links_disconnect(pair->links, true);
    (void)taking_let_go(pair);
}

void l2tpha_pair_end(struct l2tpha_pair *pair)
{
    pair->ending = true;
}

/* ---- the loop ---- */

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void set_timer(struct l2tpha_pair *pair)
{
    uint64_t due = earlier(l2tpha_deadline(pair->node), links_deadline(pair->links));
    due = earlier(due, earlier(storing_deadline(pair), taking_deadline(pair)));
    due = earlier(due, replacing_deadline(pair));
    watcher_wake_at(&pair->watcher, earlier(due, role_deadline(pair)));
}

void l2tpha_pair_drain(struct l2tpha_pair *pair)
{
    if (pair->node == NULL || pair->ended)
        return;
    output_drain(pair);
    set_timer(pair);
}

void l2tpha_pair_catch_up(struct l2tpha_pair *pair)
{
    leasing_check(pair);
    links_catch_up(pair->links);
}

static void serve_once(struct l2tpha_pair *pair)
{
    watcher_run(&pair->watcher);
    uint64_t now = l2tpha_pair_now();
    if (l2tpha_deadline(pair->node) <= now)
        (void)l2tpha_expire(pair->node, now); /* what fails is an event of its tunnel */
    if (links_deadline(pair->links) <= now)
        links_expire(pair->links, now);
    leasing_service(pair);
    output_drain(pair);
    role_advance(pair);
    l2tpha_pair_drain(pair);
}

bool l2tpha_pair_service(struct l2tpha_pair *pair)
{
    if (pair->ended || pair->node == NULL)
        return false;
    if (!pair->in_service) {
        pair->in_service = true;
        serve_once(pair);
        pair->in_service = false;
    }
    return !pair->ended;
}

/* ---- descriptors besides the socket ---- */

int l2tpha_pair_pass(struct l2tpha_pair *pair, uint32_t tag, int fd)
{
    int error = L2TPHA_OK;
    if (fd < -1 || tag == SUCCESSION_TAG)
        return L2TPHA_ERR_INVALID;
    if (fd >= 0)
        error = passed_put(&pair->given, tag, fd);
    else if (passed_take(&pair->given, tag) < 0)
        return L2TPHA_OK;
    if (error != L2TPHA_OK)
        return error;
    links_pass(pair->links, tag);
    if (pair->node != NULL)
        set_timer(pair);
    return L2TPHA_OK;
}

int l2tpha_pair_passed(struct l2tpha_pair *pair, uint32_t tag)
{
    return tag != SUCCESSION_TAG ? passed_take(&pair->kept, tag) : -1;
}

/* ---- what is known ---- */

int l2tpha_pair_fd(const struct l2tpha_pair *pair)
{
    return pair->watcher.epoll;
}

struct l2tpha_node *l2tpha_pair_node(const struct l2tpha_pair *pair)
{
    return pair->node;
}

bool l2tpha_pair_reads(const struct l2tpha_pair *pair)
{
    return pair->reads;
}

bool l2tpha_pair_status(const struct l2tpha_pair *pair)
{
    return !pair->ended || pair->ended_well;
}

static bool is_whole(const struct l2tpha_pair *pair)
{
    enum l2tpha_role role = info_of(pair).role;
    return role == L2TPHA_ROLE_STANDBY_HOT || role == L2TPHA_ROLE_UNHEARD ||
           role == L2TPHA_ROLE_CUT_OFF;
}

static bool protects(const struct l2tpha_pair *pair, const struct l2tpha_pair_info *info)
{
    if (pair->node == NULL)
        return false;
    if (info->standby)
        return leasing_includes(pair) && is_whole(pair);
    return info->met && info->link.in_sync && leasing_protects(pair, info->link.peer_rank);
}

void l2tpha_pair_get(const struct l2tpha_pair *pair, struct l2tpha_pair_info *info)
{
    struct l2tpha_pair_info all = {.size = info->size,
                                   .reads = pair->reads,
                                   .held = pair->held,
                                   .handed = has_handed(pair),
                                   .switching = pair->switchover != SWITCHOVER_NONE,
                                   .looking = pair->looking,
                                   .from_store = pair->from_store,
                                   .replaced_by = pair->replaced_by,
                                   .link.size = sizeof(all.link)};
    if (pair->node != NULL && pair->started) {
        all.standby = is_standby(pair);
        all.behind_us = all.standby ? behind_us(pair) : 0;
        all.successor = all.standby && replaces(pair) && !pair->looking;
    }
    all.met = links_info(pair->links, &all.link);
    all.leaving = pair->ending && taking_let_go_until(pair) != 0;
    all.protects = protects(pair, &all);
    all.standbys = links_count(pair->links);
    all.key_id = links_key_id(pair->links);
    all.refused = links_refusals(pair->links, &all.refusal);
    memcpy(info, &all, info->size < sizeof(all) ? info->size : sizeof(all));
}

/* ---- orders ---- */

/* What an order has begun goes on in l2tpha_pair_service(), whoever calls it next. */
static const char *given(struct l2tpha_pair *pair, const char *why)
{
    if (!pair->ended)
        set_timer(pair);
    return why;
}

static const char not_begun[] = "it has not begun";

static bool has_begun(const struct l2tpha_pair *pair)
{
    return pair->started && pair->node != NULL && !pair->ended;
}

const char *l2tpha_pair_switchover(struct l2tpha_pair *pair)
{
    return has_begun(pair) ? given(pair, handing_begin(pair)) : not_begun;
}

const char *l2tpha_pair_takeover(struct l2tpha_pair *pair, bool stale)
{
    return has_begun(pair) ? given(pair, role_take_over(pair, stale)) : not_begun;
}

const char *l2tpha_pair_stand_by(struct l2tpha_pair *pair)
{
    return has_begun(pair) ? given(pair, role_standby(pair)) : not_begun;
}

const char *l2tpha_pair_fence(struct l2tpha_pair *pair)
{
    return has_begun(pair) ? given(pair, role_fence(pair)) : not_begun;
}
