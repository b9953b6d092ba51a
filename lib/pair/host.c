/* SPDX-License-Identifier: MIT */
#include "host.h"
#include "pair.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>

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
