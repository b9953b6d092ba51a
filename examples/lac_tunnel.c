/* SPDX-License-Identifier: MIT */
/* The tunnels of l2tpha-lac: dialled, lost, dialled again. */
#include "common/clock.h"
#include "common/refusal.h"
#include "lac.h"

#define TUNNELS_AT_ONCE 32 /* half open, so that setup does not overrun its peer */
#define BEGAN_BYTES 8      /* struct lac.began_wall */
#define MARK_BYTES 12      /* that, and lac_tunnel.stands */

bool lac_wants_calls(const struct lac *lac, const struct lac_tunnel *tunnel)
{
    uint64_t wanted = (uint64_t)tunnel->stands * lac->app->options->sessions;
    return tunnel->up && (uint64_t)tunnel->calls + tunnel->held < wanted;
}

void lac_dial_add(struct lac *lac, struct lac_tunnel *tunnel)
{
    size_t room = talloc_array_length(lac->dial);
    if (tunnel->dialing || !lac_wants_calls(lac, tunnel))
        return;
    if (lac->dial_count == room)
        lac->dial = talloc_realloc(lac->objects, lac->dial, struct lac_tunnel *, 2 * room + 64);
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

static struct lac_tunnel *new_tunnel(struct lac *lac)
{
    struct lac_tunnel *tunnel = talloc_zero(lac->objects, struct lac_tunnel);
    tunnel->stands = 1;
    tunnel->redial.owner = tunnel->call.owner = tunnel;
    return tunnel;
}

static void tunnel_up(struct lac *lac, struct lac_tunnel *tunnel)
{
    tunnel->up = tunnel->proved = true;
    tunnel->lost = false;
    tunnel->redial.failures = tunnel->call.failures = 0;
    lac->tunnels_up++;
    lac->standing += tunnel->stands;
    lac_dial_add(lac, tunnel);
}

uint32_t lac_redial_s(const struct lac *lac, bool proved, bool final)
{
    uint32_t asked = lac->app->options->redial_s;
    if (lac->stopping)
        return 0;
    if (asked != REDIAL_UNSET)
        return asked;
    return final && !proved ? 0 : REDIAL_S;
}

/* Counted once, however often it is then dialled in vain. */
static void tunnel_failed(struct lac *lac, struct lac_tunnel *tunnel, bool final)
{
    uint32_t pause_s = lac_redial_s(lac, tunnel->proved, final);
    lac->report.tunnels_lost += !tunnel->lost && !lac->finished;
    tunnel->lost = true;
    if (pause_s == 0)
        talloc_free(tunnel);
    else
        retry_later(lac->objects, &lac->redials, &tunnel->redial, pause_s, clock_now());
}

static void tunnel_down(struct lac *lac, struct lac_tunnel *tunnel, bool final)
{
    if (tunnel->up) {
        lac->tunnels_up--;
        lac->standing -= tunnel->stands;
        lac->told_up = false;
    } else {
        lac->tunnels_half_open--;
    }
    tunnel->up = false;
    tunnel->id = tunnel->calls = tunnel->held = 0; /* whose calls have ended before it did */
    retry_cancel(&lac->recalls, &tunnel->call);
    lac_dial_remove(lac, tunnel);
    tunnel_failed(lac, tunnel, final);
}

/* RFC 2661 4.4.3, 7.2.1: the LNS has dialled as well, and its tunnel is the one that is left. The
 * calls go there, those of several that have given way to the same one. */
static void tie_lost(struct lac *lac, struct lac_tunnel *tunnel, uint32_t successor)
{
    struct l2tpha_tunnel *handle = l2tpha_tunnel_find(lac->app->node, successor);
    struct lac_tunnel *other = NULL;
    if (handle == NULL) {
        tunnel_down(lac, tunnel, false);
        return;
    }
    log_about(&lac->app->log, L2TPHA_LOG_EVENT, successor, 0, "takes the calls of tunnel %u",
              tunnel->id);
    other = l2tpha_tunnel_user(handle);
    if (other == NULL) {
        tunnel->id = successor;
        tunnel->marked = false;
        l2tpha_tunnel_set_user(handle, tunnel);
        return;
    }
    other->stands += tunnel->stands;
    other->again += tunnel->again;
    lac->standing += other->up ? tunnel->stands : 0;
    lac->tunnels_half_open--;
    talloc_free(tunnel);
    lac_dial_add(lac, other);
}

/* A tunnel of the node is ours for as long as it may have calls, and no longer. */
static void tunnel_over(struct lac *lac, struct lac_tunnel *tunnel,
                        const struct l2tpha_event *event)
{
    l2tpha_tunnel_set_user(event->tunnel, NULL);
    if (event->successor != 0)
        tie_lost(lac, tunnel, event->successor);
    else
        tunnel_down(lac, tunnel, refusal_of_tunnel_is_final(event->result, event->error));
}

void lac_on_tunnel(struct lac *lac, const struct l2tpha_event *event)
{
    struct lac_tunnel *tunnel = l2tpha_tunnel_user(event->tunnel);
    bool up = event->kind == L2TPHA_EVENT_TUNNEL_UP;
    if (tunnel == NULL || (up && tunnel->up))
        return;
    if (up) {
        lac->tunnels_half_open--;
        tunnel_up(lac, tunnel);
    } else {
        tunnel_over(lac, tunnel, event);
    }
    if (up || event->by_peer)
        lac_silence_end(lac);
}

/* --- what goes to the standby with the tunnel --- */

static void put(uint8_t *dst, size_t len, uint64_t value)
{
    for (; len > 0; value >>= 8)
        dst[--len] = (uint8_t)value;
}

static uint64_t get(const uint8_t *src, size_t len)
{
    uint64_t value = 0;
    while (len-- > 0)
        value = value << 8 | *src++;
    return value;
}

int lac_mark(struct lac *lac, struct lac_tunnel *tunnel, struct l2tpha_tunnel *handle, uint64_t now)
{
    uint8_t mark[MARK_BYTES];
    if (tunnel->marked)
        return L2TPHA_OK;
    put(mark, BEGAN_BYTES, lac->began_wall);
    put(mark + BEGAN_BYTES, MARK_BYTES - BEGAN_BYTES, tunnel->stands);
    int error = l2tpha_tunnel_set_app_state(handle, mark, sizeof(mark), now);
    tunnel->marked = error == L2TPHA_OK;
    return error;
}

static void take_mark(struct lac *lac, struct lac_tunnel *tunnel, const struct l2tpha_bytes *mark)
{
    if (mark->len != MARK_BYTES)
        return;
    uint64_t began = get(mark->data, BEGAN_BYTES);
    if (lac->began_wall == 0 || began < lac->began_wall)
        lac->began_wall = began;
    tunnel->stands = (uint32_t)get(mark->data + BEGAN_BYTES, MARK_BYTES - BEGAN_BYTES);
    tunnel->marked = true;
}

/* Not over, and not one that the LNS has dialled for itself. */
static bool is_ours(const struct l2tpha_tunnel_record *record)
{
    return record->state <= L2TPHA_TUNNEL_ESTABLISHED &&
           (record->flags & L2TPHA_TUNNEL_INITIATOR || record->app_state.len == MARK_BYTES);
}

void lac_tunnel_restored(struct lac *lac, const struct l2tpha_event *event)
{
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};
    if (event->tunnel == NULL)
        return;
    l2tpha_tunnel_get(event->tunnel, &record);
    if (!is_ours(&record))
        return;
    struct lac_tunnel *tunnel = new_tunnel(lac);
    take_mark(lac, tunnel, &record.app_state);
    tunnel->id = event->tunnel_id;
    tunnel->calls = l2tpha_tunnel_sessions(event->tunnel);
    l2tpha_tunnel_set_user(event->tunnel, tunnel);
    lac->report.tunnels += tunnel->stands;
    if (record.state == L2TPHA_TUNNEL_ESTABLISHED)
        tunnel_up(lac, tunnel);
    else
        lac->tunnels_half_open++;
    for (struct l2tpha_session *session = NULL;
         (session = l2tpha_session_next(event->tunnel, session)) != NULL;)
        lac_call_restored(lac, session);
}

/* --- dialling --- */

static int open_tunnel(struct lac *lac, struct lac_tunnel *tunnel, uint64_t now)
{
    struct l2tpha_tunnel *handle;
    struct l2tpha_tunnel_options options = {.size = sizeof(options), .user = tunnel};
    options.path.remote = lac->app->options->connect;
    int error = l2tpha_tunnel_open(lac->app->node, &options, now, &handle);
    if (error != L2TPHA_OK)
        return error;
    tunnel->id = l2tpha_tunnel_id(handle);
    lac->tunnels_half_open++;
    lac_silence_begin(lac, now);
    tunnel->marked = false;
    return lac_mark(lac, tunnel, handle, now);
}

static void dial(struct lac *lac, struct lac_tunnel *tunnel, uint64_t now)
{
    int error = open_tunnel(lac, tunnel, now);
    if (error == L2TPHA_OK)
        return;
    log_say(&lac->app->log, L2TPHA_LOG_ERROR, "tunnel: %s", l2tpha_strerror(error));
    if (tunnel->id == 0)
        tunnel_failed(lac, tunnel, false);
}

/* What was restored counts as dialled, so after a takeover it has to be known what that is. */
static bool may_dial_more(const struct lac *lac)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};
    if (lac->untold || lac->report.tunnels >= lac->app->options->tunnels)
        return false;
    l2tpha_redundancy_get(lac->app->node, &info);
    return info.resyncing == 0;
}

void lac_open_tunnels(struct lac *lac, uint64_t now)
{
    struct lac_tunnel *tunnel;
    while (lac->tunnels_half_open < TUNNELS_AT_ONCE &&
           (tunnel = retry_due(&lac->redials, now)) != NULL) {
        lac->report.redials++;
        dial(lac, tunnel, now);
    }
    while (lac->tunnels_half_open < TUNNELS_AT_ONCE && may_dial_more(lac)) {
        lac->report.tunnels++;
        dial(lac, new_tunnel(lac), now);
    }
}

uint64_t lac_redial_deadline(const struct lac *lac)
{
    return lac->tunnels_half_open < TUNNELS_AT_ONCE ? retry_deadline(&lac->redials) : L2TPHA_NEVER;
}

uint32_t lac_unsettled_tunnels(const struct lac *lac)
{
    struct l2tpha_tunnel *handle = NULL;
    uint32_t count = 0;
    while ((handle = l2tpha_tunnel_next(lac->app->node, handle)) != NULL) {
        const struct lac_tunnel *tunnel = l2tpha_tunnel_user(handle);
        count += tunnel != NULL && !tunnel->up && !tunnel->lost;
    }
    return count;
}
