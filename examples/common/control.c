/* SPDX-License-Identifier: MIT */
#include "control.h"
#include "app.h"
#include "cleared.h"
#include "clock.h"
#include "keys.h"
#include "listener.h"
#include "show.h"
#include "upgrade.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A piece of an answer takes so long at most, and then the loop has as long for everything else,
 * however many clients want pieces. */
#define PIECE_US 1000
#define GAP_US 100 /* at least */
#define TICK_US 1000000
#define REFUSALS_US 10000000
#define SEND_BYTES (128 << 10) /* that the system keeps for a client that does not read */
#define WORDS_MAX 8

/* A command whose outcome is awaited. */
struct pending {
    enum control_kind kind;
    uint64_t until;
};

struct client {
    struct client *next;
    struct control *control;
    int fd;
    struct tevent_fd *fde;
    bool closing; /* once the answer is out */
    char request[CONTROL_REQUEST_MAX];
    size_t request_len;
    struct pending pending;
    struct show *show; /* what is to come of the answer */
    struct writer out; /* what is to be sent of it */
    size_t sent;       /* of that */
    uint64_t read_at;  /* when the client took something, or had nothing to take */
};

struct control {
    struct app *app;
    struct listener *listener;
    struct client *clients;
    unsigned client_count;
    uint64_t turned_away;
    uint64_t refusal_told_at;
    struct tevent_timer *piece; /* the next one is due; NULL = nobody wants any */
    struct tevent_timer *tick;
};

static void take_line(struct client *client);
static void go_on(struct client *client, uint64_t wait_us);

static int end_client(struct client *client)
{
    struct client **link = &client->control->clients;
    while (*link != client)
        link = &(*link)->next;
    *link = client->next;
    client->control->client_count--;
    TALLOC_FREE(client->fde);
    close(client->fd);
    return 0;
}

static struct timeval after(uint64_t wait_us)
{
    return tevent_timeval_current_ofs((uint32_t)(wait_us / 1000000), (uint32_t)(wait_us % 1000000));
}

/* ---- answers ---- */

static void begin_answer(struct client *client, const char *key)
{
    writer_clear(&client->out);
    client->sent = 0;
    client->read_at = clock_now();
    writer_open(&client->out, '{');
    writer_key(&client->out, key);
}

static void end_answer(struct client *client, const char *error)
{
    if (error != NULL)
        writer_put_text(&client->out, "error", error);
    writer_close(&client->out, '}');
    writer_raw(&client->out, "\n");
}

static void refuse(struct client *client, const char *error)
{
    begin_answer(client, "error");
    writer_text(&client->out, error);
    end_answer(client, NULL);
}

/* error NULL = it came to pass; json NULL = there is nothing to say of that. */
static void report(struct client *client, const char *error, const char *json)
{
    if (error != NULL) {
        refuse(client, error);
        return;
    }
    begin_answer(client, "result");
    writer_raw(&client->out, json != NULL ? json : "\"done\"");
    end_answer(client, NULL);
}

/* Begin a command whose outcome comes later, through control_complete(), or even before this
 * returns; unless it cannot be begun. */
static void begin_pending(struct client *client, enum control_kind kind,
                          const char *(*begin)(struct app *app))
{
    client->pending = (struct pending){kind, clock_now() + CONTROL_OUTCOME_S * UINT64_C(1000000)};
    const char *error = begin(client->control->app);
    if (error == NULL || client->pending.kind == CONTROL_NONE)
        return;
    client->pending.kind = CONTROL_NONE;
    refuse(client, error);
}

static bool is_unsent(const struct client *client)
{
    return client->sent < client->out.len;
}

static bool is_busy(const struct client *client)
{
    return client->pending.kind != CONTROL_NONE || client->show != NULL || is_unsent(client);
}

static bool has_line(const struct client *client)
{
    return memchr(client->request, '\n', client->request_len) != NULL;
}

static void watch(struct client *client, uint16_t flags)
{
    tevent_fd_set_flags(client->fde, flags);
}

/* Send what there is. False when the client is gone. */
static bool push(struct client *client)
{
    while (is_unsent(client)) {
        ssize_t sent = send(client->fd, client->out.data + client->sent,
                            client->out.len - client->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno == EAGAIN) {
            watch(client, TEVENT_FD_WRITE); /* one answer at a time: nothing is read */
            return true;
        }
        if (sent < 0) {
            talloc_free(client);
            return false;
        }
        client->sent += (size_t)sent;
        client->read_at = clock_now();
    }
    writer_drain(&client->out);
    client->sent = 0;
    if (client->closing && !is_busy(client)) {
        talloc_free(client);
        return false;
    }
    if (!is_busy(client))
        writer_free(&client->out);
    /* the end of a client that has said all it wants is not its end before it has the answers */
    watch(client, is_busy(client) || has_line(client) ? 0 : TEVENT_FD_READ);
    return true;
}

/* ---- pieces ---- */

/* It has read what there was, and there is more to be done for it. */
static bool wants_turn(const struct client *client)
{
    if (is_unsent(client) || client->pending.kind != CONTROL_NONE || client->closing)
        return false;
    return client->show != NULL || has_line(client);
}

/* Commands before the rest of long answers. */
static struct client *next_in_turn(struct control *control)
{
    struct client *next = NULL;
    for (struct client *client = control->clients; client != NULL; client = client->next)
        if (wants_turn(client) && (next == NULL || (next->show != NULL && client->show == NULL)))
            next = client;
    return next;
}

/* The others come first the next time. */
static void move_to_end(struct client *client)
{
    struct client **link = &client->control->clients;
    while (*link != client)
        link = &(*link)->next;
    *link = client->next;
    client->next = NULL;
    while (*link != NULL)
        link = &(*link)->next;
    *link = client;
}

static void on_piece(struct tevent_context *ev, struct tevent_timer *timer, struct timeval now,
                     void *user)
{
    struct control *control = user;
    const char *error = NULL;
    uint64_t begin = clock_now();
    (void)ev, (void)timer, (void)now;
    control->piece = NULL; /* freed by tevent */
    struct client *client = next_in_turn(control);
    if (client == NULL)
        return;
    move_to_end(client);
    if (client->show == NULL) {
        take_line(client);
    } else if (show_go_on(client->show, &client->out, begin + PIECE_US, &error)) {
        TALLOC_FREE(client->show);
        end_answer(client, error);
    }
    uint64_t took = clock_now() - begin;
    go_on(client, took > GAP_US ? took : GAP_US);
}

static void want_piece(struct control *control, uint64_t wait_us)
{
    if (control->piece == NULL)
        control->piece =
            tevent_add_timer(control->app->ev, control, after(wait_us), on_piece, control);
}

/* ---- commands ---- */

/* Answer by what begins it, at once or in pieces. */
static void answer_by(struct client *client, show_starter *start, char **words, size_t count)
{
    begin_answer(client, "result");
    const char *error =
        start(client, client->control->app, words + 1, count - 1, &client->out, &client->show);
    if (error != NULL)
        refuse(client, error);
    else if (client->show == NULL)
        end_answer(client, NULL);
}

static void perform_show(struct client *client, char **words, size_t count)
{
    answer_by(client, show_begin, words, count);
}

static void perform_upgrade(struct client *client, char **words, size_t count)
{
    answer_by(client, upgrade_begin, words, count);
}

static void perform_setting(struct client *client, char **words, size_t count)
{
    struct app *app = client->control->app;
    report(client, settings_perform(&app->settings, app->node, words, count), NULL);
}

static void perform_clear(struct client *client, char **words, size_t count)
{
    bool known = count == 4 && (strcmp(words[1], "l2tp") == 0 || strcmp(words[1], "vpdn") == 0) &&
                 strcmp(words[2], "redundancy") == 0 && strcmp(words[3], "counters") == 0;
    if (known)
        cleared_set(client->control->app);
    report(client, known ? NULL : "clear takes {l2tp | vpdn} redundancy counters", NULL);
}

static const char *take_over(struct app *app)
{
    return l2tpha_pair_takeover(app->pair, false);
}

static const char *take_over_stale(struct app *app)
{
    return l2tpha_pair_takeover(app->pair, true);
}

static const char *switch_over(struct app *app)
{
    return l2tpha_pair_switchover(app->pair);
}

static const char *stand_by(struct app *app)
{
    return l2tpha_pair_stand_by(app->pair);
}

static const char *shut_down(struct app *app)
{
    app_stop(app);
    return NULL;
}

static void perform_takeover(struct client *client, char **words, size_t count)
{
    bool stale = count == 2 && strcmp(words[1], "--stale") == 0;
    if (count == 2 && !stale) {
        refuse(client, "takeover takes --stale and nothing else");
        return;
    }
    begin_pending(client, CONTROL_TAKEOVER, stale ? take_over_stale : take_over);
}

static void perform_switchover(struct client *client, char **words, size_t count)
{
    (void)words, (void)count;
    begin_pending(client, CONTROL_SWITCHOVER, switch_over);
}

static void perform_standby(struct client *client, char **words, size_t count)
{
    (void)words, (void)count;
    begin_pending(client, CONTROL_STANDBY, stand_by);
}

static void perform_fence(struct client *client, char **words, size_t count)
{
    (void)words, (void)count;
    const char *why = l2tpha_pair_fence(client->control->app->pair);
    if (why == NULL)
        tell("fenced");
    report(client, why, NULL);
}

static void perform_reload_keys(struct client *client, char **words, size_t count)
{
    TALLOC_CTX *temporary = talloc_new(client);
    (void)words, (void)count;
    report(client, keys_reload(temporary, client->control->app), NULL);
    talloc_free(temporary);
}

static void perform_shutdown(struct client *client, char **words, size_t count)
{
    (void)words, (void)count;
    begin_pending(client, CONTROL_SHUTDOWN, shut_down);
}

static const struct {
    const char *word;
    size_t most; /* words, this one included */
    void (*perform)(struct client *client, char **words, size_t count);
} commands[] = {
    {"show", WORDS_MAX, perform_show},     {"upgrade", 2, perform_upgrade},
    {"debug", WORDS_MAX, perform_setting}, {"undebug", WORDS_MAX, perform_setting},
    {"set", WORDS_MAX, perform_setting},   {"clear", WORDS_MAX, perform_clear},
    {"takeover", 2, perform_takeover},     {"switchover", 1, perform_switchover},
    {"standby", 1, perform_standby},       {"fence", 1, perform_fence},
    {"shutdown", 1, perform_shutdown},     {"reload-keys", 1, perform_reload_keys},
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void perform(struct client *client, char *line)
{
    char *words[WORDS_MAX], *save = NULL;
    size_t count = 0;
    for (char *word = strtok_r(line, " \t\r", &save); word != NULL && count < WORDS_MAX;
         word = strtok_r(NULL, " \t\r", &save))
        words[count++] = word;
    if (count == 0)
        return;
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(words[0], commands[i].word) == 0 && count <= commands[i].most) {
            commands[i].perform(client, words, count);
            return;
        }
    refuse(client, "unknown command");
}

/* ---- requests ---- */

/* Perform the first whole line. */
static void take_line(struct client *client)
{
    char line[CONTROL_REQUEST_MAX];
    char *end = memchr(client->request, '\n', client->request_len);
    if (end == NULL)
        return;
    size_t len = (size_t)(end - client->request);
    memcpy(line, client->request, len);
    line[len] = '\0';
    client->request_len -= len + 1;
    memmove(client->request, end + 1, client->request_len);
    perform(client, line);
}

/* Closing with input unread would make the system throw the answer away. */
static void refuse_long_line(struct client *client)
{
    for (int i = 0; i < 16; i++)
        if (recv(client->fd, client->request, sizeof(client->request), MSG_DONTWAIT) <= 0)
            break;
    client->request_len = 0;
    client->closing = true;
    refuse(client, "the request is too long");
}

/* Send what there is; what is to be done then has its turn after so long. */
static void go_on(struct client *client, uint64_t wait_us)
{
    struct control *control = client->control;
    if (!is_busy(client) && !has_line(client) && client->request_len == sizeof(client->request))
        refuse_long_line(client);
    (void)push(client);
    if (next_in_turn(control) != NULL)
        want_piece(control, wait_us);
}

static void on_client(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *user)
{
    struct client *client = user;
    (void)ev, (void)fde;
    if (is_busy(client)) {
        if (flags & TEVENT_FD_WRITE)
            go_on(client, 0);
        return;
    }
    ssize_t got = recv(client->fd, client->request + client->request_len,
                       sizeof(client->request) - client->request_len, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        talloc_free(client);
        return;
    }
    client->request_len += (size_t)got;
    client->read_at = clock_now();
    go_on(client, 0);
}

/* ---- clients ---- */

static void want_tick(struct control *control);

static void on_tick(struct tevent_context *ev, struct tevent_timer *timer, struct timeval at,
                    void *user)
{
    struct control *control = user;
    struct client *next;
    uint64_t now = clock_now();
    (void)ev, (void)timer, (void)at;
    control->tick = NULL; /* freed by tevent */
    for (struct client *client = control->clients; client != NULL; client = next) {
        next = client->next;
        if (is_unsent(client) && now - client->read_at > CONTROL_UNREAD_S * UINT64_C(1000000)) {
            talloc_free(client);
        } else if (client->pending.kind != CONTROL_NONE && now >= client->pending.until) {
            client->pending.kind = CONTROL_NONE;
            refuse(client, "its outcome is not known yet");
            go_on(client, 0);
        }
    }
    want_tick(control);
}

static void want_tick(struct control *control)
{
    if (control->tick == NULL && control->clients != NULL)
        control->tick =
            tevent_add_timer(control->app->ev, control, after(TICK_US), on_tick, control);
}

/* Nobody is told of the end of a client while there is only to be written to it, or not even that.
 */
static void leave_gone_clients(struct control *control)
{
    struct client *next;
    for (struct client *client = control->clients; client != NULL; client = next) {
        struct pollfd state = {.fd = client->fd};
        next = client->next;
        if (poll(&state, 1, 0) > 0 && (state.revents & (POLLHUP | POLLERR)))
            talloc_free(client);
    }
}

/* Who has asked for nothing for long makes room for others. */
static bool leave_idle_client(struct control *control)
{
    struct client *idle = NULL;
    for (struct client *client = control->clients; client != NULL; client = client->next)
        if (!is_busy(client) && (idle == NULL || client->read_at < idle->read_at))
            idle = client;
    if (idle == NULL || clock_now() - idle->read_at < CONTROL_IDLE_S * UINT64_C(1000000))
        return false;
    talloc_free(idle);
    return true;
}

static void on_connect(void *user, int fd)
{
    struct control *control = user;
    int bytes = SEND_BYTES;
    if (control->client_count >= CONTROL_CLIENTS_MAX)
        leave_gone_clients(control);
    struct client *client = talloc_zero(control, struct client);
    client->control = control;
    client->fd = fd;
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
    client->next = control->clients;
    writer_start(&client->out, client);
    control->clients = client;
    control->client_count++;
    talloc_set_destructor(client, end_client);
    client->fde = tevent_add_fd(control->app->ev, client, fd, TEVENT_FD_READ, on_client, client);
    client->read_at = clock_now();
    want_tick(control);
    if (control->client_count > CONTROL_CLIENTS_MAX && !leave_idle_client(control)) {
        control->turned_away++;
        client->closing = true;
        refuse(client, "too many clients");
        go_on(client, 0);
    }
}

/* Nothing is sent here: whoever is inside a command of a client's does not lose that client. */
void control_complete(struct control *control, enum control_kind kind, const char *error,
                      const char *json)
{
    struct client *client = control != NULL ? control->clients : NULL;
    for (; client != NULL; client = client->next) {
        if (client->pending.kind != kind)
            continue;
        client->pending.kind = CONTROL_NONE;
        report(client, error, json);
        watch(client, TEVENT_FD_WRITE);
    }
}

uint64_t control_refused(const struct control *control)
{
    return control == NULL ? 0 : control->turned_away + listener_refused(control->listener);
}

void control_stop(struct control *control)
{
    if (control == NULL)
        return;
    for (struct client *client = control->clients, *next; client != NULL; client = next) {
        next = client->next;
        if (client->pending.kind != CONTROL_NONE)
            refuse(client, "the process has left before");
        client->pending.kind = CONTROL_NONE;
        client->closing = true;
        (void)push(client);
    }
}

/* Of many, one now and then. */
static void on_refusal(void *user)
{
    struct control *control = user;
    uint64_t now = clock_now();
    if (control->refusal_told_at != 0 && now - control->refusal_told_at < REFUSALS_US)
        return;
    control->refusal_told_at = now;
    log_say(&control->app->log, L2TPHA_LOG_ERROR,
            "--control: no descriptor is left for who connects; %" PRIu64 " refused so far",
            control_refused(control));
}

const char *control_start(struct app *app)
{
    const char *why = NULL;
    const struct endpoint *endpoint = &app->options->control;
    if (endpoint->kind == ENDPOINT_NONE)
        return NULL;
    struct control *control = talloc_zero(app, struct control);
    control->app = app;
    bool waits = app->options->replace.kind != ENDPOINT_NONE;
    control->listener = (waits ? listener_new_next : listener_new)(control, app->ev, endpoint,
                                                                   on_connect, control, &why);
    if (control->listener == NULL)
        TALLOC_FREE(control);
    else
        listener_tell_refusals(control->listener, on_refusal);
    app->control = control;
    return why;
}

struct listener *control_listener(const struct control *control)
{
    return control != NULL ? control->listener : NULL;
}
