/* SPDX-License-Identifier: MIT */
/* The tunnels of l2tpha-lac. */
#include "lac.h"

/* ---- tunnels ---- */

static void dial_add(struct lac *lac, struct lac_tunnel *tunnel)
{
    size_t room = talloc_array_length(lac->dial);
    if (tunnel->calls >= lac->app->options->sessions)
        return;
    if (lac->dial_count == room)
        lac->dial = talloc_realloc(lac->reign, lac->dial, struct lac_tunnel *, 2 * room + 64);
    tunnel->dialing = true;
    tunnel->place = lac->dial_count;
    lac->dial[lac->dial_count++] = tunnel;
}

void lac_dial_remove(struct lac *lac, struct lac_tunnel *tunnel)
{
    if (!tunnel->dialing)
        return;
    tunnel->dialing = false;
    lac->dial[tunnel->place] = lac->dial[--lac->dial_count];
    lac->dial[tunnel->place]->place = tunnel->place;
}

static void tunnel_up(struct lac *lac, struct lac_tunnel *tunnel)
{
    tunnel->up = true;
    lac->tunnels_up++;
    dial_add(lac, tunnel);
}

/* It stays the user of its sessions' last events until it is gone. */
static void tunnel_down(struct lac *lac, struct lac_tunnel *tunnel)
{
    if (tunnel->down)
        return;
    tunnel->down = true;
    if (tunnel->up)
        lac->tunnels_up--;
    else
        lac->tunnels_half_open--;
    lac->report.tunnels_lost += !lac->finished;
    lac_dial_remove(lac, tunnel);
}

void lac_tunnel_restored(struct lac *lac, const struct l2tpha_event *event)
{
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};
    if (event->tunnel == NULL)
        return;
    l2tpha_tunnel_get(event->tunnel, &record);
    if (record.state > L2TPHA_TUNNEL_ESTABLISHED)
        return;
    struct lac_tunnel *tunnel = talloc_zero(lac->reign, struct lac_tunnel);
    tunnel->id = event->tunnel_id;
    tunnel->calls = l2tpha_tunnel_sessions(event->tunnel);
    l2tpha_tunnel_set_user(event->tunnel, tunnel);
    lac->report.tunnels++;
    if (record.state == L2TPHA_TUNNEL_ESTABLISHED)
        tunnel_up(lac, tunnel);
    else
        lac->tunnels_half_open++;
    for (struct l2tpha_session *session = NULL;
         (session = l2tpha_session_next(event->tunnel, session)) != NULL;)
        lac_call_restored(lac, session);
}

int lac_open_tunnel(struct lac *lac, uint64_t now)
{
    struct l2tpha_tunnel *handle;
    struct lac_tunnel *tunnel = talloc_zero(lac->reign, struct lac_tunnel);
    struct l2tpha_tunnel_options options = {.size = sizeof(options), .user = tunnel};
    options.path.remote = lac->app->options->connect;
    int error = l2tpha_tunnel_open(lac->app->node, &options, now, &handle);
    if (error != L2TPHA_OK) {
        talloc_free(tunnel);
        return error;
    }
    tunnel->id = l2tpha_tunnel_id(handle);
    lac->tunnels_half_open++;
    return L2TPHA_OK;
}

void lac_on_tunnel(struct lac *lac, const struct l2tpha_event *event)
{
    struct lac_tunnel *tunnel = talloc_get_type(event->user, struct lac_tunnel);
    if (tunnel == NULL)
        return;
    if (event->kind == L2TPHA_EVENT_TUNNEL_UP && !tunnel->up) {
        lac->tunnels_half_open--;
        tunnel_up(lac, tunnel);
    } else if (event->kind != L2TPHA_EVENT_TUNNEL_UP) {
        tunnel_down(lac, tunnel);
    }
    if (event->kind == L2TPHA_EVENT_TUNNEL_GONE)
        talloc_free(tunnel);
}
