/* SPDX-License-Identifier: MIT */
#include "control.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* --- what is shown --- */

static unsigned count_calls(const struct tunnel *tunnel)
{
    unsigned count = 0;
    for (const struct call *call = tunnel->calls; call; call = call->next)
        count++;
    return count;
}

static void show_tunnels(const struct daemon *daemon, FILE *out)
{
    static const char *const states[] = {"wait-ctl-conn", "established", "stopping", "stopped"};
    const char *comma = "";
    fputc('[', out);
    for (const struct tunnel *tunnel = daemon->tunnels; tunnel; tunnel = tunnel->next) {
        unsigned ns = tunnel->channel.ns, nr = tunnel->channel.nr;
#ifdef ATTACHED_HA
        struct l2tpha_tunnel_record record = {.size = sizeof(record)};
        l2tpha_tunnel_get(tunnel->handle, &record);
        ns = record.ns, nr = record.nr;
#endif
        fprintf(out,
                "%s{\"local_id\":%u,\"remote_id\":%u,\"state\":\"%s\",\"peer_name\":\"%s\","
                "\"peer_address\":\"%s:%u\",\"ns\":%u,\"nr\":%u,\"sessions\":%u}",
                comma, tunnel->id, tunnel->peers_id, states[tunnel->state], tunnel->name,
                inet_ntoa(tunnel->peer.sin_addr), ntohs(tunnel->peer.sin_port), ns, nr,
                count_calls(tunnel));
        comma = ",";
    }
    fputc(']', out);
}

static void show_sessions(const struct daemon *daemon, FILE *out)
{
    const char *comma = "";
    fputc('[', out);
    for (const struct tunnel *tunnel = daemon->tunnels; tunnel; tunnel = tunnel->next)
        for (const struct call *call = tunnel->calls; call; call = call->next) {
            fprintf(out, "%s{\"tunnel_id\":%u,\"local_id\":%u,\"remote_id\":%u,\"state\":\"%s\"}",
                    comma, tunnel->id, call->id, call->peers_id,
                    call->up ? "established" : "wait-connect");
            comma = ",";
        }
    fputc(']', out);
}

/* A daemon that is alone serves, and nobody would go on with it. */
static void show_redundancy(const struct daemon *daemon, FILE *out)
{
    (void)daemon;
    fputc('{', out);
    const char *role = "active", *state = "active-solo", *sync = "none", *reason = "alone";
#ifdef ATTACHED_HA
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};
    struct l2tpha_pair_info pair = {.size = sizeof(pair)};
    l2tpha_redundancy_get(l2tpha_pair_node(daemon->pair), &info);
    l2tpha_pair_get(daemon->pair, &pair);
    static const char *const syncs[] = {"",     "none",    "bulk",    "in-sync",
                                        "none", "bulk",    "in-sync", "out-of-sync",
                                        "none", "unheard", "cut-off"};
    role = pair.standby ? "standby" : role;
    state = l2tpha_role_name(info.role);
    sync = syncs[info.role];
    reason = pair.held ? "held" : info.reason;
    fprintf(out,
            "\"epoch\":%llu,\"lag_records\":%llu,\"tunnels\":%u,\"sessions\":%u,\"resynced\":%u,"
            "\"resyncing\":%u,",
            (unsigned long long)info.epoch, (unsigned long long)info.lag_records, info.tunnels,
            info.sessions, info.resynced, info.resyncing);
#endif
    fprintf(out, "\"role\":\"%s\",\"state\":\"%s\",\"sync\":\"%s\",\"reason\":\"%s\"}", role, state,
            sync, reason);
}

static void show_counters(const struct daemon *daemon, FILE *out)
{
    fputc('{', out);
#ifdef ATTACHED_HA
    const struct l2tpha_counters *all = l2tpha_counters(l2tpha_pair_node(daemon->pair));
    const char *name, *text;
    uint64_t value;
    for (size_t i = 0; l2tpha_counter_at(all, i, &name, &text, &value); i++)
        fprintf(out, "\"%s\":%llu,", name, (unsigned long long)value);
#endif
    fprintf(out, "\"datagrams_in\":%llu,\"unexpected_message\":%llu}",
            (unsigned long long)daemon->datagrams, (unsigned long long)daemon->unexpected);
}

static void show_version(const struct daemon *daemon, FILE *out)
{
    (void)daemon;
    fputs("{\"program\":\"attached_daemon\"}", out);
}

static const char *order_shutdown(struct daemon *daemon)
{
    daemon_leave(daemon);
    return NULL; /* control_done() comes when it has left */
}

#ifdef ATTACHED_HA
static const char *order_switchover(struct daemon *daemon)
{
    return l2tpha_pair_switchover(daemon->pair);
}

static const char *order_takeover(struct daemon *daemon)
{
    return l2tpha_pair_takeover(daemon->pair, false);
}

static const char *order_standby(struct daemon *daemon)
{
    return l2tpha_pair_stand_by(daemon->pair);
}

static const char *order_fence(struct daemon *daemon)
{
    control_done(daemon->control, "fence", l2tpha_pair_fence(daemon->pair));
    return NULL;
}
#endif

/* A show writes a value. An order gives NULL, and its end is told by control_done(); or why it is
 * refused. */
static const struct {
    const char *line;
    void (*show)(const struct daemon *daemon, FILE *out);
    const char *(*order)(struct daemon *daemon);
} commands[] = {
#ifdef ATTACHED_HA
    {"switchover", NULL, order_switchover},
    {"takeover", NULL, order_takeover},
    {"standby", NULL, order_standby},
    {"fence", NULL, order_fence},
#endif
    {"show l2tp tunnels", show_tunnels, NULL},
    {"show l2tp sessions", show_sessions, NULL},
    {"show l2tp redundancy", show_redundancy, NULL},
    {"show l2tp counters", show_counters, NULL},
    {"show version", show_version, NULL},
    {"shutdown", NULL, order_shutdown},
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

/* --- clients --- */

static void end_client(struct client *client)
{
    close(client->fd);
    *client = (struct client){.fd = -1};
}

/* An answer that the socket has no room for is for a client that does not read. */
static void answer(struct client *client, const char *text, size_t len)
{
    client->waits = false;
    if (send(client->fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)len)
        end_client(client);
}

static void answer_order(struct client *client, const char *why)
{
    char text[256];
    snprintf(text, sizeof(text), why ? "{\"error\":\"%s\"}\n" : "{\"result\":\"done\"}\n", why);
    answer(client, text, strlen(text));
}

static void answer_show(const struct daemon *daemon, struct client *client, size_t which)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (!out)
        return;
    fputs("{\"result\":", out);
    commands[which].show(daemon, out);
    fputs("}\n", out);
    if (fclose(out) == 0)
        answer(client, text, len);
    free(text);
}

static void perform(struct control *control, struct client *client)
{
    size_t which = 0;
    while (which < COMMANDS && strcmp(client->line, commands[which].line) != 0)
        which++;
    if (which < COMMANDS && commands[which].show) {
        answer_show(control->daemon, client, which);
        return;
    }
    client->waits = true; /* it may be told before the order is over */
    const char *why = which < COMMANDS ? commands[which].order(control->daemon) : "unknown command";
    if (why)
        answer_order(client, why);
}

void control_done(struct control *control, const char *line, const char *why)
{
    for (size_t i = 0; i < CONTROL_CLIENTS; i++)
        if (control->clients[i].waits && strcmp(control->clients[i].line, line) == 0)
            answer_order(&control->clients[i], why);
}

static void read_client(struct control *control, struct client *client)
{
    ssize_t got = recv(client->fd, client->line + client->len,
                       sizeof(client->line) - 1 - client->len, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        end_client(client);
        return;
    }
    client->len += (size_t)got;
    char *end = memchr(client->line, '\n', client->len);
    if (!end) /* one that never ends is refused when there is no room for more of it */
        return;
    *end = '\0';
    client->len = 0;
    perform(control, client);
}

static void accept_client(struct control *control)
{
    int fd = accept4(control->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    for (size_t i = 0; fd >= 0 && i < CONTROL_CLIENTS; i++)
        if (control->clients[i].fd < 0) {
            control->clients[i].fd = fd;
            return;
        }
    if (fd >= 0)
        close(fd);
}

/* --- the socket --- */

void control_watch(const struct control *control, struct pollfd *fds)
{
    for (size_t i = 0; i < CONTROL_CLIENTS; i++)
        fds[i] = (struct pollfd){.fd = control->clients[i].fd, .events = POLLIN};
    fds[CONTROL_CLIENTS] = (struct pollfd){.fd = control->listener, .events = POLLIN};
}

void control_serve(struct control *control, const struct pollfd *fds)
{
    for (size_t i = 0; i < CONTROL_CLIENTS; i++)
        if (fds[i].revents)
            read_client(control, &control->clients[i]);
    if (fds[CONTROL_CLIENTS].revents)
        accept_client(control);
}

const char *control_start(struct control *control, struct daemon *daemon)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    *control = (struct control){.daemon = daemon, .listener = -1};
    for (size_t i = 0; i < CONTROL_CLIENTS; i++)
        control->clients[i].fd = -1;
    daemon->control = control;
    if (!daemon->control_path)
        return NULL;
    if (strlen(daemon->control_path) >= sizeof(address.sun_path))
        return "--control: the path is too long";
    strcpy(address.sun_path, daemon->control_path);
    unlink(address.sun_path);
    control->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (bind(control->listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(control->listener, CONTROL_CLIENTS) != 0)
        return strerror(errno);
    return NULL;
}

void control_stop(struct control *control)
{
    for (size_t i = 0; i < CONTROL_CLIENTS; i++)
        if (control->clients[i].fd >= 0)
            end_client(&control->clients[i]);
    if (control->listener < 0)
        return;
    close(control->listener);
    unlink(control->daemon->control_path);
}
