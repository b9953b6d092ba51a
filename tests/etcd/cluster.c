/* SPDX-License-Identifier: MIT */
#include "cluster.h"
#include "cluster_keys.h"

#include "etcd/base64.h"
#include "fixture.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define VALUE_MAX (2u << 20)
#define TEXT (4u << 20)
#define CONNECTIONS 16

struct cluster cluster;

static uint64_t leases[64];
static uint32_t lease_count;
static uint64_t newest;
static int listeners[MEMBERS_MAX];
static uint32_t member_count;
static uint16_t ports[MEMBERS_MAX];

static struct connection {
    int fd;
    char *in; /* TEXT */
    size_t len;
} connections[CONNECTIONS];

static char held_path[64], *held_body;

/* --- state --- */

static size_t decode(const json_t *json, char *dst, size_t size)
{
    size_t len;

    ck_assert(
        base64_decode(json_string_value(json), json_string_length(json), dst, size - 1, &len));
    dst[len] = '\0';
    return len;
}

static uint32_t key_of(const json_t *object)
{
    char key[KEY_TEXT];

    decode(json_object_get(object, "key"), key, sizeof(key));
    return keys_place(key);
}

static uint64_t number(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? strtoull(text, NULL, 10) : 0;
}

static json_t *text_of(uint64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
    return json_string(text);
}

static uint32_t find_lease(uint64_t lease)
{
    uint32_t i = 0;

    while (i < lease_count && leases[i] != lease)
        i++;
    return i;
}

static void end_lease(uint64_t lease)
{
    uint32_t i = find_lease(lease);

    if (i < lease_count)
        leases[i] = leases[--lease_count];
    for (i = 0; i < KEYS; i++)
        if (keys[i].lease == lease)
            keys[i].revision = keys[i].lease = 0;
    cluster.revision++;
}

void cluster_expire(void)
{
    while (lease_count > 0)
        end_lease(leases[0]);
}

/* --- what requests do --- */

static json_t *header(void)
{
    return json_pack("{s:o, s:o, s:o}", "cluster_id", text_of(cluster.id), "revision",
                     text_of(cluster.revision), "raft_term", text_of(cluster.term));
}

static bool holds(const json_t *compare)
{
    uint32_t i = key_of(compare);
    char value[64];

    ck_assert_str_eq(json_string_value(json_object_get(compare, "result")), "EQUAL");
    if (strcmp(json_string_value(json_object_get(compare, "target")), "MOD") == 0)
        return keys[i].revision == number(compare, "mod_revision");
    decode(json_object_get(compare, "value"), value, sizeof(value));
    return keys[i].revision && strcmp(keys[i].value, value) == 0;
}

static json_t *pair_of(uint32_t i, bool name_only)
{
    static char text[BASE64_SIZE(VALUE_MAX)], name[BASE64_SIZE(KEY_TEXT)];

    base64_encode(keys[i].key, strlen(keys[i].key), name);
    json_t *pair = json_pack("{s:s, s:o}", "key", name, "mod_revision", text_of(keys[i].revision));
    if (!name_only && keys[i].len > 0) {
        base64_encode(keys[i].value, keys[i].len, text);
        json_object_set_new(pair, "value", json_string(text));
    }
    if (keys[i].lease)
        json_object_set_new(pair, "lease", text_of(keys[i].lease));
    return pair;
}

static void ends_of(const json_t *request, char from[KEY_TEXT], char end[KEY_TEXT])
{
    const json_t *json = json_object_get(request, "range_end");

    decode(json_object_get(request, "key"), from, KEY_TEXT);
    end[0] = '\0';
    if (json)
        decode(json, end, KEY_TEXT);
}

static json_t *range(const json_t *request)
{
    char from[KEY_TEXT], end[KEY_TEXT];
    uint64_t limit = number(request, "limit"), count = 0;
    json_t *pairs = json_array();

    ends_of(request, from, end);
    for (uint32_t i = keys_next(from, end, ""); i < KEYS; i = keys_next(from, end, keys[i].key))
        if (count++ < limit || limit == 0)
            json_array_append_new(pairs,
                                  pair_of(i, json_is_true(json_object_get(request, "keys_only"))));
    json_t *answer = json_pack("{s:{}}", "header");
    if (count > 0) {
        json_object_set(answer, "kvs", pairs);
        json_object_set_new(answer, "count", text_of(count));
    }
    json_decref(pairs);
    return answer;
}

static json_t *put(const json_t *request)
{
    static char value[VALUE_MAX];
    uint32_t i = key_of(request);

    if (!json_is_true(json_object_get(request, "ignore_value")))
        keys_set(i, value, decode(json_object_get(request, "value"), value, sizeof(value)));
    keys[i].revision = cluster.revision;
    keys[i].lease = number(request, "lease");
    return json_object();
}

static json_t *delete_all(const json_t *request)
{
    char from[KEY_TEXT], end[KEY_TEXT];
    uint64_t count = 0;
    uint32_t i;

    ends_of(request, from, end);
    while ((i = keys_next(from, end, "")) < KEYS) {
        keys[i].revision = 0;
        count++;
    }
    return json_pack("{s:o}", "deleted", text_of(count));
}

/* One of a transaction's. */
static json_t *operation(const json_t *request)
{
    static const struct {
        const char *request, *response;
        json_t *(*does)(const json_t *request);
    } all[] = {{"request_put", "response_put", put},
               {"request_range", "response_range", range},
               {"request_delete_range", "response_delete_range", delete_all}};

    for (size_t i = 0; i < 3; i++) {
        const json_t *what = json_object_get(request, all[i].request);
        if (what)
            return json_pack("{s:o}", all[i].response, all[i].does(what));
    }
    ck_abort_msg("no operation");
}

static uint32_t count_of(const json_t *list, const char *name)
{
    const json_t *each;
    uint32_t count = 0;
    size_t i;

    json_array_foreach(list, i, each) count += json_object_get(each, name) != NULL;
    return count;
}

static json_t *no_space(int *code)
{
    *code = 429;
    return json_pack("{s:s, s:i}", "error", "etcdserver: mvcc: database space exceeded", "code", 8);
}

static bool has_leases(const json_t *list)
{
    const json_t *each;
    size_t i;

    json_array_foreach(list, i, each)
    {
        uint64_t lease = number(json_object_get(each, "request_put"), "lease");
        if (lease && find_lease(lease) == lease_count)
            return false;
    }
    return true;
}

static json_t *transaction(const json_t *request, int *code)
{
    const json_t *compare = json_object_get(request, "compare"), *each;
    bool succeeded = true;
    size_t i;

    json_array_foreach(compare, i, each) succeeded = holds(each) && succeeded;
    const json_t *list = json_object_get(request, succeeded ? "success" : "failure");
    if (!has_leases(list)) {
        *code = 404;
        return json_pack("{s:s, s:i}", "error", "etcdserver: requested lease not found", "code", 5);
    }
    if (cluster.full && (count_of(json_object_get(request, "success"), "request_put") ||
                         count_of(json_object_get(request, "failure"), "request_put")))
        return no_space(code);
    cluster.revision += count_of(list, "request_put") || count_of(list, "request_delete_range");
    json_t *responses = json_array();
    json_array_foreach(list, i, each) json_array_append_new(responses, operation(each));
    json_t *answer = json_pack("{s:o, s:o}", "header", header(), "responses", responses);
    if (succeeded)
        json_object_set_new(answer, "succeeded", json_true());
    return answer;
}

static json_t *begin_lease(const json_t *request)
{
    uint64_t ttl_s = number(request, "TTL");

    ttl_s = ttl_s < cluster.least_ttl_s ? cluster.least_ttl_s : ttl_s;
    ttl_s = ttl_s > cluster.most_ttl_s ? cluster.most_ttl_s : ttl_s;
    leases[lease_count++] = ++newest;
    return json_pack("{s:o, s:o, s:o}", "header", header(), "ID", text_of(newest), "TTL",
                     text_of(ttl_s));
}

static json_t *keep(const json_t *request)
{
    uint64_t lease = number(request, "ID");
    json_t *result = json_pack("{s:o, s:o}", "header", header(), "ID", text_of(lease));

    if (find_lease(lease) < lease_count)
        json_object_set_new(result, "TTL", text_of(5));
    return json_pack("{s:o}", "result", result);
}

static json_t *end_one(const json_t *request, int *code)
{
    uint64_t lease = number(request, "ID");

    if (find_lease(lease) == lease_count) {
        *code = 404;
        return json_pack("{s:s, s:i}", "error", "etcdserver: requested lease not found", "code", 5);
    }
    end_lease(lease);
    return json_pack("{s:o}", "header", header());
}

/* Of one request without a transaction around it. */
static json_t *alone(json_t *(*does)(const json_t *), const json_t *request, bool changes)
{
    cluster.revision += changes;
    json_t *answer = does(request);
    json_object_set_new(answer, "header", header());
    return answer;
}

static json_t *compact(const json_t *request, int *code)
{
    uint64_t revision = number(request, "revision");

    if (revision <= cluster.compacted || revision > cluster.revision) {
        *code = 400;
        return json_pack("{s:s, s:i}", "error", "etcdserver: mvcc: required revision is none",
                         "code", 11);
    }
    cluster.compacted = revision;
    return json_pack("{s:o}", "header", header());
}

static json_t *carry_out(const char *path, const char *body, int *code)
{
    json_t *request = json_loads(body, 0, NULL), *answer = NULL;

    ck_assert_ptr_nonnull(request);
    if (strcmp(path, "/v3/kv/txn") == 0)
        answer = transaction(request, code);
    else if (strcmp(path, "/v3/kv/range") == 0)
        answer = alone(range, request, false);
    else if (strcmp(path, "/v3/kv/deleterange") == 0)
        answer = alone(delete_all, request, true);
    else if (strcmp(path, "/v3/kv/compaction") == 0)
        answer = compact(request, code);
    else if (strcmp(path, "/v3/lease/grant") == 0)
        answer = begin_lease(request);
    else if (strcmp(path, "/v3/lease/keepalive") == 0)
        answer = keep(request);
    else if (strcmp(path, "/v3/lease/revoke") == 0)
        answer = end_one(request, code);
    ck_assert_ptr_nonnull(answer);
    json_decref(request);
    return answer;
}

void cluster_release(void)
{
    int code;

    json_decref(carry_out(held_path, held_body, &code));
}

/* --- HTTP --- */

static void hang_up(struct connection *connection)
{
    close(connection->fd);
    connection->fd = -1;
    connection->len = 0;
}

static struct fault *fault_of(const char *path)
{
    for (uint32_t i = 0; i < 4; i++)
        if (cluster.faults[i].times > 0 && strstr(path, cluster.faults[i].path)) {
            if (cluster.faults[i].after > 0) {
                cluster.faults[i].after--;
                continue;
            }
            cluster.faults[i].times--;
            return &cluster.faults[i];
        }
    return NULL;
}

static size_t wrap(char *dst, size_t size, int code, const char *location, const char *body)
{
    if (location)
        return (size_t)snprintf(dst, size,
                                "HTTP/1.1 %d X\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", code,
                                location);
    if (cluster.chunked)
        return (size_t)snprintf(dst, size,
                                "HTTP/1.1 %d X\r\nTransfer-Encoding: chunked\r\n\r\n%zx\r\n%s\r\n"
                                "0\r\n\r\n",
                                code, strlen(body), body);
    return (size_t)snprintf(dst, size, "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n\r\n%s", code,
                            strlen(body), body);
}

/* More than a socket takes: whoever reads it is in the same thread. */
static void send_all(int fd, const char *text, size_t len)
{
    int most = 16 << 20;

    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &most, sizeof(most));
    ck_assert_int_eq(write(fd, text, len), (ssize_t)len);
}

static void answer(struct connection *connection, const char *path, const char *body)
{
    static char text[TEXT];
    const struct fault *fault = fault_of(path);
    enum fate fate = fault ? fault->fate : ANSWERED;
    int code = 200;

    cluster.requests++;
    if (fate == HELD) {
        snprintf(held_path, sizeof(held_path), "%s", path);
        free(held_body);
        held_body = strdup(body);
    }
    if (fate == HELD || fate == LOST) {
        cluster.silent = fate == HELD;
        if (fate == LOST)
            hang_up(connection);
        return;
    }
    char *dump = NULL;
    if (fate == SAID) {
        code = fault->code;
    } else {
        json_t *json = carry_out(path, body, &code);
        dump = json_dumps(json, 0);
        json_decref(json);
    }
    size_t len =
        wrap(text, sizeof(text), code, fault ? fault->location : NULL, dump ? dump : fault->text);
    free(dump);
    cluster.silent = fate == SILENT;
    if (fate == CUT || fate == SILENT) {
        cluster.cut_len = len;
        len = fault->octets < len ? fault->octets : len;
    }
    send_all(connection->fd, text, len);
    if (fate == CUT)
        hang_up(connection);
}

/* A whole request, as libcurl sends it. */
static void read_request(struct connection *connection)
{
    char path[64], *body, *length;
    ssize_t got =
        read(connection->fd, connection->in + connection->len, TEXT - 1 - connection->len);

    if (got <= 0) {
        hang_up(connection);
        return;
    }
    connection->len += (size_t)got;
    connection->in[connection->len] = '\0';
    if (!(body = strstr(connection->in, "\r\n\r\n")) ||
        !(length = strstr(connection->in, "Content-Length: ")) ||
        strlen(body + 4) < strtoul(length + 16, NULL, 10))
        return;
    ck_assert_int_eq(sscanf(connection->in, "POST %63s HTTP/1.1\r\n", path), 1);
    connection->len = 0;
    answer(connection, path, body + 4);
}

static void accept_one(int listener)
{
    for (uint32_t i = 0; i < CONNECTIONS; i++)
        if (connections[i].fd < 0) {
            connections[i].fd = accept(listener, NULL, NULL);
            connections[i].len = 0;
            if (!connections[i].in)
                connections[i].in = malloc(TEXT);
            return;
        }
    ck_abort_msg("too many connections");
}

void cluster_turn(int fd, int wait_ms)
{
    struct pollfd ready[MEMBERS_MAX + CONNECTIONS + 1];
    uint32_t count = 0;

    for (uint32_t i = 0; i < MEMBERS_MAX; i++)
        ready[count++] = (struct pollfd){.fd = listeners[i], .events = POLLIN};
    for (uint32_t i = 0; i < CONNECTIONS; i++)
        ready[count++] = (struct pollfd){.fd = connections[i].fd, .events = POLLIN};
    ready[count++] = (struct pollfd){.fd = fd, .events = POLLIN};
    poll(ready, count, wait_ms);
    for (uint32_t i = 0; i < MEMBERS_MAX; i++)
        if (ready[i].revents)
            accept_one(listeners[i]);
    for (uint32_t i = 0; i < CONNECTIONS; i++)
        if (ready[MEMBERS_MAX + i].revents)
            read_request(&connections[i]);
}

/* --- life --- */

void cluster_open(uint32_t members)
{
    cluster = (struct cluster){
        .term = 3, .id = UINT64_MAX - 5, .revision = 1, .least_ttl_s = 2, .most_ttl_s = 60};
    lease_count = 0;
    newest = CLUSTER_LEASE - 1;
    member_count = members;
    for (uint32_t i = 0; i < CONNECTIONS; i++)
        connections[i].fd = -1;
    for (uint32_t i = 0; i < MEMBERS_MAX; i++) {
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t len = sizeof(address);
        listeners[i] = i < members ? socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) : -1;
        if (listeners[i] < 0)
            continue;
        ck_assert_int_eq(bind(listeners[i], (struct sockaddr *)&address, len), 0);
        ck_assert_int_eq(listen(listeners[i], 8), 0);
        ck_assert_int_eq(getsockname(listeners[i], (struct sockaddr *)&address, &len), 0);
        ports[i] = ntohs(address.sin_port);
    }
}

void cluster_kill(uint32_t member)
{
    close(listeners[member]);
    listeners[member] = -1;
}

void cluster_close(void)
{
    for (uint32_t i = 0; i < MEMBERS_MAX; i++)
        if (listeners[i] >= 0)
            close(listeners[i]);
    for (uint32_t i = 0; i < CONNECTIONS; i++)
        if (connections[i].fd >= 0)
            close(connections[i].fd);
    for (uint32_t i = 0; i < CONNECTIONS; i++)
        free(connections[i].in);
    free(held_body);
    held_body = NULL;
    memset(connections, 0, sizeof(connections));
    keys_clear();
}

const char *cluster_place(const char *group)
{
    static char text[256];
    size_t len = 0;

    for (uint32_t i = 0; i < member_count; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s127.0.0.1:%u", i > 0 ? "," : "",
                                ports[i]);
    snprintf(text + len, sizeof(text) - len, "/%s", group);
    return text;
}
