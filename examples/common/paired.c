/* SPDX-License-Identifier: MIT */
#include "paired.h"
#include "app.h"
#include "clock.h"
#include "control.h"
#include "fingerprint.h"
#include "format.h"
#include "hook.h"
#include "kept.h"
#include "keys.h"
#include "leased.h"
#include "listen_fds.h"
#include "listener.h"
#include "reboot.h"
#include "standing.h"
#include "stored.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* ---- the node's questions ---- */

static int answer_random(void *user, uint8_t *dst, size_t len)
{
    (void)user;
    while (len > 0) {
        ssize_t got = getrandom(dst, len, 0);
        if (got < 0 && errno != EINTR)
            return L2TPHA_ERR_HOST;
        if (got > 0) {
            dst += got;
            len -= (size_t)got;
        }
    }
    return L2TPHA_OK;
}

static void take_log(void *user, const struct l2tpha_log_line *line)
{
    struct app *app = user;
    log_put(&app->log, line);
}

static int answer_secret(void *user, const struct l2tpha_peer *peer, uint8_t *dst, size_t *len)
{
    struct app *app = user;
    (void)peer; /* one secret for all */
    *len = strlen(app->options->secret);
    memcpy(dst, app->options->secret, *len);
    return L2TPHA_OK;
}

static bool answer_same_host(void *user, const struct l2tpha_address *asked,
                             const struct l2tpha_address *answers)
{
    (void)user;
    return address_same_host(asked, answers);
}

static int make_node(void *user, bool standby, uint64_t epoch, struct l2tpha_node **node)
{
    struct app *app = user;
    const struct options *options = app->options;
    struct l2tpha_config config;
    struct l2tpha_host host = {.size = sizeof(host),
                               .user = app,
                               .random = answer_random,
                               .log = take_log,
                               .secret = answer_secret,
                               .same_host = answer_same_host};
    l2tpha_config_init(&config);
    config.name = options->name;
    config.vendor_name = "libl2tpha";
    config.window = (uint16_t)options->window;
    config.hide_avps = options->hide_avps;
    config.hello_ms = options->hello_s * 1000;
    config.retries = options->retries;
    config.failover_capability = !options->mute;
    config.recovery_ms = options->recovery_ms;
    config.max_half_open = options->max_half_open;
    config.max_half_open_per_source = options->half_open_per_peer;
    config.commit = (enum l2tpha_commit)options->commit;
    config.commit_timeout_ms = options->commit_timeout_ms;
    config.fresh_ms = options->fresh_ms;
    config.rank = options->rank;
    settings_put(&app->settings, &config);
    config.standby = standby;
    config.epoch = epoch;
    config.crypto = l2tpha_crypto_nettle();
    config.serializer = app->serializer;
    app->generation++;
    int error = l2tpha_node_new(app, &config, &host, clock_now(), &app->node);
    *node = app->node;
    return error;
}

static void free_node(void *user, struct l2tpha_node *node)
{
    struct app *app = user;
    (void)node;
    TALLOC_FREE(app->node);
}

/* ---- the socket ---- */

static void on_socket(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *user)
{
    struct app *app = user;
    (void)ev, (void)fde, (void)flags;
    if (clock_now() - app->turn > APP_AWAY_US) /* whether this node still serves comes first */
        l2tpha_pair_catch_up(app->pair);
    traffic_read(app);
}

static bool open_socket(void *user, bool beside, const char **why)
{
    char listen[ADDRESS_TEXT_MAX];
    struct app *app = user;
    const struct l2tpha_address *address = &app->options->listen;
    int fd = beside ? -1 : kept_take(app->kept);
    if (fd >= 0)
        app->udp = udp_take(app, fd);
    else
        app->udp = beside ? udp_open_beside(app, address) : udp_open(app, address);
    if (app->udp != NULL)
        kept_set(app->kept, udp_fd(app->udp));
    else
        *why = app_blame(app, "listen", address_text(address, listen), strerror(errno));
    return app->udp != NULL;
}

static int socket_of(void *user)
{
    const struct app *app = user;
    return app->udp != NULL ? udp_fd(app->udp) : -1;
}

static bool replaces(const struct app *app)
{
    return app->options->replace.kind != ENDPOINT_NONE;
}

/* Peers speak to the address of the one that is to be replaced. */
static void check_inherited(struct app *app, int fd)
{
    char text[LISTEN_FDS_WHY_MAX];
    const char *why = listen_fds_check(fd, &app->options->listen, text);
    if (why == NULL)
        return;
    log_say(&app->log, L2TPHA_LOG_ERROR, "--replace: the socket of the one that serves %s", why);
    app_quit(app, EXIT_FAILURE);
}

static void inherit_socket(void *user, int fd)
{
    struct app *app = user;
    if (replaces(app))
        check_inherited(app, fd);
    talloc_free(app->udp);
    app->udp = udp_adopt(app, fd);
    kept_set(app->kept, fd);
}

static void close_socket(void *user)
{
    struct app *app = user;
    TALLOC_FREE(app->udp);
    kept_set(app->kept, -1);
}

void paired_read(struct app *app)
{
    if (app->udp == NULL)
        return;
    if (l2tpha_pair_reads(app->pair))
        udp_read_start(app->udp, app->ev, on_socket, app);
    else
        udp_read_stop(app->udp);
}

/* ---- outputs ---- */

/* What there may be a great many of, all at once, is told only to whoever asks for events. */
static bool is_frequent(const struct l2tpha_event *event)
{
    return event->session_id != 0 || event->kind == L2TPHA_EVENT_TUNNEL_GONE ||
           event->kind == L2TPHA_EVENT_TUNNEL_RESTORED ||
           event->kind == L2TPHA_EVENT_TUNNEL_RESYNCED;
}

static void log_event(struct app *app, const struct l2tpha_event *event)
{
    bool wanted = l2tpha_node_config(app->node)->debug & L2TPHA_LOG_EVENT;
    if (is_frequent(event) && !wanted)
        return;
    const char *role =
        event->kind == L2TPHA_EVENT_ROLE_CHANGED ? l2tpha_role_name(event->role) : NULL;
    struct log_peer peer;
    if (event->tunnel != NULL)
        app_describe_peer(event->tunnel, &peer);
    /* All that happens to tunnels is told: the host knows of them, and lists are made of it. */
    const char *kind = event->tunnel_id == 0 ? l2tpha_event_name(event->kind) : NULL;
    log_write(&app->log, &(struct log_entry){.category = L2TPHA_LOG_EVENT,
                                             .kind = kind,
                                             .tunnel_id = event->tunnel_id,
                                             .session_id = event->session_id,
                                             .peer = event->tunnel != NULL ? &peer : NULL,
                                             .event = l2tpha_event_name(event->kind),
                                             .role = role,
                                             .result = event->result,
                                             .error = event->error,
                                             .by_peer = event->by_peer,
                                             .text = event->text});
    if (role != NULL)
        tell_role(role, clock_now());
}

static void let_out(void *user, const struct l2tpha_output *outputs, size_t count)
{
    struct app *app = user;
    uint64_t polled = clock_now();
    for (size_t i = 0; i < count; i++)
        if (outputs[i].kind == L2TPHA_OUTPUT_DATAGRAM)
            traffic_send(app, &outputs[i], polled);
    traffic_flush(app);
    for (size_t i = 0; i < count; i++) {
        if (outputs[i].kind != L2TPHA_OUTPUT_EVENT)
            continue;
        log_event(app, outputs[i].event);
        reboot_event(app, outputs[i].event);
        if (app->program->event != NULL)
            app->program->event(app, outputs[i].event);
    }
}

static void read_more(void *user)
{
    traffic_read(user);
}

/* ---- the role ---- */

static void check_room(struct app *app)
{
    size_t room = udp_room(app->udp);
    if (room < UDP_ROOM)
        log_say(&app->log, L2TPHA_LOG_RF,
                "the system keeps %zu octets of datagrams while nobody reads, not %u: "
                "net.core.rmem_max",
                room, UDP_ROOM);
}

/* Whoever is asked for at --control is the one that serves. */
static void take_place(struct app *app, bool took_over)
{
    char text[ENDPOINT_TEXT_MAX];
    const struct endpoint *place = &app->options->control;
    struct listener *listener = control_listener(app->control);
    const char *why =
        replaces(app) && listener != NULL
            ? listener_take_place(listener, place, took_over && !standing_pair(app).from_store)
            : NULL;
    if (why != NULL)
        log_say(&app->log, L2TPHA_LOG_ERROR, "--control %s: %s", endpoint_text(place, text), why);
}

static void serve(struct app *app, bool took_over)
{
    char text[ADDRESS_TEXT_MAX];
    struct l2tpha_address bound;
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};
    paired_read(app);
    reboot_serve(app);
    if (app->program->serve != NULL)
        app->program->serve(app);
    check_room(app);
    udp_address(app->udp, &bound);
    l2tpha_redundancy_get(app->node, &info);
    take_place(app, took_over);
    kept_ready(app->kept);
    tell("listening on %s role active epoch %llu", address_text(&bound, text),
         (unsigned long long)info.epoch);
}

/* What a successor has from now on this process neither removes nor has removed. */
static void give_place(struct app *app)
{
    uint32_t successor = standing_pair(app).replaced_by;
    struct listener *listener = control_listener(app->control);
    if (successor == 0)
        return;
    if (listener != NULL)
        listener_give_place(listener);
    traffic_flush_capture(app);
    kept_leave(app->kept, (pid_t)successor);
}

static void yield(struct app *app)
{
    paired_read(app);
    give_place(app);
    if (app->program->yield != NULL)
        app->program->yield(app);
}

static void end(struct app *app)
{
    bool well = l2tpha_pair_status(app->pair);
    uint32_t successor = standing_pair(app).replaced_by;
    if (successor != 0)
        tell("leaving: replaced by process %u", successor);
    else if (well)
        tell("leaving: without --ha-connect there is no active to be a standby of");
    app_quit(app, well ? EXIT_SUCCESS : EXIT_FAILURE);
}

static void take_event(void *user, enum l2tpha_pair_event event)
{
    struct app *app = user;
    switch (event) {
    case L2TPHA_PAIR_WAITS:
        if (!replaces(app))
            kept_ready(app->kept);
        tell("waiting for the active role standby");
        break;
    case L2TPHA_PAIR_TOOK_OVER:
        app->last_switchover_wall = clock_wall();
        serve(app, true);
        break;
    case L2TPHA_PAIR_SERVES:
        serve(app, false);
        break;
    case L2TPHA_PAIR_STOPPED:
        yield(app);
        break;
    case L2TPHA_PAIR_LEFT:
        if (app->program->active_left != NULL)
            app->program->active_left(app);
        break;
    case L2TPHA_PAIR_HUNG:
        hook_run(app, "on-hung", app->options->on_hung);
        break;
    case L2TPHA_PAIR_ENDS:
        end(app);
        break;
    case L2TPHA_PAIR_LEASE_LOST:
        paired_read(app);
        tell("silent: the lease may have ended");
        hook_run(app, "on-lease-lost", app->options->on_lease_lost);
        break;
    }
}

static void take_outcome(void *user, enum l2tpha_pair_order order, const char *why)
{
    static const enum control_kind kinds[] = {[L2TPHA_PAIR_SWITCHOVER] = CONTROL_SWITCHOVER,
                                              [L2TPHA_PAIR_TAKEOVER] = CONTROL_TAKEOVER,
                                              [L2TPHA_PAIR_STAND_BY] = CONTROL_STANDBY};
    struct app *app = user;
    control_complete(app->control, kinds[order], why, NULL);
}

static void take_line(void *user, enum l2tpha_log_category category, const char *text)
{
    struct app *app = user;
    log_say(&app->log, category, "%s", text);
}

static void tell_differences(void *user, uint64_t fingerprint)
{
    char text[FINGERPRINT_TEXT_MAX];
    struct app *app = user;
    log_say(&app->log, L2TPHA_LOG_ERROR, "the other node is configured otherwise: %s",
            fingerprint_differences(fingerprint_of(app->options), fingerprint, text));
}

static const char *given(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

/* Names in a node's own words; longer ones of machines are cut. */
static const char *name_of(const struct options *options, char name[L2TPHA_NODE_NAME_MAX + 1])
{
    if (options->node_name[0] != '\0')
        return options->node_name;
    if (gethostname(name, L2TPHA_NODE_NAME_MAX) != 0)
        return NULL;
    name[L2TPHA_NODE_NAME_MAX] = '\0';
    return name;
}

static const char *make_pair(struct app *app, struct l2tpha_pair_options *options)
{
    struct key_file file;
    const char *why = keys_read(app, &file, &options->keys);
    int error = why == NULL ? l2tpha_pair_new(options, &app->pair) : L2TPHA_OK;
    key_file_wipe(&file);
    return error == L2TPHA_OK ? why : l2tpha_strerror(error);
}

const char *paired_make(struct app *app)
{
    static const enum l2tpha_pair_role roles[] = {[ROLE_ACTIVE] = L2TPHA_PAIR_ACTIVE,
                                                  [ROLE_STANDBY] = L2TPHA_PAIR_STANDBY,
                                                  [ROLE_AUTO] = L2TPHA_PAIR_AUTO};
    const struct options *options = app->options;
    char listen[ENDPOINT_OPTION_MAX], name[L2TPHA_NODE_NAME_MAX + 1];
    struct l2tpha_pair_options pair = {.size = sizeof(pair),
                                       .role = roles[options->role],
                                       .listen = endpoint_option(&options->ha_listen, listen),
                                       .connect = given(options->ha_others),
                                       .far = given(options->ha_far),
                                       .observer = options->observer,
                                       .insecure = options->insecure,
                                       .crypto = l2tpha_crypto_nettle(),
                                       .takeover_manual = options->takeover_manual,
                                       .fence_hung_ms = options->fence_hung_ms,
                                       .address = options->listen,
                                       .store_holds = options->store_holds,
                                       .store_mend = options->store_mend,
                                       .lease_ms = options->lease_ms,
                                       .fingerprint = fingerprint_of(options),
                                       .name = name_of(options, name),
                                       .host = {.size = sizeof(pair.host),
                                                .user = app,
                                                .make = make_node,
                                                .unmake = free_node,
                                                .open = open_socket,
                                                .socket = socket_of,
                                                .inherit = inherit_socket,
                                                .close = close_socket,
                                                .outputs = let_out,
                                                .more = read_more,
                                                .event = take_event,
                                                .outcome = take_outcome,
                                                .log = take_line,
                                                .differs = tell_differences}};
    if (replaces(app)) {
        pair.role = L2TPHA_PAIR_AUTO;
        pair.listen = pair.connect = endpoint_option(&options->replace, listen);
        pair.replaces = true;
    }
    const char *why = reboot_start(app);
    if (why == NULL)
        why = format_find(app);
    if (why == NULL)
        why = stored_new(app, app->options, &app->store);
    if (why == NULL)
        why = leased_make(app);
    if (why != NULL)
        return why;
    pair.store = app->store;
    pair.authority = app->authority;
    return make_pair(app, &pair);
}
