/* SPDX-License-Identifier: MIT */
#include "host.h"
#include "pair.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

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

/* ---- the node ---- */

static int draw(void *user, uint8_t *dst, size_t len)
{
    (void)user;
    return getrandom(dst, len, 0) == (ssize_t)len ? 0 : -1;
}

static void take_line(void *user, const struct l2tpha_log_line *line)
{
    struct l2tpha_pair *pair = user;
    if (line->tunnel_id != 0)
        say(pair, line->category, "tunnel %u: %s", line->tunnel_id, line->text);
    else
        say(pair, line->category, "%s", line->text);
}

static int make(struct l2tpha_pair *pair, bool standby, uint64_t epoch)
{
    const struct l2tpha_pair_options *options = &pair->options;
    if (options->host.make != NULL)
        return options->host.make(options->host.user, standby, epoch, &pair->node);
    struct l2tpha_config config = *options->config;
    struct l2tpha_host host = {
        .size = sizeof(host), .user = pair, .random = draw, .log = take_line};
    config.standby = standby;
    config.epoch = epoch;
    return l2tpha_node_new(NULL, &config, &host, l2tpha_pair_now(), &pair->node);
}

const char *make_node(struct l2tpha_pair *pair, bool standby)
{
    uint64_t epoch = standby ? pair->made_with : lock_epoch(&pair->lock) + 1;
    int error = make(pair, standby, epoch);
    pair->from_store = pair->taking.stale_store = false;
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

/* ---- the socket ---- */

int socket_of(const struct l2tpha_pair *pair)
{
    const struct l2tpha_pair_options *options = &pair->options;
    return options->fd != NULL ? *options->fd : options->host.socket(options->host.user);
}

bool has_socket(const struct l2tpha_pair *pair)
{
    return socket_of(pair) >= 0;
}

const char *open_socket(struct l2tpha_pair *pair, bool beside)
{
    const char *why = NULL;
    if (has_socket(pair) || pair->options.host.open(pair->options.host.user, beside, &why))
        return NULL;
    return why != NULL ? why : "no socket";
}

void inherit_socket(struct l2tpha_pair *pair, int fd)
{
    const struct l2tpha_pair_options *options = &pair->options;
    if (options->fd == NULL) {
        options->host.inherit(options->host.user, fd);
        return;
    }
    if (*options->fd >= 0)
        close(*options->fd);
    *options->fd = fd;
}

void close_socket(struct l2tpha_pair *pair)
{
    if (pair->options.fd != NULL)
        inherit_socket(pair, -1);
    else if (has_socket(pair))
        pair->options.host.close(pair->options.host.user);
}

void share_socket(struct l2tpha_pair *pair, bool share)
{
    int on = share, fd = socket_of(pair);
    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
}
