/* SPDX-License-Identifier: MIT */
#include "app.h"
#include "clock.h"
#include "control.h"
#include "pcapng.h"
#include "pair/role.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define OUTPUTS 64
#define READS_PER_DRAIN 16
#define LEAVE_TICK_US 20000
#define LEAVE_SLACK_US 1000000

const char *app_blame(struct app *app, const char *option, const char *value, const char *why)
{
    return why == NULL ? NULL : talloc_asprintf(app, "--%s %s: %s", option, value, why);
}

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

void app_describe_peer(const struct l2tpha_tunnel *tunnel, struct log_peer *peer)
{
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};
    l2tpha_tunnel_get(tunnel, &record);
    l2tpha_text_escape(record.peer_name.data, record.peer_name.len, peer->name, sizeof(peer->name));
    address_text(&record.path.remote, peer->address);
}

static bool find_peer(void *user, uint32_t tunnel_id, struct log_peer *peer)
{
    struct app *app = user;
    struct l2tpha_tunnel *tunnel =
        app->node != NULL ? l2tpha_tunnel_find(app->node, tunnel_id) : NULL;
    if (tunnel != NULL)
        app_describe_peer(tunnel, peer);
    return tunnel != NULL;
}

static bool is_told(void *user, uint32_t tunnel_id)
{
    struct app *app = user;
    struct l2tpha_tunnel *tunnel =
        app->node != NULL ? l2tpha_tunnel_find(app->node, tunnel_id) : NULL;
    return tunnel != NULL && l2tpha_tunnel_is_announced(tunnel);
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

const char *app_make_node(struct app *app, bool standby)
{
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
    if (!standby)
        config.epoch = lock_epoch(options) + 1;
    config.crypto = l2tpha_crypto_nettle();
    app->generation++;
    int error = l2tpha_node_new(app, &config, &host, clock_now(), &app->node);
    return error == L2TPHA_OK ? NULL : l2tpha_strerror(error);
}

/* ---- the socket ---- */

static void on_socket(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *user)
{
    struct app *app = user;
    (void)ev, (void)fde, (void)flags;
    if (clock_now() - app->turn > APP_AWAY_US) /* whether this node still serves comes first */
        ha_catch_up(app->ha);
    traffic_read(app);
}

const char *app_open_socket(struct app *app)
{
    if (app->udp == NULL)
        app->udp = udp_open(app, &app->options->listen);
    return app->udp != NULL ? NULL : strerror(errno);
}

void app_inherit_socket(struct app *app, int fd)
{
    talloc_free(app->udp);
    app->udp = udp_adopt(app, fd);
}

void app_read(struct app *app)
{
    app->serving = true;
    udp_read_start(app->udp, app->ev, on_socket, app);
}

void app_serve(struct app *app)
{
    app_read(app);
    if (app->program->serve != NULL)
        app->program->serve(app);
}

void app_yield(struct app *app)
{
    app->serving = false;
    if (app->program->yield != NULL)
        app->program->yield(app);
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

/* Nothing here calls the node, so all outputs of a batch stay valid; shipping a checkpoint may,
 * when it fails, so that comes last. */
static void let_out(struct app *app, const struct l2tpha_output *outputs, size_t count)
{
    uint64_t polled = clock_now();
    ha_tell_sync(app->ha);
    for (size_t i = 0; i < count; i++)
        if (outputs[i].kind == L2TPHA_OUTPUT_DATAGRAM)
            traffic_send(app, &outputs[i], polled);
    traffic_flush(app);
    for (size_t i = 0; i < count; i++) {
        if (outputs[i].kind != L2TPHA_OUTPUT_EVENT)
            continue;
        log_event(app, outputs[i].event);
        if (app->program->event != NULL)
            app->program->event(app, outputs[i].event);
    }
    for (size_t i = 0; i < count; i++)
        if (outputs[i].kind == L2TPHA_OUTPUT_CHECKPOINT)
            ha_send(app->ha, outputs[i].number, outputs[i].data, outputs[i].len);
}

/* Peers answer while there is more to send: what they say does not wait in the socket until it
 * overflows. But the other descriptors have their turn. */
void app_drain(struct app *app)
{
    struct l2tpha_output outputs[OUTPUTS];
    size_t count;
    int reads = READS_PER_DRAIN;
    while ((count = l2tpha_poll(app->node, outputs, OUTPUTS, clock_now())) > 0) {
        let_out(app, outputs, count);
        if (app->serving && count == OUTPUTS && reads-- > 0)
            traffic_read(app);
    }
    ha_flush(app->ha);
}

/* ---- leaving ---- */

void app_quit(struct app *app, int status)
{
    app->quit = true;
    app->status = status;
}

/* A StopCCN that leaves now is acknowledged or given up by then. */
static uint64_t closing_us(const struct app *app)
{
    const struct l2tpha_config *config = l2tpha_node_config(app->node);
    uint64_t interval_ms = config->retransmit_ms, total_ms = 0;
    for (uint32_t tries = 0; tries <= config->retries; tries++) {
        total_ms += interval_ms;
        interval_ms *= 2;
        if (interval_ms > config->retransmit_cap_ms)
            interval_ms = config->retransmit_cap_ms;
    }
    return total_ms * 1000 + LEAVE_SLACK_US;
}

/* Whether any tunnel still waits for its StopCCN to be acknowledged. What had no room for one when
 * it was asked to close is asked again. */
static bool still_closing(struct app *app)
{
    struct l2tpha_tunnel *tunnel = NULL;
    bool closing = false;
    while ((tunnel = l2tpha_tunnel_next(app->node, tunnel)) != NULL) {
        struct l2tpha_tunnel_record record = {.size = sizeof(record)};
        l2tpha_tunnel_get(tunnel, &record);
        /* A peer that has never said its id has no tunnel that it could be told of, and who has not
         * completed one may not be there at all. */
        closing = closing || (record.state != L2TPHA_TUNNEL_STOPPED && record.remote_id != 0 &&
                              l2tpha_tunnel_is_announced(tunnel));
        if (record.state < L2TPHA_TUNNEL_STOPPING)
            (void)l2tpha_tunnel_close(tunnel, 6, 0, "shutting down", clock_now());
    }
    return closing;
}

void app_leave(struct app *app)
{
    if (app->leave_until != 0)
        return;
    app->leave_until = clock_now() + closing_us(app);
    (void)still_closing(app);
}

static void check_leaving(struct app *app)
{
    bool yielded = !app->serving && app->switchover == SWITCHOVER_NONE;
    if (app->leave_until == 0 || (!yielded && clock_now() < app->leave_until && still_closing(app)))
        return;
    ha_disconnect(app->ha, true);
    app_quit(app, app->program->left != NULL ? app->program->left(app) : EXIT_SUCCESS);
}

static void on_signal(struct tevent_context *ev, struct tevent_signal *signal, int number,
                      int count, void *info, void *user)
{
    (void)ev, (void)signal, (void)number, (void)count, (void)info;
    app_stop(user);
}

void app_stop(struct app *app)
{
    if (!app->serving || app->stopping) {
        app_quit(app, app->stopping ? EXIT_FAILURE : EXIT_SUCCESS);
        return;
    }
    app->stopping = true;
    app->program->stop(app);
}

/* ---- the loop ---- */

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t deadline(const struct app *app)
{
    uint64_t due = earlier(l2tpha_deadline(app->node), ha_deadline(app->ha));
    due = earlier(due, earlier(role_deadline(app), tell_role_deadline()));
    if (app->serving && app->program->deadline != NULL)
        due = earlier(due, app->program->deadline((struct app *)(uintptr_t)app));
    return app->leave_until != 0 ? earlier(due, clock_now() + LEAVE_TICK_US) : due;
}

static void on_timer(struct tevent_context *ev, struct tevent_timer *timer, struct timeval now,
                     void *user)
{
    struct app *app = user;
    (void)ev, (void)timer, (void)now;
    app->timer = NULL; /* freed by tevent */
}

/* A timer that is early enough is left alone: most turns end here. */
static void set_timer(struct app *app)
{
    uint64_t due = deadline(app), now = clock_now();
    if (due == L2TPHA_NEVER || (app->timer != NULL && app->timer_at <= due))
        return;
    uint64_t wait = due > now ? due - now : 0;
    talloc_free(app->timer);
    app->timer_at = due;
    app->timer = tevent_add_timer(
        app->ev, app,
        tevent_timeval_current_ofs((uint32_t)(wait / 1000000), (uint32_t)(wait % 1000000)),
        on_timer, app);
}

static void settle(struct app *app)
{
    uint64_t now = clock_now();
    app->turn = now;
    if (l2tpha_deadline(app->node) <= now)
        (void)l2tpha_expire(app->node, now); /* what fails is an event of its tunnel */
    if (ha_deadline(app->ha) <= now)
        ha_expire(app->ha, now);
    if (app->serving && app->program->expire != NULL)
        app->program->expire(app, now);
    traffic_flush(app);
    app_drain(app);
    tell_role(NULL, now);
    role_settle(app);
    check_leaving(app);
    if (app->quit)
        return;
    app_drain(app);
    traffic_flush_capture(app);
    set_timer(app);
}

static const char *send_log(struct app *app)
{
    static const char *const places[] = {"stderr", "journal", "syslog"};
    enum log_place place = (enum log_place)app->options->log;
    if (place == LOG_TO_STDERR)
        return NULL;
    return app_blame(app, "log", places[place],
                     log_send(&app->log, NULL, place, NULL, program_name(app->program->program)));
}

static const char *start(struct app *app)
{
    const struct options *options = app->options;
    char control[ENDPOINT_TEXT_MAX];
    const char *why = send_log(app);
    if (why != NULL)
        return why;
    tevent_add_signal(app->ev, app, SIGTERM, 0, on_signal, app);
    tevent_add_signal(app->ev, app, SIGINT, 0, on_signal, app);
    app->ha = ha_new(app);
    if (options->pcapng[0] != '\0') {
        app->pcapng = pcapng_open(app, options->pcapng, options->name);
        if (app->pcapng == NULL)
            return app_blame(app, "pcapng", options->pcapng, strerror(errno));
    }
    endpoint_text(&options->control, control);
    why = app_blame(app, "control", control, control_start(app));
    return why != NULL ? why : role_start(app);
}

static int run(struct app *app)
{
    const char *why = start(app);
    if (why != NULL) {
        log_say(&app->log, L2TPHA_LOG_ERROR, "cannot start: %s", why);
        return EXIT_FAILURE;
    }
    settle(app);
    while (!app->quit && tevent_loop_once(app->ev) == 0)
        settle(app);
    return app->status;
}

/* A reader that is gone and a file that is too long are errors of a write, and no way to die. What
 * is opened must not become one of the three descriptors that others write to. */
static void settle_in(void)
{
    int fd;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    while ((fd = open("/dev/null", O_RDWR)) >= 0 && fd <= STDERR_FILENO)
        continue;
    if (fd >= 0)
        close(fd);
}

/* Taking the event loop down gives these signals their default back, which would end a node that is
 * leaving in good order with the status of one that was killed. */
static void ignore_more_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
}

static void open_output(struct app *app)
{
    tell_open();
    tell_watch(app->ev);
    log_open(&app->log, NULL, app->options->log_json);
    log_watch(&app->log, app->ev);
    app->log.find_peer = find_peer;
    app->log.is_told = is_told;
    app->log.user = app;
}

/* Everything that others may take over is let go before the readers of our output are waited for.
 */
static void close_all(struct app *app)
{
    struct log log;
    tell_watch(NULL);
    log_watch(&app->log, NULL);
    log = app->log;
    app->log = (struct log){0};
    log.find_peer = NULL;
    log.is_told = NULL;
    talloc_free(app);
    log_close(&log);
    tell_close();
}

int app_main(const struct app_program *program, int argc, char **argv, void *state)
{
    struct options options;
    int status = options_start(program->program, argc, argv, &options);
    if (status >= 0)
        return status;
    struct app *app = talloc_zero(NULL, struct app);
    settle_in();
    app->options = &options;
    app->program = program;
    app->state = state;
    app->lock.fd = -1;
    settings_start(&app->settings, &options);
    app->ev = tevent_context_init(app);
    open_output(app);
    status = traffic_end_capture(app, run(app));
    control_complete(app->control, CONTROL_SHUTDOWN,
                     status == EXIT_SUCCESS ? NULL : "the process leaves with a failure", NULL);
    control_stop(app->control);
    ignore_more_signals();
    close_all(app);
    return status;
}
