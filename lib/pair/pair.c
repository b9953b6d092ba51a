/* SPDX-License-Identifier: MIT */
#include "pair.h"
#include "links.h"
#include "role.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <talloc.h>
#include <time.h>

#define OUTPUTS 64
#define MORE_PER_DRAIN 16

uint64_t l2tpha_pair_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

/* ---- what the program does ---- */

const struct l2tpha_config *config_of(const struct l2tpha_pair *pair)
{
    return l2tpha_node_config(pair->node);
}

void say(struct l2tpha_pair *pair, enum l2tpha_log_category category, const char *format, ...)
{
    char text[PAIR_WHY_MAX];
    va_list args;
    if (pair->options.host.log == NULL)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    pair->options.host.log(pair->options.host.user, category, text);
}

void tell_event(struct l2tpha_pair *pair, enum l2tpha_pair_event event)
{
    if (pair->options.host.event != NULL)
        pair->options.host.event(pair->options.host.user, event);
}

void complete(struct l2tpha_pair *pair, enum l2tpha_pair_order order, const char *why)
{
    if (pair->options.host.outcome != NULL)
        pair->options.host.outcome(pair->options.host.user, order, why);
}

void end_pair(struct l2tpha_pair *pair, bool well)
{
    pair->ended = pair->ending = true;
    pair->ended_well = well;
    tell_event(pair, L2TPHA_PAIR_ENDS);
}

const char *make_node(struct l2tpha_pair *pair, bool standby)
{
    uint64_t epoch = standby ? 1 : lock_epoch(&pair->lock) + 1; /* it learns the other one */
    const struct l2tpha_pair_host *host = &pair->options.host;
    int error = host->make(host->user, standby, epoch, &pair->node);
    if (error != L2TPHA_OK)
        pair->node = NULL;
    return error == L2TPHA_OK ? NULL : l2tpha_strerror(error);
}

void free_node(struct l2tpha_pair *pair)
{
    const struct l2tpha_pair_host *host = &pair->options.host;
    struct l2tpha_node *node = pair->node;
    if (node == NULL)
        return;
    if (host->unmake != NULL)
        host->unmake(host->user, node);
    else
        l2tpha_node_free(node);
    pair->node = NULL;
}

bool has_socket(const struct l2tpha_pair *pair)
{
    return pair->options.host.socket(pair->options.host.user) >= 0;
}

const char *open_socket(struct l2tpha_pair *pair, bool beside)
{
    const char *why = NULL;
    if (has_socket(pair) || pair->options.host.open(pair->options.host.user, beside, &why))
        return NULL;
    return why != NULL ? why : "no socket";
}

void close_socket(struct l2tpha_pair *pair)
{
    if (has_socket(pair))
        pair->options.host.close(pair->options.host.user);
}

void share_socket(struct l2tpha_pair *pair, bool share)
{
    int on = share, fd = pair->options.host.socket(pair->options.host.user);
    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
}

/* ---- life ---- */

static bool is_complete(const struct l2tpha_pair_options *options)
{
    const struct l2tpha_pair_host *host = &options->host;
    return options->size >= sizeof(*options) && host->size >= sizeof(*host) && host->make != NULL &&
           host->open != NULL && host->socket != NULL && host->inherit != NULL &&
           host->close != NULL && host->outputs != NULL;
}

/* Whom it listens for and follows. False = it cannot be. */
static bool take_endpoints(struct l2tpha_pair *pair)
{
    const struct l2tpha_pair_options *options = &pair->options;
    if ((options->listen != NULL && endpoint_parse(options->listen, &pair->listen) != NULL) ||
        (options->connect != NULL && endpoint_parse(options->connect, &pair->connect) != NULL))
        return false;
    pair->options.listen = pair->options.connect = NULL;
    if (options->role != L2TPHA_PAIR_ACTIVE && pair->connect.kind == ENDPOINT_NONE)
        return false;
    if (options->role == L2TPHA_PAIR_AUTO && pair->listen.kind == ENDPOINT_NONE)
        return false;
    return options->insecure || !endpoint_is_beyond_loopback(&pair->listen);
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
    made->watcher.epoll = made->watcher.timer = -1;
    made->lock = (struct lock){.listen = &made->listen, .connect = &made->connect, .fd = -1};
    int error = take_endpoints(made) ? L2TPHA_OK : L2TPHA_ERR_INVALID;
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

const char *l2tpha_pair_start(struct l2tpha_pair *pair)
{
    if (pair->started)
        return "it has begun already";
    pair->started = true;
    const char *why = role_start(pair);
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
    free_node(pair);
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
}

void l2tpha_pair_end(struct l2tpha_pair *pair)
{
    pair->ending = true;
}

/* ---- the loop ---- */

/* Nothing here calls the node, so all outputs of a batch stay valid; shipping a checkpoint may,
 * when it fails, so that comes last. */
static void let_out(struct l2tpha_pair *pair, const struct l2tpha_output *outputs, size_t count)
{
    links_tell_sync(pair->links);
    pair->options.host.outputs(pair->options.host.user, outputs, count);
    for (size_t i = 0; i < count; i++)
        if (outputs[i].kind == L2TPHA_OUTPUT_CHECKPOINT)
            links_send(pair->links, outputs[i].number, outputs[i].data, outputs[i].len);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void set_timer(struct l2tpha_pair *pair)
{
    uint64_t due = earlier(l2tpha_deadline(pair->node), links_deadline(pair->links));
    watcher_wake_at(&pair->watcher, earlier(due, role_deadline(pair)));
}

/* Peers answer while there is more to send: what they say does not wait in the socket until it
 * overflows. But the other descriptors have their turn. */
static void drain(struct l2tpha_pair *pair)
{
    const struct l2tpha_pair_host *host = &pair->options.host;
    struct l2tpha_output outputs[OUTPUTS];
    size_t count;
    int reads = MORE_PER_DRAIN;
    while ((count = l2tpha_poll(pair->node, outputs, OUTPUTS, l2tpha_pair_now())) > 0) {
        let_out(pair, outputs, count);
        if (pair->reads && count == OUTPUTS && host->more != NULL && reads-- > 0)
            host->more(host->user);
    }
    links_flush(pair->links);
}

void l2tpha_pair_drain(struct l2tpha_pair *pair)
{
    if (pair->node == NULL || pair->ended)
        return;
    drain(pair);
    set_timer(pair);
}

void l2tpha_pair_catch_up(struct l2tpha_pair *pair)
{
    links_catch_up(pair->links);
}

bool l2tpha_pair_service(struct l2tpha_pair *pair)
{
    if (pair->ended || pair->node == NULL)
        return false;
    watcher_run(&pair->watcher);
    uint64_t now = l2tpha_pair_now();
    if (l2tpha_deadline(pair->node) <= now)
        (void)l2tpha_expire(pair->node, now); /* what fails is an event of its tunnel */
    if (links_deadline(pair->links) <= now)
        links_expire(pair->links, now);
    drain(pair);
    role_advance(pair);
    l2tpha_pair_drain(pair);
    return !pair->ended;
}

/* ---- descriptors besides the socket ---- */

int l2tpha_pair_pass(struct l2tpha_pair *pair, uint32_t tag, int fd)
{
    int error = L2TPHA_OK;
    if (fd < -1)
        return L2TPHA_ERR_INVALID;
    if (fd >= 0)
        error = passed_put(&pair->given, tag, fd);
    else if (passed_take(&pair->given, tag) < 0)
        return L2TPHA_OK;
    if (error == L2TPHA_OK)
        links_pass(pair->links, tag);
    return error;
}

int l2tpha_pair_passed(struct l2tpha_pair *pair, uint32_t tag)
{
    return passed_take(&pair->kept, tag);
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

void l2tpha_pair_get(const struct l2tpha_pair *pair, struct l2tpha_pair_info *info)
{
    struct l2tpha_pair_info all = {.size = info->size,
                                   .reads = pair->reads,
                                   .held = pair->held,
                                   .handed = role_has_handed(pair),
                                   .switching = pair->switchover != SWITCHOVER_NONE,
                                   .looking = pair->looking,
                                   .link.size = sizeof(all.link)};
    if (pair->node != NULL && pair->started) {
        all.standby = role_is_standby(pair);
        all.behind_us = all.standby ? role_behind_us(pair) : 0;
    }
    all.met = links_info(pair->links, &all.link);
    memcpy(info, &all, info->size < sizeof(all) ? info->size : sizeof(all));
}

/* ---- orders ---- */

const char *l2tpha_pair_switchover(struct l2tpha_pair *pair)
{
    return role_switchover(pair);
}

const char *l2tpha_pair_takeover(struct l2tpha_pair *pair, bool stale)
{
    return role_take_over(pair, stale);
}

const char *l2tpha_pair_stand_by(struct l2tpha_pair *pair)
{
    return role_standby(pair);
}

const char *l2tpha_pair_fence(struct l2tpha_pair *pair)
{
    return role_fence(pair);
}
