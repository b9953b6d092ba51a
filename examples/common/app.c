/* SPDX-License-Identifier: MIT */
#include "app.h"
#include "clock.h"
#include "control.h"
#include "kept.h"
#include "paired.h"
#include "pcapng.h"
#include "reboot.h"
#include "upgrade.h"

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
#define OWED_US 5000 /* until a timer of the node has had its turn */

const char *app_blame(struct app *app, const char *option, const char *value, const char *why)
{
    return why == NULL ? NULL : talloc_asprintf(app, "--%s %s: %s", option, value, why);
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

/* ---- leaving ---- */

void app_quit(struct app *app, int status)
{
    app->quit = true;
    if (app->pair != NULL)
        l2tpha_pair_end(app->pair);
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
    kept_stopping(app->kept);
    app->leave_until = clock_now() + closing_us(app);
    (void)still_closing(app);
}

/* What a peer has said last is still to be acknowledged, which may wait for other messages. */
static bool is_owing(struct app *app)
{
    uint64_t now = clock_now();
    if (app->owed_until == 0)
        app->owed_until =
            now + l2tpha_node_config(app->node)->ack_delay_ms * UINT64_C(1000) + OWED_US;
    return now < app->owed_until;
}

static void check_leaving(struct app *app)
{
    struct l2tpha_pair_info pair = {.size = sizeof(pair)};
    l2tpha_pair_get(app->pair, &pair);
    bool yielded = !pair.reads && !pair.switching;
    if (app->leave_until == 0)
        return;
    if (!yielded && ((clock_now() < app->leave_until && still_closing(app)) || is_owing(app)))
        return;
    if (!app->left)
        l2tpha_pair_leave(app->pair);
    app->left = true;
    l2tpha_pair_get(app->pair, &pair);
    if (pair.leaving)
        return;
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
    kept_stopping(app->kept);
    if (!l2tpha_pair_reads(app->pair) || app->stopping) {
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

static uint64_t deadline(struct app *app)
{
    uint64_t due = earlier(tell_role_deadline(), kept_deadline(app->kept));
    due = earlier(due, earlier(reboot_deadline(app), upgrade_deadline(app)));
    if (l2tpha_pair_reads(app->pair) && app->program->deadline != NULL)
        due = earlier(due, app->program->deadline(app));
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

static void expire(struct app *app, uint64_t now)
{
    if (app->program->expire == NULL || !l2tpha_pair_reads(app->pair))
        return;
    app->program->expire(app, now);
    traffic_flush(app);
}

static void settle(struct app *app)
{
    uint64_t now = clock_now();
    app->turn = now;
    (void)l2tpha_pair_service(app->pair);
    tell_role(NULL, now);
    paired_read(app);
    kept_tell(app->kept, now);
    reboot_advance(app, now);
    upgrade_advance(app, now);
    if (!app->quit)
        expire(app, now);
    l2tpha_pair_drain(app->pair); /* also what is owed to peers by a program that quits */
    if (!app->quit)
        check_leaving(app);
    if (app->quit)
        return;
    if (app->leave_until != 0)
        l2tpha_pair_drain(app->pair);
    traffic_flush_capture(app);
    set_timer(app);
}

/* Each turn of the loop serves it. */
static void on_pair(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *user)
{
    (void)ev, (void)fde, (void)flags, (void)user;
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

/* The nodes of a pair hand the socket to each other, and that nobody else can bind the port keeps a
 * second one from serving: with a socket out of the past it could. */
static void receive_kept(struct app *app)
{
    const struct options *options = app->options;
    bool alone =
        options->ha_listen.kind == ENDPOINT_NONE && options->ha_connect.kind == ENDPOINT_NONE;
    kept_receive(app->kept, &app->log, alone ? &options->listen : NULL);
    if (options->replace.kind != ENDPOINT_NONE)
        kept_wait(app->kept);
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
    receive_kept(app);
    why = paired_make(app);
    if (why != NULL)
        return why;
    app->pair_fde =
        tevent_add_fd(app->ev, app, l2tpha_pair_fd(app->pair), TEVENT_FD_READ, on_pair, app);
    if (options->pcapng[0] != '\0') {
        app->pcapng = pcapng_open(app, options->pcapng, options->name,
                                  options->replace.kind != ENDPOINT_NONE);
        if (app->pcapng == NULL)
            return app_blame(app, "pcapng", options->pcapng, strerror(errno));
    }
    endpoint_text(&options->control, control);
    why = app_blame(app, "control", control, control_start(app));
    return why != NULL ? why : l2tpha_pair_start(app->pair);
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
    TALLOC_FREE(app->pair_fde); /* before the descriptor */
    l2tpha_pair_free(app->pair);
    if (app->store != NULL)
        app->store->free(app->store->user);
    if (app->authority != NULL)
        app->authority->free(app->authority->user);
    talloc_free(app);
    log_close(&log);
    tell_close();
}

int app_main(const struct app_program *program, int argc, char **argv, void *state)
{
    struct options options;
    struct app *app = talloc_zero(NULL, struct app);
    app->kept = kept_new(app);
    int status = options_start(program->program, argc, argv, &options);
    if (status >= 0) {
        talloc_free(app);
        return status;
    }
    settle_in();
    app->options = &options;
    app->program = program;
    app->state = state;
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
