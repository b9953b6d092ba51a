/* SPDX-License-Identifier: MIT */
/* A daemon with machines of its own in place of the LNS's host. Its own memory never runs out. */
#include "attached/hosts.h"
#include "oom/alloc.h"
#include "oom/world.h"

#include <stdlib.h>

#define SETUP_MS 60000
#define NOTE 60 /* bytes of what is attached to a call */

/* --- its life --- */

static void *allocate(size_t size)
{
    alloc_pause();
    void *memory = calloc(1, size);
    alloc_resume();
    return memory;
}

static void is_calling(void *user)
{
    struct world *world = user;

    world->before = world_look(world, world->lns);
    world->looked = true;
}

static void has_called(void *user, int error)
{
    struct world *world = user;

    if (world->looked)
        world_check_call(world, world->lns, &world->before, error, "a daemon's call");
    else
        world_note(world, error);
    world->looked = false;
}

void attached_begin(struct world *world, struct l2tpha_node *node)
{
    const struct daemon model = {
        .name = "daemon",
        .hooks = {.user = world, .calls = is_calling, .called = has_called, .alloc = allocate},
        .counts = true,
        .setup_ms = SETUP_MS};

    if (world->attached && node)
        hosts_add(node, &model);
}

void attached_end(const struct l2tpha_node *node)
{
    hosts_remove(node);
}

void attached_restore(struct world *world, struct l2tpha_node *node)
{
    struct daemon *daemon = hosts_of(node);

    if (!daemon)
        return;
    daemon_restore(daemon, world->now);
    daemon_work(daemon, world->now);
}

void attached_audit(const struct l2tpha_node *node)
{
    const struct daemon *daemon = hosts_of(node);

    alloc_pause();
    const char *why = daemon ? daemon_differs(daemon, true) : NULL;
    alloc_resume();
    EXPECT(!why, "%s", why);
}

/* --- its loop --- */

int attached_feed(struct world *world, struct l2tpha_node *node, const struct l2tpha_path *path,
                  const uint8_t *data, size_t len)
{
    struct daemon *daemon = hosts_of(node);

    return daemon ? daemon_hear(daemon, path, data, len, world->now)
                  : l2tpha_feed(node, path, data, len, world->now);
}

void attached_told(struct l2tpha_node *node, const struct l2tpha_event *event)
{
    struct daemon *daemon = hosts_of(node);

    if (daemon)
        daemon_told(daemon, event);
}

int attached_expire(struct world *world, struct l2tpha_node *node)
{
    struct daemon *daemon = hosts_of(node);
    int error = l2tpha_expire(node, world->now);

    if (daemon)
        daemon_expire(daemon, world->now);
    return error;
}

uint64_t attached_deadline(const struct l2tpha_node *node)
{
    const struct daemon *daemon = hosts_of(node);
    uint64_t at = l2tpha_deadline(node), own = daemon ? daemon_deadline(daemon) : at;

    return own < at ? own : at;
}

/* --- its user --- */

int attached_session_open(struct world *world, struct l2tpha_tunnel *tunnel,
                          const struct l2tpha_session_options *options)
{
    struct l2tpha_session *session;

    return hosts_of_tunnel(tunnel) ? hosts_session_open(tunnel, options, world->now, &session)
                                   : l2tpha_session_open(tunnel, options, world->now, &session);
}

int attached_session_answered(struct world *world, struct l2tpha_session *session)
{
    const struct l2tpha_session_options options = {
        .size = sizeof(options), .framing = 1, .tx_speed = 9600};

    return hosts_of_tunnel(l2tpha_session_tunnel(session))
               ? hosts_session_answered(session, world->now)
               : l2tpha_session_answered(session, &options, world->now);
}

int attached_session_close(struct world *world, struct l2tpha_session *session,
                           const struct l2tpha_disconnect *why)
{
    return hosts_of_tunnel(l2tpha_session_tunnel(session))
               ? hosts_session_close(session, world->now)
               : l2tpha_session_close(session, why, world->now);
}

int attached_session_number(struct world *world, struct l2tpha_session *session, bool errors)
{
    const struct l2tpha_call_errors totals = {.crc = 1};

    if (hosts_of_tunnel(l2tpha_session_tunnel(session)))
        return hosts_session_number(session, errors, 1, world->now);
    return errors ? l2tpha_session_report_errors(session, &totals, world->now)
                  : l2tpha_session_set_link_info(session, 0xff, 0xff00, world->now);
}

int attached_session_note(struct world *world, struct l2tpha_session *session, const uint8_t *data,
                          size_t len)
{
    return hosts_of_tunnel(l2tpha_session_tunnel(session))
               ? hosts_session_note(session, data, len < NOTE ? len : NOTE, world->now)
               : l2tpha_session_set_app_state(session, data, len, world->now);
}
