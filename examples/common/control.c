/* SPDX-License-Identifier: MIT */
#include "control.h"
#include "app.h"
#include "role.h"
#include "show.h"
#include "stream.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct client {
    struct client *next;
    struct control *control;
    int fd;
    struct tevent_fd *fde;
    bool waiting; /* for the end of a switchover */
    bool closing; /* once the answer is out */
    char request[CONTROL_REQUEST_MAX];
    size_t request_len;
    char *answer; /* what is still to be written */
    size_t answer_len, answer_sent;
};

struct control {
    struct app *app;
    struct listener *listener;
    struct client *clients;
    unsigned client_count;
};

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

/* False when the client is gone. */
static bool write_answer(struct client *client)
{
    while (client->answer_sent < client->answer_len) {
        ssize_t sent = send(client->fd, client->answer + client->answer_sent,
                            client->answer_len - client->answer_sent, MSG_NOSIGNAL);
        if (sent < 0 && (errno == EAGAIN || errno == EINTR)) {
            TEVENT_FD_NOT_READABLE(client->fde); /* one answer at a time */
            TEVENT_FD_WRITEABLE(client->fde);
            return true;
        }
        if (sent < 0) {
            talloc_free(client);
            return false;
        }
        client->answer_sent += (size_t)sent;
    }
    TALLOC_FREE(client->answer);
    client->answer_len = client->answer_sent = 0;
    if (client->closing) {
        talloc_free(client);
        return false;
    }
    TEVENT_FD_READABLE(client->fde);
    TEVENT_FD_NOT_WRITEABLE(client->fde);
    return true;
}

/* Takes over object. */
static bool answer(struct client *client, json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER);
    json_decref(object);
    if (text == NULL) {
        talloc_free(client);
        return false;
    }
    client->answer = talloc_asprintf(client, "%s\n", text);
    free(text);
    client->answer_len = strlen(client->answer);
    client->answer_sent = 0;
    return write_answer(client);
}

static json_t *failure(const char *error)
{
    return json_pack("{s:s}", "error", error);
}

static json_t *success(json_t *result)
{
    return json_pack("{s:o}", "result", result);
}

/* NULL error = fine. */
static json_t *outcome(const char *error)
{
    return error != NULL ? failure(error) : success(json_string("done"));
}

static json_t *set_debug(struct app *app, char **words, size_t count)
{
    uint32_t mask = l2tpha_node_config(app->node)->debug;
    uint32_t change = count == 3 ? log_category_find(words[1], strlen(words[1])) : 0;
    if (change == 0 || (strcmp(words[2], "on") != 0 && strcmp(words[2], "off") != 0))
        return failure("debug needs a category (cf, detail, error, event, fsm, resync, rf, all) "
                       "and on or off");
    mask = strcmp(words[2], "on") == 0 ? mask | change : mask & ~change;
    l2tpha_node_set_debug(app->node, mask);
    return success(json_string("done"));
}

/* The answer to a command; NULL = it comes later. */
static json_t *perform(struct client *client, char **words, size_t count)
{
    struct app *app = client->control->app;
    json_t *result = NULL;
    const char *error;
    if (strcmp(words[0], "show") == 0) {
        error = show(app, words + 1, count - 1, &result);
        return error != NULL ? failure(error) : success(result);
    }
    if (strcmp(words[0], "debug") == 0)
        return set_debug(app, words, count);
    if (count == 1 && strcmp(words[0], "takeover") == 0)
        return outcome(role_take_over(app, "operator"));
    if (count == 1 && strcmp(words[0], "switchover") == 0) {
        error = role_switchover(app);
        client->waiting = error == NULL;
        return error != NULL ? failure(error) : NULL;
    }
    return failure("unknown command");
}

#define WORDS_MAX 8

static bool take_line(struct client *client, char *line)
{
    char *words[WORDS_MAX], *save = NULL;
    size_t count = 0;
    for (char *word = strtok_r(line, " \t\r", &save); word != NULL && count < WORDS_MAX;
         word = strtok_r(NULL, " \t\r", &save))
        words[count++] = word;
    if (count == 0)
        return true;
    json_t *object = perform(client, words, count);
    return object == NULL || answer(client, object);
}

/* Perform what is complete, one command after the other. */
static void take_lines(struct client *client)
{
    char *end;
    while (!client->waiting && client->answer == NULL &&
           (end = memchr(client->request, '\n', client->request_len)) != NULL) {
        char line[CONTROL_REQUEST_MAX];
        size_t len = (size_t)(end - client->request);
        memcpy(line, client->request, len);
        line[len] = '\0';
        client->request_len -= len + 1;
        memmove(client->request, end + 1, client->request_len);
        if (!take_line(client, line))
            return;
    }
    if (client->request_len == sizeof(client->request)) {
        client->closing = true;
        /* Closing with input unread would make the system throw the answer away. */
        for (int i = 0;
             i < 16 && recv(client->fd, client->request, sizeof(client->request), 0) > 0;)
            i++;
        client->request_len = 0;
        answer(client, failure("the request is too long"));
    }
}

static void on_client(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *user)
{
    struct client *client = user;
    (void)ev, (void)fde;
    if (client->answer != NULL) {
        if ((flags & TEVENT_FD_WRITE) && write_answer(client))
            take_lines(client);
        return;
    }
    ssize_t got = recv(client->fd, client->request + client->request_len,
                       sizeof(client->request) - client->request_len, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        talloc_free(client);
        return;
    }
    client->request_len += (size_t)got;
    take_lines(client);
}

static void on_connect(void *user, int fd)
{
    struct control *control = user;
    struct client *client = talloc_zero(control, struct client);
    client->control = control;
    client->fd = fd;
    client->next = control->clients;
    control->clients = client;
    control->client_count++;
    talloc_set_destructor(client, end_client);
    client->fde = tevent_add_fd(control->app->ev, client, fd, TEVENT_FD_READ, on_client, client);
    if (control->client_count > CONTROL_CLIENTS_MAX) {
        client->closing = true;
        answer(client, failure("too many clients"));
    }
}

void control_answer(struct control *control, const char *error)
{
    struct client *next;
    if (control == NULL)
        return;
    for (struct client *client = control->clients; client != NULL; client = next) {
        next = client->next;
        if (!client->waiting)
            continue;
        client->waiting = false;
        if (answer(client, outcome(error)))
            take_lines(client);
    }
}

const char *control_start(struct app *app)
{
    const char *why = NULL;
    const struct endpoint *endpoint = &app->options->control;
    if (endpoint->kind == ENDPOINT_NONE)
        return NULL;
    struct control *control = talloc_zero(app, struct control);
    control->app = app;
    control->listener = listener_new(control, app->ev, endpoint, on_connect, control, &why);
    if (control->listener == NULL)
        TALLOC_FREE(control);
    app->control = control;
    return why;
}
